//! Executions that workers claim.

use std::time::Duration;

use cueapi_core::types::ExecutionStatus;

use super::{
    MINUTE, account::client, claim, cue_member, emulator, error_message, fire, status, webhook_cue, worker_cue,
};
use crate::{
    receiver::{Behaviour, Receiver},
    wire::{call, ok},
};

const DAILY: &str = r#"{"type":"recurring","cron":"0 9 * * *"}"#;

#[tokio::test]
async fn an_execution_that_nobody_claims_is_missed_after_900_seconds() {
    let emulator = emulator().await;
    let cue = worker_cue(&emulator, DAILY, "").await;
    let execution = fire(&emulator, &cue).await;
    emulator.advance(Duration::from_secs(899)).await;
    assert_eq!(status(&emulator, &execution).await, "pending");
    emulator.advance(Duration::from_secs(1)).await;
    assert_eq!(status(&emulator, &execution).await, "missed");
    assert_eq!(
        error_message(&emulator, &execution).await,
        "No worker claimed this execution within timeout window"
    );
    assert_eq!(
        call(&emulator, "POST", "/v1/executions/claim", r#"{"worker_id":"w"}"#)
            .await
            .status,
        409
    );
}

#[tokio::test]
async fn a_claim_without_heartbeats_goes_stale_after_300_seconds_and_ends_at_a_url_that_is_not_there() {
    let emulator = emulator().await;
    let cue = worker_cue(&emulator, DAILY, "").await;
    let execution = fire(&emulator, &cue).await;
    claim(&emulator, &execution).await;
    emulator.advance(5 * MINUTE).await;
    assert_eq!(status(&emulator, &execution).await, "retrying");
    assert_eq!(
        error_message(&emulator, &execution).await,
        "Recovered from stale delivering state after 300s"
    );
    emulator.advance(60 * MINUTE).await;
    assert_eq!(status(&emulator, &execution).await, "failed");
    assert_eq!(error_message(&emulator, &execution).await, "URL must have a hostname");
    assert!(emulator.deliveries().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn heartbeats_of_execution_and_worker_keep_a_claim_for_as_long_as_it_takes() {
    let emulator = emulator().await;
    let cue = worker_cue(&emulator, DAILY, "").await;
    let execution = fire(&emulator, &cue).await;
    claim(&emulator, &execution).await;
    for _ in 0..60 {
        emulator.advance(MINUTE).await;
        ok(
            &emulator,
            "POST",
            &format!("/v1/executions/{execution}/heartbeat"),
            "{}",
        )
        .await;
        ok(&emulator, "POST", "/v1/worker/heartbeat", r#"{"worker_id":"w"}"#).await;
    }
    assert_eq!(status(&emulator, &execution).await, "delivering");
    ok(
        &emulator,
        "POST",
        &format!("/v1/executions/{execution}/outcome"),
        r#"{"success":true}"#,
    )
    .await;
    assert_eq!(status(&emulator, &execution).await, "success");
}

/// Works for 20 minutes as the README shows it, and answers how the execution stands then.
async fn twenty_minutes(worker_beats: bool) -> ExecutionStatus {
    let emulator = emulator().await;
    let client = client(&emulator, emulator.api_key());
    let cue = worker_cue(&emulator, DAILY, "").await;
    fire(&emulator, &cue).await;
    client.workers().heartbeat("w").await.unwrap();
    let claimed = client.executions().claim_next("w").await.unwrap().unwrap();
    let id = claimed.execution.execution_id;
    for _ in 0..20 {
        emulator.advance(MINUTE).await;
        if worker_beats {
            client.workers().heartbeat("w").await.unwrap();
        }
        // Late ones are refused.
        drop(client.executions().heartbeat(&id).worker("w").await);
    }
    client.executions().get(&id).await.unwrap().status.unwrap()
}

#[tokio::test]
async fn a_long_job_lives_by_the_heartbeats_of_worker_and_execution_and_is_missed_without_the_workers() {
    assert_eq!(twenty_minutes(true).await, ExecutionStatus::Delivering);
    assert_eq!(twenty_minutes(false).await, ExecutionStatus::Missed);
}

#[tokio::test]
async fn a_claim_is_taken_from_a_silent_worker_after_900_seconds_and_missed_at_once() {
    let emulator = emulator().await;
    let cue = worker_cue(&emulator, DAILY, "").await;
    let execution = fire(&emulator, &cue).await;
    claim(&emulator, &execution).await;
    for _ in 0..15 {
        emulator.advance(MINUTE).await;
        if status(&emulator, &execution).await == "delivering" {
            ok(
                &emulator,
                "POST",
                &format!("/v1/executions/{execution}/heartbeat"),
                "{}",
            )
            .await;
        }
    }
    assert_eq!(status(&emulator, &execution).await, "missed");
}

#[tokio::test]
async fn one_execution_has_one_holder_and_only_the_holder_extends_its_claim() {
    let emulator = emulator().await;
    let cue = worker_cue(&emulator, DAILY, "").await;
    let execution = fire(&emulator, &cue).await;
    claim(&emulator, &execution).await;
    let again = call(
        &emulator,
        "POST",
        &format!("/v1/executions/{execution}/claim"),
        r#"{"worker_id":"x"}"#,
    )
    .await;
    assert_eq!((again.status, again.text("error.code")), (409, "claim_failed".into()));
    let authorization = format!("Bearer {}", emulator.api_key());
    let target = format!("/v1/executions/{execution}/heartbeat");
    let mut connection = crate::wire::Connection::open(emulator.address()).await;
    let foreign = [("authorization", authorization.as_str()), ("x-worker-id", "x")];
    let refused = connection.exchange("POST", &target, &foreign, b"").await;
    assert_eq!(
        (refused.status, refused.text("error.code")),
        (403, "not_execution_owner".into())
    );
    let own = [("authorization", authorization.as_str()), ("x-worker-id", "w")];
    let extended = connection.exchange("POST", &target, &own, b"").await;
    assert_eq!(extended.text("lease_extended_until"), "2026-03-02T08:15:00+00:00");
}

#[tokio::test]
async fn an_outcome_is_accepted_late_and_once() {
    let emulator = emulator().await;
    let cue = worker_cue(&emulator, DAILY, "").await;
    let execution = fire(&emulator, &cue).await;
    emulator.advance(20 * MINUTE).await;
    assert_eq!(status(&emulator, &execution).await, "missed");
    let outcome = format!("/v1/executions/{execution}/outcome");
    ok(&emulator, "POST", &outcome, r#"{"success":true,"result":"late"}"#).await;
    assert_eq!(status(&emulator, &execution).await, "success");
    let again = call(&emulator, "POST", &outcome, r#"{"success":true,"result":"late"}"#).await;
    assert_eq!(
        (again.status, again.text("error.code")),
        (409, "outcome_already_recorded".into())
    );
}

#[tokio::test]
async fn usage_counts_as_failed_what_was_reported_so_and_what_failed_or_was_missed_without_a_report() {
    let (emulator, receiver) = (emulator().await, Receiver::open([Behaviour::Answer(500)]).await);
    let hook = webhook_cue(&emulator, &receiver, "0 0 1 1 *", r#","retry":{"max_attempts":1}"#).await;
    let work = worker_cue(&emulator, DAILY, "").await;
    let failed = fire(&emulator, &hook).await;
    let missed = fire(&emulator, &work).await;
    emulator.advance(20 * MINUTE).await;
    assert_eq!(status(&emulator, &failed).await, "failed");
    assert_eq!(status(&emulator, &missed).await, "missed");
    for outcome in [r#"{"success":true}"#, r#"{"success":false,"error":"no"}"#] {
        let execution = fire(&emulator, &work).await;
        let target = format!("/v1/executions/{execution}/outcome");
        ok(&emulator, "POST", &target, outcome).await;
    }
    let usage = ok(&emulator, "GET", "/v1/usage", "").await;
    let counts = ["reported", "succeeded", "failed"].map(|name| usage.text(&format!("outcomes.{name}")));
    assert_eq!(counts, ["2", "1", "3"]);
}

#[tokio::test]
async fn evidence_that_is_added_leaves_the_metadata_of_the_outcome_as_they_are() {
    let emulator = emulator().await;
    let cue = worker_cue(&emulator, DAILY, "").await;
    let execution = fire(&emulator, &cue).await;
    let target = format!("/v1/executions/{execution}");
    let outcome = r#"{"success":true,"metadata":{"kept":1}}"#;
    ok(&emulator, "POST", &format!("{target}/outcome"), outcome).await;
    let evidence = r#"{"metadata":{"kept":2,"new":3},"summary":"added"}"#;
    let added = ok(&emulator, "PATCH", &format!("{target}/evidence"), evidence).await;
    assert_eq!(added.text("evidence_updated"), "true");
    let execution = ok(&emulator, "GET", &target, "").await;
    assert!(
        execution.body.contains(r#""metadata":{"kept":1}"#),
        "{}",
        execution.body
    );
    assert!(!execution.body.contains(r#""new""#), "{}", execution.body);
}

#[tokio::test]
async fn a_one_time_cue_ends_with_its_execution_and_a_late_outcome_can_turn_it() {
    let emulator = emulator().await;
    let cue = worker_cue(&emulator, r#"{"type":"once","at":"2026-03-02T09:00:00Z"}"#, "").await;
    emulator.advance(60 * MINUTE).await;
    assert_eq!(cue_member(&emulator, &cue, "status").await, "active");
    assert_eq!(cue_member(&emulator, &cue, "next_run").await, "null");
    emulator.advance(15 * MINUTE).await;
    assert_eq!(cue_member(&emulator, &cue, "status").await, "failed");
    let execution = emulator.executions()[0].id;
    ok(
        &emulator,
        "POST",
        &format!("/v1/executions/{execution}/outcome"),
        r#"{"success":true}"#,
    )
    .await;
    assert_eq!(cue_member(&emulator, &cue, "status").await, "completed");
}

#[tokio::test]
async fn a_task_that_is_not_a_string_breaks_the_list_of_claimable_executions_but_not_a_filtered_one() {
    let emulator = emulator().await;
    let cue = worker_cue(&emulator, DAILY, r#","payload":{"task":7}"#).await;
    fire(&emulator, &cue).await;
    assert_eq!(call(&emulator, "GET", "/v1/executions/claimable", "").await.status, 500);
    assert_eq!(
        ok(&emulator, "GET", "/v1/executions/claimable?task=x", "")
            .await
            .text("executions"),
        "[]"
    );
}

#[tokio::test]
async fn failures_in_a_row_and_missing_evidence_raise_alerts() {
    let emulator = emulator().await;
    let cue = worker_cue(&emulator, DAILY, r#","verification":{"mode":"require_external_id"}"#).await;
    for body in [
        r#"{"success":true}"#,
        r#"{"success":false}"#,
        r#"{"success":false}"#,
        r#"{"success":false}"#,
    ] {
        let execution = fire(&emulator, &cue).await;
        ok(&emulator, "POST", &format!("/v1/executions/{execution}/outcome"), body).await;
    }
    let alerts = ok(&emulator, "GET", "/v1/alerts", "").await;
    assert_eq!(alerts.text("total"), "2");
    let kinds: Vec<_> = alerts
        .body
        .match_indices("\"alert_type\":")
        .map(|(at, _)| &alerts.body[at + 14..at + 25])
        .collect();
    assert_eq!(kinds, ["consecutive", "verificatio"], "newest first");
}
