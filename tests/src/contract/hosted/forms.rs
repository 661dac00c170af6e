//! The documented forms, each by what tells it from the others.

use http::HeaderMap;
use serde_json::Value;

/// A form in words, and whether an answer has it.
pub(super) type Form = (&'static str, fn(&Value) -> bool);

/// The first form that an answer of success has, or the form of its error.
pub(super) fn of(status: u16, headers: &HeaderMap, body: &Value, forms: &[Form]) -> Option<&'static str> {
    match status {
        204 | 304 if body.is_null() => Some("no body"),
        200..300 => forms.iter().find(|(_, is)| is(body)).map(|(name, _)| *name),
        429 if headers.contains_key("retry-after") => Some("too many, Retry-After says how long"),
        400.. => error(body),
        _ => None,
    }
}

/// How an error is written, and for codes that are documented in more than one way, which.
fn error(body: &Value) -> Option<&'static str> {
    let error = &body["error"];
    let (code, status) = (error["code"].as_str(), error["status"].is_u64());
    Some(match (code, status) {
        (Some("outcome_already_reported"), _) => "error outcome_already_reported",
        (Some("outcome_already_recorded"), _) => "error outcome_already_recorded",
        (Some("already_claimed"), _) => "error already_claimed",
        (Some("claim_failed"), _) => "error claim_failed",
        (Some("invalid_api_key"), _) => "error invalid_api_key",
        (Some("not_authenticated"), _) => "error not_authenticated",
        (Some(_), true) => "error with code and status",
        (Some(_), false) => "error with code, without status",
        (None, _) if error.is_string() && body["message"].is_string() => "error as a text, beside message",
        (None, _) if body["detail"].is_array() => "error as a list in detail",
        (None, _) if body["detail"].is_string() => "error as a text in detail",
        _ => return None,
    })
}

fn has(value: &Value, members: &[&str]) -> bool {
    value.is_object() && members.iter().all(|member| value.get(member).is_some())
}

/// A list without rows, or with a first row like this.
fn no_rows(body: &Value, list: &str) -> bool {
    body[list].as_array().is_some_and(Vec::is_empty)
}

const CUE: [&str; 4] = ["id", "name", "status", "schedule"];

fn cue(body: &Value) -> bool {
    has(body, &CUE)
}

fn full_cue(body: &Value) -> bool {
    cue(body) && has(body, &["retry", "updated_at", "callback"])
}

pub(super) const CUE_FORMS: &[Form] = &[
    ("with retry, updated_at and callback", full_cue),
    ("without retry, updated_at or callback", cue),
];

pub(super) const CUES: &[Form] = &[
    ("no rows", |body| no_rows(body, "cues")),
    ("rows with retry, updated_at and callback", |body| {
        full_cue(&body["cues"][0])
    }),
    ("rows without retry, updated_at or callback", |body| {
        cue(&body["cues"][0])
    }),
];

pub(super) const CUE_DETAIL: &[Form] = &[
    ("no executions in it", |body| {
        cue(body) && body["executions"][0].is_null()
    }),
    ("executions in it, with cue_id", |body| {
        cue(body) && has(&body["executions"][0], &["id", "cue_id"])
    }),
    ("executions in it, without cue_id", |body| {
        cue(body) && has(&body["executions"][0], &["id", "status"])
    }),
];

fn execution(row: &Value) -> bool {
    has(row, &["id", "status"])
}

pub(super) const EXECUTIONS: &[Form] = &[
    ("no rows", |body| no_rows(body, "executions")),
    ("rows with outcome_success", |body| {
        execution(&body["executions"][0]) && has(&body["executions"][0], &["outcome_success"])
    }),
    ("rows without outcome_success", |body| execution(&body["executions"][0])),
];

pub(super) const EXECUTION: &[Form] = &[
    ("with outcome_success", |body| {
        execution(body) && has(body, &["outcome_success"])
    }),
    ("without outcome_success", execution),
];

pub(super) const CLAIMABLE: &[Form] = &[
    ("no rows", |body| no_rows(body, "executions")),
    ("rows", |body| has(&body["executions"][0], &["execution_id", "cue_id"])),
];

pub(super) const WORKERS: &[Form] = &[
    ("no rows", |body| no_rows(body, "workers")),
    ("rows with heartbeat_status", |body| {
        has(&body["workers"][0], &["worker_id", "heartbeat_status"])
    }),
];

pub(super) const ALERTS: &[Form] = &[
    ("no rows", |body| no_rows(body, "alerts")),
    ("rows with the hosted types", |body| {
        ["consecutive_failure", "missed_window"].contains(&body["alerts"][0]["alert_type"].as_str().unwrap_or_default())
    }),
    ("rows with the types of both or of self-hosted servers", |body| {
        let kind = body["alerts"][0]["alert_type"].as_str().unwrap_or_default();
        ["outcome_timeout", "consecutive_failures", "verification_failed"].contains(&kind)
    }),
];

pub(super) const USAGE: &[Form] = &[
    ("plan as a text", |body| {
        body["plan"].is_string() && has(body, &["cues", "executions"])
    }),
    ("plan as an object", |body| body["plan"].is_object()),
];

pub(super) const HEALTH: &[Form] = &[
    ("times with an offset", |body| {
        body["status"].is_string() && offset(body)
    }),
    ("times without an offset", |body| {
        body["status"].is_string() && body["timestamp"].is_string()
    }),
];

fn offset(body: &Value) -> bool {
    let time = body["timestamp"].as_str().unwrap_or_default();
    time.ends_with('Z') || time.rsplit_once('T').is_some_and(|(_, time)| time.contains(['+', '-']))
}

pub(super) const STATUS: &[Form] = &[("status", |body| body["status"].is_string())];

pub(super) const INFO: &[Form] = &[("as a self-hosted server's", |body| body["version"].is_string())];

pub(super) const ACCOUNT: &[Form] = &[
    ("with id and monthly_executions", |body| {
        has(body, &["email", "plan", "id", "monthly_executions"])
    }),
    ("with limits, as a self-hosted server's", |body| {
        has(body, &["email", "plan", "active_cue_limit"])
    }),
];

pub(super) const KEY: &[Form] = &[
    ("the key, with key_prefix", |body| {
        body["api_key"].is_string() && has(body, &["key_prefix"])
    }),
    ("the key alone", |body| body["api_key"].is_string()),
    ("no key, prefix and message", |body| has(body, &["prefix", "message"])),
];

pub(super) const WEBHOOK_SECRET: &[Form] = &[("the secret", |body| body["webhook_secret"].is_string())];

pub(super) const KEYS: &[Form] = &[("rows with label and created_by", |body| {
    has(&body["keys"][0], &["id", "prefix", "label", "created_by"])
})];

pub(super) const PROCESSING: &[Form] = &[("as documented", |body| {
    has(body, &["controller", "data_types", "your_rights"])
})];

pub(super) const MEMORY_BLOCK: &[Form] = &[("a text or an object", |body| {
    body.is_string() || body.is_object() || body.is_null()
})];

pub(super) const AGENTS: &[Form] = &[("as a self-hosted server's", |body| has(body, &["agents", "total"]))];

pub(super) const ECHO: &[Form] = &[("waiting", |body| body["status"] == "waiting")];

/// A limit of 0 that is not refused.
pub(super) const TAKEN: &[Form] = &[("taken as it is", |body| body["cues"].is_array())];

pub(super) const FIRED: &[Form] = &[("id, status and triggered_by", |body| {
    has(body, &["id", "status", "triggered_by"])
})];

pub(super) const CLAIMED: &[Form] = &[
    ("with lease_seconds", |body| {
        has(body, &["claimed", "execution_id", "lease_seconds"])
    }),
    ("with payload", |body| {
        has(body, &["claimed", "execution_id", "payload"])
    }),
];

pub(super) const HEARTBEAT: &[Form] = &[
    ("with execution_id", |body| {
        has(body, &["acknowledged", "lease_extended_until", "execution_id"])
    }),
    ("without execution_id", |body| {
        has(body, &["acknowledged", "lease_extended_until"])
    }),
];

pub(super) const OUTCOME: &[Form] = &[
    ("the outcome inside", |body| {
        body["outcome"].is_object() && has(body, &["execution_id"])
    }),
    ("outcome_recorded and outcome_state", |body| {
        has(body, &["execution_id", "outcome_recorded", "outcome_state"])
    }),
];

pub(super) const EVIDENCE: &[Form] = &[("evidence_updated", |body| {
    has(body, &["execution_id", "evidence_updated"])
})];

pub(super) const VERIFIED: &[Form] = &[
    ("with valid", |body| {
        has(body, &["execution_id", "outcome_state", "valid"])
    }),
    ("without valid", |body| has(body, &["execution_id", "outcome_state"])),
];

pub(super) const REPLAYED: &[Form] = &[("with replayed_from", |body| {
    has(body, &["id", "status", "replayed_from"])
})];

pub(super) const DELETED: &[Form] = &[("a body", |body| body.is_object())];
