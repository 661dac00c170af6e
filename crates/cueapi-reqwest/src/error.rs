//! Which failure of reqwest is which kind: by what is known, never by a guess.

use cueapi_core::http::{HttpError, HttpErrorKind};
use http_body_util::LengthLimitError;

/// A failure of an exchange. The URL is left out of the source: the SDK names the operation.
pub(crate) fn from_reqwest(error: reqwest::Error) -> HttpError {
    let kind = if error.is_connect() {
        // Looked at first: a connect timeout is a timeout too, but nothing was sent. With redirects and retries off,
        // the connection that failed is the first one.
        HttpErrorKind::Connect
    } else if error.is_timeout() {
        HttpErrorKind::Timeout
    } else if error.is_builder() {
        HttpErrorKind::Other
    } else {
        HttpErrorKind::Interrupted
    };
    HttpError::new(kind).with_source(error.without_url())
}

/// A failure while the body was read.
pub(crate) fn from_body(error: Box<dyn std::error::Error + Send + Sync>) -> HttpError {
    match error.downcast::<reqwest::Error>() {
        Ok(error) => from_reqwest(*error),
        Err(error) if error.is::<LengthLimitError>() => HttpError::new(HttpErrorKind::TooLarge).with_source(error),
        Err(error) => HttpError::new(HttpErrorKind::Interrupted).with_source(error),
    }
}
