//! Which failure of hyper is which kind: by what is known, never by a guess.

use std::error::Error as _;

use cueapi_core::http::{HttpError, HttpErrorKind, Response};
use http_body_util::LengthLimitError;
use hyper_util::client::legacy;

/// A failure before the response's head was complete.
pub(crate) fn from_exchange(error: legacy::Error) -> HttpError {
    let kind = if error.is_connect() {
        // The connector failed, or TLS did: hyper writes a request only to a connection that stands.
        HttpErrorKind::Connect
    } else {
        match error.source().and_then(|source| source.downcast_ref::<hyper::Error>()) {
            Some(error) if error.is_parse() || error.is_user() => HttpErrorKind::Other,
            Some(_) => HttpErrorKind::Interrupted,
            None => HttpErrorKind::Other,
        }
    };
    HttpError::new(kind).with_source(error)
}

/// A failure while the body was read.
pub(crate) fn from_body(error: Box<dyn std::error::Error + Send + Sync>) -> HttpError {
    let kind = if error.is::<LengthLimitError>() {
        HttpErrorKind::TooLarge
    } else {
        HttpErrorKind::Interrupted
    };
    HttpError::new(kind).with_source(error)
}

/// The time of the attempt ran out. It may have run out while connecting, but hyper does not tell.
pub(crate) fn from_timeout(elapsed: tokio::time::error::Elapsed) -> Result<Response, HttpError> {
    Err(HttpError::new(HttpErrorKind::Timeout).with_source(elapsed))
}
