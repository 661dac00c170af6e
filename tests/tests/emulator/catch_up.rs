//! Runs that were missed: how many are made up for, and what becomes of the rest.

use cueapi_emulator::engine::{AttemptResult, CreateCue, Engine, Limits, Schedule};
use jiff::{SignedDuration, Timestamp};

const START: &str = "2026-01-01T00:00:30Z";
const MOST: usize = 100_000;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// An engine with cues, after some days without a look at it; and the moment of that look.
fn after(days: i32, back: Option<SignedDuration>, cues: &[CreateCue]) -> (Engine, Timestamp) {
    let mut engine = Engine::new(1);
    let start: Timestamp = START.parse().unwrap();
    let account = engine.open_account(start, "a@example.com", Limits::unlimited());
    for cue in cues {
        engine.create_cue(start, account, cue.clone()).unwrap();
    }
    engine.catch_up(back);
    let now = start + DAY * days;
    while let Some(delivery) = engine.poll(now) {
        engine.delivered(now, delivery.id, AttemptResult::Status(200));
    }
    (engine, now)
}

fn worker(name: &str, cron: &str) -> CreateCue {
    CreateCue::worker(name, Schedule::cron(cron))
}

#[test]
fn an_engine_by_itself_makes_up_for_all() {
    let (mut engine, _) = after(7, None, &[worker("minutely", "* * * * *")]);
    assert_eq!(engine.executions().count(), 7 * 24 * 60);
    assert_eq!(engine.take_skipped(), []);
}

#[test]
fn what_was_missed_longer_ago_is_skipped_and_named() {
    let hook = CreateCue::webhook("hook", Schedule::cron("30 * * * *"), "http://h/");
    let (mut engine, now) = after(7, Some(DAY), &[worker("minutely", "* * * * *"), hook]);
    let horizon = now - DAY;
    assert!(
        engine
            .executions()
            .all(|run| run.scheduled_for > horizon && run.scheduled_for <= now)
    );
    assert_eq!(engine.executions().count(), 24 * 60 + 24);
    let mut skipped = engine.take_skipped();
    skipped.sort_by(|a, b| a.name.cmp(&b.name));
    let [hourly, minutely] = skipped.as_slice() else {
        panic!("{skipped:?}")
    };
    assert_eq!((&*hourly.name, &*minutely.name), ("hook", "minutely"));
    assert_eq!(minutely.from.to_string(), "2026-01-01T00:01:00Z");
    assert_eq!(minutely.until.to_string(), "2026-01-07T00:01:00Z");
    assert_eq!(engine.take_skipped(), [], "they are told once");

    // And on it goes.
    let before = engine.executions().count();
    drop(engine.poll(now + SignedDuration::from_secs(60)));
    assert_eq!(engine.executions().count(), before + 1);
}

#[test]
fn all_cues_together_make_up_for_a_hundred_thousand_runs_at_most() {
    for (cues, cron) in [(10, "* * * * *"), (1, "* * * * * *")] {
        let cues: Vec<_> = (0..cues).map(|n| worker(&format!("cue {n}"), cron)).collect();
        let (engine, now) = after(30, Some(DAY * 30), &cues);
        let made_up = engine.executions().count();
        assert!(
            made_up <= MOST + cues.len() * 2 && made_up > MOST - cues.len() * 2,
            "{} cues: {made_up}",
            cues.len()
        );
        let newest = engine.executions().map(|run| run.scheduled_for).max().unwrap();
        assert!(
            now.duration_since(newest.due()) < SignedDuration::from_secs(60),
            "the latest are made up for"
        );
    }
}

#[test]
fn a_pace_that_changes_gets_round_no_bound() {
    // Every second, in one hour of the day.
    let (engine, _) = after(30, Some(DAY * 30), &[worker("burst", "* 9 * * * *")]);
    assert!(engine.executions().count() <= MOST, "{}", engine.executions().count());
    let (engine, _) = after(
        30,
        Some(DAY * 30),
        &[worker("burst", "* 9 * * * *"), worker("seconds", "* * * * * *")],
    );
    assert!(engine.executions().count() <= MOST, "{}", engine.executions().count());
}

#[test]
fn what_is_to_happen_once_happens_however_late() {
    let once = CreateCue::worker("once", Schedule::at("2026-01-01T09:00:00Z".parse().unwrap()));
    let (mut engine, _) = after(30, Some(SignedDuration::ZERO), &[once]);
    assert_eq!((engine.executions().count(), engine.take_skipped().len()), (1, 0));
}

#[test]
fn a_run_that_comes_a_moment_late_was_not_missed() {
    let mut engine = Engine::new(1);
    let start: Timestamp = START.parse().unwrap();
    let account = engine.open_account(start, "a@example.com", Limits::unlimited());
    engine
        .create_cue(start, account, worker("minutely", "* * * * *"))
        .unwrap();
    engine.catch_up(Some(SignedDuration::ZERO));
    for minute in 1..=60 {
        // Half a minute and a few milliseconds, as on a busy machine.
        let now = start + SignedDuration::from_millis(60_000 * minute + 25);
        assert!(engine.poll(now).is_none());
    }
    assert_eq!((engine.executions().count(), engine.take_skipped().len()), (60, 0));
}
