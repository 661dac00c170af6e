//! The engine by itself: no runtime, no socket, no clock.

use cueapi_emulator::engine::{
    AttemptResult, CreateCue, Delivery, Engine, ExecutionStatus, Limits, OutcomeReport, OutcomeState, Retry, Schedule,
};
use jiff::Timestamp;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Does what is due up to a moment; the answers to the deliveries come from `receive`.
fn run(engine: &mut Engine, until: Timestamp, mut receive: impl FnMut(&Delivery) -> AttemptResult) {
    while let Some(due) = engine.next_due().filter(|due| *due <= until) {
        while let Some(delivery) = engine.poll(due) {
            let result = receive(&delivery);
            engine.delivered(due, delivery.id, result);
        }
    }
}

#[test]
fn a_year_of_every_five_minutes_is_105_120_runs_with_an_outcome_each() {
    let mut engine = Engine::new(1);
    let account = engine.open_account(at("2026-01-01T00:00:00Z"), "a@example.com", Limits::unlimited());
    let cue = CreateCue::webhook("often", Schedule::cron("*/5 * * * *"), "http://127.0.0.1/");
    let id = engine
        .create_cue(at("2026-01-01T00:00:00Z"), account, cue)
        .unwrap()
        .0
        .id
        .clone();
    let mut now = at("2026-01-01T00:00:00Z");
    let (end, mut runs) = (at("2027-01-01T00:00:00Z"), 0);
    while let Some(due) = engine.next_due().filter(|due| *due <= end) {
        assert!(due >= now, "in order");
        now = due;
        while let Some(delivery) = engine.poll(now) {
            let execution = engine.executions().next_back().unwrap().id.to_string();
            engine.delivered(now, delivery.id, AttemptResult::Status(200));
            let report = OutcomeReport {
                success: true,
                ..OutcomeReport::default()
            };
            let (_, state) = engine.report_outcome(now, account, &execution, report).unwrap();
            assert_eq!(state, OutcomeState::ReportedSuccess);
            runs += 1;
        }
    }
    assert_eq!(runs, 365 * 24 * 12);
    let cue = engine.cue(account, &id).unwrap();
    assert_eq!((cue.fired_count, cue.run_count), (runs, runs));
    assert_eq!(cue.next_run, Some(at("2027-01-01T00:05:00Z").into()));
    let outcomes = engine.outcome_counts(account);
    assert_eq!(
        (outcomes.reported, outcomes.succeeded, outcomes.failed),
        (105_120, 105_120, 0)
    );
}

#[test]
fn a_year_in_a_zone_with_changing_clocks_has_every_day_once() {
    let mut engine = Engine::new(1);
    let start = at("2026-01-01T00:00:00Z");
    let account = engine.open_account(start, "a@example.com", Limits::unlimited());
    for (name, zone) in [
        ("ny", "America/New_York"),
        ("lh", "Australia/Lord_Howe"),
        ("st", "America/St_Johns"),
    ] {
        let schedule = Schedule::cron("15 2 * * *").timezone(zone);
        engine
            .create_cue(start, account, CreateCue::webhook(name, schedule, "http://127.0.0.1/"))
            .unwrap();
    }
    run(&mut engine, at("2027-01-01T00:00:00Z"), |_| AttemptResult::Status(204));
    for cue in engine.list_cues(account, None, 10, 0).items {
        assert_eq!(cue.fired_count, 365, "{}", cue.name);
    }
}

#[test]
fn after_a_long_sleep_each_missed_run_is_made_up_for() {
    let mut engine = Engine::new(1);
    let start = at("2026-01-01T00:00:00Z");
    let account = engine.open_account(start, "a@example.com", Limits::unlimited());
    engine
        .create_cue(
            start,
            account,
            CreateCue::webhook("h", Schedule::cron("0 * * * *"), "http://h/"),
        )
        .unwrap();
    let late = at("2026-01-01T05:30:00Z");
    let mut scheduled = Vec::new();
    while let Some(delivery) = engine.poll(late) {
        engine.delivered(late, delivery.id, AttemptResult::Status(200));
        scheduled.push(
            engine
                .executions()
                .nth(scheduled.len())
                .unwrap()
                .scheduled_for
                .to_string(),
        );
    }
    assert_eq!(scheduled.len(), 5);
    assert_eq!(scheduled[4], "2026-01-01T05:00:00Z");
}

#[test]
fn the_same_seed_and_commands_give_the_same_ids_keys_and_secrets() {
    let story = |seed| {
        let mut engine = Engine::new(seed);
        let start = at("2026-01-01T00:00:00Z");
        let account = engine.open_account(start, "a@example.com", Limits::unlimited());
        let cue = CreateCue::webhook("h", Schedule::cron("0 * * * *"), "http://h/");
        let id = engine.create_cue(start, account, cue).unwrap().0.id.clone();
        let fired = engine.fire(start, account, &id, None).unwrap().id;
        let holder = engine.account(account).unwrap();
        (id, fired, holder.api_key.clone(), holder.webhook_secret.clone())
    };
    assert_eq!(story(7), story(7));
    let (cue, _, key, secret) = story(7);
    assert_ne!((&cue, &key), (&story(8).0, &story(8).2));
    assert!(cue.starts_with("cue_") && cue.len() == 16);
    assert!(key.starts_with("cue_sk_") && key.len() == 39);
    assert!(secret.starts_with("whsec_") && secret.len() == 70);
}

#[test]
fn absurd_backoffs_neither_overflow_nor_stop_the_rest() {
    use cueapi_emulator::json::Json;
    let huge = Json::parse(b"[99999999999999999999, -99999999999999999999, 9223372036854775807, -5]").unwrap();
    let Json::Array(backoff_minutes) = huge else {
        unreachable!()
    };
    let mut engine = Engine::new(1);
    let start = at("2026-01-01T00:00:00Z");
    let account = engine.open_account(start, "a@example.com", Limits::unlimited());
    for (n, minutes) in backoff_minutes.into_iter().enumerate() {
        let mut cue = CreateCue::webhook(&n.to_string(), Schedule::cron("0 0 1 1 *"), "http://h/");
        cue.retry = Retry {
            max_attempts: 2,
            backoff_minutes: vec![minutes],
        };
        let id = engine.create_cue(start, account, cue).unwrap().0.id.clone();
        engine.fire(start, account, &id, None).unwrap();
    }
    run(&mut engine, start, |_| AttemptResult::Timeout);
    let statuses: Vec<_> = engine.executions().map(|execution| execution.status).collect();
    use ExecutionStatus::{Failed, Retrying};
    assert_eq!(
        statuses,
        [Retrying, Failed, Retrying, Failed],
        "a negative pause is none"
    );
}

#[test]
fn a_result_for_an_execution_that_has_moved_on_is_ignored() {
    let mut engine = Engine::new(1);
    let start = at("2026-01-01T00:00:00Z");
    let account = engine.open_account(start, "a@example.com", Limits::unlimited());
    let cue = CreateCue::webhook("h", Schedule::cron("0 0 1 1 *"), "http://h/");
    let id = engine.create_cue(start, account, cue).unwrap().0.id.clone();
    engine.fire(start, account, &id, None).unwrap();
    let lost = engine.poll(start).unwrap();
    // Five minutes without a result: the execution counts as stuck, and is tried again.
    let stale = at("2026-01-01T00:05:00Z");
    assert!(engine.poll(stale).is_none());
    assert_eq!(engine.executions().next().unwrap().status, ExecutionStatus::Retrying);
    engine.delivered(stale, lost.id, AttemptResult::Status(200));
    engine.delivered(stale, lost.id, AttemptResult::Status(200));
    assert_eq!(engine.executions().next().unwrap().status, ExecutionStatus::Retrying);
}
