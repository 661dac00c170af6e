//! Whether a body arrived as it was sent: what the server says it received, compared with what left.

use std::{borrow::Cow, fmt};

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::call::without_mark;

/// What came of asking the server for the body that it received (`X-CueAPI-Verify-Echo`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BodyVerification {
    /// It was not asked.
    NotAsked,
    /// It was asked and did not say, as older servers do, and as every server does where it takes no body to heart
    /// (`fire`).
    NotVerifiable,
    /// It received what was sent.
    Verified,
}

/// A body that arrived otherwise than it was sent. `Debug` and `Display` show the place and not the texts.
///
/// ```
/// use cueapi_core::{ErrorKind, testing::{self, ReplayClient, json}};
///
/// # let mut stored: serde_json::Value = serde_json::from_str(r#"{"id":"msg_xj6647is7dt3","user_id":"u","from_agent_id":null,
/// #     "to_agent_id":null,"thread_id":"msg_xj6647is7dt3","body":"caf","preview":"caf","priority":3,"delivery_state":"queued",
/// #     "created_at":"2026-11-23T20:50:19Z"}"#).unwrap();
/// # stored["body_received"] = "caf".into();
/// # let client = ReplayClient::new([json(201, stored.to_string())]).client();
/// let error = testing::run(client.messages().send("planner@acme", "writer@acme", "café").send()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::BodyMismatch);
/// assert!(error.may_have_executed(), "the message is there, as the server understood it");
///
/// let mismatch = error.body_mismatch().unwrap();
/// assert_eq!((mismatch.sent(), mismatch.received(), mismatch.first_difference()), ("café", "caf", 3));
/// assert_eq!(mismatch.id(), Some("msg_xj6647is7dt3"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct BodyMismatch {
    sent: String,
    received: String,
    first_difference: usize,
    id: Option<String>,
}

impl BodyMismatch {
    /// What was sent: a message's text, and of any other request the body as JSON without white space, keys sorted.
    #[must_use]
    pub fn sent(&self) -> &str {
        &self.sent
    }

    /// What the server says it received, in the same form.
    #[must_use]
    pub fn received(&self) -> &str {
        &self.received
    }

    /// The first byte in which the two differ, counted from 0: the length of the shorter one where the other goes on.
    #[must_use]
    pub fn first_difference(&self) -> usize {
        self.first_difference
    }

    /// The id of what the server made of it.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

impl fmt::Display for BodyMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "what the server received differs from what was sent, from byte {} of {} on",
            self.first_difference,
            self.sent.len()
        )
    }
}

impl fmt::Debug for BodyMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyMismatch")
            .field("sent_bytes", &self.sent.len())
            .field("received_bytes", &self.received.len())
            .field("first_difference", &self.first_difference)
            .field("id", &self.id)
            .finish()
    }
}

impl std::error::Error for BodyMismatch {}

/// The part of an answer that is about the request.
#[derive(Deserialize)]
struct Echo<'a> {
    #[serde(default, borrow)]
    body_received: Option<&'a RawValue>,
    #[serde(default, borrow)]
    id: Option<Cow<'a, str>>,
}

/// Compares a request's body with what the answer says was received.
///
/// A message's route gives back the message's text, every other one the body.
pub(crate) fn verify(sent: &[u8], answer: &[u8]) -> Result<BodyVerification, Box<BodyMismatch>> {
    let Ok(Echo {
        body_received: Some(received),
        id,
    }) = serde_json::from_slice(without_mark(answer))
    else {
        return Ok(BodyVerification::NotVerifiable);
    };
    // Escapes make a body six times as long; what is longer than that is not read, so that it cannot fill the memory.
    let limit = sent.len().saturating_mul(8);
    let received = Some(received.get()).filter(|received| received.len() <= limit);
    let received = received.map(serde_json::from_str::<Value>);
    let (Ok(sent), Some(Ok(received))) = (serde_json::from_slice::<Value>(sent), received) else {
        return Ok(BodyVerification::NotVerifiable);
    };
    let (sent, received) = match (&sent["body"], received) {
        (_, Value::Null) => return Ok(BodyVerification::NotVerifiable),
        (Value::String(text), Value::String(received)) => (text.clone(), received),
        (_, received) => (normal(&sent), normal(&received)),
    };
    if sent == received {
        return Ok(BodyVerification::Verified);
    }
    let common = sent.bytes().zip(received.bytes()).take_while(|(a, b)| a == b).count();
    Err(Box::new(BodyMismatch {
        sent,
        received,
        first_difference: common,
        id: id.map(Cow::into_owned),
    }))
}

/// JSON in one form for all that means the same: no white space, sorted keys, one spelling for each number and text.
fn normal(value: &Value) -> String {
    let mut text = String::new();
    write_normal(value, &mut text);
    text
}

fn write_normal(value: &Value, out: &mut String) {
    let separated = |index: usize, out: &mut String| {
        if index > 0 {
            out.push(',');
        }
    };
    match value {
        Value::Object(members) => {
            // Sorted here, because a feature that some other crate may turn on makes serde_json keep the order it read.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| key.as_str());
            out.push('{');
            for (index, (key, value)) in members.into_iter().enumerate() {
                separated(index, out);
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write_normal(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                separated(index, out);
                write_normal(item, out);
            }
            out.push(']');
        }
        // Servers write 1e16 where 10000000000000000 was sent.
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (None, None, Some(float)) => out.push_str(&float.to_string()),
            _ => out.push_str(&number.to_string()),
        },
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verified(sent: &str, answer: &str) -> Result<BodyVerification, usize> {
        verify(sent.as_bytes(), answer.as_bytes()).map_err(|mismatch| mismatch.first_difference())
    }

    #[test]
    fn a_server_that_does_not_say_what_it_received_cannot_be_verified() {
        for answer in ["", "[]", "{}", r#"{"id":7}"#, r#"{"body_received":null}"#, "<html>"] {
            assert_eq!(
                verified(r#"{"body":"x"}"#, answer),
                Ok(BodyVerification::NotVerifiable),
                "{answer}"
            );
        }
    }

    #[test]
    fn a_message_is_compared_with_its_text() {
        let sent = r#"{"to":"a","body":"héllo \ud83d\ude00"}"#;
        assert_eq!(
            verified(sent, r#"{"body_received":"héllo 😀"}"#),
            Ok(BodyVerification::Verified)
        );
        assert_eq!(verified(sent, r#"{"body_received":"hello 😀"}"#), Err(1));
        assert_eq!(verified(sent, r#"{"body_received":"héllo"}"#), Err(6));
        assert_eq!(verified(sent, r#"{"body_received":""}"#), Err(0));
    }

    #[test]
    fn any_other_body_is_compared_by_what_it_means() {
        let sent = r#"{"n":1.0,"big":1e16,"u":"é","o":{"b":1,"a":[]}}"#;
        let same =
            r#"{"body_received": {"o": {"a": [], "b": 1}, "u": "\u00e9", "big": 10000000000000000.0, "n": 1.0}}"#;
        assert_eq!(verified(sent, same), Ok(BodyVerification::Verified));
        let cut = r#"{"body_received":{"o":{"a":[],"b":2},"u":"é","big":1e16,"n":1.0}}"#;
        let mismatch = verify(sent.as_bytes(), cut.as_bytes()).unwrap_err();
        assert_eq!(
            &mismatch.sent()[..mismatch.first_difference()],
            r#"{"big":10000000000000000,"n":1,"o":{"a":[],"b":"#
        );
    }
}
