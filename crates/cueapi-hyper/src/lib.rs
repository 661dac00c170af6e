#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::print_stdout)]

mod connector;
mod error;
mod last_look;

use std::{fmt, time::Duration};

use bytes::Bytes;
use cueapi_core::http::{AttemptTimeout, HttpClient, HttpError, MaxResponseBytes, Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::{
        Client as LegacyClient, ResponseFuture,
        connect::{Connect, HttpConnector},
    },
    rt::{TokioExecutor, TokioTimer},
};

use crate::last_look::LastLook;

#[cfg(feature = "rustls")]
pub use crate::connector::TlsConnector;
#[doc(inline)]
pub use cueapi_core::*;

/// How long a connection is kept for the next call. CueAPI is served by uvicorn, which closes after 5 seconds, and a
/// worker polls every 5 seconds: a connection kept as long would be closed just while it is written to.
const KEEP: Duration = Duration::from_secs(4);

/// A client with default settings. Use it within a Tokio runtime.
///
/// # Errors
///
/// [`Build`](ErrorKind::Build) for a key that cannot be sent, or when TLS cannot be set up.
///
/// ```
/// # fn main() -> Result<(), cueapi_hyper::Error> {
/// let client = cueapi_hyper::client("cue_sk_your_key")?;
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "rustls")]
pub fn client(key: impl Into<ApiKey>) -> Result<Client, Error> {
    builder(key).build()
}

/// A client with settings of your own; for another connector see [`HyperClient::with_connector`].
///
/// ```
/// # fn main() -> Result<(), cueapi_hyper::Error> {
/// use std::time::Duration;
///
/// let client = cueapi_hyper::builder("cue_sk_your_key")
///     .base_url("http://localhost:8000")
///     .timeout(Duration::from_secs(5))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "rustls")]
pub fn builder(key: impl Into<ApiKey>) -> ClientBuilder<HyperClient<TlsConnector>> {
    ClientBuilder::try_new(key, HyperClient::new())
}

/// A client with the key in `CUEAPI_API_KEY`, for the server in `CUEAPI_BASE_URL` or the hosted one.
///
/// # Errors
///
/// [`Build`](ErrorKind::Build) without a key, or when TLS cannot be set up.
///
/// ```no_run
/// # fn main() -> Result<(), cueapi_hyper::Error> {
/// let client = cueapi_hyper::from_env()?;
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "rustls")]
pub fn from_env() -> Result<Client, Error> {
    ClientBuilder::from_env(HyperClient::new()).build()
}

/// An [`HttpClient`] on hyper's pooled client, over any connector.
///
/// HTTP/1.1 with kept connections. Needs a Tokio runtime with I/O and time. Clones share the pool.
///
/// ```
/// # fn main() -> Result<(), cueapi_core::http::HttpError> {
/// use cueapi_hyper::HyperClient;
///
/// let https = HyperClient::new()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HyperClient<C> {
    client: LegacyClient<C, Full<Bytes>>,
    last_look: LastLook,
}

#[cfg(feature = "rustls")]
impl HyperClient<TlsConnector> {
    /// Connects with rustls where the URL says `https`, and trusts the certificates that the operating system trusts.
    ///
    /// # Errors
    ///
    /// When the operating system has no certificate authorities; install them (`ca-certificates` on Debian), or bring a
    /// connector with roots of its own to [`with_connector`](Self::with_connector).
    ///
    /// ```
    /// # fn main() -> Result<(), cueapi_hyper::http::HttpError> {
    /// let client = cueapi_hyper::HyperClient::new()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn new() -> Result<Self, HttpError> {
        let connector =
            connector::tls().map_err(|error| HttpError::new(http::HttpErrorKind::Other).with_source(error))?;
        Ok(Self::with_connector(connector))
    }
}

impl HyperClient<HttpConnector> {
    /// Connects without TLS: for servers on the same machine or behind a sidecar. An `https` URL is refused.
    ///
    /// ```
    /// let client = cueapi_hyper::HyperClient::plain();
    /// ```
    #[must_use]
    pub fn plain() -> Self {
        Self::with_connector(connector::tcp())
    }
}

impl<C: Connect + Clone + Send + Sync + 'static> HyperClient<C> {
    /// Connects with a connector of your own: other roots, a proxy, a Unix socket, another resolver.
    ///
    /// ```
    /// use cueapi_hyper::HyperClient;
    /// use hyper_util::client::legacy::connect::HttpConnector;
    ///
    /// let mut connector = HttpConnector::new();
    /// connector.set_local_address(Some([127, 0, 0, 1].into()));
    /// let client = HyperClient::with_connector(connector);
    /// ```
    #[must_use]
    pub fn with_connector(connector: C) -> Self {
        let client = LegacyClient::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEEP)
            // Requests that a dying connection handed back unwritten, the only ones that hyper-util sends anew.
            .retry_canceled_requests(true)
            .build(connector);
        Self {
            client,
            last_look: LastLook::default(),
        }
    }
}

impl<C: Connect + Clone + Send + Sync + 'static> HttpClient for HyperClient<C> {
    // Not an `async fn`: its future would hold the request three times over and be a kilobyte larger.
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, HttpError>> + Send {
        let limit = request
            .extensions()
            .get::<MaxResponseBytes>()
            .map_or(usize::MAX, |limit| limit.0);
        let timeout = request
            .extensions()
            .get::<AttemptTimeout>()
            .map_or(Duration::MAX, |timeout| timeout.0);
        let response = self.client.request(request.map(Full::new));
        async move {
            // A thread that was busy since the last call has not polled its sockets. Let the runtime do that first, or
            // the request goes to a connection that the server has long closed.
            if !self.last_look.is_fresh() {
                tokio::task::yield_now().await;
            }
            let result = tokio::time::timeout(timeout, exchange(response, limit))
                .await
                .unwrap_or_else(error::from_timeout);
            self.last_look.note(&result);
            result
        }
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

async fn exchange(response: ResponseFuture, limit: usize) -> Result<Response, HttpError> {
    let (head, body) = response.await.map_err(error::from_exchange)?.into_parts();
    let body = Limited::new(body, limit).collect().await.map_err(error::from_body)?;
    Ok(Response::from_parts(head, body.to_bytes()))
}

impl<C> fmt::Debug for HyperClient<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperClient").finish_non_exhaustive()
    }
}
