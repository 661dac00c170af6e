//! A call that is described but not sent: optional arguments are added to it, then it is awaited or sent.

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use crate::{
    blocking::BlockingClient,
    call::{Call, Step},
    client::Client,
    config::{CallOptions, Config},
    endpoint::{Endpoint, Repeat},
    error::{BuildError, Error},
    http::{HttpClient, LocalHttpClient},
    reply::Reply,
    retry::RetryPolicy,
};

/// A call that is not sent yet.
///
/// The setters of its operation are on it (listed below by operation). On an async client `.await` makes the call,
/// `.send()` does so everywhere, also where futures are not `Send` and where there is no runtime.
///
/// ```
/// use std::time::Duration;
/// use cueapi_core::testing::{self, ReplayClient, json};
///
/// # let page = r#"{"cues":[],"total":0,"limit":20,"offset":0}"#;
/// let replay = ReplayClient::new([json(200, page)]);
/// let call = replay.client().cues().list().limit(20).attempt_timeout(Duration::from_secs(5));
/// assert!(replay.requests().is_empty()); // not sent yet
///
/// let reply = testing::run(call.send_with_meta())?;
/// assert_eq!(reply.value.total, 0);
/// assert_eq!(reply.meta.attempts(), 1);
/// # Ok::<(), cueapi_core::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a call does nothing until it is awaited or sent"]
pub struct Pending<C, E> {
    pub(crate) client: C,
    pub(crate) endpoint: E,
    pub(crate) limits: Limits,
    verify_body: Option<bool>,
    error: Option<BuildError>,
}

/// What a caller sets for one call, in place of what is set for its client.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limits {
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) total_timeout: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
}

impl<C, E> Pending<C, E> {
    pub(crate) fn new(client: C, endpoint: E) -> Self {
        Self {
            client,
            endpoint,
            limits: Limits::default(),
            verify_body: None,
            error: None,
        }
    }

    /// How long each attempt of this call may take, in place of the client's timeout. (A long poll adds the time that the
    /// server holds it to the client's timeout, but not to this one.)
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.limits.attempt_timeout = Some(timeout);
        self
    }

    /// How long this call may take altogether, in place of the client's
    /// [`total_timeout`](crate::ClientBuilder::total_timeout), which says what is counted.
    ///
    /// ```
    /// use std::time::Duration;
    /// use cueapi_core::testing::{self, ReplayClient, json};
    ///
    /// // The server asks for a wait of 5 s, after which nothing would be left.
    /// let busy = json(503, "{}").header("retry-after", "4");
    /// let replay = ReplayClient::new([busy]);
    /// let call = replay.client().workers().list().total_timeout(Duration::from_secs(4));
    /// let error = testing::run(call.send()).unwrap_err();
    /// assert_eq!((error.status().unwrap().as_u16(), error.attempts()), (503, 1));
    /// assert!(replay.sleeps().is_empty());
    /// ```
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.limits.total_timeout = Some(timeout);
        self
    }

    /// How this call is repeated, in place of the client's policy.
    pub fn retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.limits.retry = Some(policy);
        self
    }

    pub(crate) fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Whether to ask the server what body it received and to compare that with what was sent, so that whatever changes it
    /// on its way is found out. Default: for a message's text yes, for everything else no.
    ///
    /// A difference is an error of the kind [`BodyMismatch`](crate::ErrorKind::BodyMismatch), which says where; what was
    /// asked for has been done all the same. Older servers do not say what they received:
    /// [`Meta::body_verification`](crate::Meta::body_verification) tells.
    pub fn verify_body(mut self, verify: bool) -> Self {
        self.verify_body = Some(verify);
        self
    }

    /// The endpoint with its arguments.
    pub fn endpoint(&self) -> &E {
        &self.endpoint
    }

    /// Keeps the first argument that could not be taken, so that setters can be chained; sending reports it.
    pub(crate) fn capture<V>(&mut self, argument: Result<V, impl Into<BuildError>>) -> Option<V> {
        argument
            .map_err(|error| self.error.get_or_insert_with(|| error.into()))
            .ok()
    }

    fn start(self, (config, mut options): (Arc<Config>, CallOptions)) -> Call<E>
    where
        E: Endpoint,
    {
        let limits = self.limits;
        let patience = options.attempt_timeout.saturating_add(self.endpoint.hold());
        options.attempt_timeout = limits.attempt_timeout.unwrap_or(patience);
        options.total_timeout = limits.total_timeout.or(options.total_timeout);
        options.verify_body = self.verify_body.unwrap_or(E::VERIFY_BODY);
        let policy = match self.endpoint.repeat() {
            Repeat::WriteOnce => options.report_retry,
            _ => options.retry,
        };
        options.retry = limits.retry.unwrap_or(policy);
        Call::new(self.endpoint, config, options, self.error)
    }
}

impl<T, E: Endpoint> Pending<Client<T>, E> {
    /// The state machine of the call, for whoever drives it by hand.
    pub fn into_call(self) -> Call<E> {
        let config = self.client.config();
        self.start(config)
    }
}

impl<B, E: Endpoint> Pending<BlockingClient<B>, E> {
    /// The state machine of the call, for whoever drives it by hand.
    pub fn into_call(self) -> Call<E> {
        let config = self.client.config();
        self.start(config)
    }
}

impl<T: LocalHttpClient, E: Endpoint> Pending<Client<T>, E> {
    /// Makes the call. The future is `Send` where the HTTP stack's futures are.
    ///
    /// When the future is dropped before it is ready, the attempt that is under way is abandoned and no other follows. The
    /// server may have carried it out, as after a failure with [`may_have_executed`](Error::may_have_executed), and what it
    /// answered is lost. A future that was never polled has sent nothing. Bound a call with
    /// [`total_timeout`](Self::total_timeout) rather than by dropping it: then the error says what is known.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind); before repeating a call that creates or fires something, ask
    /// [`may_have_executed`](Error::may_have_executed).
    pub fn send(self) -> impl Future<Output = Result<E::Output, Error>> {
        self.drive(|reply| reply.value)
    }

    /// Makes the call and returns the request id, the rate limit and the headers, too.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_with_meta(self) -> impl Future<Output = Result<Reply<E::Output>, Error>> {
        self.drive(|reply| reply)
    }

    /// Not an `async fn`: its future would hold the call twice, once as an argument and once as the variable that is stepped.
    fn drive<V>(self, value: impl FnOnce(Reply<E::Output>) -> V) -> impl Future<Output = Result<V, Error>> {
        let client = self.client.clone();
        let mut call = self.into_call();
        async move {
            let mut last = None;
            loop {
                match call.step(client.http().now(), last.take()) {
                    Step::Send(request) => last = Some(client.http().send(request).await),
                    Step::Sleep(duration) => client.http().sleep(duration).await,
                    Step::Done(result) => return result.map(value),
                }
            }
        }
    }
}

impl<T: HttpClient, E: Endpoint + Send + 'static> IntoFuture for Pending<Client<T>, E> {
    type Output = Result<E::Output, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<C, E: Endpoint> fmt::Debug for Pending<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("operation", &E::ID)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}
