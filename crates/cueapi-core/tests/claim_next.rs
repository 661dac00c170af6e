//! The next execution for a worker, past rows that others have and rows that nobody can claim.

use std::time::Duration;

use cueapi_core::{
    ErrorKind, RetryPolicy,
    http::{AttemptTimeout, HttpErrorKind},
    testing::{self, Replay, ReplayClient, failure, json},
};
use serde_json::json as value;

fn claimable(ids: &[&str]) -> Replay {
    let rows: Vec<_> = ids
        .iter()
        .map(|id| {
            value!({
                "execution_id": id, "cue_id": "cue_1", "cue_name": "n", "task": "report",
                "scheduled_for": "2026-11-23T20:41:10Z", "payload": {"task": "report"}, "attempt": 0
            })
        })
        .collect();
    json(200, value!({"executions": rows}).to_string())
}

fn claimed(id: &str) -> Replay {
    json(
        200,
        value!({"claimed": true, "execution_id": id, "lease_seconds": 900}).to_string(),
    )
}

fn refused() -> Replay {
    refused_as("claim_failed")
}

fn refused_as(code: &str) -> Replay {
    let error = value!({"error": {"code": code, "message": "Execution is not available", "status": 409}});
    json(409, error.to_string())
}

#[test]
fn an_execution_that_another_worker_has_is_passed_over_in_the_words_of_either_server() {
    for code in ["claim_failed", "already_claimed"] {
        let replay = ReplayClient::new([claimable(&["e1", "e2"]), refused_as(code), claimed("e2")]);
        let claimed = testing::run(replay.client().executions().claim_next("w").send()).unwrap();
        assert_eq!(claimed.unwrap().execution.execution_id.as_str(), "e2", "{code}");
    }
}

#[test]
fn it_claims_the_first_that_nobody_else_has() {
    let replay = ReplayClient::new([claimable(&["e1", "e2", "e3"]), refused(), claimed("e2")]);
    let claimed = testing::run(replay.client().executions().claim_next("w 1").task("report").send())
        .unwrap()
        .unwrap();
    assert_eq!(claimed.execution.execution_id.as_str(), "e2");
    assert_eq!(claimed.claim.lease_seconds, Some(900));
    let requests = replay.requests();
    assert!(requests[0].starts_with("GET /v1/executions/claimable?task=report\n"));
    assert!(
        requests[1].starts_with("POST /v1/executions/e1/claim\n") && requests[1].ends_with(r#"{"worker_id":"w 1"}"#)
    );
    assert!(requests[2].starts_with("POST /v1/executions/e2/claim\n"));
}

#[test]
fn a_row_whose_id_cannot_be_sent_hides_no_other() {
    let replay = ReplayClient::new([claimable(&["", "..", "a\0", "e2"]), claimed("e2")]);
    let claimed = testing::run(replay.client().executions().claim_next("w").send()).unwrap();
    assert_eq!(claimed.unwrap().execution.execution_id.as_str(), "e2");
}

#[test]
fn there_may_be_nothing_to_claim() {
    for script in [
        vec![claimable(&[])],
        vec![claimable(&["e1", "e2"]), refused(), refused()],
    ] {
        let replay = ReplayClient::new(script);
        assert_eq!(
            testing::run(replay.client().executions().claim_next("w").send()).unwrap(),
            None
        );
        assert_eq!(replay.unused(), 0);
    }
}

#[test]
fn a_claim_whose_answer_is_lost_is_not_followed_by_another() {
    let replay = ReplayClient::new([claimable(&["e1", "e2"]), failure(HttpErrorKind::Timeout), claimed("e2")]);
    let error = testing::run(replay.client().executions().claim_next("w").send()).unwrap_err();
    assert_eq!((error.kind(), error.may_have_executed()), (ErrorKind::Timeout, true));
    assert_eq!(replay.unused(), 1);
}

#[test]
fn the_blocking_client_claims_alike() {
    let replay = ReplayClient::new([claimable(&["e1", "e2"]), refused(), claimed("e2")]);
    let claimed = replay
        .blocking_client()
        .executions()
        .claim_next("w")
        .send()
        .unwrap()
        .unwrap();
    assert_eq!(claimed.execution.execution_id.as_str(), "e2");
}

#[test]
fn the_oldest_of_several_tasks_is_claimed_with_one_list() {
    let tasks = [
        ("e1", value!("bill")),
        ("e2", value!("report")),
        ("e3", value!("summary")),
        ("e4", value!(null)),
    ];
    let rows: Vec<_> = tasks
        .iter()
        .map(|(id, task)| {
            value!({"execution_id": id, "cue_id": "cue_1", "cue_name": "n", "task": task,
                "scheduled_for": "2026-11-23T20:41:10Z", "payload": {}, "attempt": 0})
        })
        .collect();
    let list = || json(200, value!({"executions": rows}).to_string());
    let replay = ReplayClient::new([list(), refused(), claimed("e3")]);
    let call = replay
        .client()
        .executions()
        .claim_next("w")
        .tasks(["summary", "report"]);
    let found = testing::run(call.send()).unwrap().unwrap();
    assert_eq!(found.execution.execution_id.as_str(), "e3");
    assert!(replay.requests()[0].starts_with("GET /v1/executions/claimable\n"));
    assert_eq!(replay.requests().len(), 3, "e1 is not tried");

    let replay = ReplayClient::new([list()]);
    let call = replay.client().executions().claim_next("w").tasks(Vec::<String>::new());
    assert_eq!(
        testing::run(call.send()).unwrap(),
        None,
        "no task at all is not every task"
    );
    assert_eq!(replay.requests().len(), 1);
}

#[test]
fn a_server_that_lists_more_than_it_should_and_lets_nothing_be_claimed_is_asked_51_times() {
    let ids: Vec<String> = (0..5_000).map(|n| format!("e{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let script = || [claimable(&ids)].into_iter().chain((0..5_000).map(|_| refused()));
    let replay = ReplayClient::new(script());
    assert_eq!(
        testing::run(replay.client().executions().claim_next("w").send()).unwrap(),
        None
    );
    assert_eq!(replay.requests().len(), 51);
    let replay = ReplayClient::new(script());
    assert_eq!(
        replay.blocking_client().executions().claim_next("w").send().unwrap(),
        None
    );
    assert_eq!(replay.requests().len(), 51);
}

#[test]
fn an_execution_that_went_away_meanwhile_is_passed_over() {
    let gone = json(
        404,
        r#"{"error":{"code":"execution_not_found","message":"m","status":404}}"#,
    );
    let replay = ReplayClient::new([claimable(&["e1", "e2"]), gone, claimed("e2")]);
    assert!(
        testing::run(replay.client().executions().claim_next("w").send())
            .unwrap()
            .is_some()
    );
    let proxy = json(404, "<html>");
    let replay = ReplayClient::new([claimable(&["e1", "e2"]), proxy]);
    assert!(testing::run(replay.client().executions().claim_next("w").send()).is_err());
}

#[test]
fn it_has_what_every_call_has() {
    let answer = claimed("e1").header("x-request-id", "r-2");
    let replay = ReplayClient::new([claimable(&["e1"]), answer]);
    let call = replay
        .client()
        .executions()
        .claim_next("w")
        .attempt_timeout(Duration::from_secs(7));
    let reply = testing::run(call.send_with_meta()).unwrap();
    assert_eq!(reply.meta.request_id(), Some("r-2"));
    assert!(reply.value.is_some());
    for request in replay.raw_requests() {
        assert_eq!(
            request.extensions().get(),
            Some(&AttemptTimeout(Duration::from_secs(7)))
        );
    }

    let nothing = claimable(&[]).header("x-request-id", "r-1");
    let reply = ReplayClient::new([nothing])
        .blocking_client()
        .executions()
        .claim_next("w")
        .send_with_meta()
        .unwrap();
    assert_eq!((reply.value, reply.meta.request_id()), (None, Some("r-1")));

    let replay = ReplayClient::new([failure(HttpErrorKind::Connect)]);
    let call = replay
        .client()
        .executions()
        .claim_next("w")
        .retry_policy(RetryPolicy::none());
    testing::run(call.send()).unwrap_err();
    assert_eq!(replay.requests().len(), 1);
}

#[test]
fn its_total_time_is_that_of_the_list_and_the_claims_together() {
    let busy = || json(429, "{}").header("retry-after", "2");
    let replay = ReplayClient::new([busy(), claimable(&["e1", "e2"]), busy(), refused(), busy()]);
    let call = replay
        .client()
        .executions()
        .claim_next("w")
        .total_timeout(Duration::from_secs(8));
    let error = testing::run(call.send()).unwrap_err();
    assert_eq!(
        (error.kind(), error.operation()),
        (ErrorKind::RateLimited, "executions.claim")
    );
    assert_eq!(replay.sleeps(), [Duration::from_secs(3); 2]);
    assert_eq!(replay.unused(), 0);
}
