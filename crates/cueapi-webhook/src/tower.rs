//! A [tower](https://docs.rs/tower) layer that verifies requests before the inner service sees them (feature `tower`).
//!
//! It reads the body up to [`Webhook::body_limit`], verifies it, and hands the request on with the bytes that were signed as its
//! body and a [`VerifiedBody`] among its extensions. A request that is refused is answered with the [`Rejection`]'s status and
//! reason. How long a body may take to come is for a timeout layer around this one.
//!
//! ```
//! use std::convert::Infallible;
//! use bytes::Bytes;
//! use cueapi_webhook::{CueDelivery, Rejection, Verifier, Webhook, tower::{VerifiedBody, VerifyLayer}};
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::{Layer, service_fn};
//!
//! async fn handle(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
//!     let decoded: Result<CueDelivery, Rejection> = VerifiedBody::decode(&request);
//!     Ok(match decoded {
//!         Ok(delivery) => Response::new(Full::from(format!("thanks for {}", delivery.execution_id))),
//!         Err(rejection) => rejection.into(),
//!     })
//! }
//!
//! # fn main() -> Result<(), cueapi_webhook::signing::SecretError> {
//! let webhook = Webhook::new(Verifier::new("whsec_0011223344556677")?);
//! let service = VerifyLayer::new(webhook).layer(service_fn(handle));
//! # Ok(()) }
//! ```

use std::{
    borrow::Cow,
    fmt, mem,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use cueapi_signing::{Proof, VerifyError};
use http::{Request, Response, header};
use http_body::Body;
use http_body_util::{Either, Full};
use tower_layer::Layer;
use tower_service::Service;

use crate::{Delivered, DeliveryBody, Rejection, Webhook, body};

/// Verifies requests before they reach the service that it wraps.
#[derive(Clone, Debug)]
pub struct VerifyLayer {
    webhook: Webhook,
}

impl VerifyLayer {
    /// Lets through what `webhook` verifies.
    #[must_use]
    pub const fn new(webhook: Webhook) -> Self {
        Self { webhook }
    }
}

impl<S> Layer<S> for VerifyLayer {
    type Service = Verify<S>;

    fn layer(&self, inner: S) -> Verify<S> {
        Verify {
            inner,
            webhook: self.webhook.clone(),
        }
    }
}

/// The service that [`VerifyLayer`] makes.
#[derive(Clone, Debug)]
pub struct Verify<S> {
    inner: S,
    webhook: Webhook,
}

impl<S, B, R> Service<Request<B>> for Verify<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data: Send> + Send + 'static,
{
    type Response = Response<Either<Full<Bytes>, R>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that is ready does the work; its clone is asked next time.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let webhook = self.webhook.clone();
        Box::pin(async move {
            match verify(&webhook, request).await {
                Ok(request) => Ok(inner.call(request).await?.map(Either::Right)),
                Err(rejection) => Ok(Response::from(rejection).map(Either::Left)),
            }
        })
    }
}

async fn verify(webhook: &Webhook, request: Request<impl Body>) -> Result<Request<Full<Bytes>>, Rejection> {
    let (mut parts, body) = request.into_parts();
    let received = body::read(webhook, &parts.headers, body).await?;
    let verified = webhook.verify(&parts.headers, &received)?;
    let proof = verified.proof();
    let bytes = match verified.into_bytes() {
        Cow::Borrowed(_) => received,
        Cow::Owned(signed) => signed.into(),
    };
    parts.headers.insert(header::CONTENT_LENGTH, bytes.len().into());
    parts.headers.remove(header::TRANSFER_ENCODING);
    parts.extensions.insert(VerifiedBody {
        bytes: bytes.clone(),
        proof,
    });
    Ok(Request::from_parts(parts, Full::new(bytes)))
}

/// The body of a request that has been verified, in the request's extensions.
#[derive(Clone)]
pub struct VerifiedBody {
    bytes: Bytes,
    proof: Proof,
}

impl VerifiedBody {
    /// Decodes a request that came through a [`VerifyLayer`], from the bytes that were verified.
    ///
    /// # Errors
    ///
    /// [`Rejection::Malformed`] when it is not the delivery that was asked for, and [`VerifyError::MissingSignature`] when the
    /// request has not been through the layer.
    pub fn decode<B: DeliveryBody, T>(request: &Request<T>) -> Result<Delivered<B>, Rejection> {
        let verified: &Self = request.extensions().get().ok_or(VerifyError::MissingSignature)?;
        Ok(Delivered::decode(&verified.bytes, verified.proof, request.headers())?)
    }

    /// The bytes that were signed.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// How they were proved: with which secret, and when they were signed.
    #[must_use]
    pub const fn proof(&self) -> Proof {
        self.proof
    }
}

impl fmt::Debug for VerifiedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedBody")
            .field("len", &self.bytes.len())
            .field("proof", &self.proof)
            .finish_non_exhaustive()
    }
}
