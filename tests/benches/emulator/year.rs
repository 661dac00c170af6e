//! A cue that runs every five minutes, for a year.

use std::time::Instant;

use bytes::Bytes;
use cueapi_emulator::{
    Clock, Emulator,
    engine::{AttemptResult, CreateCue, Engine, Limits, OutcomeReport, Schedule},
};
use cueapi_reqwest::types::Callback;
use jiff::{SignedDuration, Timestamp};

const START: &str = "2026-01-01T00:00:00Z";

pub(crate) fn measure(days: i64) {
    let runs = days * 24 * 12;
    println!("A five-minute cron for {days} days, {runs} runs:");
    println!(
        "  the engine alone, each run delivered and its outcome reported: {:.2} s",
        engine(days, runs)
    );
    println!(
        "  signed deliveries to a handler in process, the clock advanced: {:.2} s",
        in_process(days, runs)
    );
    println!();
}

fn engine(days: i64, runs: i64) -> f64 {
    let started = Instant::now();
    let start: Timestamp = START.parse().unwrap();
    let mut engine = Engine::new(1);
    let account = engine.open_account(start, "bench@example.com", Limits::unlimited());
    let create = CreateCue::webhook("five", Schedule::cron("*/5 * * * *"), "http://jobs.test/");
    engine.create_cue(start, account, create).unwrap();
    let end = start + SignedDuration::from_hours(24 * days);
    let mut delivered = 0;
    while let Some(due) = engine.next_due().filter(|due| *due <= end) {
        while let Some(delivery) = engine.poll(due) {
            engine.delivered(due, delivery.id, AttemptResult::Status(200));
            delivered += 1;
            let execution = engine.executions().next_back().unwrap().id.to_string();
            let report = OutcomeReport {
                success: true,
                ..OutcomeReport::default()
            };
            engine.report_outcome(due, account, &execution, report).unwrap();
        }
    }
    assert_eq!(delivered, runs);
    started.elapsed().as_secs_f64()
}

fn in_process(days: i64, runs: i64) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let started = Instant::now();
        let start: Timestamp = START.parse().unwrap();
        let emulator = Emulator::builder()
            .clock(Clock::held(start))
            .limits(Limits::unlimited())
            .receiver("http://jobs.test", async |_: http::Request<Bytes>| {
                http::Response::new(Bytes::new())
            })
            .start()
            .await
            .unwrap();
        let client = cueapi_reqwest::builder(emulator.api_key())
            .base_url(emulator.base_url())
            .build()
            .unwrap();
        let schedule = cueapi_reqwest::types::Schedule::cron("*/5 * * * *");
        let cue = client
            .cues()
            .create("five", schedule, Callback::new("http://jobs.test/"))
            .await
            .unwrap();
        emulator.advance_to(start + SignedDuration::from_hours(24 * days)).await;
        let cue = client.cues().get(&cue.id).await.unwrap();
        assert_eq!(i64::try_from(cue.fired_count.known().unwrap()).unwrap(), runs);
        started.elapsed().as_secs_f64()
    })
}
