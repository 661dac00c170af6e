//! What the page's buttons do.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::Response,
};
use bytes::Bytes;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use super::{json, problem};
use crate::{
    advance::Halt,
    engine::{AccountId, CueStatus, Engine, PatchCue, Refusal},
    json::{Json, Writer},
    shared::{NotSaved, Shared},
    time,
};

/// As far as one request may move the clock, so that a slip of the finger has an end.
const MAX_ADVANCE: SignedDuration = SignedDuration::from_hours(366 * 24);

const NOT_SAVED: &str = "It could not be saved; what the emulator prints says why.";

pub(super) async fn fire(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let now = shared.clock.now();
    let fired = change(&shared, &id, |engine, account| engine.fire(now, account, &id, None));
    match fired {
        Ok(fired) => {
            if shared.clock.is_held() {
                // It is due now, and who presses a button expects to see it happen.
                if shared
                    .advance_to(fired.scheduled_for.due(), &Halt::new())
                    .await
                    .is_err()
                {
                    return problem(StatusCode::INTERNAL_SERVER_ERROR, NOT_SAVED);
                }
            }
            json(Writer::object().str("execution_id", &fired.id.to_string()).finish())
        }
        Err((status, message)) => problem(status, &message),
    }
}

pub(super) async fn pause(State(shared): State<Arc<Shared>>, id: Path<String>) -> Response {
    set_status(&shared, &id, CueStatus::Paused)
}

pub(super) async fn resume(State(shared): State<Arc<Shared>>, id: Path<String>) -> Response {
    set_status(&shared, &id, CueStatus::Active)
}

fn set_status(shared: &Shared, id: &str, status: CueStatus) -> Response {
    let now = shared.clock.now();
    let patch = PatchCue {
        status: Some(status),
        ..PatchCue::default()
    };
    let patched = change(shared, id, |engine, account| {
        engine.patch_cue(now, account, id, patch).map(|cue| cue.status)
    });
    match patched {
        Ok(status) => json(Writer::object().str("status", status.as_str()).finish()),
        Err((status, message)) => problem(status, &message),
    }
}

/// Does something with a cue in the name of its account.
fn change<R>(
    shared: &Shared,
    cue: &str,
    work: impl FnOnce(&mut Engine, AccountId) -> Result<R, Refusal>,
) -> Result<R, (StatusCode, String)> {
    let changed = shared.change(|engine| {
        let account = engine.any_cue(cue)?.account;
        Some(work(engine, account))
    });
    shared.has_happened();
    match changed {
        Ok(Some(result)) => result.map_err(refused),
        Ok(None) => Err((StatusCode::NOT_FOUND, "There is no such cue any more.".into())),
        Err(NotSaved) => Err((StatusCode::INTERNAL_SERVER_ERROR, NOT_SAVED.into())),
    }
}

/// `{"seconds": 3600}`, `{"to": "2026-03-01T09:00:00Z"}`, or `{}` for the next moment at which something happens.
///
/// Answers when all that fell due on the way has happened, or when it was [halted](halt). A caller that hangs up halts it, too.
pub(super) async fn advance(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    if !shared.clock.is_held() {
        let message = "The clock is the system's: it cannot be moved. Start the emulator with --clock TIME to hold it.";
        return problem(StatusCode::CONFLICT, message);
    }
    let now = shared.clock.now();
    let moment = match destination(&shared, now, &body) {
        Ok(moment) => moment,
        Err(message) => return problem(StatusCode::BAD_REQUEST, message),
    };
    if moment.duration_since(now) > MAX_ADVANCE {
        return problem(
            StatusCode::BAD_REQUEST,
            "The clock moves by 366 days at most at a time.",
        );
    }
    if shared.advance_to(moment, &Halt::new()).await.is_err() {
        return problem(StatusCode::INTERNAL_SERVER_ERROR, NOT_SAVED);
    }
    json(Writer::object().str("now", &time::z(shared.clock.now())).finish())
}

fn destination(shared: &Shared, now: Timestamp, body: &[u8]) -> Result<Timestamp, &'static str> {
    const EXPECTED: &str = r#"Send {"seconds": N}, {"to": "2026-03-01T09:00:00Z"} or {} for the next event."#;
    let body = Json::parse(body).map_err(|_| EXPECTED)?;
    let Json::Object(members) = &body else {
        return Err(EXPECTED);
    };
    match members.as_slice() {
        [] => {
            let next = shared.engine().next_event().map(|at| at.max(now));
            next.ok_or("Nothing is going to happen: there is no active cue and no retry.")
        }
        [(name, Json::Int(seconds @ 0..))] if &**name == "seconds" => now
            .saturating_add(SignedDuration::from_secs(*seconds))
            .map_err(|_| EXPECTED),
        [(name, Json::Str(to))] if &**name == "to" => match to.parse::<Timestamp>() {
            Ok(to) if to >= now => Ok(to),
            Ok(_) => Err("The clock moves forward only."),
            Err(_) => Err(EXPECTED),
        },
        _ => Err(EXPECTED),
    }
}

/// Ends the advance that is under way; the clock stays where it is.
pub(super) async fn halt(State(shared): State<Arc<Shared>>) -> Response {
    shared.advance.halt();
    json(Writer::object().str("now", &time::z(shared.clock.now())).finish())
}

fn refused(refusal: Refusal) -> (StatusCode, String) {
    match refusal {
        Refusal::Api { status, message, .. } | Refusal::OverLimit { status, message, .. } => {
            (StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), message)
        }
        Refusal::Internal => (StatusCode::CONFLICT, "A server would answer 500 to this.".into()),
    }
}
