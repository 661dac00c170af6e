//! Deliveries as arguments of [actix-web](https://docs.rs/actix-web) handlers (feature `actix-web`).
//!
//! The app's data, or the scope's, gives the [`Webhook`]: `web::Data<Webhook>`. Routes with different secrets are in different
//! scopes. A request that is refused is answered with the [`Rejection`]'s status and reason, and the handler does not run.
//!
//! actix-web's own body limits do not apply, [`Webhook::body_limit`] does. Neither limits how long a body may take to come.
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

use std::pin::Pin;

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, ResponseError, dev, error::ErrorInternalServerError, http::StatusCode, web,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{Delivered, DeliveryBody, OnceError, Rejection, Webhook};

impl<B: DeliveryBody + 'static> FromRequest for Delivered<B> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let webhook = request.app_data::<web::Data<Webhook>>().cloned();
        let headers = cueapi_headers(request);
        let payload = web::Payload::from_request(request, payload);
        Box::pin(async move {
            let webhook = webhook.ok_or_else(|| ErrorInternalServerError("the app has no web::Data<Webhook>"))?;
            webhook.check_headers(&headers)?;
            let body = payload.await?.to_bytes_limited(webhook.limit()).await;
            let body = body
                .map_err(|_| webhook.too_large())?
                .map_err(|_| Rejection::Incomplete)?;
            Ok(webhook.receive(&headers, body)?)
        })
    }
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
