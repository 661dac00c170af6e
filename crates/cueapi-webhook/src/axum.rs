//! Deliveries as arguments of [axum](https://docs.rs/axum) handlers (feature `axum`).
//!
//! The router's state gives the [`Webhook`]: it is one, or has one (`FromRef`). Routes with different secrets have different
//! states. A request that is refused is answered with the [`Rejection`]'s status and reason, and the handler does not run.
//!
//! axum's own body limit does not apply, [`Webhook::body_limit`] does. Neither limits how long a body may take to come.
//!
//! ```
//! use axum::{Router, extract::State, http::StatusCode, routing::post};
//! use cueapi_webhook::{CueDelivery, Verifier, Webhook};
//!
//! #[derive(serde::Deserialize)]
//! struct Job { account: String }
//!
//! async fn sync(delivery: CueDelivery<Job>) -> StatusCode {
//!     println!("execution {}: sync {}", delivery.execution_id, delivery.payload.account);
//!     StatusCode::OK
//! }
//!
//! # fn main() -> Result<(), cueapi_webhook::signing::SecretError> {
//! let webhook = Webhook::new(Verifier::new("whsec_0011223344556677")?);
//! let app: Router = Router::new().route("/cues", post(sync)).with_state(webhook);
//! # Ok(()) }
//! ```
//!
//! Handlers may return [`OnceError`], when the work's own error can answer: see the example server in the repository.

use axum_core::{
    extract::{FromRef, FromRequest, Request},
    response::{IntoResponse, Response},
};

use crate::{Delivered, DeliveryBody, OnceError, Rejection, Webhook, body};

impl<S, B> FromRequest<S> for Delivered<B>
where
    B: DeliveryBody,
    S: Send + Sync,
    Webhook: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        let webhook = Webhook::from_ref(state);
        let (parts, body) = request.into_parts();
        let body = body::read(&webhook, &parts.headers, body).await?;
        webhook.receive(&parts.headers, body)
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        (self.status(), self.to_string()).into_response()
    }
}

impl<E: IntoResponse> IntoResponse for OnceError<E> {
    /// The work's own answer when it failed; otherwise status and reason.
    fn into_response(self) -> Response {
        let status = self.status();
        match self {
            Self::Work(error) | Self::ClaimLost(error) => error.into_response(),
            Self::Running => (status, "the delivery is being worked on").into_response(),
            Self::Store(error) => (status, error.to_string()).into_response(),
        }
    }
}
