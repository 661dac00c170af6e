//! Live sessions, and the daemon that attaches them; bulk deletion.

use cueapi_core::{ConfirmDestructive, types::AttachedSession};

use crate::{at, patch, post, request};

#[test]
fn bulk_deletion() {
    assert_eq!(
        request(|c| c.cues().bulk_delete(["cue_1", "cue_2"], ConfirmDestructive)),
        "POST /v1/cues/bulk-delete\ncontent-type: application/json\nx-confirm-destructive: true\n\n{\"ids\":[\"cue_1\",\"cue_2\"]}"
    );
}

#[test]
fn a_live_claim() {
    assert_eq!(
        request(|c| c.executions().live_claim("e1", "T")),
        post("/v1/executions/e1/live-claim", r#"{"session_token":"T"}"#)
    );
}

#[test]
fn live_sessions() {
    let path = "/v1/agents/agt_1/live-sessions";
    assert_eq!(
        request(|c| c.live_sessions().register("agt_1", "main", "cue_1", "review")),
        post(path, r#"{"label":"main","cue_id":"cue_1","task_name":"review"}"#)
    );
    assert_eq!(
        request(|c| {
            c.live_sessions()
                .register("agt_1", "main", "cue_1", "review")
                .is_default(true)
                .monitor_version("1")
                .session_token("T")
        }),
        post(
            path,
            r#"{"label":"main","cue_id":"cue_1","task_name":"review","is_default":true,"monitor_version":"1","session_token":"T"}"#
        )
    );
    assert_eq!(request(|c| c.live_sessions().list("agt_1")), format!("GET {path}\n\n"));
    assert_eq!(
        request(|c| c.live_sessions().list("agt_1").include_detached(true)),
        format!("GET {path}?include_detached=true\n\n")
    );
    assert_eq!(
        request(|c| c
            .live_sessions()
            .update("agt_1", "a b")
            .is_default(true)
            .session_token("T")),
        patch(
            "/v1/agents/agt_1/live-sessions/a%20b",
            r#"{"is_default":true,"session_token":"T"}"#
        )
    );
    assert_eq!(
        request(|c| c.live_sessions().detach("agt_1", "main")),
        format!("DELETE {path}/main\n\n")
    );
    assert_eq!(
        request(|c| c.live_sessions().heartbeat("agt_1", "main")),
        post("/v1/agents/agt_1/live-sessions/main/heartbeat", "{}")
    );
}

#[test]
fn attachments() {
    let with_daemon = |request: String| {
        let header = "x-cueapi-daemon-id: 7d444840\n\n";
        request.replacen("\n\n", &format!("\n{header}"), 1)
    };
    assert_eq!(
        request(|c| c.attachments().attach("agt_1", "7d444840", "main", "review", "T")),
        with_daemon(post(
            "/v1/agents/agt_1/attachments",
            r#"{"label":"main","task_name":"review","ipc_session_token":"T"}"#
        ))
    );
    assert_eq!(
        request(|c| {
            c.attachments()
                .attach("agt_1", "7d444840", "main", "review", "T")
                .attached_at(at("2026-11-23T20:00:00Z"))
                .monitor_version("1")
        }),
        with_daemon(post(
            "/v1/agents/agt_1/attachments",
            r#"{"label":"main","task_name":"review","ipc_session_token":"T","attached_at":"2026-11-23T20:00:00Z","monitor_version":"1"}"#
        ))
    );
    assert_eq!(
        request(|c| c.attachments().detach("agt_1", "T/1", "7d444840")),
        with_daemon("DELETE /v1/agents/agt_1/attachments/T%2F1\n\n".to_owned())
    );
    let since = at("2026-11-23T20:00:00Z");
    assert_eq!(
        request(|c| {
            let sessions = [AttachedSession::new("main", "review", "T", since)];
            c.attachments()
                .reconcile("7d444840", at("2026-11-23T21:00:00Z"), sessions)
        }),
        with_daemon(post(
            "/v1/agents/reconcile-attachments",
            concat!(
                r#"{"daemon_id":"7d444840","reconciled_at":"2026-11-23T21:00:00Z","#,
                r#""attachments":[{"label":"main","task_name":"review","ipc_session_token":"T","attached_at":"2026-11-23T20:00:00Z"}]}"#
            )
        ))
    );
}
