//! Exchanges captured from a running CueAPI server, and what it means that two JSON texts say the same.
//!
//! The server and its keys no longer exist.

use std::{fs, path::Path};

use cueapi_types::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// One captured request and its response.
#[derive(Clone, Debug, Deserialize)]
pub struct Exchange {
    /// What it shows, such as `cues_create_once_worker`.
    pub name: String,
    /// What was asked.
    pub request: ExchangeRequest,
    /// What was answered.
    pub response: ExchangeResponse,
}

/// The request of an exchange.
#[derive(Clone, Debug, Deserialize)]
pub struct ExchangeRequest {
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
}

/// The response of an exchange.
#[derive(Clone, Debug, Deserialize)]
pub struct ExchangeResponse {
    /// The status.
    pub status: u16,
    /// The body as text.
    #[serde(default)]
    pub body: String,
}

/// The exchanges of one file, `cues` for instance. What was captured below HTTP is left out.
///
/// # Panics
///
/// When the file cannot be read.
#[must_use]
pub fn exchanges(file: &str) -> Vec<Exchange> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/golden")
        .join(file)
        .with_extension("json");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let entries: Vec<Value> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    entries
        .into_iter()
        .filter_map(|entry| serde_json::from_value(entry).ok())
        .collect()
}

/// The first place where two JSON values do not say the same, if there is one.
///
/// A member that is null is as good as one that is missing, timestamps are the instants that they name, and numbers are
/// the numbers that they spell.
#[must_use]
pub fn difference(left: &Value, right: &Value) -> Option<String> {
    differs(left, right, "$")
}

fn differs(left: &Value, right: &Value, at: &str) -> Option<String> {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => left.keys().chain(right.keys()).find_map(|key| {
            let member = |object: &serde_json::Map<String, Value>| object.get(key).cloned().unwrap_or(Value::Null);
            differs(&member(left), &member(right), &format!("{at}.{key}"))
        }),
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => left
            .iter()
            .zip(right)
            .enumerate()
            .find_map(|(index, (left, right))| differs(left, right, &format!("{at}[{index}]"))),
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => None,
        (Value::String(a), Value::String(b)) if instant(a).is_some() && instant(a) == instant(b) => None,
        _ if left == right => None,
        _ => Some(format!("{at}: {left} is not {right}")),
    }
}

fn instant(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).ok()
}
