//! The page at `/`: what the emulator holds, as it changes, with buttons to fire cues and to move a held clock.
//!
//! It asks for no key and shows payloads, so pages of other sites are kept out, whatever [`Cors`](crate::Cors) lets them do
//! with the API; and its buttons send a token that only the page itself has.

mod actions;
mod detail;
mod live;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::{any, get, post},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use sha2::{Digest as _, Sha256};

use crate::{
    gate::check_origin,
    json::Writer,
    listener::Peer,
    server::{serve, write},
    shared::Shared,
};

/// Every POST must carry it, with the token; or the emulator's API key, for scripts.
const HEADER: &str = "x-cueapi-emulator";

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types 'none'";

const ASSETS: [(&str, &str, &str); 6] = [
    ("/emulator/page.css", "text/css", include_str!("page/page.css")),
    ("/emulator/page.js", "text/javascript", include_str!("page/page.js")),
    ("/emulator/table.js", "text/javascript", include_str!("page/table.js")),
    ("/emulator/dom.js", "text/javascript", include_str!("page/dom.js")),
    ("/emulator/icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
    (
        "/emulator/first_cue.rs",
        "text/plain",
        include_str!("page/first_cue.rs"),
    ),
];

/// The routes of the page; no CueAPI route begins with `/emulator`.
pub(crate) fn router(shared: Arc<Shared>) -> Router<Arc<Shared>> {
    let mut router = Router::new().route("/", any(index));
    for (path, kind, text) in ASSETS {
        router = router.route(path, get(async || asset(kind, text)));
    }
    router
        .route("/emulator/state", get(live::state))
        .route("/emulator/cues/{id}", get(detail::cue))
        .route("/emulator/executions/{id}", get(detail::execution))
        .route("/emulator/messages/{id}", get(detail::message))
        .route("/emulator/deliveries/{number}", get(detail::delivery))
        .route("/emulator/cues/{id}/fire", post(actions::fire))
        .route("/emulator/cues/{id}/pause", post(actions::pause))
        .route("/emulator/cues/{id}/resume", post(actions::resume))
        .route("/emulator/advance", post(actions::advance))
        .route("/emulator/advance/halt", post(actions::halt))
        .route_layer(from_fn_with_state(shared, guard))
}

/// The Rust that the page shows, so that it is compiled.
#[cfg(doctest)]
#[doc = concat!("```no_run\n", include_str!("page/first_cue.rs"), "```")]
struct FirstCue;

/// The page for a browser; for anyone else, what a CueAPI server has there: nothing.
async fn index(state: State<Arc<Shared>>, peer: ConnectInfo<Peer>, request: Request) -> Response {
    if is_for_a_browser(&request) {
        let token = &state.gate.token;
        respond(
            StatusCode::OK,
            "text/html",
            include_str!("page/index.html").replace("{token}", token),
        )
    } else {
        serve(state, peer, request).await
    }
}

fn is_for_a_browser(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT);
    let takes_html = accept.is_some_and(|accept| accept.as_bytes().windows(9).any(|part| part == b"text/html"));
    takes_html && request.method() == Method::GET
}

async fn guard(state: State<Arc<Shared>>, peer: ConnectInfo<Peer>, request: Request, next: Next) -> Response {
    if request.uri().path() == "/" && !is_for_a_browser(&request) {
        return next.run(request).await;
    }
    let mut response = match check_origin(&request) {
        Err(refusal) => write(refusal, &peer),
        Ok(()) if request.method() == Method::POST && !may_act(&state, request.headers()) => problem(
            StatusCode::FORBIDDEN,
            "Reload the page: it belongs to an earlier start of the emulator. Scripts send the emulator's API key, as \
             `Authorization: Bearer`.",
        ),
        Ok(()) => next.run(request).await,
    };
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether a request comes from the page as it was served last, or from somebody who has the emulator's key.
fn may_act(shared: &Shared, headers: &HeaderMap) -> bool {
    let bytes = |name| headers.get(name).map(HeaderValue::as_bytes);
    if bytes(HEADER).is_some_and(|token| is_same(token, shared.gate.token.as_bytes())) {
        return true;
    }
    let key = bytes("authorization").and_then(|value| value.strip_prefix(b"Bearer "));
    let engine = shared.engine();
    let owner = engine.first_account().and_then(|owner| engine.account(owner));
    key.zip(owner)
        .is_some_and(|(key, owner)| is_same(key, owner.api_key.as_bytes()))
}

/// Compares digests, so that the time it takes tells nothing about the secret.
fn is_same(given: &[u8], secret: &[u8]) -> bool {
    Sha256::digest(given) == Sha256::digest(secret)
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    respond(StatusCode::OK, kind, text)
}

fn json(body: String) -> Response {
    respond(StatusCode::OK, "application/json", body)
}

fn problem(status: StatusCode, message: &str) -> Response {
    respond(
        status,
        "application/json",
        Writer::object().str("message", message).finish(),
    )
}

fn respond(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let kind = match kind {
        "application/json" => HeaderValue::from_static(kind),
        text => {
            HeaderValue::try_from(format!("{text}; charset=utf-8")).unwrap_or(HeaderValue::from_static("text/plain"))
        }
    };
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
