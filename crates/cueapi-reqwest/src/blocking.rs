//! The same client for programs without a runtime.
//!
//! ```
//! # fn main() -> Result<(), cueapi_reqwest::Error> {
//! let client = cueapi_reqwest::blocking::client("cue_sk_your_key")?;
//! let list = client.cues().list(); // and `list.send()?` where the async client has `list.await?`
//! # Ok(())
//! # }
//! ```

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
};

use cueapi_core::{
    ApiKey, BlockingClient, ClientBuilder, Error,
    http::{BlockingHttpClient, HttpClient as _, HttpError, HttpErrorKind, Request, Response},
};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    task::coop,
};

use crate::{ReqwestClient, config};

/// The erased type of an HTTP stack, so that users write plain [`BlockingClient`].
type SharedBlockingClient = Arc<dyn BlockingHttpClient + Send + Sync>;

/// A client with default settings.
///
/// # Errors
///
/// [`Build`](crate::ErrorKind::Build) for a key that cannot be sent, when TLS cannot be set up, and in async code.
///
/// ```
/// # fn main() -> Result<(), cueapi_reqwest::Error> {
/// let client = cueapi_reqwest::blocking::client("cue_sk_your_key")?;
/// # Ok(())
/// # }
/// ```
pub fn client(key: impl Into<ApiKey>) -> Result<BlockingClient, Error> {
    builder(key).build_blocking()
}

/// A client with settings of your own; finish it with [`build_blocking`](ClientBuilder::build_blocking).
///
/// ```
/// # fn main() -> Result<(), cueapi_reqwest::Error> {
/// use cueapi_reqwest::BlockingClient;
///
/// let client: BlockingClient =
///     cueapi_reqwest::blocking::builder("cue_sk_your_key").base_url("http://localhost:8000").build_blocking()?;
/// # Ok(())
/// # }
/// ```
pub fn builder(key: impl Into<ApiKey>) -> ClientBuilder<SharedBlockingClient> {
    ClientBuilder::try_new(key, shared())
}

/// A client with the key in `CUEAPI_API_KEY`, for the server in `CUEAPI_BASE_URL` or the hosted one.
///
/// # Errors
///
/// [`Build`](crate::ErrorKind::Build) without a key, when TLS cannot be set up, and in async code.
///
/// ```no_run
/// # fn main() -> Result<(), cueapi_reqwest::Error> {
/// let client = cueapi_reqwest::blocking::from_env()?;
/// # Ok(())
/// # }
/// ```
pub fn from_env() -> Result<BlockingClient, Error> {
    ClientBuilder::from_env(shared()).build_blocking()
}

/// A client with the key and the server of a profile in the credentials file of CueAPI's command line tool and worker:
/// `~/.config/cueapi/credentials.json`, which `cueapi login` writes; see
/// [`ClientBuilder::from_profile`]. Most people have the profile `default`.
///
/// # Errors
///
/// [`Build`](crate::ErrorKind::Build) when the file is not there, others can read it, or it does not have the profile, and when TLS
/// cannot be set up.
///
/// ```no_run
/// # fn main() -> Result<(), cueapi_reqwest::Error> {
/// let client = cueapi_reqwest::blocking::from_profile("default")?;
/// # Ok(())
/// # }
/// ```
pub fn from_profile(name: &str) -> Result<BlockingClient, Error> {
    ClientBuilder::from_profile(name, shared()).build_blocking()
}

fn shared() -> Result<SharedBlockingClient, HttpError> {
    Ok(Arc::new(BlockingReqwestClient::new()?))
}

/// A [`BlockingHttpClient`] on reqwest: a [`ReqwestClient`] with a runtime of its own, on one thread in the background.
///
/// Must not be used in async code, whose thread it would block: building it there fails, and so do its calls. Functions
/// given to `spawn_blocking` may use it. Clones share the connections.
#[derive(Debug, Clone)]
pub struct BlockingReqwestClient {
    client: ReqwestClient,
    runtime: Arc<Background>,
}

impl BlockingReqwestClient {
    /// What [`ReqwestClient::new`] is, without a runtime.
    ///
    /// # Errors
    ///
    /// In async code, and when TLS cannot be set up, for example where the operating system has no certificate authorities.
    ///
    /// ```
    /// # fn main() -> Result<(), cueapi_core::http::HttpError> {
    /// let client = cueapi_reqwest::BlockingReqwestClient::new()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn new() -> Result<Self, HttpError> {
        Self::from_builder(config::defaults)
    }

    /// A client with settings of your own, see [`ReqwestClient::from_builder`].
    ///
    /// # Errors
    ///
    /// In async code, and when reqwest cannot build the client.
    ///
    /// ```
    /// # fn main() -> Result<(), cueapi_core::http::HttpError> {
    /// let client = cueapi_reqwest::BlockingReqwestClient::from_builder(|| reqwest::Client::builder().no_proxy())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_builder(builder: impl Fn() -> reqwest::ClientBuilder) -> Result<Self, HttpError> {
        check_thread()?;
        Ok(Self {
            client: ReqwestClient::from_builder(builder)?,
            runtime: Arc::new(Background::start()?),
        })
    }
}

impl BlockingHttpClient for BlockingReqwestClient {
    fn send(&self, request: Request) -> Result<Response, HttpError> {
        check_thread()?;
        self.runtime.block_on(self.client.send(request))
    }
}

/// A runtime that may be dropped anywhere, in async code too.
#[derive(Debug)]
struct Background(Option<Runtime>);

impl Background {
    fn start() -> Result<Self, HttpError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("cueapi-reqwest")
            .enable_all()
            .build()
            .map_err(|error| HttpError::new(HttpErrorKind::Other).with_source(error))?;
        Ok(Self(Some(runtime)))
    }

    fn block_on<T>(&self, exchange: impl Future<Output = Result<T, HttpError>>) -> Result<T, HttpError> {
        match &self.0 {
            Some(runtime) => runtime.block_on(exchange),
            None => unreachable!("only drop takes it"),
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Fails in async code, where Tokio would panic.
fn check_thread() -> Result<(), HttpError> {
    if !is_async() {
        return Ok(());
    }
    Err(HttpError::new(HttpErrorKind::Unsendable).with_source(
        "this is async code, whose thread a blocking call would hold up: use the async client, or move the call into \
         tokio::task::spawn_blocking",
    ))
}

/// Whether this thread runs async code. Tokio has no question for that, but a thread that may block has no budget that
/// could run out; what is taken here is given back.
fn is_async() -> bool {
    /// More than a budget has: 128 in Tokio 1.
    const PLENTY: usize = 1024;

    if Handle::try_current().is_err() {
        return false;
    }
    let mut context = Context::from_waker(Waker::noop());
    let take_one = |_| match coop::poll_proceed(&mut context) {
        Poll::Ready(one) => Some(one),
        Poll::Pending => None,
    };
    let taken: Vec<_> = (0..PLENTY).map_while(take_one).collect();
    let ran_out = taken.len() < PLENTY;
    // The last one first: each gives back what it found.
    taken.into_iter().rev().for_each(drop);
    ran_out
}
