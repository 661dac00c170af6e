#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::print_stdout)]

mod body;
mod connection;
mod connector;
mod error;

use std::{fmt, time::Duration};

use ::http::{
    Uri,
    header::{Entry, HOST},
};
use cueapi_core::http::{AttemptTimeout, HttpClient, HttpError, HttpErrorKind, Request, Response};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    rt::{Read, Write},
};
use hyper_util::client::legacy::connect::{Connect, Connection as Stream, HttpConnector};
use tower_service::Service;

use crate::{
    body::Limits,
    connection::{Connection, Pool, Server},
    error::BoxError,
};

#[cfg(feature = "rustls")]
pub use crate::connector::TlsConnector;
#[doc(inline)]
pub use cueapi_core::*;

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

/// A client with the key and the server of a profile in the credentials file of CueAPI's command line tool and worker:
/// `~/.config/cueapi/credentials.json`, which `cueapi login` writes; see
/// [`ClientBuilder::from_profile`]. Most people have the profile `default`.
///
/// # Errors
///
/// [`Build`](ErrorKind::Build) when the file is not there, others can read it, or it does not have the profile, and when TLS
/// cannot be set up.
///
/// ```no_run
/// # fn main() -> Result<(), cueapi_hyper::Error> {
/// let client = cueapi_hyper::from_profile("default")?;
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "rustls")]
pub fn from_profile(name: &str) -> Result<Client, Error> {
    ClientBuilder::from_profile(name, HyperClient::new()).build()
}

/// An [`HttpClient`] on hyper, over any connector.
///
/// HTTP/1.1 with kept connections. Needs a Tokio runtime with I/O and time. Clones share the connections.
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
    connector: C,
    pool: Pool,
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
        Self {
            connector,
            pool: Pool::default(),
        }
    }
}

impl<C, T> HttpClient for HyperClient<C>
where
    C: Service<Uri, Response = T, Error: Into<BoxError>, Future: Send> + Clone + Send + Sync + 'static,
    T: Read + Write + Stream + Unpin + Send + 'static,
{
    // Not an `async fn`: its future would hold the request three times over and be a kilobyte larger.
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, HttpError>> + Send {
        let limits = Limits::of(&request);
        let timeout = request
            .extensions()
            .get::<AttemptTimeout>()
            .map_or(Duration::MAX, |timeout| timeout.0);
        async move {
            let mut sent = false;
            let result = tokio::time::timeout(timeout, self.attempt(request, limits, &mut sent)).await;
            result.unwrap_or_else(|elapsed| {
                let kind = if sent {
                    HttpErrorKind::Timeout
                } else {
                    HttpErrorKind::Connect
                };
                Err(HttpError::new(kind).with_source(elapsed))
            })
        }
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

impl<C, T> HyperClient<C>
where
    C: Service<Uri, Response = T, Error: Into<BoxError>, Future: Send> + Clone + Send + Sync + 'static,
    T: Read + Write + Stream + Unpin + Send + 'static,
{
    /// One exchange, on a kept connection or a new one. Notes when the request may have left.
    async fn attempt(&self, request: Request, limits: Limits, sent: &mut bool) -> Result<Response, HttpError> {
        let (server, url) = (Server::of(request.uri())?, request.uri().clone());
        let mut request = request.map(Full::new);
        if let Entry::Vacant(host) = request.headers_mut().entry(HOST) {
            host.insert(server.host()?);
        }
        loop {
            let kept = self.pool.take(&server).await;
            let is_kept = kept.is_some();
            let mut connection = match kept {
                Some(connection) => connection,
                None => self.connect(&server).await?,
            };
            *request.uri_mut() = connection.target(&url);
            *sent = true;
            match connection.sender.try_send_request(request).await {
                Ok(response) => return self.finish(connection, response, limits).await,
                Err(mut error) => match error.take_message() {
                    // The connection was dead, and hands the request back as it was.
                    Some(unsent) if is_kept => request = unsent,
                    Some(_) => return Err(error::from_connect(error.into_error())),
                    None => return Err(error::from_exchange(error.into_error())),
                },
            }
            *sent = false;
        }
    }

    async fn connect(&self, server: &Server) -> Result<Connection, HttpError> {
        let stream = connector::connect(self.connector.clone(), server.url()).await?;
        let is_proxied = stream.connected().is_proxied();
        let opened = self.pool.open(server.clone(), stream, is_proxied).await;
        opened.map_err(error::from_connect)
    }

    /// Reads the body, and keeps the connection unless the server may close it or has more to send.
    async fn finish(
        &self,
        connection: Connection,
        response: ::http::Response<Incoming>,
        limits: Limits,
    ) -> Result<Response, HttpError> {
        let may_close = http::server_may_close(&response);
        let (response, is_whole) = body::read(response, limits).await?;
        if is_whole && !may_close {
            self.pool.put(connection);
        }
        Ok(response)
    }
}

impl<C> fmt::Debug for HyperClient<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperClient").finish_non_exhaustive()
    }
}
