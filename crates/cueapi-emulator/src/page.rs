//! The page at `/`: what the emulator holds, as it changes, with buttons to fire cues and to move a held clock.
//!
//! It asks for no key and shows payloads, so other sites are kept out: a `Host` that is a name other than `localhost` may
//! be a name that somebody else made point here, and a POST needs a header that no foreign page may send.

mod actions;
mod detail;
mod live;

use std::{net::IpAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    middleware::{Next, from_fn},
    response::Response,
    routing::{any, get, post},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, uri::Authority};

use crate::{json::Writer, listener::Peer, server::serve, shared::Shared};

/// Every POST must carry it, with any value.
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
pub(crate) fn router() -> Router<Arc<Shared>> {
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
        .route_layer(from_fn(guard))
}

/// The Rust that the page shows, so that it is compiled.
#[cfg(doctest)]
#[doc = concat!("```no_run\n", include_str!("page/first_cue.rs"), "```")]
struct FirstCue;

/// The page for a browser; for anyone else, what a CueAPI server has there: nothing.
async fn index(state: State<Arc<Shared>>, peer: ConnectInfo<Peer>, request: Request) -> Response {
    if is_for_a_browser(&request) {
        asset("text/html", include_str!("page/index.html"))
    } else {
        serve(state, peer, request).await
    }
}

fn is_for_a_browser(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT);
    let takes_html = accept.is_some_and(|accept| accept.as_bytes().windows(9).any(|part| part == b"text/html"));
    takes_html && request.method() == Method::GET
}

async fn guard(request: Request, next: Next) -> Response {
    if request.uri().path() == "/" && !is_for_a_browser(&request) {
        return next.run(request).await;
    }
    let mut response = if !is_local_name(request.headers()) {
        problem(
            StatusCode::FORBIDDEN,
            "Open the page by an IP address or as localhost: another name could be a foreign site's.",
        )
    } else if request.method() == Method::POST && !request.headers().contains_key(HEADER) {
        problem(
            StatusCode::FORBIDDEN,
            "Send the header X-CueAPI-Emulator, with any value: pages of other sites cannot.",
        )
    } else {
        next.run(request).await
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

/// Whether the host is an address or `localhost`, which no foreign site can have.
fn is_local_name(headers: &HeaderMap) -> bool {
    let authority = headers
        .get(header::HOST)
        .and_then(|host| Authority::try_from(host.as_bytes()).ok());
    authority.is_some_and(|authority| {
        let host = authority.host();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok()
    })
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
