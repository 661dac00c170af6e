//! The bodies that are verified: deliveries of a cue that carries data, and batches of events, as subscriptions receive them.

use cueapi_signing::canonical;
use fastrand::Rng;
use serde_json::{Value, json};

/// A body as CueAPI signs it, and as somebody has re-encoded it.
pub(crate) struct Body {
    pub(crate) canonical: Vec<u8>,
    pub(crate) re_encoded: Vec<u8>,
}

/// What a body consists of.
#[derive(Clone, Copy)]
pub(crate) enum Content {
    /// A cue's payload of what agents did, in numbers: much structure and little text.
    Runs,
    /// Messages that were delivered: identifiers, times and text.
    Events,
}

impl Body {
    /// A body that is signed as so many bytes.
    pub(crate) fn new(content: Content, length: usize) -> Self {
        let mut rng = Rng::with_seed(7);
        let mut items = Vec::new();
        let mut room = length - signed(&content.body(&items)).len();
        loop {
            let item = content.item(&mut rng, items.len());
            let with_comma = signed(&item).len() + 2;
            if with_comma > room {
                break;
            }
            room -= with_comma;
            items.push(item);
        }
        let mut body = content.body(&items);
        let padding = "x".repeat(length - signed(&body).len());
        if let Some(Value::String(text)) = body.pointer_mut(content.text()) {
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

impl Content {
    fn body(self, items: &[Value]) -> Value {
        match self {
            Self::Runs => json!({
                "attempt": 1,
                "cue_id": "cue_2flbb8mh2kda",
                "execution_id": "0241eb03-91dc-41fc-9e1e-ea8a07c902f8",
                "name": "review",
                "payload": match items {
                    [] => json!({"task": "review", "limit": 500, "ratio": 0.25, "final": false}),
                    runs => json!({"runs": runs}),
                },
                "scheduled_for": "2026-11-23T20:50:19.880623+00:00",
            }),
            Self::Events => json!({
                "delivery_id": "dlv_c2f8a991-9974-47d3-b7be-3fc03520776a_39_88",
                "events": items,
                "subscription_id": "c2f8a991-9974-47d3-b7be-3fc03520776a",
            }),
        }
    }

    /// Where there is a text that can be made longer.
    const fn text(self) -> &'static str {
        match self {
            Self::Runs => "/name",
            Self::Events => "/delivery_id",
        }
    }

    fn item(self, rng: &mut Rng, number: usize) -> Value {
        match self {
            Self::Runs => json!({
                "run_id": id(rng, "run_"),
                "started_at": format!("2026-11-23T20:{:02}:{:02}+00:00", number / 60 % 60, number % 60),
                "model": rng.choice(["small", "medium", "large"]),
                "seconds": decimal(rng, 100_000, 1000.0),
                "input_tokens": rng.u16(..8000),
                "output_tokens": rng.u16(..2000),
                "cost_usd": decimal(rng, 1000, 10_000.0),
                "scores": {
                    "relevance": decimal(rng, 1000, 1000.0),
                    "confidence": decimal(rng, 1000, 1000.0),
                    "toxicity": decimal(rng, 1000, 1000.0),
                },
                "steps": rng.u8(1..30),
                "retries": rng.u8(..3),
                "cached": rng.bool(),
                "error": null,
            }),
            Self::Events => json!({
                "id": 1000 + number,
                "event_type": "message.delivered",
                "emitted_at": format!("2026-11-23T20:51:18.{:06}+00:00", rng.u32(..1_000_000)),
                "payload": {
                    "body": text(rng),
                    "correlation_id": null,
                    "message_id": id(rng, "msg_"),
                    "priority": rng.u8(1..6),
                    "recipient_agent_id": id(rng, "agt_"),
                    "reply_to": null,
                    "sender_agent_id": id(rng, "agt_"),
                    "subject": "Nightly report",
                    "thread_id": id(rng, "msg_"),
                },
            }),
        }
    }
}

fn decimal(rng: &mut Rng, bound: u32, divisor: f64) -> f64 {
    f64::from(rng.u32(..bound)) / divisor
}

fn text(rng: &mut Rng) -> String {
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
        "from Zürich and",
        "no errors.",
    ];
    let mut text = String::new();
    let length = rng.usize(20..200);
    while text.len() < length {
        text.push_str(WORDS[rng.usize(..WORDS.len())]);
        text.push(' ');
    }
    text
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
