use cueapi_emulator::{Clock, Emulator, engine::Limits};
use cueapi_hyper::{
    ClientBuilder, HyperClient,
    types::{Callback, Schedule},
};
use std::time::{Duration, Instant};
#[tokio::main]
async fn main() {
    let emulator = Emulator::builder()
        .clock(Clock::held("2026-01-01T00:00:00Z".parse().unwrap()))
        .limits(Limits::unlimited())
        .receiver("http://jobs.test", async |_| http::StatusCode::OK)
        .start()
        .await
        .unwrap();
    let client = ClientBuilder::new(emulator.api_key(), HyperClient::plain())
        .base_url(emulator.base_url())
        .build()
        .unwrap();
    client
        .cues()
        .create(
            "job",
            Schedule::cron("*/5 * * * *"),
            Callback::new("http://jobs.test/hook"),
        )
        .await
        .unwrap();
    let started = Instant::now();
    emulator.advance(Duration::from_secs(365 * 24 * 3600)).await;
    println!("{} in {:?}", emulator.executions().len(), started.elapsed());
}
