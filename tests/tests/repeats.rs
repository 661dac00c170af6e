//! Every operation that is repeated although it changes something: its first answer is lost, and a server's answer to the
//! second identical request makes the call succeed.
//!
//! The answers are those of a running self-hosted server. Those of operations that only the hosted service has are from its
//! documentation.

#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use std::collections::BTreeSet;

use cueapi_core::{
    BlockingClient, ConfirmDestructive, Endpoint, Error, Pending,
    http::HttpErrorKind,
    testing::{Replay, ReplayClient, failure, json, response},
    types::{AgentStatus, AttachedSession, DaemonId, Evidence, Outcome, Timestamp},
};
use cueapi_tests::golden;

type Client = BlockingClient<ReplayClient>;

/// An operation, its call, and what a server answers to the second request.
struct Row {
    id: &'static str,
    call: fn(&Client) -> Result<(), Error>,
    second: Vec<Replay>,
}

fn done<E: Endpoint>(call: Pending<Client, E>) -> Result<(), Error> {
    call.send().map(drop)
}

fn refused(status: u16, code: &str, message: &str) -> Replay {
    let body = serde_json::json!({"error": {"code": code, "message": message, "status": status}});
    json(status, body.to_string())
}

const CUE: &str = r#"{"id":"cue_1","name":"n","description":null,"status":"paused","transport":"worker",
    "schedule":{"type":"recurring","timezone":"UTC","cron":"0 9 1 1 *"},"callback":{"url":null,"method":"POST","headers":{}},
    "payload":{},"retry":{"max_attempts":3,"backoff_minutes":[1,5,15]},"next_run":null,"last_run":null,"run_count":0,
    "fired_count":0,"on_failure":{"email":true,"pause":false,"webhook":null},"verification":null,"warning":null,
    "created_at":"2026-11-28T11:40:01.464565Z","updated_at":"2026-11-28T11:40:02.485886Z"}"#;
const EXECUTION: &str = r#"{"id":"e1","cue_id":"cue_1","scheduled_for":"2026-11-23T20:41:10.653222Z","status":"success",
    "http_status":null,"attempts":1,"error_message":null,"started_at":null,"delivered_at":null,"last_attempt_at":null,
    "outcome":{"success":true,"result":"done","error":null,"metadata":null,"recorded_at":"2026-11-23T20:41:11Z"},
    "created_at":"2026-11-23T20:41:10.648480Z","updated_at":"2026-11-23T20:41:11.420844Z"}"#;
const AGENT: &str = r#"{"id":"agt_1","user_id":"u","slug":"a","display_name":"A","webhook_url":null,"webhook_secret":null,
    "metadata":{},"status":"away","deleted_at":null,"created_at":"2026-11-28T11:40:01Z","updated_at":"2026-11-28T11:40:02Z"}"#;
const MESSAGE: &str = r#"{"id":"msg_1","user_id":"u","from_agent_id":"agt_1","to_agent_id":"agt_2","thread_id":"msg_1",
    "reply_to":null,"subject":null,"body":"hi","preview":"hi","priority":3,"expects_reply":false,"reply_to_agent_id":null,
    "delivery_state":"queued","metadata":{},"idempotency_key":"k","created_at":"2026-11-28T11:40:01Z","delivered_at":null,
    "read_at":null,"acked_at":null,"failed_at":null,"send_at":null,"expires_at":"2026-12-28T11:40:01Z",
    "correlation_id":null,"dispatch_priority_bucket":null,"message_dispatch_error":null}"#;
const SESSION: &str = r#"{"label":"L","cue_id":"cue_1","task_name":"t","is_default":true,"attached":true,
    "heartbeat_age_sec":0,"last_claim_at":null,"last_claim_age_sec":null,"monitor_version":null,
    "attached_at":"2026-11-28T11:40:10.841377Z","session_token":"s2"}"#;
const ALERT: &str = r#"{"id":"al1","cue_id":"cue_1","execution_id":"e1","alert_type":"consecutive_failure",
    "severity":"high","message":"m","metadata":{},"acknowledged":true,"created_at":"2026-11-28T11:40:01Z"}"#;

fn daemon() -> DaemonId {
    "0190b3a0-0000-4000-8000-0000000000aa".into()
}

fn table() -> Vec<Row> {
    let row = |id, second: Replay, call| Row {
        id,
        call,
        second: vec![second],
    };
    vec![
        row("cues.update", json(200, CUE), |c| {
            done(c.cues().update("cue_1").description("d"))
        }),
        row("cues.delete", refused(404, "cue_not_found", "Cue not found"), |c| {
            done(c.cues().delete("cue_1"))
        }),
        row(
            "cues.bulk_delete",
            json(200, r#"{"deleted":[],"skipped":["cue_1"]}"#),
            |c| done(c.cues().bulk_delete(["cue_1"], ConfirmDestructive)),
        ),
        row(
            "executions.heartbeat",
            json(
                200,
                r#"{"execution_id":"e1","lease_extended_until":"2026-11-28T11:55:06+00:00","acknowledged":true}"#,
            ),
            |c| done(c.executions().heartbeat("e1")),
        ),
        Row {
            id: "executions.report_outcome",
            call: |c| done(c.executions().report_outcome("e1", Outcome::success().result("done"))),
            second: vec![
                refused(409, "outcome_already_recorded", "Outcome already recorded"),
                json(200, EXECUTION),
            ],
        },
        row(
            "executions.mark_verified",
            refused(409, "invalid_state", "Cannot verify from state 'verified_success'"),
            |c| done(c.executions().mark_verified("e1")),
        ),
        row(
            "executions.mark_verification_pending",
            json(200, r#"{"execution_id":"e1","outcome_state":"verification_pending"}"#),
            |c| done(c.executions().mark_verification_pending("e1")),
        ),
        row(
            "executions.append_evidence",
            json(
                200,
                r#"{"execution_id":"e1","outcome_state":"verified_success","evidence_updated":true}"#,
            ),
            |c| done(c.executions().append_evidence("e1", Evidence::new().summary("s"))),
        ),
        row(
            "executions.live_claim",
            json(
                200,
                r#"{"attested":true,"execution_id":"e1","live_claimed_at":"2026-11-28T11:40:06.301538Z"}"#,
            ),
            |c| done(c.executions().live_claim("e1", "token")),
        ),
        row(
            "workers.heartbeat",
            json(
                200,
                r#"{"acknowledged":true,"server_time":"2026-11-28T11:40:06.301538Z"}"#,
            ),
            |c| done(c.workers().heartbeat("w")),
        ),
        row(
            "workers.delete",
            refused(404, "worker_not_found", "Worker not found"),
            |c| done(c.workers().delete("w")),
        ),
        row("agents.update", json(200, AGENT), |c| {
            done(c.agents().update("agt_1").status(AgentStatus::Away))
        }),
        row(
            "agents.delete",
            refused(404, "agent_not_found", "agent agt_51mgp98lzekr not found"),
            |c| done(c.agents().delete("agt_1")),
        ),
        row("messages.send", json(200, MESSAGE), |c| {
            done(c.messages().send("agt_1", "agt_2", "hi").idempotency_key("k"))
        }),
        row(
            "messages.mark_read",
            json(
                200,
                r#"{"delivery_state":"read","read_at":"2026-11-28T11:40:10.079714Z","acked_at":null}"#,
            ),
            |c| done(c.messages().mark_read("msg_1")),
        ),
        row(
            "messages.ack",
            json(
                200,
                r#"{"delivery_state":"acked","read_at":null,"acked_at":"2026-11-23T20:43:41.571688Z"}"#,
            ),
            |c| done(c.messages().ack("msg_1")),
        ),
        row("subscriptions.delete", json(200, r#"{"detached":true}"#), |c| {
            done(c.subscriptions().delete("agt_1", "s1"))
        }),
        row("subscriptions.ack", json(200, r#"{"acked":true}"#), |c| {
            done(c.subscriptions().ack("agt_1", "s1", 5))
        }),
        row("live_sessions.update", json(200, SESSION), |c| {
            done(c.live_sessions().update("agt_1", "L").session_token("s2"))
        }),
        row(
            "live_sessions.detach",
            refused(
                404,
                "live_session_not_found",
                "No active session with label 'L' for agent 'agt_1'",
            ),
            |c| done(c.live_sessions().detach("agt_1", "L")),
        ),
        row("live_sessions.heartbeat", json(200, SESSION), |c| {
            done(c.live_sessions().heartbeat("agt_1", "L"))
        }),
        row(
            "attachments.detach",
            json(200, r#"{"deleted":false,"reason":"already_deleted"}"#),
            |c| done(c.attachments().detach("agt_1", "T", daemon())),
        ),
        row(
            "attachments.reconcile",
            json(
                200,
                r#"{"daemon_id":"0190b3a0-0000-4000-8000-0000000000aa","reconciled_at":"2031-01-01T00:00:00Z","upserted_count":0,"downgraded_count":0}"#,
            ),
            |c| {
                let now = Timestamp::parse("2031-01-01T00:00:00Z").unwrap();
                done(c.attachments().reconcile(daemon(), now, Vec::<AttachedSession>::new()))
            },
        ),
        row("alerts.acknowledge", json(200, ALERT), |c| {
            done(c.alerts().acknowledge("al1"))
        }),
        row(
            "account.update",
            json(200, r#"{"updated_at":"2026-11-28T11:40:06+00:00"}"#),
            |c| done(c.account().update().email("a@example.com")),
        ),
        row(
            "account.refresh_session",
            json(200, r#"{"session_token":"eyJ","email":"a@example.com"}"#),
            |c| done(c.account().refresh_session()),
        ),
        row(
            "account.delete",
            refused(409, "deletion_already_pending", "It is on its way"),
            |c| done(c.account().delete(ConfirmDestructive)),
        ),
        row(
            "account.cancel_deletion",
            refused(410, "already_cancelled", "It was cancelled"),
            |c| done(c.account().cancel_deletion("4f1c9a")),
        ),
        row("keys.rename", json(200, r#"{"id":"k1","label":"deploy"}"#), |c| {
            done(c.keys().rename("k1", "deploy"))
        }),
        row(
            "keys.revoke",
            json(200, r#"{"id":"k1","revoked_at":"2026-04-02T09:00:00Z"}"#),
            |c| done(c.keys().revoke("k1", ConfirmDestructive)),
        ),
        row("echo.store", json(200, r#"{"stored":true}"#), |c| {
            done(c.echo().store("0123456789abcdef", serde_json::json!({})))
        }),
    ]
}

#[test]
fn a_call_whose_first_answer_is_lost_succeeds_by_the_answer_to_its_repeat() {
    for row in table() {
        let lost = failure(HttpErrorKind::Interrupted);
        let requests = 1 + row.second.len();
        let replay = ReplayClient::new([lost].into_iter().chain(row.second));
        if let Err(error) = (row.call)(&replay.blocking_client()) {
            panic!("{}: {error:?}", row.id);
        }
        let sent = replay.requests();
        assert_eq!(sent.len(), requests, "{}", row.id);
        assert_eq!(sent[0], sent[1], "{}: the repeat is identical", row.id);
    }
}

#[test]
fn a_first_refusal_is_never_a_success_and_neither_is_one_that_a_proxy_made_up() {
    for row in table() {
        let lost = || failure(HttpErrorKind::Interrupted);
        let first_is_refused = row
            .second
            .iter()
            .any(|answer| format!("{answer:?}").contains("Replay(4"));
        if first_is_refused {
            let replay = ReplayClient::new(row.second);
            assert!((row.call)(&replay.blocking_client()).is_err(), "{}", row.id);
        }
        for made_up in [
            response(404, "<h1>not here</h1>"),
            response(409, ""),
            refused(404, "http_error", "Not Found"),
        ] {
            let replay = ReplayClient::new([lost(), made_up]);
            let error = (row.call)(&replay.blocking_client()).unwrap_err();
            assert!(error.may_have_executed(), "{}", row.id);
        }
    }
}

#[test]
fn every_operation_that_is_repeated_and_changes_something_is_in_the_table() {
    let tabled: BTreeSet<&str> = table().iter().map(|row| row.id).collect();
    assert_eq!(tabled, golden::repeated_changes().collect());
}

#[test]
fn a_verification_that_is_refused_succeeds_only_in_the_state_that_it_was_to_bring_about() {
    let refusal = |state| refused(409, "invalid_state", &format!("Cannot verify from state '{state}'"));
    let lost = || failure(HttpErrorKind::Interrupted);
    let hosted = |state: &str| {
        let execution = EXECUTION.replacen('{', &format!(r#"{{"outcome_state":"{state}","#), 1);
        json(200, execution)
    };
    let verify = |valid: bool, script: Vec<Replay>| {
        let client = ReplayClient::new(script).blocking_client();
        client.executions().mark_verified("e1").valid(valid).reason("r").send()
    };
    let receipt = verify(false, vec![lost(), refusal("verification_failed")]).unwrap();
    assert_eq!(
        serde_json::to_value(receipt).unwrap(),
        serde_json::json!({"execution_id": "e1", "outcome_state": "verification_failed", "valid": false, "reason": "r"})
    );
    for (valid, state) in [(true, "verification_failed"), (false, "verified_success")] {
        let error = verify(valid, vec![lost(), refusal(state)]).unwrap_err();
        assert!(error.may_have_executed(), "{state}");
    }
    // Without an outcome there was nothing to verify; where the refusal names no state, the execution may show it.
    let none = || refused(409, "invalid_state", "Cannot verify from state 'None'");
    assert!(verify(true, vec![lost(), none(), json(200, EXECUTION)]).is_err());
    let silent = || refused(409, "invalid_state", "not now");
    assert!(verify(true, vec![lost(), silent(), hosted("verified_success")]).is_ok());
    assert!(verify(true, vec![lost(), silent(), hosted("verification_failed")]).is_err());
}

#[test]
fn an_attachment_whose_answer_is_lost_is_not_attached_again() {
    let replay = ReplayClient::new([failure(HttpErrorKind::Interrupted)]);
    let token = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let call = replay
        .blocking_client()
        .attachments()
        .attach("agt_1", daemon(), "main", "review", token);
    assert!(call.send().unwrap_err().may_have_executed());
    assert_eq!(replay.requests().len(), 1);
}
