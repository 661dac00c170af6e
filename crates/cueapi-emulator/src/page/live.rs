//! What the page shows, as one JSON document that is answered when it has changed.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use jiff::{Timestamp, tz::Offset};
use url::form_urlencoded;

use super::json;
use crate::{
    SentDelivery,
    advance::UnderWay,
    engine::{AttemptResult, Cue, DeliveryKind, Engine, Execution, Message, Moment, Page, Worker},
    json::Writer,
    shared::Shared,
    time,
};

/// How many rows of a list are shown; the page says how many there are besides.
const ROWS: usize = 100;

/// Shorter than what lies between may wait for a silent server.
const HOLD: Duration = Duration::from_secs(25);

/// Answers at once when `since` is not the state's version, and else when it changes, or after 25 seconds.
///
/// `cue` is the id of the cue whose executions and deliveries are wanted; without it, all.
pub(super) async fn state(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Response {
    let (mut since, mut cue) = (None, None);
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match &*name {
            "since" => since = value.parse::<u64>().ok(),
            "cue" => cue = Some(value.into_owned()),
            _ => {}
        }
    }
    let mut stopped = shared.stopped.clone();
    let mut changes = shared.watch();
    tokio::select! {
        _ = changes.wait_for(|version| since != Some(*version)) => {}
        _ = stopped.changed() => {}
        () = tokio::time::sleep(HOLD) => {}
    }
    // The version before what it stands for: what changes in between is answered next time.
    let version = *changes.borrow_and_update();
    json(describe(&shared, version, cue.as_deref().filter(|cue| !cue.is_empty())))
}

fn describe(shared: &Shared, version: u64, cue: Option<&str>) -> String {
    let (sent, total) = {
        let log = shared.sent();
        let rows = log
            .newest_first()
            .filter(|(_, sent)| cue.is_none_or(|cue| cue_of(&sent.kind) == Some(cue)));
        let rows: Vec<_> = rows.take(ROWS).map(|(number, sent)| (number, sent.clone())).collect();
        let total = match cue {
            None => log.total(),
            Some(cue) => log.iter().filter(|sent| cue_of(&sent.kind) == Some(cue)).count(),
        };
        (rows, total)
    };
    let engine = shared.engine();
    let now = shared.clock.now();
    let chosen = cue.and_then(|id| engine.any_cue(id));
    let cues = engine.newest_cues(ROWS);
    let executions = match (cue, chosen) {
        (Some(_), None) => Page {
            items: Vec::new(),
            total: 0,
        },
        _ => engine.newest_executions(chosen, ROWS),
    };
    let messages = engine.newest_messages(ROWS);
    let workers = engine.newest_workers(ROWS);
    let deliveries = sent.iter().map(|(number, sent)| delivery_row(&engine, *number, sent));
    let writer = Writer::object()
        .raw("version", &version.to_string())
        .str("now", &time::z(now))
        .bool("held", shared.clock.is_held());
    let writer = match shared.advance.under_way() {
        Some(UnderWay { from, to, .. }) => {
            let advance = Writer::object().str("from", &time::z(from)).str("to", &time::z(to));
            writer.raw("advance", &advance.finish())
        }
        None => writer.raw("advance", "null"),
    };
    moment(writer, "next", engine.next_event().map(|at| at.max(now)))
        .opt_str("chosen", chosen.map(|cue| &*cue.name))
        .raw("cues", &list(cues.total, cues.items.into_iter().map(cue_row)))
        .raw(
            "executions",
            &list(
                executions.total,
                executions.items.into_iter().map(|(row, cue)| execution_row(row, cue)),
            ),
        )
        .raw("deliveries", &list(total, deliveries))
        .raw(
            "messages",
            &list(
                messages.total,
                messages
                    .items
                    .into_iter()
                    .map(|(row, parties)| message_row(row, parties)),
            ),
        )
        .raw(
            "workers",
            &list(workers.total, workers.items.into_iter().map(|row| worker_row(row, now))),
        )
        .finish()
}

fn list(total: usize, rows: impl Iterator<Item = String>) -> String {
    Writer::object().count("total", total).list("rows", rows).finish()
}

pub(super) fn moment(writer: Writer, key: &str, at: Option<impl Into<Moment>>) -> Writer {
    writer.opt_str(key, at.map(time::z).as_deref())
}

pub(super) fn cue_row(cue: &Cue) -> String {
    let schedule = cue.schedule();
    let writer = Writer::object()
        .str("id", &cue.id)
        .str("name", &cue.name)
        .str("status", cue.status.as_str())
        .str("transport", cue.transport.as_str())
        .opt_str("cron", schedule.cron.as_deref())
        .opt_str(
            "at",
            schedule.at.map(|at| time::with_offset(at, Offset::UTC)).as_deref(),
        )
        .str("timezone", &schedule.timezone)
        .int("runs", cue.run_count);
    moment(moment(writer, "next_run", cue.next_run), "last_run", cue.last_run).finish()
}

pub(super) fn execution_row(execution: &Execution, cue: &Cue) -> String {
    let report = execution.outcome.as_ref().map(|outcome| &outcome.report);
    let writer = Writer::object()
        .str("id", &execution.id.to_string())
        .str("cue", &cue.name)
        .str("triggered_by", execution.triggered_by.as_str())
        .str("status", execution.status.as_str())
        .int("attempts", execution.attempts)
        .int("max_attempts", cue.retry.max_attempts)
        .opt_int("http_status", execution.http_status)
        .opt_str("error", execution.error_message.as_deref().map(start))
        .opt_str("worker", execution.claimed_by_worker.as_deref())
        .opt_str("outcome", execution.outcome_state.map(|state| state.as_str()))
        .opt_str(
            "said",
            report.and_then(|report| {
                let said = [&report.summary, &report.result, &report.error];
                said.into_iter().flatten().next().map(|text| start(text))
            }),
        );
    let writer = moment(writer, "scheduled_for", Some(execution.scheduled_for));
    moment(writer, "next_retry", execution.next_retry).finish()
}

fn delivery_row(engine: &Engine, number: usize, sent: &SentDelivery) -> String {
    let cue = cue_of(&sent.kind).map(|id| engine.any_cue(id).map_or(id, |cue| &cue.name));
    let (result, ok) = result(&sent.result);
    let writer = Writer::object()
        .count("number", number)
        .str("about", cue.unwrap_or_default())
        .str("kind", &sent.kind.name().replace('_', " "))
        .str("method", &sent.method)
        .str("url", start(&sent.url))
        .str("result", &result)
        .bool("ok", ok);
    let writer = match &sent.kind {
        DeliveryKind::Cue { attempt, .. } => writer.int("attempt", *attempt),
        DeliveryKind::OnFailure { .. } => writer,
        DeliveryKind::Message { message_id, attempt } => writer.str("of", message_id).int("attempt", *attempt),
        DeliveryKind::Subscription { delivery_id } => writer.str("of", delivery_id),
        DeliveryKind::Alert { alert_type, .. } => writer.str("of", alert_type.as_str()),
    };
    moment(writer, "sent_at", Some(sent.sent_at)).finish()
}

fn worker_row(worker: &Worker, now: Timestamp) -> String {
    let handlers = worker.handlers.iter().flatten().map(|handler| &**handler);
    let writer = Writer::object()
        .str("id", &worker.worker_id)
        .str("status", worker.status(now))
        .str("handlers", &handlers.collect::<Vec<_>>().join(", "));
    moment(writer, "last_heartbeat", Some(worker.last_heartbeat)).finish()
}

fn message_row(message: &Message, [from, to]: [&str; 2]) -> String {
    let writer = Writer::object()
        .str("id", &message.id)
        .str("from", from)
        .str("to", to)
        .opt_str("subject", message.subject.as_deref().map(start))
        .str("text", start(&message.body))
        .str("status", message.state.as_str())
        .int("priority", message.priority);
    moment(writer, "sent_at", Some(message.created_at)).finish()
}

fn cue_of(kind: &DeliveryKind) -> Option<&str> {
    match kind {
        DeliveryKind::Cue { cue_id, .. } | DeliveryKind::OnFailure { cue_id } => Some(cue_id),
        _ => None,
    }
}

pub(super) fn result(result: &AttemptResult) -> (String, bool) {
    match result {
        AttemptResult::Status(status) => (status.to_string(), (200..300).contains(status)),
        AttemptResult::Later { status, after } => (format!("{status}, again after {} s", after.as_secs()), false),
        AttemptResult::Timeout => ("timed out".into(), false),
        AttemptResult::Connect => ("could not connect".into(), false),
        AttemptResult::Failed(reason) => (start(reason).to_owned(), false),
    }
}

/// As much of a text as a line of a list takes.
fn start(text: &str) -> &str {
    const LENGTH: usize = 200;
    text.char_indices().nth(LENGTH).map_or(text, |(at, _)| &text[..at])
}
