//! A webhook handler that believes nothing before the signature is verified, and answers before it works.
//!
//! The crate `cueapi-webhook` has this ready-made for axum, actix-web and tower; these are its bare bones.

use std::{error::Error, net::Ipv4Addr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use cueapi_emulator::Emulator;
use cueapi_reqwest::types::{Callback, Delivery, Schedule};
use cueapi_signing::{SignatureHeaders, Verifier};
use serde_json::json;
use tokio::{net::TcpListener, sync::mpsc, time::timeout};

#[derive(Clone)]
struct App {
    verifier: Arc<Verifier>,
    jobs: mpsc::Sender<Delivery>,
}

async fn receive(State(app): State<App>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let signature = SignatureHeaders::new(header("x-cueapi-signature"), header("x-cueapi-timestamp"));
    // The body as it came: a handler that takes parsed JSON has nothing left that could be verified.
    match app.verifier.verify_now(&body, signature) {
        Err(_) => StatusCode::UNAUTHORIZED,
        Ok(verified) => match Delivery::from_body(verified.bytes()) {
            Err(_) => StatusCode::BAD_REQUEST,
            // Queue it and answer: what takes longer than 30 seconds is delivered again.
            Ok(delivery) => match app.jobs.try_send(delivery) {
                Ok(()) => StatusCode::NO_CONTENT,
                Err(_) => StatusCode::SERVICE_UNAVAILABLE,
            },
        },
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::start().await?;
    let (jobs, mut queue) = mpsc::channel(100);
    let app = App {
        // In a program of yours: the account's whsec_… secret, and .also(the one before it) after a rotation.
        verifier: Arc::new(Verifier::new(emulator.webhook_secret())?),
        jobs,
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}/hook", listener.local_addr()?);
    let router = Router::new().route("/hook", post(receive)).with_state(app);
    tokio::spawn(async move { axum::serve(listener, router).await });

    let client = cueapi_reqwest::builder(emulator.api_key())
        .base_url(emulator.base_url())
        .build()?;
    let cue = client
        .cues()
        .create("hooked", Schedule::cron("0 9 * * *"), Callback::new(&url))
        .payload(&json!({"account": "acme"}))
        .await?;
    client.cues().fire(&cue.id).await?;

    let delivery = timeout(Duration::from_secs(30), queue.recv())
        .await?
        .ok_or("the server is gone")?;
    println!("{}: {}", delivery.execution_id, delivery.payload.as_str());

    emulator.run_until_idle().await;
    println!("answered: {:?}", emulator.deliveries()[0].result);
    Ok(())
}
