//! The report about the hosted service, against a server that answers as its documentation says.

use std::{
    future::pending,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Body, extract::State, response::Response};
use cueapi_tests::contract::{
    Target,
    hosted::{self, Report},
};
use http::{Method, Request};
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// In every text of every answer, and in the names of members that nobody knows. None of it may be in a report.
const CANARY: &str = "canary";
const KEY: &str = "cue_sk_canary00000000000000000000000000";
const CUE: &str = "cue_canary000000";
const EXECUTION: &str = "0canary0-0000-4000-8000-000000000000";

#[derive(Clone)]
struct Hosted {
    base_url: String,
    asked: Arc<Mutex<Vec<String>>>,
    /// The name of the cue that there is.
    cue: Arc<Mutex<Option<Value>>>,
    answers: fn(&str) -> Option<(u16, Value)>,
}

impl Hosted {
    /// Answers as documented, and otherwise where `answers` says so, for `GET /v1/cues` for instance.
    async fn start(answers: fn(&str) -> Option<(u16, Value)>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hosted = Self {
            base_url: format!("http://{}", listener.local_addr().unwrap()),
            asked: Arc::default(),
            cue: Arc::default(),
            answers,
        };
        let router = Router::new().fallback(answer).with_state(hosted.clone());
        tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        hosted
    }

    async fn report(&self, write: bool) -> Report {
        let target = Target::new(&self.base_url, KEY);
        hosted::run(target, write, pending(), |_| {}).await.unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(State(hosted): State<Hosted>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let request_body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let path = head.uri.path().replace(CUE, "CUE").replace(EXECUTION, "EXECUTION");
    let asked = format!("{} {path}", head.method);
    let key = head.headers.contains_key("authorization");
    let earlier = hosted
        .asked
        .lock()
        .unwrap()
        .iter()
        .filter(|other| **other == asked)
        .count();
    hosted.asked.lock().unwrap().push(asked.clone());
    let limit_of_0 = head.uri.query() == Some("limit=0");
    let (status, mut body) = match (hosted.answers)(&asked) {
        Some(other) => other,
        None if !key && head.method == Method::GET && path == "/v1/cues" => error(401, "not_authenticated"),
        None if limit_of_0 => {
            let detail = json!([{"type": CANARY, "loc": ["query", "limit"], "msg": CANARY, "input": CANARY}]);
            (422, json!({"detail": detail}))
        }
        None => documented(&asked, earlier),
    };
    match asked.as_str() {
        "POST /v1/cues" => *hosted.cue.lock().unwrap() = Some(request_body["name"].clone()),
        "DELETE /v1/cues/CUE" if status < 300 => *hosted.cue.lock().unwrap() = None,
        _ => {}
    }
    if let Some(cue) = &*hosted.cue.lock().unwrap() {
        if asked == "GET /v1/cues" && body["cues"].is_array() {
            body["cues"][0]["name"] = cue.clone();
        }
    }
    let body = if status == 204 { String::new() } else { body.to_string() };
    let answer = http::Response::builder()
        .status(status)
        .header("content-type", "application/json");
    answer.header("x-canary", CANARY).body(Body::from(body)).unwrap()
}

fn error(status: u16, code: &str) -> (u16, Value) {
    (
        status,
        json!({"error": {"code": code, "message": CANARY, "status": status}}),
    )
}

/// An answer of the hosted service's documentation, in values of our own.
fn documented(asked: &str, earlier: usize) -> (u16, Value) {
    let time = "2026-04-19T09:00:00Z";
    let cue = json!({"id": CUE, "name": CANARY, "status": "active", "next_run": time, "run_count": 1, "created_at": time,
        "schedule": {"type": "recurring", "cron": "0 9 * * *", "timezone": "UTC"}, "transport": "worker", "payload": null,
        "callback": {"url": "https://canary.example/", "method": "POST"}, "canary_member": CANARY});
    let outcome = json!({"success": true, "result": CANARY, "metadata": {CANARY: CANARY}, "recorded_at": time});
    let execution = json!({"id": EXECUTION, "status": "success", "scheduled_for": time, "attempts": 1, "http_status": 200,
        "started_at": time, "delivered_at": time, "outcome": outcome});
    let mut detail = cue.clone();
    detail["executions"] = json!([execution]);
    let mut row = execution.clone();
    (row["cue_id"], row["outcome_success"], row["outcome_state"]) = (json!(CUE), json!(true), json!("unknown"));
    match asked {
        "GET /health" => (
            200,
            json!({"status": "healthy", "version": "1", "timestamp": "2026-04-19T09:00:00.1",
            "services": {"postgres": "ok", "redis": "ok", "worker": "none"}, "queue": {}}),
        ),
        "GET /status" => (200, json!({"status": "healthy"})),
        "GET /v1/auth/me" => (
            200,
            json!({"id": CANARY, "email": "canary@example.com", "plan": "free", "has_webhook_secret": true,
            "active_cues": 1, "monthly_executions": 3}),
        ),
        "GET /v1/auth/key" => (200, json!({"api_key": KEY, "key_prefix": "cue_sk_canar"})),
        "GET /v1/auth/keys" => (
            200,
            json!({"keys": [{"id": CANARY, "prefix": CANARY, "label": CANARY, "created_at": time,
            "created_by": "user", "last_used_at": null, "revoked_at": null}]}),
        ),
        "GET /v1/auth/me/processing" => (
            200,
            json!({"schema_version": "1.0", "generated_at": time, "controller": {"name": CANARY,
            "address": CANARY, "contact_email": CANARY}, "data_types": [], "sub_processors": [], "your_rights": [],
            "data_protection_contact": CANARY, "supervisory_authority": CANARY}),
        ),
        "GET /v1/memory-block" => (403, json!({"error": "memory_block_disabled", "message": CANARY})),
        "GET /v1/auth/webhook-secret" => (200, json!({"webhook_secret": "whsec_canary"})),
        "GET /v1/usage" => (
            200,
            json!({"plan": {"name": CANARY}, "cues": {"used": 1, "limit": 10},
            "executions": {"used": 1, "limit": 300}, "outcomes": {"reported": 1}}),
        ),
        "GET /v1/workers" => (
            200,
            json!({"workers": [{"worker_id": CANARY, "last_heartbeat": time, "handlers": [CANARY],
            "seconds_since_heartbeat": 1, "heartbeat_status": "active", "registered_since": time}]}),
        ),
        "GET /v1/alerts" => (
            200,
            json!({"alerts": [{"id": CANARY, "cue_id": CUE, "alert_type": "missed_window",
            "severity": "warning", "message": CANARY, "acknowledged": false, "created_at": time}], "total": 1, "limit": 1,
            "offset": 0}),
        ),
        "GET /v1/executions/claimable" => (
            200,
            json!({"executions": [{"execution_id": EXECUTION, "cue_id": CUE,
            "cue_name": CANARY, "task": CANARY, "scheduled_for": time, "payload": {CANARY: CANARY}, "attempt": 1}]}),
        ),
        "GET /v1/cues" => (200, json!({"cues": [cue], "total": 1, "limit": 1, "offset": 0})),
        "GET /v1/cues/CUE" => (200, detail),
        "GET /v1/executions" => (200, json!({"executions": [row], "total": 1, "limit": 1, "offset": 0})),
        "GET /v1/executions/EXECUTION" => (200, row),
        "POST /v1/cues" => (201, cue),
        "PATCH /v1/cues/CUE" => (200, cue),
        "DELETE /v1/cues/CUE" => (204, Value::Null),
        "POST /v1/cues/CUE/fire" => (
            200,
            json!({"id": EXECUTION, "cue_id": CUE, "scheduled_for": time, "status": "pending",
            "triggered_by": "manual_fire"}),
        ),
        "POST /v1/executions/EXECUTION/claim" if earlier > 0 => error(409, "already_claimed"),
        "POST /v1/executions/EXECUTION/claim" => (
            200,
            json!({"claimed": true, "execution_id": EXECUTION,
            "payload": {CANARY: CANARY}}),
        ),
        "POST /v1/executions/EXECUTION/heartbeat" => (200, json!({"acknowledged": true, "lease_extended_until": time})),
        "POST /v1/executions/EXECUTION/outcome" if earlier > 0 => error(409, "outcome_already_reported"),
        "POST /v1/executions/EXECUTION/outcome" => (200, json!({"execution_id": EXECUTION, "outcome": outcome})),
        "PATCH /v1/executions/EXECUTION/evidence" => (
            200,
            json!({"execution_id": EXECUTION, "evidence_updated": true,
            "outcome_state": "reported_success"}),
        ),
        "POST /v1/executions/EXECUTION/verify" => (
            200,
            json!({"execution_id": EXECUTION, "outcome_state": "verified_success"}),
        ),
        "POST /v1/executions/EXECUTION/replay" => (
            200,
            json!({"id": EXECUTION, "cue_id": CUE, "scheduled_for": time,
            "status": "pending", "triggered_by": "replay", "replayed_from": EXECUTION}),
        ),
        _ if asked.starts_with("GET /v1/echo/") => (200, json!({"status": "waiting"})),
        _ => error(404, "canary_not_found"),
    }
}

fn form<'a>(report: &'a Report, operation: &str) -> Option<&'a str> {
    let answer = report.answers.iter().find(|answer| answer.operation == operation);
    answer.unwrap_or_else(|| panic!("{operation} was not asked for")).form
}

#[tokio::test]
async fn every_answer_that_is_as_documented_is_named_by_its_form() {
    let report = Hosted::start(|_| None).await.report(true).await;

    let undocumented: Vec<_> = report.answers.iter().filter(|answer| answer.form.is_none()).collect();
    assert!(undocumented.is_empty(), "{undocumented:?}");
    for (operation, expected) in [
        ("cues.list without a key", "error not_authenticated"),
        ("service.health", "times without an offset"),
        ("account.get", "with id and monthly_executions"),
        ("account.key", "the key, with key_prefix"),
        ("account.memory_block", "error as a text, beside message"),
        ("usage.get", "plan as an object"),
        ("alerts.list", "rows with the hosted types"),
        ("cues.list with a limit of 0", "error as a list in detail"),
        ("cues.get of a cue that is not", "error with code and status"),
        ("cues.list", "rows without retry, updated_at or callback"),
        ("cues.get", "executions in it, without cue_id"),
        ("executions.list", "rows with outcome_success"),
        ("cues.create", "without retry, updated_at or callback"),
        ("executions.claim", "with payload"),
        ("executions.claim once more", "error already_claimed"),
        ("executions.heartbeat", "without execution_id"),
        ("executions.report_outcome", "the outcome inside"),
        ("executions.report_outcome once more", "error outcome_already_reported"),
        ("executions.mark_verified", "without valid"),
        ("cues.delete", "no body"),
    ] {
        assert_eq!(form(&report, operation), Some(expected), "{operation}");
    }
}

#[tokio::test]
async fn no_text_of_an_answer_and_no_key_is_in_a_report() {
    let hosted = Hosted::start(|_| None).await;
    let odd =
        Hosted::start(|asked| (!asked.starts_with("GET /v1/cues")).then(|| (200, json!({CANARY: {CANARY: CANARY}}))))
            .await;
    for report in [
        hosted.report(false).await,
        hosted.report(true).await,
        odd.report(true).await,
    ] {
        let text = format!("{report}\n{report:?}").to_lowercase();
        assert!(!text.contains(CANARY), "{text}");
        assert!(!text.contains("127.0.0.1") && !text.contains("whsec"), "{text}");
    }
}

#[tokio::test]
async fn without_write_nothing_is_written() {
    let hosted = Hosted::start(|_| None).await;
    let report = hosted.report(false).await;
    assert!(
        hosted.asked().iter().all(|asked| asked.starts_with("GET ")),
        "{:?}",
        hosted.asked()
    );
    // Asking for it makes one.
    assert!(
        !hosted
            .asked()
            .iter()
            .any(|asked| asked.contains("alert-webhook-secret"))
    );
    assert!(
        report.to_string().starts_with("cueapi-rust ")
            && !report.to_string().contains("no version")
            && report.to_string().contains("(read-only)"),
        "{report}"
    );
}

#[tokio::test]
async fn its_own_cue_is_deleted_also_when_it_is_interrupted() {
    let whole = Hosted::start(|_| None).await;
    let answers = whole.report(true).await.answers.len();
    assert_eq!(*whole.cue.lock().unwrap(), None);
    for last in (answers - 14)..answers {
        let hosted = Hosted::start(|_| None).await;
        let (stop, stopped) = oneshot::channel::<()>();
        let (mut stop, mut left) = (Some(stop), last);
        let stopped = async { drop(stopped.await) };
        let report = hosted::run(Target::new(&hosted.base_url, KEY), true, stopped, |_| {
            left -= 1;
            if left == 0 {
                drop(stop.take());
            }
        });
        let report = report.await.unwrap();
        assert!(report.interrupted && !report.left_behind, "{report}");
        assert_eq!(*hosted.cue.lock().unwrap(), None, "after {last} answers");
    }
}

#[tokio::test]
async fn what_is_not_documented_or_cannot_be_read_is_marked() {
    let usage = Hosted::start(|asked| (asked == "GET /v1/usage").then(|| (200, json!({"tier": "gold"})))).await;
    let report = usage.report(false).await;
    assert!(!report.passed());
    assert_eq!(form(&report, "usage.get"), None);
    let marked: Vec<_> = report.different().map(|answer| answer.operation).collect();
    assert!(marked.contains(&"usage.get"), "{report}");
    assert!(report.to_string().contains("\n! 200  usage.get"), "{report}");

    let stays = Hosted::start(|asked| asked.starts_with("DELETE").then(|| error(500, "internal_error"))).await;
    let report = stays.report(true).await;
    assert!(report.left_behind && !report.passed(), "{report}");
}
