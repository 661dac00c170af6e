//! A client that answers from a script, for tests without a network and without a runtime (feature `testing`).
//!
//! ```
//! use cueapi_core::testing::{self, ReplayClient, json};
//!
//! let replay = ReplayClient::new([
//!     json(503, "{}").header("retry-after", "1"),
//!     json(200, r#"{"workers":[]}"#),
//! ]);
//! let workers = testing::run(replay.client().workers().list().send())?;
//!
//! assert!(workers.workers.is_empty());
//! assert_eq!(replay.sleeps(), [std::time::Duration::from_secs(2)]);
//! assert!(replay.requests()[1].starts_with("GET /v1/workers\n"));
//! # Ok::<(), cueapi_core::Error>(())
//! ```

use std::{
    collections::VecDeque,
    fmt::{self, Write},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use ::http::{
    HeaderName, HeaderValue, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use bytes::Bytes;

use crate::{
    Client, ClientBuilder,
    blocking::BlockingClient,
    http::{BlockingHttpClient, HttpClient, HttpError, HttpErrorKind, Request, Response},
};

/// An HTTP client that answers from a script and records what it was asked.
///
/// Clones share script and record. Sleeps are recorded and take no time, but its clock goes on
/// by them. An [`HttpClient`] and a [`BlockingHttpClient`] alike.
///
/// ```
/// use cueapi_core::testing::{ReplayClient, json};
///
/// let replay = ReplayClient::new([json(200, r#"{"workers":[]}"#)]);
/// let workers = replay.blocking_client().workers().list().send()?;
/// assert!(workers.workers.is_empty());
/// assert_eq!((replay.requests().len(), replay.unused()), (1, 0));
/// # Ok::<(), cueapi_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct ReplayClient(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    script: VecDeque<Replay>,
    requests: Vec<Request>,
    sleeps: Vec<Duration>,
}

/// One line of the script: a response or a failure. From [`json`], [`response`] or [`failure`].
///
/// ```
/// use cueapi_core::testing::{ReplayClient, failure, json};
/// use cueapi_core::http::HttpErrorKind;
///
/// let script = [failure(HttpErrorKind::Connect), json(204, "").header("x-request-id", "5f2c")];
/// let replay = ReplayClient::new(script);
/// replay.blocking_client().workers().delete("worker-1").send()?;
/// assert_eq!(replay.requests().len(), 2);
/// # Ok::<(), cueapi_core::Error>(())
/// ```
pub struct Replay(Result<Response, HttpError>);

/// A response with a JSON body, given as text. An empty text is a response without a body.
///
/// ```
/// use cueapi_core::testing::{ReplayClient, json};
///
/// let replay = ReplayClient::new([json(200, r#"{"workers":[]}"#)]);
/// ```
///
/// # Panics
///
/// When `status` is no HTTP status.
#[must_use]
pub fn json(status: u16, body: impl Into<Bytes>) -> Replay {
    response(status, body).header("content-type", "application/json")
}

/// A response with any body and no headers.
///
/// ```
/// use cueapi_core::testing::{ReplayClient, response};
///
/// let proxy = response(502, "<html>bad gateway</html>").header("content-type", "text/html");
/// let replay = ReplayClient::new([proxy]);
/// ```
///
/// # Panics
///
/// When `status` is no HTTP status.
#[must_use]
pub fn response(status: u16, body: impl Into<Bytes>) -> Replay {
    let mut response = Response::new(body.into());
    *response.status_mut() = match StatusCode::from_u16(status) {
        Ok(status) => status,
        Err(error) => panic!("{status} is no HTTP status: {error}"),
    };
    Replay(Ok(response))
}

/// A failed exchange.
///
/// ```
/// use cueapi_core::{ErrorKind, http::HttpErrorKind, testing::{ReplayClient, failure}};
///
/// let client = ReplayClient::new([failure(HttpErrorKind::Timeout)]).blocking_client();
/// let error = client.cues().fire("cue_1").send().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Timeout);
/// assert!(error.may_have_executed());
/// ```
#[must_use]
pub fn failure(kind: HttpErrorKind) -> Replay {
    Replay(Err(HttpError::new(kind)))
}

/// Runs a future that never has to wait, such as a call on a [`ReplayClient`]: no runtime needed.
///
/// ```
/// use cueapi_core::testing::{self, ReplayClient, json};
///
/// let client = ReplayClient::new([json(200, r#"{"workers":[]}"#)]).client();
/// assert!(testing::run(client.workers().list().send())?.workers.is_empty());
/// # Ok::<(), cueapi_core::Error>(())
/// ```
///
/// # Panics
///
/// When the future waits for something, which a call on a `ReplayClient` does not.
pub fn run<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("testing::run is for futures that never wait; run this one on an async runtime"),
    }
}

impl Replay {
    /// Adds a response header; nothing to a failure.
    ///
    /// # Panics
    ///
    /// When name or value is not one of a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let pair = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_bytes(value.as_ref()),
        );
        match (pair, &mut self.0) {
            ((Ok(name), Ok(value)), Ok(response)) => {
                response.headers_mut().append(name, value);
            }
            ((Ok(_), Ok(_)), Err(_)) => {}
            _ => panic!("{name} with this value is no header"),
        }
        self
    }
}

impl ReplayClient {
    /// A client that gives these answers in this order. When they are used up, the next exchange fails.
    #[must_use]
    pub fn new(script: impl IntoIterator<Item = Replay>) -> Self {
        let replay = Self::default();
        replay.state().script.extend(script);
        replay
    }

    /// An SDK client on this script, with a key that is not one.
    ///
    /// # Panics
    ///
    /// Never: key and base URL are fixed.
    #[must_use]
    pub fn client(&self) -> Client {
        match self.builder().build() {
            Ok(client) => client,
            Err(error) => unreachable!("{error}"),
        }
    }

    /// The same without a runtime.
    ///
    /// # Panics
    ///
    /// Never: key and base URL are fixed.
    #[must_use]
    pub fn blocking_client(&self) -> BlockingClient<Self> {
        match self.builder().build_blocking() {
            Ok(client) => client,
            Err(error) => unreachable!("{error}"),
        }
    }

    /// A builder on this script, for a test that sets policies.
    pub fn builder(&self) -> ClientBuilder<Self> {
        ClientBuilder::new("cue_sk_replay", self.clone())
    }

    /// Every request so far as text: method and path, headers (all but `Authorization`, sorted), an empty line, body.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.state().requests.iter().map(text).collect()
    }

    /// Every request so far as it was handed to the HTTP client, extensions included.
    #[must_use]
    pub fn raw_requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    /// Every sleep so far.
    #[must_use]
    pub fn sleeps(&self) -> Vec<Duration> {
        self.state().sleeps.clone()
    }

    /// How many answers of the script were not asked for.
    #[must_use]
    pub fn unused(&self) -> usize {
        self.state().script.len()
    }

    fn exchange(&self, request: Request) -> Result<Response, HttpError> {
        let mut state = self.state();
        let asked = format!("{} {}", request.method(), request.uri());
        state.requests.push(request);
        match state.script.pop_front() {
            Some(Replay(answer)) => answer,
            None => {
                Err(HttpError::new(HttpErrorKind::Other)
                    .with_source(format!("the script has no answer left for {asked}")))
            }
        }
    }

    /// What its clock shows: it stands still but for sleeps, which take no time elsewhere.
    fn slept(&self) -> Duration {
        self.state().sleeps.iter().sum()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpClient for ReplayClient {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        self.exchange(request)
    }

    async fn sleep(&self, duration: Duration) {
        self.state().sleeps.push(duration);
    }

    fn now(&self) -> Option<Duration> {
        Some(self.slept())
    }
}

impl BlockingHttpClient for ReplayClient {
    fn send(&self, request: Request) -> Result<Response, HttpError> {
        self.exchange(request)
    }

    fn sleep(&self, duration: Duration) {
        self.state().sleeps.push(duration);
    }

    fn now(&self) -> Option<Duration> {
        Some(self.slept())
    }
}

impl fmt::Debug for ReplayClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("ReplayClient")
            .field("unused", &state.script.len())
            .field("requests", &state.requests.len())
            .field("sleeps", &state.sleeps)
            .finish()
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(response) => write!(f, "Replay({}, {} bytes)", response.status(), response.body().len()),
            Err(error) => write!(f, "Replay({error:?})"),
        }
    }
}

fn text(request: &Request) -> String {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let mut text = format!("{} {target}\n", request.method());
    let mut headers: Vec<_> = request
        .headers()
        .iter()
        .filter(|(name, _)| *name != AUTHORIZATION)
        .collect();
    headers.sort_by_key(|(name, _)| name.as_str());
    for (name, value) in headers {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    text.push('\n');
    if request.headers().contains_key(CONTENT_TYPE) {
        text.push_str(&String::from_utf8_lossy(request.body()));
    }
    text
}
