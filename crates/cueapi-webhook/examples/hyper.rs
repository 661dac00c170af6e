//! Receives the webhooks of a cue with hyper and a tower layer, and puts each job into a queue, once.
//!
//! ```sh
//! CUEAPI_WEBHOOK_SECRET=whsec_… cargo run -p cueapi-webhook --features tower --example hyper
//! ```

use std::{convert::Infallible, env, sync::Arc};

use bytes::Bytes;
use cueapi_webhook::{
    CueDelivery, Guard, Verifier, Webhook,
    seen::MemoryStore,
    tower::{VerifiedBody, VerifyLayer},
};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use serde::Deserialize;
use tokio::{net::TcpListener, sync::mpsc};
use tower::{Layer as _, service_fn};

/// The payload of our cue.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Job {
    pub(crate) account: String,
}

struct Receiver {
    guard: Guard<MemoryStore>,
    jobs: mpsc::Sender<Job>,
}

impl Receiver {
    async fn sync(&self, request: Request<Full<Bytes>>) -> Response<Full<Bytes>> {
        let delivery: CueDelivery<Job> = match VerifiedBody::decode(&request) {
            Ok(delivery) => delivery,
            Err(rejection) => return rejection.into(),
        };
        let queue = async { self.jobs.try_send(delivery.payload.clone()) };
        let status = match self.guard.once(&delivery, queue).await {
            Ok(_) => StatusCode::NO_CONTENT,
            Err(error) => error.status(),
        };
        let mut response = Response::default();
        *response.status_mut() = status;
        response
    }
}

/// Serves until it is dropped.
pub(crate) async fn serve(listener: TcpListener, webhook: Webhook, jobs: mpsc::Sender<Job>) -> std::io::Result<()> {
    let receiver = Arc::new(Receiver {
        guard: Guard::new(MemoryStore::default()),
        jobs,
    });
    let service = VerifyLayer::new(webhook).layer(service_fn(move |request| {
        let receiver = receiver.clone();
        async move { Ok::<_, Infallible>(receiver.sync(request).await) }
    }));
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            let server = Builder::new(TokioExecutor::new());
            if let Err(error) = server.serve_connection(TokioIo::new(stream), service).await {
                eprintln!("{error}");
            }
        });
    }
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
