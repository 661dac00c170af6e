//! A suite that checks the [contract](crate::http) of the HTTP seam against a faulty server on loopback.
//!
//! Run it in the tests of whatever implements one of the three client traits. It needs no network but loopback, no
//! fixed port and no runtime of its own: the async suite is awaited in the client's own runtime.
//!
//! ```no_run
//! # use cueapi_core::http::{HttpClient, HttpError, Request, Response};
//! # struct MyClient;
//! # impl HttpClient for MyClient {
//! #     async fn send(&self, _: Request) -> Result<Response, HttpError> { unimplemented!() }
//! #     async fn sleep(&self, _: std::time::Duration) {}
//! # }
//! # async fn conforms() {
//! let report = cueapi_core::conformance::run(MyClient).await;
//! assert!(report.passed(), "{report}");
//! # }
//! ```
//!
//! Every case has a name and a reason, and says what it expected and what it saw. Proxies and what TLS trusts are not
//! covered: they are below the seam.

mod case;
mod cases;
mod drive;
mod message;
mod report;
mod server;

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

pub use self::report::{Outcome, Report};
use crate::http::{BlockingHttpClient, HttpError, LocalHttpClient, Request, Response};

/// Runs every case against an async client: any [`HttpClient`](crate::http::HttpClient) or [`LocalHttpClient`].
///
/// Takes a few seconds with a client that conforms, longer with one that hangs where it should give up.
///
/// ```
/// # use std::time::Duration;
/// # use cueapi_core::http::{HttpClient, HttpError, HttpErrorKind, Request, Response};
/// struct Unplugged;
///
/// impl HttpClient for Unplugged {
///     async fn send(&self, _: Request) -> Result<Response, HttpError> {
///         Err(HttpError::new(HttpErrorKind::Connect))
///     }
///     async fn sleep(&self, duration: Duration) {
///         std::thread::sleep(duration);
///     }
/// }
///
/// # use std::{pin::pin, task::{Context, Poll, Waker}};
/// # fn block_on<T>(future: impl Future<Output = T>) -> T {
/// #     let mut future = pin!(future);
/// #     loop {
/// #         if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) { return done; }
/// #     }
/// # }
/// let report = block_on(cueapi_core::conformance::run(Unplugged));
/// assert!(!report.passed());
/// assert!(report.to_string().contains("FAIL  a 302 is an answer"));
/// ```
pub async fn run<C: LocalHttpClient>(client: C) -> Report {
    Report::new(drive::all(&client, cases::all()).await)
}

/// Runs the cases against a blocking client, all but those that need two calls in flight.
///
/// ```
/// # use cueapi_core::http::{BlockingHttpClient, HttpError, HttpErrorKind, Request, Response};
/// struct Unplugged;
///
/// impl BlockingHttpClient for Unplugged {
///     fn send(&self, _: Request) -> Result<Response, HttpError> {
///         Err(HttpError::new(HttpErrorKind::Connect))
///     }
/// }
///
/// let report = cueapi_core::conformance::run_blocking(Unplugged);
/// assert!(report.outcomes().iter().any(|outcome| outcome.failure().is_none()), "it does sleep");
/// assert!(!report.passed());
/// ```
pub fn run_blocking<C: BlockingHttpClient + 'static>(client: C) -> Report {
    let cases = cases::all().into_iter().filter(|case| !case.is_async_only()).collect();
    let client = Ready(client);
    let mut suite = pin!(drive::all(&client, cases));
    match suite.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcomes) => Report::new(outcomes),
        Poll::Pending => unreachable!("every future of a blocking client is ready at the first poll"),
    }
}

/// A blocking client in async clothes: its futures block and are then ready, so that one driver serves both.
struct Ready<C>(C);

impl<C: BlockingHttpClient + 'static> LocalHttpClient for Ready<C> {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        self.0.send(request)
    }

    async fn sleep(&self, duration: Duration) {
        self.0.sleep(duration);
    }

    fn now(&self) -> Option<Duration> {
        self.0.now()
    }
}
