//! Which failure of reqwest is which kind: by what is known, never by a guess.

use std::{error::Error as StdError, io};

use cueapi_core::http::{HttpError, HttpErrorKind};
use http_body_util::LengthLimitError;

type Cause<'a> = &'a (dyn StdError + 'static);

/// A failure of an exchange. The URL is left out of the source: the SDK names the operation.
pub(crate) fn from_reqwest(error: reqwest::Error) -> HttpError {
    let kind = if error.is_connect() {
        // Looked at first: a connect timeout is a timeout too, but nothing was sent. With redirects and retries off,
        // the connection that failed is the first one.
        if is_due_to(&error, is_untrusted) {
            HttpErrorKind::Certificate
        } else {
            HttpErrorKind::Connect
        }
    } else if error.is_timeout() {
        HttpErrorKind::Timeout
    } else if error.is_builder() {
        HttpErrorKind::Unsendable
    } else if is_due_to(&error, is_malformed) {
        HttpErrorKind::Other
    } else {
        HttpErrorKind::Interrupted
    };
    HttpError::new(kind).with_source(error.without_url())
}

/// A failure while the body was read.
pub(crate) fn from_body(error: Box<dyn StdError + Send + Sync>) -> HttpError {
    match error.downcast::<reqwest::Error>() {
        Ok(error) => from_reqwest(*error),
        Err(error) if error.is::<LengthLimitError>() => HttpError::new(HttpErrorKind::TooLarge).with_source(error),
        Err(error) => HttpError::new(HttpErrorKind::Interrupted).with_source(error),
    }
}

/// Whether something holds for an error or one of its causes.
fn is_due_to(error: Cause<'_>, holds: fn(Cause<'_>) -> bool) -> bool {
    // An `io::Error` is transparent: its source is that of the error in it.
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    holds(error)
        || inner.is_some_and(|inner| is_due_to(inner, holds))
        || error.source().is_some_and(|source| is_due_to(source, holds))
}

/// Whether the answer is not HTTP, or not within hyper's limits.
fn is_malformed(error: Cause<'_>) -> bool {
    let Some(error) = error.downcast_ref::<hyper::Error>() else {
        return false;
    };
    let framing = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    error.is_parse()
        || framing.is_some_and(|cause| matches!(cause.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData))
}

/// Whether TLS refused the server's certificate. The libraries behind native-tls tell only in words.
fn is_untrusted(error: Cause<'_>) -> bool {
    #[cfg(feature = "rustls")]
    if let Some(error) = error.downcast_ref() {
        return matches!(error, rustls::Error::InvalidCertificate(_));
    }
    let words = ["certificate verify failed", "is not trusted", "was not trusted"];
    cfg!(feature = "native-tls") && words.iter().any(|words| error.to_string().contains(words))
}
