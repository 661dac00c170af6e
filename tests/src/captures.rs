//! Deliveries that a real CueAPI server sent, byte for byte, with the secrets that were valid at the time.
//!
//! The server and its secrets no longer exist.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Deserializer};

/// One captured request.
#[derive(Clone, Debug, Deserialize)]
pub struct Delivery {
    /// Which scenario it belongs to, e.g. `rotate`.
    pub label: String,
    /// Which delivery of the scenario, from 1 on.
    pub n: u32,
    /// The request's method.
    pub method: String,
    /// Headers by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// The body as it was received.
    #[serde(rename = "body_b64", deserialize_with = "base64_bytes")]
    pub body: Vec<u8>,
    received_unix: f64,
    analysis: Analysis,
}

#[derive(Clone, Debug, Deserialize)]
struct Analysis {
    secrets_tried: Vec<String>,
}

impl Delivery {
    /// The value of the signature header; empty when there is none.
    #[must_use]
    pub fn signature(&self) -> &str {
        self.header("x-cueapi-signature")
    }

    /// The value of the timestamp header; empty when there is none.
    #[must_use]
    pub fn timestamp(&self) -> &str {
        self.header("x-cueapi-timestamp")
    }

    /// When it was received, since the Unix epoch.
    #[must_use]
    pub fn received(&self) -> Duration {
        Duration::from_secs_f64(self.received_unix)
    }

    /// The secrets that the account had, in order of age.
    #[must_use]
    pub fn secrets(&self) -> &[String] {
        &self.analysis.secrets_tried
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// The delivery in `fixtures/webhooks/<name>.json`.
///
/// # Panics
/// When there is no such fixture.
#[must_use]
pub fn delivery(name: &str) -> Delivery {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/webhooks")
        .join(name)
        .with_extension("json");
    read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read(path: &Path) -> Result<Delivery, Box<dyn std::error::Error>> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

/// Bytes that are written in base64.
pub(crate) fn base64_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    BASE64_STANDARD.decode(text).map_err(serde::de::Error::custom)
}
