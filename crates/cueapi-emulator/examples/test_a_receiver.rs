//! Tests a webhook receiver through a day with a bad moment: a duplicate, a lost answer, an outage.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use cueapi_emulator::{
    Clock, Emulator,
    faults::{DeliveryFault, Fault},
};
use cueapi_hyper::{
    ClientBuilder, HyperClient,
    types::{Callback, Schedule},
};
use cueapi_webhook::{CueDelivery, Guard, Verifier, Webhook, seen::MemoryStore};
use http::{Request, StatusCode};

/// The application under test: it does its work once for each delivery.
#[derive(Clone)]
struct App {
    webhook: Webhook,
    guard: Arc<Guard<MemoryStore>>,
    reports_sent: Arc<AtomicUsize>,
}

impl App {
    async fn receive(self, request: Request<Bytes>) -> StatusCode {
        let delivery: CueDelivery = match self.webhook.receive(request.headers(), request.body()) {
            Ok(delivery) => delivery,
            Err(rejection) => return rejection.status(),
        };
        let work = async {
            self.reports_sent.fetch_add(1, Ordering::Relaxed);
            Ok::<_, std::io::Error>(())
        };
        match self.guard.once(&delivery, work).await {
            Ok(_) => StatusCode::OK,
            Err(error) => error.status(),
        }
    }
}

/// In your crate this is a `#[tokio::test]`.
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let clock = Clock::held("2026-03-02T00:30:00Z".parse()?);
    let emulator = Emulator::builder()
        .clock(clock)
        .fault(Fault::deliveries(DeliveryFault::Duplicated))
        .fault(Fault::deliveries(DeliveryFault::Status(503)).after(3).times(2))
        .start()
        .await?;
    let client = ClientBuilder::new(emulator.api_key(), HyperClient::plain())
        .base_url(emulator.base_url())
        .build()?;

    let app = App {
        webhook: Webhook::new(Verifier::new(emulator.webhook_secret())?).clock(emulator.clock()),
        guard: Arc::new(Guard::new(MemoryStore::default())),
        reports_sent: Arc::default(),
    };
    let reports_sent = app.reports_sent.clone();
    emulator.receiver("http://app.test", move |request| app.clone().receive(request));

    let every_hour = Schedule::cron("0 * * * *");
    let callback = Callback::new("http://app.test/cues");
    let cue = client.cues().create("report", every_hour, callback).await?;
    emulator.advance(Duration::from_secs(24 * 60 * 60)).await;

    emulator.assert_delivered(&cue.id).times(24);
    assert_eq!(
        emulator.deliveries().len(),
        24 + 1 + 2,
        "a duplicate, and two that were tried again"
    );
    assert_eq!(reports_sent.load(Ordering::Relaxed), 24);
    println!("{}", emulator.timeline());
    Ok(())
}
