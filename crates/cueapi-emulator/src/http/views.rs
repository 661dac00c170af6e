//! Rows as the server shows them: which members, in which order, in which spelling of time.

use jiff::tz::Offset;

use crate::{
    engine::{Cue, Engine, Execution, Fired, Moment, OnFailure, Retry, Schedule, Transport},
    json::{Json, Writer},
    time,
};

fn moment(writer: Writer, key: &str, at: Option<impl Into<Moment>>) -> Writer {
    writer.opt_str(key, at.map(time::z).as_deref())
}

pub(super) fn cue(cue: &Cue, warning: Option<&str>) -> String {
    cue_members(cue, warning).finish()
}

pub(super) fn cue_detail(engine: &Engine, row: &Cue, limit: usize, offset: usize) -> String {
    let page = engine.cue_executions(row, limit, offset);
    cue_members(row, None)
        .list("executions", page.items.into_iter().map(execution))
        .count("execution_total", page.total)
        .count("execution_limit", limit)
        .count("execution_offset", offset)
        .finish()
}

fn cue_members(cue: &Cue, warning: Option<&str>) -> Writer {
    let callback = Writer::object()
        .opt_str("url", cue.callback.url.as_deref())
        .str("method", &cue.callback.method)
        .json("headers", &cue.callback.headers)
        .finish();
    let verification = cue
        .verification
        .map(|mode| Writer::object().str("mode", mode.as_str()).finish());
    let writer = Writer::object()
        .str("id", &cue.id)
        .str("name", &cue.name)
        .opt_str("description", cue.description.as_deref())
        .str("status", cue.status.as_str())
        .str("transport", cue.transport.as_str())
        .raw("schedule", &schedule(cue.schedule()))
        .raw("callback", &callback)
        .json("payload", &cue.payload)
        .raw("retry", &retry(&cue.retry));
    let writer = moment(moment(writer, "next_run", cue.next_run), "last_run", cue.last_run)
        .int("run_count", cue.run_count)
        .int("fired_count", cue.fired_count)
        .raw("on_failure", &on_failure(&cue.on_failure))
        .raw("verification", verification.as_deref().unwrap_or("null"))
        .opt_str("warning", warning);
    writer
        .str("created_at", &time::z(cue.created_at))
        .str("updated_at", &time::z(cue.updated_at))
}

fn schedule(schedule: &Schedule) -> String {
    let mut writer = Writer::object()
        .str("type", &schedule.kind)
        .str("timezone", &schedule.timezone);
    if let Some(cron) = &schedule.cron {
        writer = writer.str("cron", cron);
    }
    if let Some(at) = schedule.at.filter(|_| &*schedule.kind == "once") {
        writer = writer.str("at", &time::with_offset(at, Offset::UTC));
    }
    writer.finish()
}

fn retry(retry: &Retry) -> String {
    let minutes = Json::Array(retry.backoff_minutes.clone());
    Writer::object()
        .int("max_attempts", retry.max_attempts)
        .json("backoff_minutes", &minutes)
        .finish()
}

fn on_failure(on_failure: &OnFailure) -> String {
    Writer::object()
        .bool("email", on_failure.email)
        .bool("pause", on_failure.pause)
        .opt_str("webhook", on_failure.webhook.as_deref())
        .finish()
}

pub(super) fn execution(execution: &Execution) -> String {
    let writer = Writer::object()
        .str("id", &execution.id.to_string())
        .str("cue_id", &execution.cue_id)
        .str("scheduled_for", &time::z(execution.scheduled_for))
        .str("status", execution.status.as_str())
        .opt_int("http_status", execution.http_status)
        .int("attempts", execution.attempts)
        .opt_str("error_message", execution.error_message.as_deref());
    let writer = moment(writer, "started_at", execution.started_at);
    let writer = moment(writer, "delivered_at", execution.delivered_at);
    let writer = moment(writer, "last_attempt_at", execution.last_attempt_at);
    let outcome = execution.outcome.as_ref().map(|outcome| {
        let report = &outcome.report;
        Writer::object()
            .bool("success", report.success)
            .opt_str("result", report.result.as_deref())
            .opt_str("error", report.error.as_deref())
            .json("metadata", report.metadata.as_ref().unwrap_or(&Json::Null))
            .str("recorded_at", &time::z(outcome.recorded_at))
            .finish()
    });
    writer
        .raw("outcome", outcome.as_deref().unwrap_or("null"))
        .str("created_at", &time::z(execution.created_at))
        .str("updated_at", &time::z(execution.updated_at))
        .finish()
}

/// `None` when the payload's task is neither absent nor a string, which the server cannot show.
pub(super) fn claimable(execution: &Execution, cue: &Cue) -> Option<String> {
    debug_assert_eq!(cue.transport, Transport::Worker);
    let task = match cue.payload.get("task") {
        None | Some(Json::Null) => None,
        Some(task) => Some(task.as_str()?),
    };
    let row = Writer::object()
        .str("execution_id", &execution.id.to_string())
        .str("cue_id", &cue.id)
        .str("cue_name", &cue.name)
        .opt_str("task", task)
        .str("scheduled_for", &time::z(execution.scheduled_for))
        .json("payload", &cue.payload)
        .int("attempt", execution.attempts);
    Some(row.finish())
}

pub(super) fn fired(fired: &Fired) -> String {
    let writer = Writer::object()
        .str("id", &fired.id.to_string())
        .str("cue_id", &fired.cue_id)
        .str("scheduled_for", &time::with_offset(fired.scheduled_for, fired.offset))
        .str("status", "pending")
        .str("triggered_by", fired.triggered_by.as_str());
    match fired.replayed_from {
        Some(original) => writer.str("replayed_from", &original.to_string()).finish(),
        None => writer.finish(),
    }
}
