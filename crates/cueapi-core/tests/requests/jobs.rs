//! Cues, executions, outcomes and workers.

use cueapi_core::types::{
    Artifact, Callback, CallbackMethod, CueStatus, Evidence, ExecutionStatus, OnFailure, Outcome, OutcomeState, Retry,
    Schedule, Transport, VerificationMode,
};
use serde_json::json as value;

use crate::{at, patch, post, request};

#[test]
fn cues_create_sends_what_was_given_and_nothing_else() {
    assert_eq!(
        request(|c| c.cues().create(
            "daily",
            Schedule::cron("0 9 * * *"),
            Callback::new("https://a.example/hook")
        )),
        post(
            "/v1/cues",
            r#"{"name":"daily","schedule":{"type":"recurring","cron":"0 9 * * *"},"transport":"webhook","callback":{"url":"https://a.example/hook","method":"POST"}}"#
        )
    );
    assert_eq!(
        request(|c| {
            c.cues()
                .create(
                    "all",
                    Schedule::cron("30 8 * * 1-5").timezone("America/New_York"),
                    Callback::new("https://a.example")
                        .method(CallbackMethod::Put)
                        .header("X-Custom", "abc"),
                )
                .description("Full ☃")
                .payload(&value!({"b": 1}))
                .retry(Retry::new().max_attempts(5).backoff_minutes([1, 2]))
                .on_failure(
                    OnFailure::new()
                        .email(false)
                        .webhook("https://a.example/failed")
                        .pause(true),
                )
                .verification(VerificationMode::Manual)
        }),
        post(
            "/v1/cues",
            concat!(
                r#"{"name":"all","schedule":{"type":"recurring","timezone":"America/New_York","cron":"30 8 * * 1-5"},"#,
                r#""transport":"webhook","callback":{"url":"https://a.example","method":"PUT","headers":{"X-Custom":"abc"}},"#,
                r#""description":"Full ☃","payload":{"b":1},"retry":{"max_attempts":5,"backoff_minutes":[1,2]},"#,
                r#""on_failure":{"email":false,"webhook":"https://a.example/failed","pause":true},"verification":{"mode":"manual"}}"#
            )
        )
    );
    assert_eq!(
        request(|c| {
            c.cues()
                .create("once", Schedule::at(at("2026-12-23T20:37:06+02:00")), Transport::Worker)
                .payload(&value!({"task": "t"}))
        }),
        post(
            "/v1/cues",
            r#"{"name":"once","schedule":{"type":"once","at":"2026-12-23T18:37:06Z"},"transport":"worker","payload":{"task":"t"}}"#
        )
    );
}

#[test]
fn cues() {
    assert_eq!(request(|c| c.cues().list()), "GET /v1/cues\n\n");
    assert_eq!(
        request(|c| c.cues().list().status(CueStatus::Paused).limit(100).offset(200)),
        "GET /v1/cues?status=paused&limit=100&offset=200\n\n"
    );
    assert_eq!(request(|c| c.cues().get("cue_1")), "GET /v1/cues/cue_1\n\n");
    assert_eq!(
        request(|c| c.cues().get("cue_1").execution_limit(5).execution_offset(10)),
        "GET /v1/cues/cue_1?execution_limit=5&execution_offset=10\n\n"
    );
    assert_eq!(request(|c| c.cues().delete("cue_1")), "DELETE /v1/cues/cue_1\n\n");
    assert_eq!(request(|c| c.cues().fire("cue_1")), post("/v1/cues/cue_1/fire", "{}"));
    assert_eq!(
        request(|c| c.cues().fire("cue_1").send_at(at("2026-11-23T23:44:37.722868+02:00"))),
        post("/v1/cues/cue_1/fire", r#"{"send_at":"2026-11-23T21:44:37.722868Z"}"#)
    );
}

#[test]
fn cues_update_sends_only_what_changes() {
    let path = "/v1/cues/cue_1";
    assert_eq!(
        request(|c| c.cues().pause("cue_1")),
        patch(path, r#"{"status":"paused"}"#)
    );
    assert_eq!(
        request(|c| c.cues().resume("cue_1")),
        patch(path, r#"{"status":"active"}"#)
    );
    assert_eq!(
        request(|c| c
            .cues()
            .update("cue_1")
            .name("n")
            .description("d")
            .schedule(Schedule::cron("0 10 * * *"))),
        patch(
            path,
            r#"{"name":"n","description":"d","schedule":{"type":"recurring","cron":"0 10 * * *"}}"#
        )
    );
    assert_eq!(
        request(|c| c
            .cues()
            .update("cue_1")
            .callback(Callback::new("https://b.example"))
            .payload(&value!({}))),
        patch(
            path,
            r#"{"callback":{"url":"https://b.example","method":"POST"},"payload":{}}"#
        )
    );
    assert_eq!(
        request(|c| {
            c.cues()
                .update("cue_1")
                .retry(Retry::new().max_attempts(2))
                .on_failure(OnFailure::new())
                .verification(VerificationMode::None)
        }),
        patch(
            path,
            r#"{"retry":{"max_attempts":2},"on_failure":{"email":true,"webhook":null,"pause":false},"verification":{"mode":"none"}}"#
        )
    );
}

#[test]
fn executions() {
    assert_eq!(request(|c| c.executions().list()), "GET /v1/executions\n\n");
    assert_eq!(
        request(|c| {
            c.executions()
                .list()
                .cue_id("cue_1")
                .status(ExecutionStatus::Success)
                .outcome_state(OutcomeState::VerifiedSuccess)
                .worker_id("host/1 é")
                .limit(1)
                .offset(2)
        }),
        "GET /v1/executions?cue_id=cue_1&status=success&worker_id=host%2F1%20%C3%A9&outcome_state=verified_success&limit=1&offset=2\n\n"
    );
    assert_eq!(request(|c| c.executions().get("e1")), "GET /v1/executions/e1\n\n");
    assert_eq!(
        request(|c| c.executions().list_claimable()),
        "GET /v1/executions/claimable\n\n"
    );
    assert_eq!(
        request(|c| c.executions().list_claimable().task("a+b&c")),
        "GET /v1/executions/claimable?task=a%2Bb%26c\n\n"
    );
    assert_eq!(
        request(|c| c.executions().claim("e1", "w1")),
        post("/v1/executions/e1/claim", r#"{"worker_id":"w1"}"#)
    );
    assert_eq!(
        request(|c| c.executions().claim_anonymously("e1")),
        post("/v1/executions/e1/claim", "{}")
    );
    assert_eq!(
        request(|c| c.executions().claim_oldest("w1")),
        post("/v1/executions/claim", r#"{"worker_id":"w1"}"#)
    );
    assert_eq!(
        request(|c| c.executions().replay("e1")),
        "POST /v1/executions/e1/replay\n\n"
    );
    assert_eq!(
        request(|c| c.executions().heartbeat("e1")),
        "POST /v1/executions/e1/heartbeat\n\n"
    );
    assert_eq!(
        request(|c| c.executions().heartbeat("e1").worker("w1")),
        "POST /v1/executions/e1/heartbeat\nx-worker-id: w1\n\n"
    );
}

#[test]
fn outcomes() {
    let artifact = || Artifact::new("leads.csv", "https://a.example/leads.csv");
    let outcome = Outcome::success()
        .result("done ✓")
        .summary("s")
        .metadata(&value!({"k": [1, 2.5]}))
        .external_id("x:1")
        .result_url("https://a.example/r")
        .result_ref("r")
        .result_type("t")
        .artifact(artifact());
    assert_eq!(
        request(|c| c.executions().report_outcome("e1", outcome)),
        post(
            "/v1/executions/e1/outcome",
            concat!(
                r#"{"success":true,"result":"done ✓","metadata":{"k":[1,2.5]},"external_id":"x:1","result_url":"https://a.example/r","#,
                r#""result_ref":"r","result_type":"t","summary":"s","artifacts":[{"name":"leads.csv","url":"https://a.example/leads.csv"}]}"#
            )
        )
    );
    assert_eq!(
        request(|c| c.executions().report_outcome("e1", Outcome::failure("disk full"))),
        post("/v1/executions/e1/outcome", r#"{"success":false,"error":"disk full"}"#)
    );
    assert_eq!(
        request(|c| c
            .executions()
            .append_evidence("e1", Evidence::new().summary("s").artifact(artifact()))),
        patch(
            "/v1/executions/e1/evidence",
            r#"{"summary":"s","artifacts":[{"name":"leads.csv","url":"https://a.example/leads.csv"}]}"#
        )
    );
    assert_eq!(
        request(|c| c.executions().mark_verification_pending("e1")),
        "POST /v1/executions/e1/verification-pending\n\n"
    );
    assert_eq!(
        request(|c| c.executions().mark_verified("e1")),
        post("/v1/executions/e1/verify", r#"{"valid":true}"#)
    );
    assert_eq!(
        request(|c| c.executions().mark_verified("e1").valid(false).reason("empty")),
        post("/v1/executions/e1/verify", r#"{"valid":false,"reason":"empty"}"#)
    );
}

#[test]
fn workers() {
    assert_eq!(request(|c| c.workers().list()), "GET /v1/workers\n\n");
    assert_eq!(
        request(|c| c.workers().delete("host/1 é")),
        "DELETE /v1/workers/host%2F1%20%C3%A9\n\n"
    );
    assert_eq!(
        request(|c| c.workers().heartbeat("w1")),
        post("/v1/worker/heartbeat", r#"{"worker_id":"w1"}"#)
    );
    assert_eq!(
        request(|c| c.workers().heartbeat("w1").handlers(["report", "beta"])),
        post(
            "/v1/worker/heartbeat",
            r#"{"worker_id":"w1","handlers":["report","beta"]}"#
        )
    );
}
