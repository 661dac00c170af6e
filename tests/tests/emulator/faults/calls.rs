//! Calls of the API that go wrong, as the SDK sees them.

use std::time::Duration;

use cueapi_emulator::{
    Emulator,
    faults::{CallFault, Fault, RetryAfter, Target},
};
use cueapi_hyper::{ErrorKind, RetryPolicy, types::Outcome};

use super::{builder, client, client_with, worker_cue};
use crate::wire::Connection;

/// Orders a fault for `cues.fire`, fires, and answers what the error says and how often it was fired.
async fn fire_under(fault: CallFault) -> (ErrorKind, bool, usize) {
    let emulator = builder().start().await.unwrap();
    let client = client(&emulator);
    let cue = worker_cue(&client).await;
    emulator.inject(Fault::call("cues.fire", fault));
    let error = client.cues().fire(&cue).await.unwrap_err();
    assert_eq!(emulator.faults().len(), 1);
    (error.kind(), error.may_have_executed(), emulator.executions().len())
}

#[tokio::test]
async fn what_the_sdk_says_about_a_fire_that_fails_is_what_became_of_it() {
    assert_eq!(
        fire_under(CallFault::AnswerLost).await,
        (ErrorKind::Interrupted, true, 1)
    );
    assert_eq!(
        fire_under(CallFault::AnswerCut).await,
        (ErrorKind::Interrupted, true, 1)
    );
    assert_eq!(
        fire_under(CallFault::ErrorAfter(503)).await,
        (ErrorKind::Server, true, 1)
    );
    assert_eq!(
        fire_under(CallFault::ErrorAfter(500)).await,
        (ErrorKind::Server, true, 1)
    );
    assert_eq!(
        fire_under(CallFault::AnswerSlow(Duration::from_millis(100))).await,
        (ErrorKind::Timeout, true, 1)
    );
    // It cannot know that these did not happen.
    assert_eq!(fire_under(CallFault::Refused).await, (ErrorKind::Interrupted, true, 0));
    assert_eq!(fire_under(CallFault::Stalled).await, (ErrorKind::Timeout, true, 0));
    assert_eq!(fire_under(CallFault::Error(502)).await, (ErrorKind::Server, true, 0));
    assert_eq!(
        fire_under(CallFault::RateLimited(None)).await,
        (ErrorKind::RateLimited, false, 0)
    );
}

#[tokio::test]
async fn an_outcome_whose_answer_was_lost_is_found_to_be_recorded() {
    let emulator = builder().start().await.unwrap();
    let client = client_with(&emulator, RetryPolicy::default().base_delay(Duration::ZERO));
    let cue = worker_cue(&client).await;
    let fired = client.cues().fire(&cue).await.unwrap();
    emulator.inject(Fault::call("executions.report_outcome", CallFault::AnswerLost));
    let outcome = Outcome::success().summary("done");
    let receipt = client.executions().report_outcome(&fired.id, outcome).await.unwrap();
    assert!(receipt.reconciled);
    emulator.assert_outcome(&fired.id, "reported_success");
}

#[tokio::test]
async fn an_outcome_whose_first_report_never_arrived_is_recorded_by_the_second() {
    let emulator = builder().start().await.unwrap();
    let client = client_with(&emulator, RetryPolicy::default().base_delay(Duration::ZERO));
    let cue = worker_cue(&client).await;
    let fired = client.cues().fire(&cue).await.unwrap();
    emulator.inject(Fault::call("executions.report_outcome", CallFault::Error(503)));
    let receipt = client
        .executions()
        .report_outcome(&fired.id, Outcome::success())
        .await
        .unwrap();
    assert!(!receipt.reconciled);
    emulator.assert_outcome(&fired.id, "reported_success");
}

#[tokio::test]
async fn a_connection_can_be_refused_before_anything_is_read() {
    let emulator = builder()
        .fault(Fault::any_call(CallFault::Refused))
        .start()
        .await
        .unwrap();
    let mut refused = Connection::open(emulator.address()).await;
    assert!(refused.is_closed().await);
    assert_eq!(emulator.faults()[0].target, Target::Connection);
    client(&emulator).service().status().await.unwrap();
}

#[tokio::test]
async fn an_answer_is_cut_in_the_middle_of_its_body() {
    let emulator = builder().start().await.unwrap();
    emulator.inject(Fault::call("service.status", CallFault::AnswerCut));
    let mut connection = Connection::open(emulator.address()).await;
    connection
        .write(b"GET /status HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await;
    let answer = connection.rest().await;
    assert!(answer.contains("content-length: 20\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n{\"status\":"), "{answer}");
}

#[tokio::test]
async fn a_slow_answer_comes_whole() {
    let emulator = builder().start().await.unwrap();
    emulator.inject(Fault::call(
        "service.status",
        CallFault::AnswerSlow(Duration::from_millis(2)),
    ));
    let started = std::time::Instant::now();
    let answer = crate::wire::ok(&emulator, "GET", "/status", "").await;
    assert_eq!(answer.body, r#"{"status":"healthy"}"#);
    assert!(started.elapsed() >= Duration::from_millis(2 * 20), "byte after byte");
}

#[tokio::test]
async fn an_answer_without_a_body_can_be_lost_but_not_slow() {
    let emulator = builder().start().await.unwrap();
    let client = client(&emulator);
    let cue = worker_cue(&client).await;
    emulator.inject(Fault::call(
        "cues.delete",
        CallFault::AnswerSlow(Duration::from_secs(60)),
    ));
    client.cues().delete(&cue).await.unwrap();
    let cue = worker_cue(&client).await;
    emulator.inject(Fault::call("cues.delete", CallFault::AnswerCut));
    assert!(client.cues().delete(&cue).await.unwrap_err().may_have_executed());
    assert!(client.cues().list().await.unwrap().cues.is_empty());
}

#[tokio::test]
async fn a_429_says_when_to_come_back_in_seconds_as_a_date_or_not_at_all() {
    let emulator = builder().start().await.unwrap();
    let client = client(&emulator);
    let in_a_minute = RetryAfter::At(jiff::Timestamp::now() + jiff::SignedDuration::from_secs(60));
    let mut waits = Vec::new();
    for retry_after in [None, Some(RetryAfter::Seconds(30)), Some(in_a_minute)] {
        emulator.inject(Fault::call("cues.list", CallFault::RateLimited(retry_after)));
        let error = client.cues().list().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited);
        waits.push(error.retry_after().map(|wait| wait.as_secs()));
    }
    // The SDK waits a second longer than it is told, and of the minute some seconds have passed.
    let [None, Some(31), Some(30..=61)] = *waits else {
        panic!("{waits:?}")
    };
}

#[tokio::test]
async fn an_injected_500_is_a_crash_of_the_server_word_for_word() {
    let emulator = builder().start().await.unwrap();
    emulator.inject(Fault::any_call(CallFault::Error(500)).after(1));
    let mut connection = Connection::open(emulator.address()).await;
    assert_eq!(connection.exchange("GET", "/status", &[], b"").await.status, 200);
    let answer = connection.exchange("GET", "/status", &[], b"").await;
    assert_eq!(answer.text("error.code"), "internal_error");
    assert!(connection.is_closed().await);
}

#[tokio::test]
async fn a_call_that_stalls_holds_up_neither_the_clock_nor_the_end() {
    let emulator = builder().start().await.unwrap();
    let client = client_with(&emulator, RetryPolicy::none());
    emulator.inject(Fault::call("usage.get", CallFault::Stalled));
    let stalled = tokio::spawn(async move { client.usage().get().attempt_timeout(Duration::from_secs(60)).await });
    let limit = Duration::from_secs(4);
    emulator
        .wait_until(limit, |emulator| emulator.faults().len() == 1)
        .await;
    emulator.advance(Duration::from_secs(3600)).await;
    tokio::time::timeout(limit, emulator.shutdown()).await.unwrap();
    assert_eq!(stalled.await.unwrap().unwrap_err().kind(), ErrorKind::Interrupted);
}

/// Two executions wait, and what the oldest-first claim hands out is handed out twice.
async fn two_waiting() -> Emulator {
    let claimed_twice = Fault::call("executions.claim_oldest", CallFault::ClaimedTwice);
    let emulator = builder().fault(claimed_twice).start().await.unwrap();
    let client = client(&emulator);
    let cue = worker_cue(&client).await;
    client.cues().fire(&cue).await.unwrap();
    client.cues().fire(&cue).await.unwrap();
    emulator
}

#[tokio::test]
async fn one_execution_is_handed_to_two_workers_and_the_first_report_stands() {
    let emulator = two_waiting().await;
    let executions = client(&emulator).executions();
    let ann = executions.claim_oldest("ann").await.unwrap().execution_id;
    let bob = executions.claim_oldest("bob").await.unwrap().execution_id;
    let eve = executions.claim_oldest("eve").await.unwrap().execution_id;
    assert_eq!(ann, bob);
    assert_ne!(ann, eve);

    executions.report_outcome(&ann, Outcome::success()).await.unwrap();
    let late = executions
        .report_outcome(&bob, Outcome::failure("lost it"))
        .await
        .unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Conflict);
    emulator.assert_outcome(&ann, "reported_success");
}

#[tokio::test]
async fn the_sdk_s_claim_next_does_not_share_an_execution() {
    let emulator = two_waiting().await;
    let executions = client(&emulator).executions();
    let claim = async |worker: &str| executions.claim_next(worker).await.unwrap().unwrap().claim.execution_id;
    assert_ne!(claim("ann").await, claim("bob").await);
    assert!(executions.claim_next("eve").await.unwrap().is_none());
}
