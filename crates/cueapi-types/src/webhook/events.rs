//! The body that goes to the webhook of an event subscription.

use serde::{Deserialize, Serialize};

use crate::{Payload, SubscriptionId, Timestamp, open_enum::open_enum};

/// The body of an event delivery: up to 50 events of one subscription.
///
/// When it is not answered with 2xx, the same batch comes again. An event can also come in two different batches; its id
/// tells.
///
/// ```
/// use cueapi_types::{EventBatch, EventType};
///
/// let batch: EventBatch = serde_json::from_str(
///     r#"{"delivery_id":"dlv_dc2e9626-199a-49f4-ba4c-cedecd7ed599_38_38",
///         "subscription_id":"dc2e9626-199a-49f4-ba4c-cedecd7ed599",
///         "events":[{"id":38,"event_type":"message.delivered","payload":{"message_id":"msg_a9y52cms2qwa"},
///                    "emitted_at":"2026-11-23T20:51:18.412845+00:00"}]}"#,
/// )?;
/// assert_eq!(batch.events[0].event_type, EventType::MessageDelivered);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EventBatch {
    /// Names the subscription, and the first and the last event of the batch: the same batch has the same id.
    pub delivery_id: String,
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// The events, oldest first.
    pub events: Vec<PushedEvent>,
}

/// An event in an [`EventBatch`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PushedEvent {
    /// The event. Later events have higher ids.
    pub id: i64,
    /// What happened.
    pub event_type: EventType,
    /// What it happened to, another set of members for each type of event.
    #[serde(default, deserialize_with = "crate::open::null_is_default")]
    pub payload: Payload,
    /// When it happened.
    pub emitted_at: Option<Timestamp>,
}

open_enum! {
    /// What happened to an agent.
    ///
    /// ```
    /// use cueapi_types::EventType;
    ///
    /// assert_eq!(EventType::MessageDelivered.as_str(), "message.delivered");
    /// ```
    pub enum EventType {
        /// A message was sent to the agent.
        MessageDelivered = "message.delivered",
        /// A digest of messages of low priority.
        MessageDigest = "message.digest",
        /// It is the agent's turn.
        TurnPass = "turn.pass",
    }
}
