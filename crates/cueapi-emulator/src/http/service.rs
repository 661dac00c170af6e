//! What the server says about itself, to anybody.

use jiff::{Timestamp, tz::Offset};

use super::Reply;
use crate::{engine::Engine, json::Writer, time};

pub(super) fn info() -> Reply {
    let paths = Writer::object()
        .bool("per_user_api_key", true)
        .bool("internal_token_with_on_behalf_of", false)
        .finish();
    let body = Writer::object()
        .str("version", "0.1.2")
        .str("authorization_backend", "SameTenantAuthorizationBackend")
        .raw("authentication_paths", &paths)
        .raw("disabled_primitives", "[]");
    Reply::ok(body.finish())
}

pub(super) fn status() -> Reply {
    Reply::ok(Writer::object().str("status", "healthy").finish())
}

pub(super) fn health(engine: &Engine, now: Timestamp) -> Reply {
    let now_text = time::with_offset(now, Offset::UTC);
    let census = engine.census(now);
    let worker = if census.active_workers > 0 { "ok" } else { "none" };
    let services = Writer::object()
        .str("postgres", "ok")
        .str("redis", "ok")
        .str("poller", "ok")
        .str("worker", worker)
        .finish();
    let poller = Writer::object()
        .str("last_run", &now_text)
        .int("seconds_ago", 0)
        .int("cues_last_cycle", 0)
        .int("cycle_duration_ms", 0)
        .finish();
    let mut workers = Writer::object().count("active_count", census.active_workers);
    if let Some(last) = census.last_heartbeat {
        // Not a valid RFC 3339 time, but this is what the server sends.
        workers = workers.str("last_heartbeat", &format!("{}Z", time::with_offset(last, Offset::UTC)));
    }
    let queue = Writer::object()
        .count("pending_outbox", census.pending_deliveries)
        .count("stale_executions", 0)
        .count("pending_retries", census.pending_retries)
        .count("pending_worker_claims", census.pending_claims)
        .finish();
    let body = Writer::object()
        .str("status", "healthy")
        .str("version", "1.0.0")
        .str("timestamp", &now_text)
        .raw("services", &services)
        .raw("poller", &poller)
        .raw("workers", &workers.finish())
        .raw("queue", &queue);
    Reply::ok(body.finish())
}
