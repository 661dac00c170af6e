//! All about one row, for whoever opens it: payloads, headers, bodies, evidence.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;

use super::{
    json,
    live::{moment, result},
    problem,
};
use crate::{
    engine::{Cue, Execution, Message},
    json::{Json, Writer},
    shared::Shared,
    time,
};

/// As much of a body or payload as is shown, in bytes.
const SHOWN: usize = 64 * 1024;

pub(super) async fn cue(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    match shared.engine().any_cue(&id) {
        Some(cue) => json(describe_cue(cue)),
        None => gone(),
    }
}

pub(super) async fn execution(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    match shared.engine().any_execution(&id) {
        Some((execution, cue)) => json(describe_execution(execution, cue)),
        None => gone(),
    }
}

pub(super) async fn message(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    match shared.engine().any_message(&id) {
        Some(message) => json(describe_message(message)),
        None => gone(),
    }
}

pub(super) async fn delivery(State(shared): State<Arc<Shared>>, Path(number): Path<usize>) -> Response {
    let Some(sent) = shared.sent().get(number).cloned() else {
        return gone();
    };
    let headers = sent.headers.iter().map(|(name, value)| header(name, value));
    let body = String::from_utf8_lossy(&sent.body);
    json(
        Writer::object()
            .str("request", &format!("{} {}", sent.method, sent.url))
            .str("result", &result(&sent.result).0)
            .list("headers", headers)
            .raw("body", &text(&body))
            .finish(),
    )
}

fn gone() -> Response {
    problem(StatusCode::NOT_FOUND, "It is not there any more.")
}

fn describe_cue(cue: &Cue) -> String {
    let headers = match &cue.callback.headers {
        Json::Object(members) => members.as_slice(),
        _ => &[],
    };
    let headers = headers
        .iter()
        .map(|(name, value)| header(name, value.as_str().unwrap_or_default()));
    let backoff = Json::Array(cue.retry.backoff_minutes.clone());
    let writer = Writer::object()
        .str("id", &cue.id)
        .opt_str("description", cue.description.as_deref())
        .opt_str(
            "callback",
            (cue.callback.url.as_deref())
                .map(|url| format!("{} {url}", cue.callback.method))
                .as_deref(),
        )
        .list("headers", headers)
        .raw("payload", &text(&cue.payload.to_compact()))
        .str(
            "retry",
            &format!(
                "{} attempts, {} minutes apart",
                cue.retry.max_attempts,
                backoff.to_compact().trim_matches(['[', ']']).replace(',', ", ")
            ),
        )
        .opt_str("on_failure_webhook", cue.on_failure.webhook.as_deref())
        .bool("on_failure_pause", cue.on_failure.pause)
        .opt_str("verification", cue.verification.map(|mode| mode.as_str()));
    moment(writer, "created_at", Some(cue.created_at)).finish()
}

fn describe_execution(execution: &Execution, cue: &Cue) -> String {
    let writer = Writer::object()
        .str("id", &execution.id.to_string())
        .str("cue_id", &execution.cue_id)
        .str("triggered_by", execution.triggered_by.as_str())
        .opt_str("error", execution.error_message.as_deref())
        .opt_str("claimed_by", execution.claimed_by_worker.as_deref())
        .raw("payload", &text(&cue.payload.to_compact()));
    let moments = [
        ("created_at", Some(execution.created_at)),
        ("claimed_at", execution.claimed_at),
        ("started_at", execution.started_at),
        ("last_attempt_at", execution.last_attempt_at),
        ("last_heartbeat_at", execution.last_heartbeat_at),
        ("next_retry", execution.next_retry),
        ("delivered_at", execution.delivered_at),
    ];
    let writer = moment(writer, "scheduled_for", Some(execution.scheduled_for));
    let writer = (moments.into_iter()).fold(writer, |writer, (key, at)| moment(writer, key, at));
    let Some(outcome) = &execution.outcome else {
        return writer.raw("outcome", "null").finish();
    };
    let report = &outcome.report;
    let artifacts = report
        .artifacts
        .clone()
        .map(|artifacts| Json::Array(artifacts).to_compact());
    let described = Writer::object()
        .bool("success", report.success)
        .str("recorded_at", &time::z(outcome.recorded_at))
        .opt_str("result", report.result.as_deref())
        .opt_str("error", report.error.as_deref())
        .opt_str("summary", report.summary.as_deref())
        .opt_str("external_id", report.external_id.as_deref())
        .opt_str("result_url", report.result_url.as_deref())
        .opt_str("result_ref", report.result_ref.as_deref())
        .opt_str("result_type", report.result_type.as_deref())
        .opt_str("rejection", outcome.rejection.as_deref())
        .raw("artifacts", &opt_text(artifacts.as_deref()))
        .raw(
            "metadata",
            &opt_text(report.metadata.as_ref().map(Json::to_compact).as_deref()),
        );
    writer.raw("outcome", &described.finish()).finish()
}

fn describe_message(message: &Message) -> String {
    let writer = Writer::object()
        .str("id", &message.id)
        .str("thread_id", &message.thread_id)
        .opt_str("reply_to", message.reply_to.as_deref())
        .opt_str("correlation_id", message.correlation_id.as_deref())
        .bool("expects_reply", message.expects_reply)
        .str("from_agent_id", &message.from_agent_id)
        .str("to_agent_id", &message.to_agent_id)
        .raw("body", &text(&message.body))
        .raw("metadata", &text(&message.metadata.to_compact()));
    let moments = [
        ("created_at", Some(message.created_at)),
        ("delivered_at", message.delivered_at),
        ("read_at", message.read_at),
        ("acked_at", message.acked_at),
        ("failed_at", message.failed_at),
    ];
    (moments.into_iter())
        .fold(moment(writer, "send_at", message.send_at), |writer, (key, at)| {
            moment(writer, key, at)
        })
        .finish()
}

/// JSON as its own text: a browser that parsed it would change its numbers.
fn text(text: &str) -> String {
    let end = (0..=SHOWN.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    let shown = &text[..end.unwrap_or_default()];
    Writer::object()
        .str("text", shown)
        .count("hidden", text.len() - shown.len())
        .finish()
}

fn opt_text(value: Option<&str>) -> String {
    value.map_or_else(|| "null".into(), text)
}

/// A header; the value of one that carries a credential stays hidden.
fn header(name: &str, value: &str) -> String {
    const CREDENTIALS: [&str; 6] = ["authorization", "cookie", "token", "secret", "password", "api-key"];
    let lower = name.to_ascii_lowercase();
    let hidden = CREDENTIALS.iter().any(|word| lower.contains(word));
    let value = if hidden { "(hidden)" } else { value };
    Writer::object().str("name", name).str("value", value).finish()
}
