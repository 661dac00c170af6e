//! Webhook secrets, which show themselves only when asked.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The secret that signs webhook deliveries: the whole text, `whsec_` included, is the key.
///
/// `Debug` does not show it and there is no `Display`, so that it cannot end up in a log by accident. Serialising does
/// write it out.
///
/// ```
/// use cueapi_types::WebhookSecret;
///
/// let secret = WebhookSecret::from("whsec_2841a8b7");
/// assert_eq!(format!("{secret:?}"), "WebhookSecret(..)");
/// assert_eq!(secret.expose(), "whsec_2841a8b7");
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WebhookSecret(Box<str>);

impl WebhookSecret {
    /// The secret itself, for a verifier or for storage.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for WebhookSecret {
    fn from(secret: &str) -> Self {
        Self(secret.into())
    }
}

impl From<String> for WebhookSecret {
    fn from(secret: String) -> Self {
        Self(secret.into())
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}
