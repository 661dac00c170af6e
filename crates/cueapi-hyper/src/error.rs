//! Which failure of hyper is which kind: by what is known, never by a guess.

use std::{error::Error as StdError, io};

use cueapi_core::http::{HttpError, HttpErrorKind};
use http_body_util::LengthLimitError;

pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

/// A connection that did not come about.
pub(crate) fn from_connect(error: impl Into<BoxError>) -> HttpError {
    let error = error.into();
    let kind = if is_untrusted(&*error) {
        HttpErrorKind::Certificate
    } else {
        HttpErrorKind::Connect
    };
    HttpError::new(kind).with_source(error)
}

/// A failure before the response's head was complete.
pub(crate) fn from_exchange(error: hyper::Error) -> HttpError {
    let kind = if error.is_parse() || error.is_user() {
        HttpErrorKind::Other
    } else {
        HttpErrorKind::Interrupted
    };
    HttpError::new(kind).with_source(error)
}

/// A failure while the body was read.
pub(crate) fn from_body(error: BoxError) -> HttpError {
    let kind = if error.is::<LengthLimitError>() {
        HttpErrorKind::TooLarge
    } else if is_malformed(&*error) {
        HttpErrorKind::Other
    } else {
        HttpErrorKind::Interrupted
    };
    HttpError::new(kind).with_source(error)
}

/// Whether the body was framed in a way that is not HTTP.
fn is_malformed(error: &(dyn StdError + 'static)) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| matches!(cause.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData))
}

/// Whether TLS failed because of the server's certificate.
fn is_untrusted(error: &(dyn StdError + 'static)) -> bool {
    // An `io::Error` is transparent: its source is that of the error in it.
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    is_about_certificate(error)
        || inner.is_some_and(|inner| is_untrusted(inner))
        || error.source().is_some_and(is_untrusted)
}

#[cfg(feature = "rustls")]
fn is_about_certificate(error: &(dyn StdError + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)))
}

#[cfg(not(feature = "rustls"))]
fn is_about_certificate(_error: &(dyn StdError + 'static)) -> bool {
    false
}
