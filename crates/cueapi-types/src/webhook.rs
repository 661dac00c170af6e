//! What servers send to webhooks. Verify the signature before you decode any of it (`cueapi-webhook` does both).

mod alert;
mod events;
mod message;

use serde::{Deserialize, Serialize};

pub use self::{
    alert::{AlertNotice, AlertSeverity, AlertType},
    events::{EventBatch, EventType, PushedEvent},
    message::{MessageParty, PushedMessage},
};

use crate::{CueId, ExecutionId, Payload, PayloadError, Timestamp};

/// The body of a delivery: an execution of a cue with a callback.
///
/// A delivery can come more than once, also after it was answered; execution and attempt together tell repeats apart.
/// `P` is what its payload is decoded into.
///
/// ```
/// use cueapi_types::Delivery;
///
/// let body = br#"{"attempt": 1, "cue_id": "cue_276dsykz592b", "execution_id": "0241eb03-91dc-41fc-9e1e-ea8a07c902f8",
///     "name": "daily-sync", "payload": {"task": "sync"}, "scheduled_for": "2026-11-23T20:30:00+00:00"}"#;
/// let delivery = Delivery::from_body(body)?;
/// assert_eq!(delivery.name, "daily-sync");
/// # Ok::<(), cueapi_types::PayloadError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Delivery<P = Payload> {
    /// Which attempt this is; the first is 1.
    pub attempt: u32,
    /// The cue.
    pub cue_id: CueId,
    /// The execution: report the outcome on this one.
    pub execution_id: ExecutionId,
    /// The cue's name; empty where only the payload was sent.
    pub name: String,
    /// The cue's payload.
    pub payload: P,
    /// When it was due.
    pub scheduled_for: Timestamp,
}

impl<P> Delivery<P> {
    /// A delivery without a name, as it is when a server sends the bare payload and the rest in headers.
    ///
    /// ```
    /// use cueapi_types::{Delivery, Timestamp};
    ///
    /// let due = Timestamp::parse("2026-11-23T20:30:00Z")?;
    /// let delivery = Delivery::new("cue_276dsykz592b", "0241eb03-91dc-41fc-9e1e-ea8a07c902f8", 1, due, ["a", "b"]);
    /// assert_eq!(delivery.payload, ["a", "b"]);
    /// # Ok::<(), cueapi_types::TimestampError>(())
    /// ```
    pub fn new(
        cue_id: impl Into<CueId>,
        execution_id: impl Into<ExecutionId>,
        attempt: u32,
        scheduled_for: Timestamp,
        payload: P,
    ) -> Self {
        Self {
            attempt,
            cue_id: cue_id.into(),
            execution_id: execution_id.into(),
            name: String::new(),
            payload,
            scheduled_for,
        }
    }
}

impl Delivery {
    /// Decodes a body whose signature has been verified.
    ///
    /// ```
    /// use cueapi_types::Delivery;
    ///
    /// let error = Delivery::from_body(b"<html>").unwrap_err();
    /// assert_eq!(error.to_string(), "the payload is not a delivery of a cue (line 1 column 1)");
    /// ```
    ///
    /// # Errors
    ///
    /// When it is not the body of such a delivery. The error does not quote it.
    pub fn from_body(body: &[u8]) -> Result<Self, PayloadError> {
        serde_json::from_slice(body).map_err(|error| PayloadError::json("is not a delivery of a cue", &error))
    }
}

/// The body of the POST that [`OnFailure::webhook`](crate::OnFailure::webhook) asks for. It carries no signature: anyone
/// who knows the URL can send one.
///
/// ```
/// use cueapi_types::FailureNotice;
///
/// let notice: FailureNotice = serde_json::from_str(
///     r#"{"event":"cue.failed","cue_id":"cue_276dsykz592b","cue_name":"daily-sync","attempts":3,"last_http_status":500,
///         "last_error":"Webhook endpoint returned server error (500)","failed_at":"2026-11-23T20:30:00+00:00"}"#,
/// )?;
/// assert_eq!(notice.last_http_status, Some(500));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FailureNotice {
    /// `cue.failed`.
    pub event: String,
    /// The cue.
    pub cue_id: CueId,
    /// The cue's name.
    pub cue_name: String,
    /// How many attempts were made; 0 where a worker never came, or the server lost track of the delivery.
    pub attempts: u32,
    /// The status that the last attempt got, where it got one.
    pub last_http_status: Option<u16>,
    /// Why the last attempt failed, up to 500 characters.
    pub last_error: Option<String>,
    /// When the execution was given up.
    pub failed_at: Option<Timestamp>,
    /// Where it can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dashboard_url: Option<String>,
}
