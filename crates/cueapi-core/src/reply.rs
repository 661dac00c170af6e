//! A result together with what the response said beside it.

use std::fmt;

use ::http::{HeaderMap, StatusCode};

use crate::{echo::BodyVerification, error::request_id, http::Response, rate_limit::RateLimit};

/// What a call returned, with the facts of its response; from [`Pending::send_with_meta`](crate::Pending::send_with_meta).
///
/// ```
/// use cueapi_core::testing::{self, ReplayClient, json};
///
/// let answer = json(200, r#"{"workers":[]}"#).header("x-request-id", "5f2c");
/// let reply = testing::run(ReplayClient::new([answer]).client().workers().list().send_with_meta())?;
/// assert!(reply.value.workers.is_empty());
/// assert_eq!(reply.meta.request_id(), Some("5f2c"));
/// # Ok::<(), cueapi_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Reply<T> {
    /// The decoded body.
    pub value: T,
    /// Status, request id, rate limit and headers of the response.
    pub meta: Meta,
}

/// The facts of a response, beside its body.
///
/// ```
/// use cueapi_core::testing::{self, ReplayClient, json};
///
/// let client = ReplayClient::new([json(503, "{}"), json(200, r#"{"workers":[]}"#)]).client();
/// let meta = testing::run(client.workers().list().send_with_meta())?.meta;
/// assert_eq!((meta.status().as_u16(), meta.attempts()), (200, 2));
/// # Ok::<(), cueapi_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Meta {
    status: StatusCode,
    headers: HeaderMap,
    attempts: u32,
    verification: BodyVerification,
}

impl<T> Reply<T> {
    pub(crate) fn new(value: T, response: Response, attempts: u32, verification: BodyVerification) -> Self {
        let (parts, _) = response.into_parts();
        Self {
            value,
            meta: Meta {
                verification,
                ..Meta::new(parts.status, parts.headers, attempts)
            },
        }
    }
}

impl Meta {
    pub(crate) fn new(status: StatusCode, headers: HeaderMap, attempts: u32) -> Self {
        Self {
            status,
            headers,
            attempts,
            verification: BodyVerification::NotAsked,
        }
    }

    /// The HTTP status: 200, 201 or 204, 304 for an answer that says so, and that of the refusal where a repeat was refused
    /// because an earlier attempt had done it.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The server's id of the request (`X-Request-Id`).
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        request_id(&self.headers)
    }

    /// How much of the rate limit is left.
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimit> {
        RateLimit::from_headers(&self.headers)
    }

    /// Whether the server says that four fifths of the month's executions are used up (`X-CueAPI-Usage-Warning`).
    #[must_use]
    pub fn is_approaching_usage_limit(&self) -> bool {
        self.headers
            .get("x-cueapi-usage-warning")
            .is_some_and(|value| value == "approaching_limit")
    }

    /// Whether the server lowered a message's priority to 3, because its recipient had too many urgent ones
    /// (`X-CueAPI-Priority-Downgraded`).
    #[must_use]
    pub fn is_priority_downgraded(&self) -> bool {
        self.headers
            .get("x-cueapi-priority-downgraded")
            .is_some_and(|value| value == "true")
    }

    /// Whether the server confirmed that it received the body as it was sent; see
    /// [`verify_body`](crate::Pending::verify_body).
    #[must_use]
    pub fn body_verification(&self) -> BodyVerification {
        self.verification
    }

    /// How many times the request was sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// All response headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

impl fmt::Debug for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meta")
            .field("status", &self.status)
            .field("request_id", &self.request_id())
            .field("rate_limit", &self.rate_limit())
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}
