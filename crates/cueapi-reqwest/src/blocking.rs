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
    io::{self, Read},
    sync::Arc,
};

use bytes::Bytes;
use cueapi_core::{
    ApiKey, BlockingClient, ClientBuilder, Error,
    http::{BlockingHttpClient, HttpError, HttpErrorKind, MaxResponseBytes, Request, Response},
};

use crate::{config, error};

/// The erased type of an HTTP stack, so that users write plain [`BlockingClient`].
type SharedBlockingClient = Arc<dyn BlockingHttpClient + Send + Sync>;

/// A client with default settings.
///
/// # Errors
///
/// [`Build`](crate::ErrorKind::Build) for a key that cannot be sent, or when TLS cannot be set up.
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
/// [`Build`](crate::ErrorKind::Build) without a key, or when TLS cannot be set up.
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

fn shared() -> Result<SharedBlockingClient, HttpError> {
    Ok(Arc::new(BlockingReqwestClient::new()?))
}

/// A [`BlockingHttpClient`] on [`reqwest::blocking`].
///
/// Must not be used inside an async runtime: reqwest panics there. Clones share the connections.
#[derive(Debug, Clone)]
pub struct BlockingReqwestClient {
    client: reqwest::blocking::Client,
}

impl BlockingReqwestClient {
    /// What [`ReqwestClient::new`](crate::ReqwestClient::new) is, without a runtime.
    ///
    /// # Errors
    ///
    /// When TLS cannot be set up, for example where the operating system has no certificate authorities.
    ///
    /// ```
    /// # fn main() -> Result<(), cueapi_core::http::HttpError> {
    /// let client = cueapi_reqwest::BlockingReqwestClient::new()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn new() -> Result<Self, HttpError> {
        Self::from_builder(config::defaults())
    }

    /// A client with settings of your own, see [`ReqwestClient::from_builder`](crate::ReqwestClient::from_builder).
    ///
    /// # Errors
    ///
    /// When reqwest cannot build the client.
    ///
    /// ```
    /// # fn main() -> Result<(), cueapi_core::http::HttpError> {
    /// let builder = reqwest::Client::builder().no_proxy();
    /// let client = cueapi_reqwest::BlockingReqwestClient::from_builder(builder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_builder(builder: reqwest::ClientBuilder) -> Result<Self, HttpError> {
        // The blocking builder has a timeout of its own, the attempt's is enough.
        let builder = reqwest::blocking::ClientBuilder::from(config::conforming(builder)).timeout(None);
        Ok(Self {
            client: builder.build().map_err(error::from_reqwest)?,
        })
    }
}

impl BlockingHttpClient for BlockingReqwestClient {
    fn send(&self, request: Request) -> Result<Response, HttpError> {
        let limit = request
            .extensions()
            .get::<MaxResponseBytes>()
            .map_or(usize::MAX, |limit| limit.0);
        let (target, timeout) = (request.uri().clone(), config::timeout(&request));
        let mut request = reqwest::blocking::Request::try_from(request).map_err(error::from_reqwest)?;
        config::check_target(&target, request.url())?;
        *request.timeout_mut() = timeout;

        let mut response = self.client.execute(request).map_err(error::from_reqwest)?;
        let mut head = ::http::Response::new(());
        *head.status_mut() = response.status();
        *head.version_mut() = response.version();
        std::mem::swap(head.headers_mut(), response.headers_mut());
        let body = read(response, limit)?;
        Ok(head.map(|()| body))
    }
}

/// The body, one byte more than allowed at most.
fn read(response: reqwest::blocking::Response, limit: usize) -> Result<Bytes, HttpError> {
    let mut body = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    response.take(most).read_to_end(&mut body).map_err(from_read)?;
    if body.len() > limit {
        return Err(HttpError::new(HttpErrorKind::TooLarge));
    }
    Ok(body.into())
}

/// reqwest wraps its own error in the one of `Read`.
fn from_read(error: io::Error) -> HttpError {
    match error.into_inner() {
        Some(inner) => error::from_body(inner),
        None => HttpError::new(HttpErrorKind::Interrupted),
    }
}
