//! Why an exchange gave no response, and whether the server may have seen the request.

use std::fmt;

/// Why one exchange gave no complete response.
///
/// Carries a [kind](HttpErrorKind) that the retry table reads, and the adapter's own error as
/// [`source`](std::error::Error::source), so that no foreign error type is part of this API.
///
/// ```
/// use cueapi_core::http::{HttpError, HttpErrorKind};
///
/// let error = HttpError::new(HttpErrorKind::Timeout).with_source("deadline of 30 s passed");
/// assert_eq!(error.kind(), HttpErrorKind::Timeout);
/// ```
pub struct HttpError {
    kind: HttpErrorKind,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What is known about a failed exchange. Say what you know, never guess "not sent".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpErrorKind {
    /// No connection: **not one byte** of the request was written. Any request may be sent again.
    Connect,
    /// The server's certificate is not trusted, so that no connection came about: **not one byte** of the request was
    /// written. Not repeated, because the certificate will be the same. The source says what is wrong with it.
    Certificate,
    /// This HTTP stack cannot send this request as it is: **not one byte** of it was written. Not repeated.
    Unsendable,
    /// The time of the attempt ran out. The request may have reached the server.
    Timeout,
    /// The connection broke before the response was complete. The request may have reached the server.
    Interrupted,
    /// The response was larger than [`MaxResponseBytes`](super::MaxResponseBytes). The server has answered.
    TooLarge,
    /// Anything else. Not repeated; the request may have reached the server.
    Other,
}

impl HttpError {
    /// An error of this kind.
    #[must_use]
    pub const fn new(kind: HttpErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// Adds what the HTTP stack said. A `&str` or `String` will do where its error is not `Send`.
    ///
    /// Where nothing was sent, the last of its sources stands in the text of the SDK's error: keep keys and secrets out.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What is known about the failure.
    #[must_use]
    pub const fn kind(&self) -> HttpErrorKind {
        self.kind
    }

    /// What the HTTP stack says is at the bottom of it, after a colon; nothing where it says nothing.
    pub(crate) fn cause(&self) -> String {
        let mut cause = std::error::Error::source(self);
        while let Some(deeper) = cause.and_then(std::error::Error::source) {
            cause = Some(deeper);
        }
        cause.map(|cause| format!(": {cause}")).unwrap_or_default()
    }

    pub(crate) fn into_source(self) -> Option<Box<dyn std::error::Error + Send + Sync>> {
        self.source
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            HttpErrorKind::Connect => "no connection to the server",
            HttpErrorKind::Certificate => "the server's certificate is not trusted",
            HttpErrorKind::Unsendable => "the HTTP client cannot send this request",
            HttpErrorKind::Timeout => "the attempt ran out of time",
            HttpErrorKind::Interrupted => "the connection broke before the response was complete",
            HttpErrorKind::TooLarge => "the response is larger than the client's limit",
            HttpErrorKind::Other => "the HTTP exchange failed",
        })
    }
}

impl fmt::Debug for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpError")
            .field("kind", &self.kind)
            .field("source", &self.source)
            .finish()
    }
}

impl std::error::Error for HttpError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
