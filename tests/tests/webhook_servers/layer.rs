//! The tower layer: what the inner service gets, and what it never sees.

use std::{convert::Infallible, time::Duration};

use axum::{Extension, Router, body::Body, routing::post};
use bytes::Bytes;
use cueapi_signing::{Form, Signer};
use cueapi_webhook::{
    CueDelivery, Rejection, Verifier, VerifyError, Webhook,
    tower::{VerifiedBody, VerifyLayer},
};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::{Layer as _, ServiceExt as _, service_fn};

use crate::{JOB, SECRET};

const NOW: i64 = 1_795_467_021;

fn layer(verifier: Verifier) -> VerifyLayer {
    let now = Duration::from_secs(NOW.unsigned_abs());
    VerifyLayer::new(Webhook::new(verifier).clock(move || now))
}

fn verifier() -> Verifier {
    Verifier::new(SECRET).unwrap()
}

/// A request whose signature is over `signed`.
fn request<B: From<String>>(signed: &str, body: &str) -> Request<B> {
    let signature = Signer::new(SECRET).unwrap().sign(NOW, signed.as_bytes());
    Request::post("/cues")
        .header("X-CueAPI-Signature", signature.to_string())
        .header("X-CueAPI-Timestamp", NOW)
        .body(body.to_owned().into())
        .unwrap()
}

/// Answers with the body that it got.
async fn echo(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let delivery: CueDelivery = VerifiedBody::decode(&request).unwrap();
    let verified: &VerifiedBody = request.extensions().get().unwrap();
    assert_eq!(delivery.proof(), verified.proof());
    assert_eq!(request.headers()["content-length"], verified.bytes().len().to_string());
    Ok(Response::new(request.into_body()))
}

async fn text(response: Response<impl BodyExt<Data = Bytes>>) -> String {
    let Ok(body) = response.into_body().collect().await else {
        panic!("the body of the answer broke off")
    };
    String::from_utf8(body.to_bytes().into()).unwrap()
}

#[tokio::test]
async fn the_inner_service_gets_the_body_and_how_it_was_verified() {
    let service = layer(verifier()).layer(service_fn(echo));
    let answer = service.oneshot(request::<Full<Bytes>>(JOB, JOB)).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(text(answer).await, JOB);
}

#[tokio::test]
async fn the_inner_service_gets_the_bytes_that_were_signed_when_others_arrived() {
    let arrived = JOB.replace(": ", ":");
    let service = layer(verifier().canonical()).layer(service_fn(async |request: Request<Full<Bytes>>| {
        let verified: &VerifiedBody = request.extensions().get().unwrap();
        assert_eq!(verified.proof().form(), Form::Canonical);
        echo(request).await
    }));
    let answer = service.oneshot(request::<Full<Bytes>>(JOB, &arrived)).await.unwrap();
    assert_eq!(text(answer).await, JOB);
}

#[tokio::test]
async fn the_inner_service_never_sees_what_is_refused() {
    async fn never(_: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
        panic!("called")
    }
    let service = layer(verifier()).layer(service_fn(never));
    let answer = service.oneshot(request::<Full<Bytes>>(JOB, "{}")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(text(answer).await, "the signature does not match");
}

#[tokio::test]
async fn a_request_that_did_not_come_through_the_layer_is_not_decoded() {
    let request: Request<Full<Bytes>> = request(JOB, JOB);
    let decoded: Result<CueDelivery, Rejection> = VerifiedBody::decode(&request);
    assert_eq!(decoded.unwrap_err(), VerifyError::MissingSignature.into());
}

#[tokio::test]
async fn the_layer_goes_around_an_axum_router() {
    let handler = async |Extension(verified): Extension<VerifiedBody>, body: Bytes| {
        assert_eq!(verified.bytes(), &body);
        "verified"
    };
    let app: Router = Router::new().route("/cues", post(handler)).layer(layer(verifier()));
    let answer = app.clone().oneshot(request::<Body>(JOB, JOB)).await.unwrap();
    assert_eq!(text(answer).await, "verified");
    let answer = app.oneshot(request::<Body>(JOB, "{}")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}
