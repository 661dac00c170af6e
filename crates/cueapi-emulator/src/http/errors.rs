//! Error answers, in the server's envelope.

use crate::{engine::Refusal, http::Reply, json::Writer};

/// One entry of a 422's `details`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Detail {
    pub(super) field: String,
    pub(super) message: String,
}

pub(super) fn error(status: u16, code: &str, message: &str) -> Reply {
    let inner = Writer::object()
        .str("code", code)
        .str("message", message)
        .int("status", status)
        .finish();
    Reply::json(status, Writer::object().raw("error", &inner).finish())
}

pub(super) fn validation(details: &[Detail]) -> Reply {
    let message = details
        .first()
        .map_or_else(String::new, |first| format!("{}: {}", first.field, first.message));
    let list = details.iter().map(|detail| {
        Writer::object()
            .str("field", &detail.field)
            .str("message", &detail.message)
            .finish()
    });
    let inner = Writer::object()
        .str("code", "validation_error")
        .str("message", &message)
        .int("status", 422)
        .list("details", list)
        .finish();
    Reply::json(422, Writer::object().raw("error", &inner).finish())
}

/// The framework's own errors.
pub(super) fn framework(status: u16, message: &str) -> Reply {
    error(status, "http_error", message)
}

/// The one answer that is written by Python's plain encoder, with spaces.
pub(super) fn too_large() -> Reply {
    let body =
        r#"{"error": {"code": "request_too_large", "message": "Request body exceeds 1048576 bytes", "status": 413}}"#;
    Reply::json(413, body.into())
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Internal => Self::Crash,
            // The only error without a status in its body.
            Refusal::Api {
                status: 409,
                code: code @ "no_outcome",
                message,
            } if message == "No outcome recorded yet" => {
                let inner = Writer::object().str("code", code).str("message", &message).finish();
                Self::json(409, Writer::object().raw("error", &inner).finish())
            }
            Refusal::Api { status, code, message } => error(status, code, &message),
            Refusal::OverLimit {
                status,
                code,
                message,
                numbers,
            } => {
                let inner = Writer::object()
                    .str("code", code)
                    .str("message", &message)
                    .int("status", status);
                let inner = numbers
                    .into_iter()
                    .fold(inner, |inner, (name, number)| inner.int(name, number));
                Self::json(status, Writer::object().raw("error", &inner.finish()).finish())
            }
        }
    }
}
