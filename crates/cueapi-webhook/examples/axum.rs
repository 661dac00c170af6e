//! Receives the webhooks of a cue with axum and puts each job into a queue, once.
//!
//! ```sh
//! CUEAPI_WEBHOOK_SECRET=whsec_… cargo run -p cueapi-webhook --features axum --example axum
//! ```

use std::env;

use axum::{
    Router,
    extract::{FromRef, State},
    http::StatusCode,
    routing::any,
};
use cueapi_webhook::{CueDelivery, Guard, OnceError, Verifier, Webhook, seen::MemoryStore};
use serde::Deserialize;
use tokio::{net::TcpListener, sync::mpsc};

/// The payload of our cue.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Job {
    pub(crate) account: String,
}

#[derive(Clone)]
struct Receiver {
    webhook: Webhook,
    guard: Guard<MemoryStore>,
    jobs: mpsc::Sender<Job>,
}

/// Where the extractor finds the webhook.
impl FromRef<Receiver> for Webhook {
    fn from_ref(receiver: &Receiver) -> Self {
        receiver.webhook.clone()
    }
}

async fn sync(
    State(receiver): State<Receiver>,
    delivery: CueDelivery<Job>,
) -> Result<StatusCode, OnceError<StatusCode>> {
    let queue = async {
        let queued = receiver.jobs.try_send(delivery.payload.clone());
        queued.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
    };
    receiver.guard.once(&delivery, queue).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Serves until it is dropped.
pub(crate) async fn serve(listener: TcpListener, webhook: Webhook, jobs: mpsc::Sender<Job>) -> std::io::Result<()> {
    let receiver = Receiver {
        webhook,
        guard: Guard::new(MemoryStore::default()),
        jobs,
    };
    // A callback's method is POST, PUT or PATCH; a GET is refused with the reason, because nobody can verify it.
    let app = Router::new().route("/cues", any(sync)).with_state(receiver);
    axum::serve(listener, app).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let webhook = Webhook::new(Verifier::new(env::var("CUEAPI_WEBHOOK_SECRET")?)?);
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    let (jobs, mut queue) = mpsc::channel::<Job>(100);
    tokio::spawn(serve(listener, webhook, jobs));
    while let Some(job) = queue.recv().await {
        eprintln!("sync {}", job.account);
    }
    Ok(())
}
