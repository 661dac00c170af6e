//! Where the events of a new subscription go.

use serde::Serialize;

/// Where the events of a new subscription go: a webhook cannot lack its URL, and pulling cannot have one.
///
/// ```
/// use cueapi_types::EventTarget;
///
/// let target = EventTarget::webhook("https://api.example.com/events");
/// assert_eq!(
///     serde_json::to_value(&target)?,
///     serde_json::json!({"delivery_target": "webhook", "webhook_url": "https://api.example.com/events"}),
/// );
/// assert_eq!(serde_json::to_value(EventTarget::Pull)?, serde_json::json!({"delivery_target": "pull"}));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "delivery_target", rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventTarget {
    /// The agent fetches them; the server keeps track of how far.
    Pull,
    /// They are pushed.
    #[non_exhaustive]
    Webhook {
        /// Where to, up to 2048 characters.
        webhook_url: String,
    },
}

impl EventTarget {
    /// Pushes them to this URL: https, and a public address.
    ///
    /// ```
    /// # use cueapi_types::EventTarget;
    /// let target = EventTarget::webhook("https://api.example.com/events");
    /// ```
    #[must_use]
    pub fn webhook(url: impl Into<String>) -> Self {
        Self::Webhook {
            webhook_url: url.into(),
        }
    }
}
