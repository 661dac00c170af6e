//! The states in which the captures of executions were made.

use cueapi_emulator::json::Json;

use super::{
    Capture,
    world::{World, answers, webhook_cue, worker_cue},
};
use crate::receiver::Behaviour;

/// What the receiver does in a capture of a delivery.
pub(super) fn script(capture: &Capture) -> Vec<Behaviour> {
    match capture.name.as_str() {
        "cues_get_paused_by_on_failure" | "executions_get_webhook_failed" => answers(&[500, 500]),
        "executions_get_webhook_success_attempt2" | "messages_get_after_push_retry" => answers(&[500]),
        "executions_get_webhook_http204" => answers(&[204]),
        "executions_get_webhook_http404" => answers(&[404]),
        "executions_get_webhook_http429" => answers(&[429]),
        "executions_get_webhook_timeout" => vec![Behaviour::Stall],
        _ => Vec::new(),
    }
}

pub(super) async fn set_up(world: &mut World, capture: &Capture) {
    let name = capture.name.trim_start_matches("executions_");
    let found = !matches!(capture.status, 404 | 500) || name.contains("_other_user") || name.starts_with("outcome_500");
    if name.starts_with("get_webhook_") || name == "get_outcome_in_response_body" {
        let id = delivered(world, capture).await;
        return called(world, capture, &id);
    }
    if name.starts_with("list_") && capture.status == 200 {
        return list_of(world, capture).await;
    }
    if name.starts_with("claimable_") {
        return claimable(world, capture).await;
    }
    if !found || capture.path == "/v1/executions" || name.starts_with("claim_next") {
        return;
    }
    if name.starts_with("get_") && capture.status == 200 {
        let id = like(world, &capture.json(), "").await;
        return called(world, capture, &id);
    }
    if name == "claim_409_webhook_transport" || name.starts_with("outcome_on_webhook") || name == "replay_webhook" {
        let cue = world.create(&webhook_cue("hook", "")).await;
        let id = world.fire(&cue).await;
        if name != "outcome_on_webhook_pending" && name != "claim_409_webhook_transport" {
            world.emulator.run_until_idle().await;
        }
        return called(world, capture, &id);
    }
    let mode = [
        "require_external_id",
        "require_result_url",
        "require_artifacts",
        "manual",
    ];
    let mode = mode.into_iter().find(|mode| name.contains(mode)).unwrap_or("none");
    let cue = world
        .create(&worker_cue(
            "exec-cue",
            "{}",
            &format!(r#","verification":{{"mode":"{mode}"}}"#),
        ))
        .await;
    let id = world.fire(&cue).await;
    let act = async |what: &str, body: &str| {
        world.ok("POST", &format!("/v1/executions/{id}/{what}"), body).await;
    };
    let claimed = [
        "claim_409_same_worker",
        "heartbeat",
        "live_claim",
        "replay_409_delivering",
    ];
    if claimed.iter().any(|prefix| name.starts_with(prefix)) {
        act("claim", r#"{"worker_id":"w1"}"#).await;
    }
    match name {
        "outcome_409_identical" => act("outcome", &capture.body).await,
        "live_claim_409" | "live_claim_idempotent" => act("live-claim", r#"{"session_token":"tok1"}"#).await,
        "replay_failed" | "verify_true_from_reported_failure" => act("outcome", r#"{"success":false}"#).await,
        "verify_no_body_from_pending" | "verification_pending_from_verified" => {
            act("outcome", r#"{"success":true}"#).await;
            act(
                if name.starts_with("verify") {
                    "verification-pending"
                } else {
                    "verify"
                },
                "",
            )
            .await;
        }
        _ if name.starts_with("verify_") && capture.status == 200 => act("outcome", r#"{"success":true}"#).await,
        _ => {}
    }
    called(world, capture, &id);
}

/// The execution in the captured path is this one.
fn called(world: &mut World, capture: &Capture, id: &str) {
    let captured = capture.path.split('/').nth(3).unwrap();
    world.name(
        captured,
        &if captured.chars().any(|c| c.is_ascii_uppercase()) {
            id.to_uppercase()
        } else {
            id.to_owned()
        },
    );
}

/// An execution of a webhook cue, delivered or given up.
async fn delivered(world: &World, capture: &Capture) -> String {
    let expected = capture.json();
    let attempts = match expected.get("attempts") {
        Some(Json::Int(1)) if expected.get("status").and_then(Json::as_str) == Some("failed") => 1,
        _ => 2,
    };
    let retry = format!(r#","retry":{{"max_attempts":{attempts},"backoff_minutes":[0]}}"#);
    let mut body = webhook_cue("hook", &retry);
    if capture.name.ends_with("_conn_refused") {
        body = body.replace("127.0.0.1:8099", "127.0.0.1:9");
    }
    if capture.name.ends_with("_nonascii_header") {
        body = body.replace("/h/x\"", "/h/x\",\"headers\":{\"X-Text\":\"hé\"}");
    }
    let cue = world.create(&body).await;
    let id = world.fire(&cue).await;
    world.emulator.run_until_idle().await;
    if capture.name.ends_with("_outcome_failed") {
        let outcome = r#"{"success":false,"error":"later failure"}"#;
        world.ok("POST", &format!("/v1/executions/{id}/outcome"), outcome).await;
    }
    id
}

/// An execution for workers that has come as far as this one.
async fn like(world: &World, expected: &Json, outcome_state: &str) -> String {
    let name = format!("cue-{}", world.emulator.executions().len());
    let cue = world.worker_cue(&name).await;
    fired_like(world, &cue, expected, outcome_state).await
}

async fn fired_like(world: &World, cue: &str, expected: &Json, outcome_state: &str) -> String {
    let id = world.fire(cue).await;
    if expected.get("attempts") == Some(&Json::Int(1)) {
        world
            .ok("POST", &format!("/v1/executions/{id}/claim"), r#"{"worker_id":"w1"}"#)
            .await;
    }
    if let Some(Json::Object(outcome)) = expected.get("outcome") {
        let outcome = outcome
            .iter()
            .filter(|(name, _)| &**name != "recorded_at")
            .cloned()
            .collect();
        world
            .ok(
                "POST",
                &format!("/v1/executions/{id}/outcome"),
                &Json::Object(outcome).to_compact(),
            )
            .await;
        let verdict = match outcome_state {
            "verified_success" => r#"{"valid":true}"#,
            "verification_failed" => r#"{"valid":false}"#,
            _ => return id,
        };
        world.ok("POST", &format!("/v1/executions/{id}/verify"), verdict).await;
    }
    id
}

/// The executions of a list, and as many older ones like its last as it says there are.
async fn list_of(world: &mut World, capture: &Capture) {
    let answer = capture.json();
    let (Some(Json::Array(items)), Some(Json::Int(total))) = (answer.get("executions"), answer.get("total")) else {
        panic!("not a list")
    };
    let state = capture
        .query
        .split('&')
        .find_map(|pair| pair.strip_prefix("outcome_state="))
        .unwrap_or_default();
    let cue = world.worker_cue("exec-cue").await;
    world.name("cue_95jecedctqqt", &cue);
    let older = usize::try_from(*total).unwrap() - items.len();
    let claimed = answer.get("oldest_claimed_at") != Some(&Json::Null);
    for _ in 0..older {
        let last = items.last().unwrap();
        let status = last.get("status").and_then(Json::as_str);
        let id = fired_like(world, &cue, last, state).await;
        if claimed && status == Some("pending") {
            world
                .ok("POST", &format!("/v1/executions/{id}/claim"), r#"{"worker_id":"w1"}"#)
                .await;
        }
    }
    for item in items.iter().rev() {
        fired_like(world, &cue, item, state).await;
    }
}

async fn claimable(world: &mut World, capture: &Capture) {
    let answer = capture.json();
    let Some(Json::Array(items)) = answer.get("executions") else {
        panic!("not a list")
    };
    for item in items {
        let text = |key: &str| item.get(key).unwrap();
        let body = worker_cue(text("cue_name").as_str().unwrap(), &text("payload").to_compact(), "");
        let cue = world.create(&body).await;
        world.fire(&cue).await;
    }
    let cue = world.create(&worker_cue("another", r#"{"task":"another"}"#, "")).await;
    if capture.query.ends_with("=nope") || capture.query.ends_with("=report") {
        world.fire(&cue).await;
    }
}
