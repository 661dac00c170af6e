//! The bodies that are verified: batches of message events, as subscriptions receive them.

use cueapi_signing::canonical;
use fastrand::Rng;
use serde_json::{Value, json};

/// A body as CueAPI signs it, and as somebody has re-encoded it.
pub(crate) struct Body {
    pub(crate) canonical: Vec<u8>,
    pub(crate) re_encoded: Vec<u8>,
}

impl Body {
    /// A body that is signed as so many bytes.
    pub(crate) fn new(length: usize) -> Self {
        let mut rng = Rng::with_seed(7);
        let mut events = Vec::new();
        let mut room = length - signed(&envelope(&[])).len();
        loop {
            let event = event(&mut rng, events.len());
            let with_comma = signed(&event).len() + 2;
            if with_comma > room {
                break;
            }
            room -= with_comma;
            events.push(event);
        }
        let (mut body, text) = match events.is_empty() {
            true => (single(&mut rng), "/name"),
            false => (envelope(&events), "/events/0/payload/body"),
        };
        let padding = "x".repeat(length - signed(&body).len());
        if let Some(Value::String(text)) = body.pointer_mut(text) {
            text.push_str(&padding);
        }

        let mut re_encoded = String::new();
        write_shuffled(&mut rng, &body, &mut re_encoded);
        Self {
            canonical: signed(&body),
            re_encoded: re_encoded.into_bytes(),
        }
    }
}

fn signed(body: &Value) -> Vec<u8> {
    canonical::to_vec(body).unwrap_or_default()
}

/// A cue's delivery with a small payload, which is all that fits into the smallest body.
fn single(rng: &mut Rng) -> Value {
    json!({
        "attempt": 1,
        "cue_id": id(rng, "cue_"),
        "execution_id": "0241eb03-91dc-41fc-9e1e-ea8a07c902f8",
        "name": "nightly-sync",
        "payload": {"task": "sync", "limit": 500},
        "scheduled_for": "2026-11-23T20:50:19.880623+00:00",
    })
}

fn envelope(events: &[Value]) -> Value {
    json!({
        "delivery_id": "dlv_c2f8a991-9974-47d3-b7be-3fc03520776a_39_88",
        "events": events,
        "subscription_id": "c2f8a991-9974-47d3-b7be-3fc03520776a",
    })
}

fn event(rng: &mut Rng, number: usize) -> Value {
    const WORDS: [&str; 12] = [
        "the",
        "report",
        "for",
        "last",
        "night",
        "is",
        "ready,",
        "with",
        "three",
        "warnings",
        "and",
        "no errors.",
    ];
    let mut body = String::new();
    let length = rng.usize(40..400);
    while body.len() < length {
        body.push_str(WORDS[rng.usize(..WORDS.len())]);
        body.push(' ');
    }
    json!({
        "id": 1000 + number,
        "event_type": "message.delivered",
        "emitted_at": format!("2026-11-23T20:51:18.{:06}+00:00", rng.u32(..1_000_000)),
        "payload": {
            "body": body,
            "correlation_id": null,
            "message_id": id(rng, "msg_"),
            "metadata": {"seconds": f64::from(rng.u32(..10_000)) / 100.0, "city": "Zürich", "final": rng.bool()},
            "priority": rng.u8(1..6),
            "recipient_agent_id": id(rng, "agt_"),
            "reply_to": null,
            "sender_agent_id": id(rng, "agt_"),
            "subject": "Nightly report",
            "thread_id": id(rng, "msg_"),
        },
    })
}

fn id(rng: &mut Rng, prefix: &str) -> String {
    let random = std::iter::repeat_with(|| rng.alphanumeric().to_ascii_lowercase()).take(12);
    prefix.chars().chain(random).collect()
}

/// Writes a value without spaces, and the members of its objects in any order.
fn write_shuffled(rng: &mut Rng, value: &Value, out: &mut String) {
    match value {
        Value::Object(object) => {
            let mut members: Vec<_> = object.iter().collect();
            rng.shuffle(&mut members);
            for (index, (key, value)) in members.into_iter().enumerate() {
                out.push(if index == 0 { '{' } else { ',' });
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write_shuffled(rng, value, out);
            }
            out.push_str(if object.is_empty() { "{}" } else { "}" });
        }
        Value::Array(array) => {
            for (index, value) in array.iter().enumerate() {
                out.push(if index == 0 { '[' } else { ',' });
                write_shuffled(rng, value, out);
            }
            out.push_str(if array.is_empty() { "[]" } else { "]" });
        }
        other => out.push_str(&other.to_string()),
    }
}
