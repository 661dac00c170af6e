//! What the SDK tells an adapter about a request, beside the request itself.

use std::time::Duration;

/// How long one attempt may take, from connecting to the last byte of the response.
///
/// ```
/// use std::time::Duration;
/// use cueapi_core::http::{AttemptTimeout, Request};
///
/// fn time_for(request: &Request) -> Duration {
///     request.extensions().get::<AttemptTimeout>().map_or(Duration::MAX, |timeout| timeout.0)
/// }
/// # assert_eq!(time_for(&Request::default()), Duration::MAX);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptTimeout(pub Duration);

/// The largest response body to accept, in bytes; beyond it, fail with [`TooLarge`](super::HttpErrorKind::TooLarge)
/// without reading on.
///
/// ```
/// use cueapi_core::http::{MaxResponseBytes, Request};
///
/// fn cap(request: &Request) -> usize {
///     request.extensions().get::<MaxResponseBytes>().map_or(usize::MAX, |cap| cap.0)
/// }
/// # assert_eq!(cap(&Request::default()), usize::MAX);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxResponseBytes(pub usize);

/// How much to read of the body of a response that is not a success (2xx), in bytes; a longer one is cut there, and is no
/// error. So a server that fails at length is still known by its status.
///
/// The SDK cuts what an adapter has read in full. An adapter that obeys reads less and frees the connection sooner.
///
/// ```
/// use cueapi_core::http::{MaxErrorBytes, Request};
///
/// fn cut(request: &Request) -> usize {
///     request.extensions().get::<MaxErrorBytes>().map_or(usize::MAX, |cut| cut.0)
/// }
/// # assert_eq!(cut(&Request::default()), usize::MAX);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxErrorBytes(pub usize);

/// Which operation a request belongs to, for tracing and for test clients.
///
/// ```
/// use cueapi_core::{http::Operation, testing::{self, ReplayClient, json}};
///
/// let replay = ReplayClient::new([json(200, r#"{"workers":[]}"#)]);
/// testing::run(replay.client().workers().list().send())?;
/// assert_eq!(replay.raw_requests()[0].extensions().get(), Some(&Operation::new("workers.list", 1)));
/// # Ok::<(), cueapi_core::Error>(())
/// ```
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
