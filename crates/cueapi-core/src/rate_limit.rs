//! The rate-limit numbers that come with almost every response.

use ::http::HeaderMap;
use cueapi_types::Timestamp;

/// How much of the rate limit is left: a sliding window of 60 seconds for each API key.
///
/// *Self-hosted:* 60 requests, unless the server is set up otherwise. *Hosted:* 60, 200 or 500, by the plan.
///
/// From the `X-RateLimit-*` headers. Absent from health checks, from internal errors, and when the server counts nothing.
///
/// ```
/// use cueapi_core::testing::{self, ReplayClient, json};
///
/// let answer = json(200, r#"{"workers":[]}"#)
///     .header("x-ratelimit-limit", "60")
///     .header("x-ratelimit-remaining", "59")
///     .header("x-ratelimit-reset", "1795466077");
/// let reply = testing::run(ReplayClient::new([answer]).client().workers().list().send_with_meta())?;
/// assert_eq!(reply.meta.rate_limit().map(|limit| limit.remaining), Some(59));
/// # Ok::<(), cueapi_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// Requests that the window allows.
    pub limit: u64,
    /// Requests that are left in it.
    pub remaining: u64,
    /// When a request leaves the window, to the second. The hosted service's documentation does not have this header.
    pub reset: Option<Timestamp>,
}

impl RateLimit {
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let number = |name| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        let reset = || i64::try_from(number("x-ratelimit-reset")?).ok();
        Some(Self {
            limit: number("x-ratelimit-limit")?,
            remaining: number("x-ratelimit-remaining")?,
            reset: reset().and_then(|reset| Timestamp::from_second(reset).ok()),
        })
    }
}
