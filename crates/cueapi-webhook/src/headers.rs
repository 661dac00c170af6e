//! What the headers of each kind of delivery say.
//!
//! None of it is signed. What is missing, doubled or not of its form is `None`: a cue's own callback headers can overwrite
//! CueAPI's, so nothing here may make a delivery fail.

use std::str::FromStr;

use cueapi_types::{AgentId, AlertId, AlertType, CueId, ExecutionId, MessageId, Timestamp};
use http::HeaderMap;

/// The longest value that is read. CueAPI's ids have up to 64 characters; what a stranger writes into a header must not become a
/// key of any length.
const MAX_LENGTH: usize = 255;

/// The headers of a cue delivery. They say what the body says, and are all that does when the body is the bare payload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CueHeaders {
    /// `X-CueAPI-Cue-Id`.
    pub cue_id: Option<CueId>,
    /// `X-CueAPI-Execution-Id`.
    pub execution_id: Option<ExecutionId>,
    /// `X-CueAPI-Scheduled-For`.
    pub scheduled_for: Option<Timestamp>,
    /// `X-CueAPI-Attempt`; the first is 1.
    pub attempt: Option<u32>,
}

impl From<&HeaderMap> for CueHeaders {
    fn from(headers: &HeaderMap) -> Self {
        Self {
            cue_id: value(headers, "x-cueapi-cue-id"),
            execution_id: value(headers, "x-cueapi-execution-id"),
            scheduled_for: value(headers, "x-cueapi-scheduled-for"),
            attempt: value(headers, "x-cueapi-attempt"),
        }
    }
}

/// The headers of an alert delivery. They say what the body says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AlertHeaders {
    /// `X-CueAPI-Alert-Id`.
    pub alert_id: Option<AlertId>,
    /// `X-CueAPI-Alert-Type`.
    pub alert_type: Option<AlertType>,
}

impl From<&HeaderMap> for AlertHeaders {
    fn from(headers: &HeaderMap) -> Self {
        Self {
            alert_id: value(headers, "x-cueapi-alert-id"),
            alert_type: value(headers, "x-cueapi-alert-type"),
        }
    }
}

/// The headers of a message delivery. Event type and attempt are only here; the rest is in the body too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageHeaders {
    /// `X-CueAPI-Event-Type`: `message.created`.
    pub event_type: Option<Box<str>>,
    /// `X-CueAPI-Message-Id`.
    pub message_id: Option<MessageId>,
    /// `X-CueAPI-Agent-Id`: who gets the message.
    pub agent_id: Option<AgentId>,
    /// `X-CueAPI-Thread-Id`.
    pub thread_id: Option<MessageId>,
    /// `X-CueAPI-Attempt`: from 1 to 4.
    pub attempt: Option<u32>,
}

impl From<&HeaderMap> for MessageHeaders {
    fn from(headers: &HeaderMap) -> Self {
        Self {
            event_type: text(headers, "x-cueapi-event-type").map(Into::into),
            message_id: value(headers, "x-cueapi-message-id"),
            agent_id: value(headers, "x-cueapi-agent-id"),
            thread_id: value(headers, "x-cueapi-thread-id"),
            attempt: value(headers, "x-cueapi-attempt"),
        }
    }
}

/// The headers of an event delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventHeaders {
    /// `X-CueAPI-Event-Count`: as many events as there are in the body.
    pub event_count: Option<u32>,
}

impl From<&HeaderMap> for EventHeaders {
    fn from(headers: &HeaderMap) -> Self {
        Self {
            event_count: value(headers, "x-cueapi-event-count"),
        }
    }
}

fn value<T: FromStr>(headers: &HeaderMap, name: &str) -> Option<T> {
    text(headers, name)?.parse().ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let text = values.next()?.to_str().ok()?;
    let plain = values.next().is_none() && (1..=MAX_LENGTH).contains(&text.len());
    plain.then_some(text)
}
