//! A tick of the engine while many cues exist and few are due.

use std::time::Instant;

use cueapi_emulator::engine::{AttemptResult, CreateCue, Engine, Limits, Schedule};
use jiff::{SignedDuration, Timestamp};

/// How many cues are due at each tick.
const DUE: usize = 100;
const TICKS: i64 = 200;

pub(crate) fn measure(most: usize) {
    println!("A tick in which {DUE} cues are due, delivered and planned anew (median of {TICKS}):");
    let mut existing = 1_000;
    let mut first = None;
    while existing <= most {
        let micros = tick(existing);
        let ratio = micros / *first.get_or_insert(micros);
        println!("  {existing:>9} cues: {micros:7.1} µs, {ratio:.2} times the first");
        existing *= 10;
    }
    println!();
}

fn tick(existing: usize) -> f64 {
    let start: Timestamp = "2026-01-01T00:00:30Z".parse().unwrap();
    let mut engine = Engine::new(1);
    let account = engine.open_account(start, "bench@example.com", Limits::unlimited());
    for number in 0..existing {
        // The busy ones are spread among the idle ones, as rows in a table are.
        let busy = number % (existing / DUE) == 0;
        let schedule = Schedule::cron(if busy { "* * * * *" } else { "0 0 1 1 *" });
        let create = CreateCue::webhook(&format!("cue-{number}"), schedule, "http://jobs.test/");
        engine.create_cue(start, account, create).unwrap();
    }
    let mut times: Vec<f64> = (1..=TICKS)
        .map(|minute| {
            let now = start + SignedDuration::from_mins(minute);
            let started = Instant::now();
            let mut delivered = 0;
            while let Some(delivery) = engine.poll(now) {
                engine.delivered(now, delivery.id, AttemptResult::Status(200));
                delivered += 1;
            }
            assert_eq!(delivered, DUE);
            started.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
