//! `X-CueAPI-Verify-Echo`: a caller can have the server repeat what it received.

use http::Method;
use sha2::{Digest as _, Sha256};

use super::{Exchange, Reply};
use crate::json::{Dump, Json};

pub(super) fn apply(reply: Reply, exchange: &Exchange<'_>) -> Reply {
    let wanted = exchange
        .headers
        .get("x-cueapi-verify-echo")
        .and_then(|value| value.to_str().ok());
    if !wanted.is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
        || ![Method::POST, Method::PATCH, Method::PUT].contains(exchange.method)
    {
        return reply;
    }
    let Reply::Json {
        status: status @ 200..300,
        body,
        headers,
    } = reply
    else {
        return reply;
    };
    let Ok(Json::Object(mut members)) = Json::parse(body.as_bytes()) else {
        return Reply::Json { status, body, headers };
    };
    let path = exchange.uri.path();
    let (fire, message) = (path.ends_with("/fire"), path == "/v1/messages");
    let (received, hash) = if fire {
        (Json::Null, sha256(b""))
    } else if message {
        message_text(exchange.body)
    } else {
        received(exchange.body)
    };
    members.push(("body_received".into(), received));
    members.push(("body_received_sha256".into(), hash.into()));
    let members = Json::Object(members);
    // Two routes add the members themselves; elsewhere a middleware does, with Python's plain encoder.
    let body = if fire || message {
        members.to_compact()
    } else {
        members.to_python(Dump {
            spaces: true,
            sorted: false,
            ascii: true,
        })
    };
    Reply::Json { status, body, headers }
}

/// The text of the message that has just been sent, also when an earlier one is answered.
fn message_text(body: &[u8]) -> (Json, String) {
    let sent = Json::parse(body).unwrap_or(Json::Null);
    let text = sent.get("body").and_then(Json::as_str).unwrap_or_default();
    (text.into(), sha256(text.as_bytes()))
}

fn received(body: &[u8]) -> (Json, String) {
    if body.is_empty() {
        return (Json::Null, sha256(b""));
    }
    match Json::parse(body) {
        Ok(value) => {
            let text = value.to_python(Dump {
                spaces: false,
                sorted: true,
                ascii: false,
            });
            (value, sha256(text.as_bytes()))
        }
        Err(_) => (String::from_utf8_lossy(body).into_owned().into(), sha256(body)),
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
