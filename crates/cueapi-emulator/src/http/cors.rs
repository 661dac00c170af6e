//! Which web pages may call, and see what: all of them, everything, as Starlette's middleware says it.

use http::{HeaderMap, Method, header};

use super::{Exchange, Reply};

const EXPOSED: &str =
    "X-Request-Id, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, X-CueAPI-Usage-Warning";
const METHODS: &str = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, QUERY";

/// Answers a browser that asks beforehand, and adds to every other answer what a browser wants to know.
pub(super) fn apply(exchange: &Exchange<'_>, answer: impl FnOnce() -> Reply) -> Reply {
    let origin = text(exchange.headers, header::ORIGIN);
    let asks = text(exchange.headers, header::ACCESS_CONTROL_REQUEST_METHOD);
    match (origin, asks) {
        (Some(origin), Some(method)) if exchange.method == Method::OPTIONS => preflight(exchange, origin, method),
        _ => {
            let mut reply = answer();
            describe(origin, &mut reply);
            reply
        }
    }
}

pub(super) fn describe(origin: Option<&str>, reply: &mut Reply) {
    if let Some(origin) = origin {
        reply.add("access-control-allow-origin", origin.to_owned());
        reply.add("access-control-allow-credentials", "true".into());
        reply.add("access-control-expose-headers", EXPOSED.into());
    }
    reply.add("vary", "Origin".into());
}

fn preflight(exchange: &Exchange<'_>, origin: &str, method: &str) -> Reply {
    let allowed = METHODS.split(", ").any(|allowed| allowed == method);
    let (status, body) = if allowed {
        (200, "OK")
    } else {
        (400, "Disallowed CORS method")
    };
    let mut reply = Reply::Text {
        status,
        content_type: "text/plain; charset=utf-8",
        body: body.into(),
        headers: Vec::new(),
    };
    reply.add(
        "vary",
        "Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network"
            .into(),
    );
    reply.add("access-control-allow-methods", METHODS.into());
    reply.add("access-control-max-age", "600".into());
    reply.add("access-control-allow-credentials", "true".into());
    reply.add("access-control-allow-origin", origin.to_owned());
    if let Some(headers) = text(exchange.headers, header::ACCESS_CONTROL_REQUEST_HEADERS) {
        reply.add("access-control-allow-headers", headers.to_owned());
    }
    reply
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
