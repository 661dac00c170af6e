#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::print_stdout)]

#[cfg(feature = "blocking")]
pub mod blocking;
mod body;
mod clients;
mod config;
mod connecting;
mod error;

use std::{sync::Arc, time::Duration};

use crate::{
    body::Limits,
    clients::{Clients, Lease},
};
use cueapi_core::{
    endpoint::Repeat,
    http::{AttemptTimeout, HttpClient, HttpError, Request, Response},
};

#[cfg(feature = "blocking")]
pub use self::blocking::BlockingReqwestClient;
#[doc(inline)]
pub use cueapi_core::*;

/// A client with default settings. Use it within a Tokio runtime.
///
/// # Errors
///
/// [`Build`](ErrorKind::Build) for a key that cannot be sent, or when TLS cannot be set up.
///
/// ```
/// # fn main() -> Result<(), cueapi_reqwest::Error> {
/// let client = cueapi_reqwest::client("cue_sk_your_key")?;
/// # Ok(())
/// # }
/// ```
pub fn client(key: impl Into<ApiKey>) -> Result<Client, Error> {
    builder(key).build()
}

/// A client with settings of your own; for those of reqwest see [`ReqwestClient::from_builder`].
///
/// ```
/// # fn main() -> Result<(), cueapi_reqwest::Error> {
/// use std::time::Duration;
///
/// let client = cueapi_reqwest::builder("cue_sk_your_key")
///     .base_url("http://localhost:8000")
///     .timeout(Duration::from_secs(5))
///     .build()?;
/// # Ok(())
/// # }
/// ```
pub fn builder(key: impl Into<ApiKey>) -> ClientBuilder<ReqwestClient> {
    ClientBuilder::try_new(key, ReqwestClient::new())
}

/// A client with the key in `CUEAPI_API_KEY`, for the server in `CUEAPI_BASE_URL` or the hosted one.
///
/// # Errors
///
/// [`Build`](ErrorKind::Build) without a key, or when TLS cannot be set up.
///
/// ```no_run
/// # fn main() -> Result<(), cueapi_reqwest::Error> {
/// let client = cueapi_reqwest::from_env()?;
/// # Ok(())
/// # }
/// ```
pub fn from_env() -> Result<Client, Error> {
    ClientBuilder::from_env(ReqwestClient::new()).build()
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
/// # fn main() -> Result<(), cueapi_reqwest::Error> {
/// let client = cueapi_reqwest::from_profile("default")?;
/// # Ok(())
/// # }
/// ```
pub fn from_profile(name: &str) -> Result<Client, Error> {
    ClientBuilder::from_profile(name, ReqwestClient::new()).build()
}

/// An [`HttpClient`] on reqwest.
///
/// Needs a Tokio runtime with I/O and time. Clones share the connections.
#[derive(Debug, Clone)]
pub struct ReqwestClient {
    clients: Arc<Clients>,
}

impl ReqwestClient {
    /// HTTP/1.1 with kept connections, 10 seconds to connect, and the proxies that the environment names
    /// (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`).
    ///
    /// # Errors
    ///
    /// When TLS cannot be set up, for example where the operating system has no certificate authorities.
    ///
    /// ```
    /// # fn main() -> Result<(), cueapi_core::http::HttpError> {
    /// let client = cueapi_reqwest::ReqwestClient::new()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn new() -> Result<Self, HttpError> {
        Self::from_builder(config::defaults)
    }

    /// A client with settings of your own: proxies, roots, client certificates, resolver, timeouts.
    ///
    /// Takes a function, because it makes three clients: one for calls that may be repeated, one for calls that may not,
    /// and one that keeps no connection. Redirects, reqwest's own retries and decompression are switched off whatever the
    /// builder says, and connections are kept for 4 idle seconds. That is why this takes builders and not a
    /// [`reqwest::Client`]: in a finished one they can no longer be.
    ///
    /// # Errors
    ///
    /// When reqwest cannot build the client.
    ///
    /// ```
    /// # fn main() -> Result<(), cueapi_core::http::HttpError> {
    /// let client = cueapi_reqwest::ReqwestClient::from_builder(|| reqwest::Client::builder().no_proxy())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_builder(builder: impl Fn() -> reqwest::ClientBuilder) -> Result<Self, HttpError> {
        let clients = Arc::new(Clients::new(builder)?);
        Ok(Self { clients })
    }
}

impl HttpClient for ReqwestClient {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let extensions = request.extensions();
        let repeat = extensions.get().copied().unwrap_or(Repeat::Unsafe);
        let timeout = extensions
            .get::<AttemptTimeout>()
            .map_or(Duration::MAX, |timeout| timeout.0);
        let limits = Limits::of(&request);
        let target = request.uri().clone();
        let request = reqwest::Request::try_from(request).map_err(error::from_reqwest)?;
        config::check_target(&target, request.url())?;

        let exchange = exchange(self.clients.lend(repeat), request, limits);
        connecting::within(timeout, exchange).await
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

async fn exchange(mut lease: Lease<'_>, request: reqwest::Request, limits: Limits) -> Result<Response, HttpError> {
    // A thread that was busy since the last call has not polled its sockets. Let the runtime do that first, or the
    // request goes to a connection that the server has long closed.
    tokio::task::yield_now().await;
    let response = lease.client.execute(request).await.map_err(error::from_reqwest)?;
    let response = ::http::Response::<reqwest::Body>::from(response);
    if http::server_may_close(&response) {
        lease.may_close();
    }
    // A body that is not read to its end takes its connection with it.
    let (response, _) = body::read(response, limits).await?;
    Ok(response)
}
