//! One type for every `HttpClient`, so that users keep a plain `Client` in their structs.

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use super::{HttpClient, HttpError, Request, Response};

/// Any [`HttpClient`] behind a reference count: the type parameter that users do not have to write.
///
/// Costs one allocation an exchange. A client that is generic over its HTTP stack costs none.
///
/// ```
/// use cueapi_core::{Client, http::SharedHttpClient, testing::ReplayClient};
///
/// struct App {
///     cueapi: Client, // the same as Client<SharedHttpClient>: whatever HTTP stack is in it
/// }
///
/// let shared = SharedHttpClient::new(ReplayClient::default());
/// let app = App { cueapi: cueapi_core::ClientBuilder::new("cue_sk_your_key", shared).build()? };
/// # Ok::<(), cueapi_core::Error>(())
/// ```
#[derive(Clone)]
pub struct SharedHttpClient(Arc<dyn DynHttpClient>);

impl SharedHttpClient {
    /// Erases the type of a client.
    pub fn new(client: impl HttpClient) -> Self {
        Self(Arc::new(client))
    }
}

impl HttpClient for SharedHttpClient {
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, HttpError>> + Send {
        self.0.send(request)
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        self.0.sleep(duration)
    }

    fn now(&self) -> Option<Duration> {
        self.0.now()
    }
}

impl fmt::Debug for SharedHttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedHttpClient").finish_non_exhaustive()
    }
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The object-safe twin of [`HttpClient`]; private, so that nobody implements the wrong one.
trait DynHttpClient: Send + Sync {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>>;
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
    fn now(&self) -> Option<Duration>;
}

impl<T: HttpClient> DynHttpClient for T {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        Box::pin(HttpClient::send(self, request))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(HttpClient::sleep(self, duration))
    }

    fn now(&self) -> Option<Duration> {
        HttpClient::now(self)
    }
}
