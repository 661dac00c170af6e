//! The client without a runtime: the same calls, the same machine, another loop around it.

use std::{fmt, sync::Arc};

use crate::{
    call::Step,
    config::{CallOptions, Config},
    endpoint::Endpoint,
    error::Error,
    http::BlockingHttpClient,
    pending::Pending,
    reply::Reply,
};

/// A CueAPI client without a runtime. Cheap to clone; clones share connections.
///
/// Has the methods of [`Client`](crate::Client), with `send()` in place of `await`.
///
/// ```
/// use cueapi_core::{ClientBuilder, testing::{ReplayClient, json}};
///
/// let http = ReplayClient::new([json(200, r#"{"workers":[]}"#)]);
/// let client = ClientBuilder::new("cue_sk_your_key", http).build_blocking()?;
/// assert!(client.workers().list().send()?.workers.is_empty());
/// # Ok::<(), cueapi_core::Error>(())
/// ```
pub struct BlockingClient<B = Arc<dyn BlockingHttpClient + Send + Sync>> {
    http: Arc<B>,
    config: Arc<Config>,
    options: CallOptions,
}

impl<B> BlockingClient<B> {
    pub(crate) fn new(http: B, config: Arc<Config>, options: CallOptions) -> Self {
        Self {
            http: Arc::new(http),
            config,
            options,
        }
    }

    /// A call of any endpoint, also of one that is not shipped with this crate.
    pub fn call<E: Endpoint>(&self, endpoint: E) -> Pending<Self, E> {
        Pending::new(self.clone(), endpoint)
    }

    pub(crate) fn http(&self) -> &B {
        &self.http
    }

    pub(crate) fn config(&self) -> (Arc<Config>, CallOptions) {
        (Arc::clone(&self.config), self.options)
    }
}

impl<B: BlockingHttpClient, E: Endpoint> Pending<BlockingClient<B>, E> {
    /// Makes the call.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind); before repeating a call that creates or fires something, ask
    /// [`may_have_executed`](Error::may_have_executed).
    pub fn send(self) -> Result<E::Output, Error> {
        self.send_with_meta().map(|reply| reply.value)
    }

    /// Makes the call and returns the request id, the rate limit and the headers, too.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_with_meta(self) -> Result<Reply<E::Output>, Error> {
        let client = self.client.clone();
        let mut call = self.into_call();
        let mut last = None;
        loop {
            match call.step(client.http().now(), last.take()) {
                Step::Send(request) => last = Some(client.http().send(request)),
                Step::Sleep(duration) => client.http().sleep(duration),
                Step::Done(result) => return result,
            }
        }
    }
}

impl<B> Clone for BlockingClient<B> {
    fn clone(&self) -> Self {
        Self {
            http: Arc::clone(&self.http),
            config: Arc::clone(&self.config),
            options: self.options,
        }
    }
}

impl<B> fmt::Debug for BlockingClient<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingClient")
            .field("config", &self.config)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
