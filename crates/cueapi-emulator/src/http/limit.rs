//! The rate limiter in front of every route but a few, and the headers that it leaves.

use super::{Exchange, Reply, errors::error};
use crate::engine::{Engine, RateDecision};

const EXEMPT: [&str; 8] = [
    "/health",
    "/status",
    "/v1/info",
    "/docs",
    "/openapi.json",
    "/redoc",
    "/auth/device",
    "/v1/auth/verify",
];

fn is_exempt(path: &str) -> bool {
    EXEMPT.contains(&path) || path.starts_with("/v1/internal/")
}

/// `None` when the limiter has no say: an exempt path, or it is switched off.
pub(super) fn check(engine: &mut Engine, exchange: &Exchange<'_>) -> Option<RateDecision> {
    if is_exempt(exchange.uri.path()) {
        return None;
    }
    let header = exchange
        .headers
        .get(http::header::AUTHORIZATION)
        .map(|value| String::from_utf8_lossy(value.as_bytes()));
    let key = header.as_deref().filter(|header| header.contains("cue_sk_"));
    let limit = engine.request_limit(
        exchange.now,
        key.and_then(|header| header.strip_prefix("Bearer ")).map(str::trim),
    )?;
    Some(engine.rate_limit(exchange.now, key.unwrap_or(exchange.peer), limit))
}

pub(super) fn refuse(decision: &RateDecision) -> Reply {
    let seconds = decision.retry_after;
    let mut reply = error(
        429,
        "rate_limit_exceeded",
        &format!("Too many requests. Retry after {seconds} seconds."),
    );
    reply.add("retry-after", seconds.to_string());
    reply
}

pub(super) fn describe(decision: &RateDecision, reply: &mut Reply) {
    reply.add("x-ratelimit-limit", decision.limit.to_string());
    reply.add("x-ratelimit-remaining", decision.remaining.to_string());
    reply.add("x-ratelimit-reset", decision.reset.to_string());
}

/// From 80 % of the month's executions on.
pub(super) fn warn(engine: &Engine, exchange: &Exchange<'_>, reply: &mut Reply) {
    if is_exempt(exchange.uri.path()) {
        return;
    }
    let header = exchange
        .headers
        .get(http::header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let account = header.and_then(|header| {
        engine
            .authenticate(exchange.now, header.strip_prefix("Bearer ")?.trim())
            .ok()
    });
    if account.is_some_and(|account| engine.approaching_limit(exchange.now, account)) {
        reply.add("x-cueapi-usage-warning", "approaching_limit".into());
    }
}
