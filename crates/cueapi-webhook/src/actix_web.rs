//! Deliveries as arguments of [actix-web](https://docs.rs/actix-web) handlers (feature `actix-web`).
//!
//! The app's data, or the scope's, gives the [`Webhook`]: `web::Data<Webhook>`. Routes with different secrets are in different
//! scopes. A request that is refused is answered with the [`Rejection`]'s status and reason, and the handler does not run.
//!
//! actix-web's own body limits do not apply, [`Webhook::body_limit`] does. A body of which nothing comes for five seconds is refused with
//! 400; so is a chunk extension without an end, of which actix-web shows nothing. How long a body may take in total is not limited.
//!
//! ```
//! use actix_web::{App, HttpResponse, web};
//! use cueapi_webhook::{CueDelivery, Verifier, Webhook};
//!
//! #[derive(serde::Deserialize)]
//! struct Job { account: String }
//!
//! async fn sync(delivery: CueDelivery<Job>) -> HttpResponse {
//!     println!("execution {}: sync {}", delivery.execution_id, delivery.payload.account);
//!     HttpResponse::Ok().finish()
//! }
//!
//! # fn main() -> Result<(), cueapi_webhook::signing::SecretError> {
//! let webhook = web::Data::new(Webhook::new(Verifier::new("whsec_0011223344556677")?));
//! let app = App::new().app_data(webhook).route("/cues", web::post().to(sync));
//! # Ok(()) }
//! ```
//!
//! Handlers may return [`OnceError`], when the work's own error can answer: see the example server in the repository.

use std::{future::poll_fn, pin::Pin, time::Duration};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, ResponseError, dev,
    error::ErrorInternalServerError,
    http::{StatusCode, header::CONTENT_LENGTH},
    rt::time::timeout,
    web,
};
use futures_core::Stream as _;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{Delivered, DeliveryBody, OnceError, Rejection, Webhook};

impl<B: DeliveryBody + 'static> FromRequest for Delivered<B> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let webhook = request.app_data::<web::Data<Webhook>>().cloned();
        let headers = cueapi_headers(request);
        let length = content_length(request);
        let payload = web::Payload::from_request(request, payload);
        Box::pin(async move {
            let webhook = webhook.ok_or_else(|| ErrorInternalServerError("the app has no web::Data<Webhook>"))?;
            webhook.check_headers(&headers)?;
            if length > webhook.limit() {
                return Err(webhook.too_large().into());
            }
            let body = read(&webhook, payload.await?).await?;
            Ok(webhook.receive(&headers, body)?)
        })
    }
}

/// How long nothing of a body may come.
const PATIENCE: Duration = Duration::from_secs(5);

/// The body, if it is not too long.
async fn read(webhook: &Webhook, mut payload: web::Payload) -> Result<web::BytesMut, Rejection> {
    let mut body = web::BytesMut::new();
    loop {
        let piece = poll_fn(|cx| Pin::new(&mut payload).poll_next(cx));
        match timeout(PATIENCE, piece).await {
            Ok(None) => return Ok(body),
            Ok(Some(Ok(piece))) if piece.len() > webhook.limit() - body.len() => return Err(webhook.too_large()),
            Ok(Some(Ok(piece))) => body.extend_from_slice(&piece),
            Ok(Some(Err(_))) | Err(_) => return Err(Rejection::Incomplete),
        }
    }
}

/// How long the body is said to be; a number beyond every other one when that cannot be read.
fn content_length(request: &HttpRequest) -> usize {
    let length = request.headers().get(CONTENT_LENGTH);
    length.map_or(0, |length| {
        length
            .to_str()
            .ok()
            .and_then(|length| length.parse().ok())
            .unwrap_or(usize::MAX)
    })
}

/// What this crate reads, in the types of another version of the `http` crate.
fn cueapi_headers(request: &HttpRequest) -> HeaderMap {
    let ours = request.headers().iter().filter_map(|(name, value)| {
        let name = name.as_str().starts_with("x-cueapi-").then_some(name.as_str())?;
        Some((
            HeaderName::from_bytes(name.as_bytes()).ok()?,
            HeaderValue::from_bytes(value.as_bytes()).ok()?,
        ))
    });
    let mut headers = HeaderMap::new();
    for (name, value) in ours {
        headers.append(name, value);
    }
    headers
}

impl ResponseError for Rejection {
    fn status_code(&self) -> StatusCode {
        actix_status(self.status())
    }
}

impl<E: ResponseError> ResponseError for OnceError<E> {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Work(error) | Self::ClaimLost(error) => error.status_code(),
            Self::Running | Self::Store(_) => actix_status(self.status()),
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Work(error) | Self::ClaimLost(error) => error.error_response(),
            Self::Running | Self::Store(_) => HttpResponse::build(self.status_code()).body(self.to_string()),
        }
    }
}

fn actix_status(status: http::StatusCode) -> StatusCode {
    StatusCode::from_u16(status.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
