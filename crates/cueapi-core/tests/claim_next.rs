//! The next execution for a worker, past rows that others have and rows that nobody can claim.

use cueapi_core::{
    ErrorKind,
    http::HttpErrorKind,
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
