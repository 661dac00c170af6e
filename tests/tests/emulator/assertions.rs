//! What a failing assertion prints, what a timeline shows and hides, and that emulators do not know of each other.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use cueapi_emulator::{
    BlockingEmulator, Clock, Emulator,
    engine::{ExecutionStatus, Limits},
    faults::{CallFault, DeliveryFault, Fault},
};
use cueapi_hyper::{
    Client, ClientBuilder, HyperClient,
    types::{Callback, CueId, Outcome, Schedule, Transport},
};
use http::StatusCode;

const HOUR: Duration = Duration::from_secs(3600);
const HOOK: &str = "http://jobs.test/hook?key=canary-2";

async fn emulator() -> Emulator {
    Emulator::builder()
        .clock(Clock::held("2026-03-02T08:00:00Z".parse().unwrap()))
        .limits(Limits::unlimited())
        .receiver("http://jobs.test", async |_| StatusCode::OK)
        .start()
        .await
        .unwrap()
}

fn client(emulator: &Emulator) -> Client {
    ClientBuilder::new(emulator.api_key(), HyperClient::plain())
        .base_url(emulator.base_url())
        .build()
        .unwrap()
}

async fn hourly(emulator: &Emulator) -> CueId {
    let created = client(emulator)
        .cues()
        .create("hourly", Schedule::cron("0 * * * *"), Callback::new(HOOK));
    created
        .payload(&serde_json::json!({"secret": "canary-3"}))
        .await
        .unwrap()
        .id
}

/// What an assertion panics with.
fn complaint(assertion: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(assertion)).expect_err("it does not fail");
    *panic.downcast::<String>().expect("a message")
}

#[tokio::test]
async fn a_failing_assertion_says_what_was_expected_and_what_has_happened() {
    let emulator = emulator().await;
    let cue = hourly(&emulator).await;
    let text = complaint(|| drop(emulator.assert_delivered(&cue)));
    assert!(text.starts_with(&format!("no run of {cue} was delivered\n")), "{text}");

    emulator.advance(2 * HOUR).await;
    let text = complaint(|| emulator.assert_delivered(&cue).times(3));
    assert!(
        text.starts_with(&format!("2 runs of {cue} were delivered, not 3\n")),
        "{text}"
    );
    assert!(
        text.contains("2026-03-02T09:00:00Z  delivery   attempt 1 of "),
        "{text}"
    );
    let text = complaint(|| emulator.assert_not_delivered(&cue));
    assert!(
        text.starts_with(&format!("2 runs of {cue} were delivered, not 0\n")),
        "{text}"
    );

    let run = emulator.executions_of(&cue)[0].id;
    let text = complaint(|| emulator.assert_status(run, ExecutionStatus::Failed));
    assert!(
        text.starts_with(&format!("execution {run} is success, not failed\n")),
        "{text}"
    );
    let text = complaint(|| emulator.assert_outcome(run, "verified_success"));
    assert!(
        text.starts_with(&format!(
            "the outcome of execution {run} is not reported, not verified_success\n"
        )),
        "{text}"
    );
    let text = complaint(|| emulator.assert_status("nobody", ExecutionStatus::Failed));
    assert!(
        text.starts_with("execution nobody is not there, not failed\n"),
        "{text}"
    );
}

#[tokio::test]
async fn a_condition_that_does_not_come_true_ends_with_the_timeline() {
    let emulator = emulator().await;
    let cue = hourly(&emulator).await;
    let waiting = tokio::spawn(async move { emulator.wait_until(Duration::from_millis(50), |_| false).await });
    let panic = waiting.await.unwrap_err().into_panic();
    let text = panic.downcast::<String>().unwrap();
    assert!(
        text.starts_with("what was waited for did not happen within 50ms\n"),
        "{text}"
    );
    assert!(text.contains(cue.as_str()), "{text}");
}

#[tokio::test]
async fn a_condition_is_looked_at_when_another_task_does_something() {
    let emulator = emulator().await;
    let cues = client(&emulator).cues();
    let work = cues
        .create("work", Schedule::cron("0 0 1 1 *"), Transport::Worker)
        .await
        .unwrap();
    let worker = tokio::spawn(async move { cues.fire(&work.id).await });
    emulator
        .wait_until(HOUR, |emulator| emulator.executions().len() == 1)
        .await;
    worker.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_system_s_clock_is_waited_for_without_looking_at_it() {
    let emulator = Emulator::builder().limits(Limits::unlimited()).start().await.unwrap();
    let soon = cueapi_hyper::types::Timestamp::from(jiff::Timestamp::now() + Duration::from_millis(2500));
    let once = client(&emulator)
        .cues()
        .create("once", Schedule::at(soon), Transport::Worker);
    let cue = once.await.unwrap().id;
    emulator
        .wait_until(HOUR, |emulator| !emulator.executions_of(&cue).is_empty())
        .await;
}

#[tokio::test]
async fn a_timeline_tells_the_story_in_order_without_secrets_and_payloads() {
    let emulator = emulator().await;
    let cue = hourly(&emulator).await;
    let client = client(&emulator);
    let work = client
        .cues()
        .create("work", Schedule::cron("0 0 1 1 *"), Transport::Worker)
        .await
        .unwrap()
        .id;
    emulator.inject(Fault::deliveries(DeliveryFault::Refused));
    emulator.advance(HOUR + Duration::from_secs(60)).await;
    let fired = client.cues().fire(&work).await.unwrap();
    client.executions().claim(&fired.id, "ann").await.unwrap();
    emulator.inject(Fault::call("executions.report_outcome", CallFault::Error(503)));
    let outcome = Outcome::success()
        .summary("canary-4")
        .metadata(&serde_json::json!({"k": "canary-5"}));
    client.executions().report_outcome(&fired.id, outcome).await.unwrap();

    let run = emulator.executions_of(&cue)[0].id;
    let work_run = &fired.id;
    let expected = format!(
        r#"2026-03-02T08:00:00Z  created    {cue} "hourly": 0 * * * * in UTC, to http://jobs.test/hook
2026-03-02T08:00:00Z  created    {work} "work": 0 0 1 1 * in UTC, for workers
2026-03-02T09:00:00Z  planned    {run} of {cue}, scheduled
2026-03-02T09:00:00Z  fault      deliveries:refused, on attempt 1 of {run}
2026-03-02T09:00:00Z  delivery   attempt 1 of {run} to http://jobs.test/hook: not reached
2026-03-02T09:01:00Z  planned    {work_run} of {work}, manual_fire
2026-03-02T09:01:00Z  fault      executions.report_outcome:error=503, on executions.report_outcome /v1/executions/{work_run}/outcome
2026-03-02T09:01:00Z  delivery   attempt 2 of {run} to http://jobs.test/hook: 200
2026-03-02T09:01:00Z  delivered  {run}
2026-03-02T09:01:00Z  claimed    {work_run} by "ann"
2026-03-02T09:01:00Z  outcome    of {work_run}: reported_success
2026-03-02T09:01:00Z  delivered  {work_run}
2026-03-02T09:01:00Z  now        {cue} is active, next run 2026-03-02T10:00:00Z
2026-03-02T09:01:00Z  now        {work} is active, next run 2027-01-01T00:00:00Z
"#
    );
    assert_eq!(emulator.timeline().to_string(), expected);
    let printed = format!("{:?} {:?}", emulator.timeline(), emulator.faults());
    assert!(!printed.contains("canary"), "{printed}");
}

#[tokio::test]
async fn a_long_story_is_told_from_its_end_when_an_assertion_fails() {
    let emulator = emulator().await;
    let cue = hourly(&emulator).await;
    emulator.advance(100 * HOUR).await;
    let text = complaint(|| emulator.assert_delivered(&cue).times(1));
    assert_eq!(text.lines().count(), 1 + 1 + 60, "{text}");
    assert!(text.contains("242 earlier lines are left out"), "{text}");
    assert_eq!(emulator.timeline().to_string().lines().count(), 242 + 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_emulators_in_one_process_do_not_disturb_each_other() {
    let mut tests = Vec::new();
    for number in 0..50_u32 {
        tests.push(tokio::spawn(async move {
            let emulator = emulator().await;
            if number % 2 == 1 {
                emulator.inject(Fault::deliveries(DeliveryFault::Status(500)).always());
            }
            let cue = hourly(&emulator).await;
            emulator.advance(number * HOUR).await;
            let sent = usize::try_from(number).unwrap();
            match number % 2 {
                0 if sent == 0 => emulator.assert_not_delivered(&cue),
                0 => emulator.assert_delivered(&cue).times(sent),
                _ => emulator.assert_not_delivered(&cue),
            }
            assert_eq!(emulator.executions().len(), sent);
            emulator.now()
        }));
    }
    for (number, test) in (0..).zip(tests) {
        let start: jiff::Timestamp = "2026-03-02T08:00:00Z".parse().unwrap();
        assert_eq!(test.await.unwrap(), start + number * HOUR);
    }
}

#[test]
fn a_test_without_a_runtime_can_wait_too() {
    let emulator: BlockingEmulator = Emulator::builder().start_blocking().unwrap();
    emulator.wait_until(Duration::from_secs(5), |emulator| emulator.executions().is_empty());
    assert_eq!(emulator.timeline().to_string(), "");
}
