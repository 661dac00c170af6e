//! The seam between the SDK and whatever moves bytes for it.
//!
//! An adapter implements one of three traits: [`HttpClient`] on ordinary async runtimes, [`LocalHttpClient`] on
//! single-threaded ones, [`BlockingHttpClient`] without a runtime. Everything above this seam is the same code for all three.
//!
//! # What an implementation must do
//!
//! * One call of `send` is **one HTTP exchange**: no retries, **no redirects** (the `Authorization` header would follow them).
//! * Every HTTP status is `Ok`, also 4xx and 5xx; `Err` means that no complete response was received. Interim responses
//!   (100, 103) are passed over; a 204 and a 304 have no body.
//! * Send the request as it is: method, path, query, header bytes and body. Where that is not possible, fail with
//!   [`Unsendable`](HttpErrorKind::Unsendable) before anything is written.
//! * Return header bytes and the body as they came, UTF-8 or not. Decode no `Content-Encoding`: the SDK asks for none.
//! * Obey [`AttemptTimeout`] and [`MaxResponseBytes`] in [`request.extensions()`](::http::Request::extensions). The time
//!   covers the whole exchange, from connecting to the last byte of the body. Bound the head of a response, too, and
//!   allocate for what has come, not for what the server announces. The body of a response that is not 2xx may be cut at
//!   [`MaxErrorBytes`]; what was read is then the answer.
//! * Map a failure to an [`HttpErrorKind`] by what is *known*. [`Connect`](HttpErrorKind::Connect) is a promise that not one
//!   byte of the request was written: the SDK repeats even a `fire` on it, so a guess runs a job twice. A time limit that
//!   strikes while TCP or TLS still connects is `Connect`. An answer that is not HTTP, or not within the stack's limits, is
//!   [`Other`](HttpErrorKind::Other): sent again, it would come again.
//! * A kept connection that the server closed between two calls must not fail the next call when nothing of that
//!   request was sent. What comes late, or behind a response, is never taken for the response to another request.
//! * After a response for which [`server_may_close`] holds, the connection must carry no further request, unless that
//!   request is [`Repeat::Safe`](crate::endpoint::Repeat::Safe). CueAPI closes some milliseconds after a 500 and a 304 and
//!   does not say so. A look at the socket cannot see what has not happened yet, and a `fire` that was sent meanwhile may
//!   have run or not. The SDK puts the [`Repeat`](crate::endpoint::Repeat) of each request into its extensions; a request
//!   without one may not be repeated. Mind pools that hand a connection to a waiting call before the response on it was seen.
//! * Dropping the future of `send` ends the exchange and its connection. Several calls can be in flight at once.
//! * `sleep` lasts at least as long as asked, and [`now`](HttpClient::now) goes on meanwhile.
//!
//! The `conformance` module (feature `conformance`) checks all of it against a faulty server on loopback.

mod clock;
mod error;
mod extensions;
mod shared;

use std::{rc::Rc, sync::Arc, time::Duration};

use ::http::{HeaderValue, StatusCode, Version, header::CONNECTION};
use bytes::Bytes;

pub use self::{
    error::{HttpError, HttpErrorKind},
    extensions::{AttemptTimeout, MaxErrorBytes, MaxResponseBytes, Operation},
    shared::SharedHttpClient,
};

/// A request with its whole body: every CueAPI body is small JSON, and a retry clones it by reference count.
pub type Request = ::http::Request<Bytes>;

/// A response with its whole body.
pub type Response = ::http::Response<Bytes>;

/// Whether the server may close the connection after this response: it says so (`Connection: close`), it speaks HTTP/1.0,
/// or the status is one after which servers close without saying so (304, 408 and 5xx).
///
/// Such a connection must carry nothing that may not be repeated; the [module](self) says why.
///
/// ```
/// use cueapi_core::http::server_may_close;
///
/// let response = |status| http::Response::builder().status(status).body(()).unwrap();
/// assert!(server_may_close(&response(500)) && server_may_close(&response(304)));
/// assert!(!server_may_close(&response(200)) && !server_may_close(&response(404)));
/// ```
#[must_use]
pub fn server_may_close<B>(response: &::http::Response<B>) -> bool {
    let status = response.status();
    status.is_server_error()
        || matches!(status, StatusCode::NOT_MODIFIED | StatusCode::REQUEST_TIMEOUT)
        || response.version() < Version::HTTP_11
        || response.headers().get_all(CONNECTION).iter().any(says_close)
}

/// Whether one of the options in this header value is `close`.
fn says_close(value: &HeaderValue) -> bool {
    value
        .as_bytes()
        .split(|&byte| byte == b',')
        .any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
}

/// All that the SDK needs from the outside world: one HTTP exchange, one sleep and one clock.
///
/// `sleep` is required, so that the SDK brings no hidden runtime and a test client can record sleeps instead of waiting.
///
/// ```
/// use std::time::Duration;
/// use cueapi_core::http::{HttpClient, HttpError, HttpErrorKind, Request, Response};
///
/// struct Offline;
///
/// impl HttpClient for Offline {
///     async fn send(&self, _request: Request) -> Result<Response, HttpError> {
///         Err(HttpError::new(HttpErrorKind::Connect))
///     }
///     async fn sleep(&self, _duration: Duration) {}
/// }
/// ```
pub trait HttpClient: Send + Sync + 'static {
    /// Makes one exchange; the [module](self) says what that obliges to.
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, HttpError>> + Send;

    /// Waits between two attempts.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;

    /// The time on a clock that never goes back, from a start that is the same for all calls of this client.
    ///
    /// Bounds whole calls; the SDK reads no other clock. Returns `None` where there is none, by default on
    /// `wasm32-unknown-unknown`: attempts and waits are then counted as if each took all the time it may.
    fn now(&self) -> Option<Duration> {
        clock::now()
    }
}

/// The same contract for single-threaded runtimes, such as `fetch` in a browser or at the edge.
///
/// Every [`HttpClient`] is one; implement one trait or the other, not both.
///
/// ```
/// use std::{rc::Rc, time::Duration};
/// use cueapi_core::http::{HttpError, HttpErrorKind, LocalHttpClient, Request, Response};
///
/// struct Offline(Rc<str>); // an `Rc` goes to no other thread
///
/// impl LocalHttpClient for Offline {
///     async fn send(&self, _request: Request) -> Result<Response, HttpError> {
///         Err(HttpError::new(HttpErrorKind::Connect).with_source(&*self.0))
///     }
///     async fn sleep(&self, _duration: Duration) {}
/// }
/// ```
pub trait LocalHttpClient: 'static {
    /// Makes one exchange; the [module](self) says what that obliges to.
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, HttpError>>;

    /// Waits between two attempts.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()>;

    /// The time on a clock that never goes back; see [`HttpClient::now`].
    fn now(&self) -> Option<Duration> {
        clock::now()
    }
}

/// The same contract without a runtime.
///
/// ```
/// use cueapi_core::http::{BlockingHttpClient, HttpError, HttpErrorKind, Request, Response};
///
/// struct Offline;
///
/// impl BlockingHttpClient for Offline {
///     fn send(&self, _request: Request) -> Result<Response, HttpError> {
///         Err(HttpError::new(HttpErrorKind::Connect))
///     }
/// }
/// ```
pub trait BlockingHttpClient {
    /// Makes one exchange; the [module](self) says what that obliges to.
    ///
    /// # Errors
    ///
    /// When no complete response was received.
    fn send(&self, request: Request) -> Result<Response, HttpError>;

    /// Waits between two attempts.
    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }

    /// The time on a clock that never goes back; see [`HttpClient::now`].
    fn now(&self) -> Option<Duration> {
        clock::now()
    }
}

impl<T: HttpClient> LocalHttpClient for T {
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, HttpError>> {
        HttpClient::send(self, request)
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> {
        HttpClient::sleep(self, duration)
    }

    fn now(&self) -> Option<Duration> {
        HttpClient::now(self)
    }
}

impl<T: HttpClient> HttpClient for Arc<T> {
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, HttpError>> + Send {
        HttpClient::send(&**self, request)
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        HttpClient::sleep(&**self, duration)
    }

    fn now(&self) -> Option<Duration> {
        HttpClient::now(&**self)
    }
}

impl<T: LocalHttpClient> LocalHttpClient for Rc<T> {
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, HttpError>> {
        LocalHttpClient::send(&**self, request)
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> {
        LocalHttpClient::sleep(&**self, duration)
    }

    fn now(&self) -> Option<Duration> {
        LocalHttpClient::now(&**self)
    }
}

impl<T: BlockingHttpClient + ?Sized> BlockingHttpClient for Arc<T> {
    fn send(&self, request: Request) -> Result<Response, HttpError> {
        T::send(self, request)
    }

    fn sleep(&self, duration: Duration) {
        T::sleep(self, duration);
    }

    fn now(&self) -> Option<Duration> {
        T::now(self)
    }
}
