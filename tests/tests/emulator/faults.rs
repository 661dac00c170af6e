//! Faults to order: each does what it says, and what it has done can be seen.

mod calls;
mod deliveries;
mod orders;

use std::time::Duration;

use cueapi_emulator::{Builder, Clock, Emulator, engine::Limits};
use cueapi_hyper::{
    Client, ClientBuilder, HyperClient, RetryPolicy,
    types::{CueId, Schedule, Transport},
};

const START: &str = "2026-03-02T08:00:00Z";

fn builder() -> Builder {
    Emulator::builder()
        .clock(Clock::held(START.parse().unwrap()))
        .limits(Limits::unlimited())
}

fn client_with(emulator: &Emulator, policy: RetryPolicy) -> Client {
    ClientBuilder::new(emulator.api_key(), HyperClient::plain())
        .base_url(emulator.base_url())
        .timeout(Duration::from_secs(2))
        .retry(policy)
        .build()
        .unwrap()
}

/// A client that sends each request once.
fn client(emulator: &Emulator) -> Client {
    client_with(emulator, RetryPolicy::none())
}

async fn worker_cue(client: &Client) -> CueId {
    let schedule = Schedule::cron("0 0 1 1 *");
    client
        .cues()
        .create("work", schedule, Transport::Worker)
        .await
        .unwrap()
        .id
}
