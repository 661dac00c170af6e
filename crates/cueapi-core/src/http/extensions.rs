//! What the SDK tells an adapter about a request, beside the request itself.

use std::time::Duration;

/// How long one attempt may take, from connecting to the last byte of the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptTimeout(pub Duration);

/// The largest response body to accept, in bytes; beyond it, fail with [`TooLarge`](super::HttpErrorKind::TooLarge)
/// without reading on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxResponseBytes(pub usize);

/// Which operation a request belongs to, for tracing and for test clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// The operation's name in the API description, such as `cues.create`.
    pub id: &'static str,
    /// Which attempt of the call this is, from 1.
    pub attempt: u32,
}

impl Operation {
    /// Names an attempt; the SDK does this for every request.
    #[must_use]
    pub const fn new(id: &'static str, attempt: u32) -> Self {
        Self { id, attempt }
    }
}
