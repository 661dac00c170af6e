//! Receives the webhooks of a cue with actix-web and puts each job into a queue, once.
//!
//! ```sh
//! CUEAPI_WEBHOOK_SECRET=whsec_… cargo run -p cueapi-webhook --features actix-web --example actix
//! ```

use std::{env, net::TcpListener};

use actix_web::{App, HttpResponse, HttpServer, dev::Server, error::InternalError, http::StatusCode, web};
use cueapi_webhook::{CueDelivery, Guard, OnceError, Verifier, Webhook, seen::MemoryStore};
use serde::Deserialize;
use tokio::sync::mpsc;

/// The payload of our cue.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Job {
    pub(crate) account: String,
}

async fn sync(
    guard: web::Data<Guard<MemoryStore>>,
    jobs: web::Data<mpsc::Sender<Job>>,
    delivery: CueDelivery<Job>,
) -> Result<HttpResponse, OnceError<InternalError<&'static str>>> {
    let queue = async {
        let queued = jobs.try_send(delivery.payload.clone());
        queued.map_err(|_| InternalError::new("the queue is full", StatusCode::SERVICE_UNAVAILABLE))
    };
    guard.once(&delivery, queue).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Serves once it is polled.
pub(crate) fn serve(listener: TcpListener, webhook: Webhook, jobs: mpsc::Sender<Job>) -> std::io::Result<Server> {
    // Made here and not in the closure, which runs once for each worker thread.
    let webhook = web::Data::new(webhook);
    let guard = web::Data::new(Guard::new(MemoryStore::default()));
    let jobs = web::Data::new(jobs);
    let app = move || {
        App::new()
            .app_data(webhook.clone())
            .app_data(guard.clone())
            .app_data(jobs.clone())
            // A callback's method is POST, PUT or PATCH; a GET is refused with the reason, because nobody can verify it.
            .route("/cues", web::route().to(sync))
    };
    Ok(HttpServer::new(app).workers(2).listen(listener)?.run())
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let webhook = Webhook::new(Verifier::new(env::var("CUEAPI_WEBHOOK_SECRET")?)?);
    let (jobs, mut queue) = mpsc::channel::<Job>(100);
    actix_web::rt::spawn(serve(TcpListener::bind("127.0.0.1:8080")?, webhook, jobs)?);
    while let Some(job) = queue.recv().await {
        eprintln!("sync {}", job.account);
    }
    Ok(())
}
