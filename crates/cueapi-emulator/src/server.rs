//! The HTTP service: reads requests, has them answered, and makes go wrong what a fault wants.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    response::Response,
};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, Uri, header, request::Parts};
use http_body_util::BodyExt as _;
use tokio::sync::watch;

use crate::{
    engine::Engine,
    faults::{CallFault, Target, ordered_reply, trickle},
    http::{Exchange, MAX_BODY, Reply, answer, operation, too_large, unreadable_body},
    listener::Peer,
    shared::Shared,
};

/// Answers every request, whatever its route.
pub(crate) async fn serve(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Some(fault) = shared.call_fault(&parts.method, &parts.uri) else {
        return write(carry_out(&shared, &peer, &parts, body).await, &peer);
    };
    shared.has_happened();
    match fault {
        CallFault::Refused => {}
        CallFault::Stalled => drop(shared.stopped.clone().changed().await),
        CallFault::RateLimited(_) | CallFault::Error(_) => {
            drain(body, shared.ends.body());
            return write(ordered_reply(&fault), &peer);
        }
        CallFault::ErrorAfter(_) => {
            carry_out(&shared, &peer, &parts, body).await;
            return write(ordered_reply(&fault), &peer);
        }
        CallFault::AnswerLost => {
            carry_out(&shared, &peer, &parts, body).await;
        }
        CallFault::AnswerCut | CallFault::AnswerSlow(_) => {
            let answer = write(carry_out(&shared, &peer, &parts, body).await, &peer);
            if let Some(broken) = trickle(answer, &fault).await {
                return broken;
            }
        }
        CallFault::ClaimedTwice => {
            // What the next call does is no state to keep.
            drop(shared.change(Engine::claim_next_twice));
            return write(carry_out(&shared, &peer, &parts, body).await, &peer);
        }
    }
    peer.cut_connection();
    Response::default()
}

async fn carry_out(shared: &Shared, peer: &Peer, parts: &Parts, body: Body) -> Reply {
    let length = parts
        .headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let happened = shared.watch();
    let reply = if length.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > MAX_BODY)) {
        drain(body, shared.ends.body());
        shared.change(too_large)
    } else {
        match tokio::time::timeout(shared.ends.body(), to_bytes(body, MAX_BODY)).await {
            Err(_) => {
                // Nothing follows what has not come to its end.
                peer.cut_connection();
                Ok(Reply::Crash)
            }
            Ok(Ok(body)) => {
                let exchange = Exchange {
                    now: shared.clock.now(),
                    method: &parts.method,
                    uri: &parts.uri,
                    headers: &parts.headers,
                    body: &body,
                    peer: &peer.address,
                };
                let answered = shared.change(|engine| (answer(engine, &exchange), engine.take_emails()));
                answered.map(|(reply, emails)| {
                    shared.mailbox.post(emails);
                    reply
                })
            }
            Ok(Err(_)) => shared.change(unreadable_body),
        }
    };
    shared.has_happened();
    shared.settle(reply.unwrap_or(Reply::Crash), happened).await
}

impl Shared {
    /// Whether a fault closes a connection before anything is read from it.
    pub(crate) fn refuses_connection(&self) -> bool {
        let mut orders = self.orders();
        !orders.is_empty() && orders.call(self.clock.now(), Target::Connection).is_some()
    }

    fn call_fault(&self, method: &Method, uri: &Uri) -> Option<CallFault> {
        let mut orders = self.orders();
        if orders.is_empty() {
            return None;
        }
        let target = Target::Call {
            operation: operation(method, uri)?.id(),
            path: uri.path().into(),
        };
        orders.call(self.clock.now(), target)
    }

    /// Asks again, whenever something has happened, until there is an answer. The engine is free meanwhile.
    async fn settle(&self, mut reply: Reply, mut happened: watch::Receiver<u64>) -> Reply {
        let mut stopped = self.stopped.clone();
        while let Reply::Hold(hold) = reply {
            let over = async {
                if self.clock.is_held() {
                    return std::future::pending().await;
                }
                let left = hold.until().duration_since(self.clock.now());
                tokio::time::sleep(left.try_into().unwrap_or_default()).await;
            };
            let now = tokio::select! {
                () = over => self.clock.now(),
                _ = happened.changed() => self.clock.now(),
                // There is no more time.
                _ = stopped.changed() => hold.until(),
            };
            reply = self.change(|engine| hold.ask(engine, now)).unwrap_or(Reply::Crash);
        }
        reply
    }
}

/// Reads what is still coming, so that a caller in the middle of sending gets to see the answer.
fn drain(mut body: Body, limit: Duration) {
    let draining = async move {
        let mut left: usize = 64 * MAX_BODY;
        while let Some(Ok(frame)) = body.frame().await {
            let size = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(size) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    tokio::spawn(tokio::time::timeout(limit, draining));
}

pub(crate) fn write(reply: Reply, peer: &Peer) -> Response {
    if matches!(reply, Reply::Crash | Reply::Empty { status: 304, .. }) {
        peer.drop_connection();
    }
    const CRASHED: &str = r#"{"error":{"code":"internal_error","message":"An internal error occurred","status":500}}"#;
    const JSON: &str = "application/json";
    let (status, body, headers) = match reply {
        Reply::Json { status, body, headers } => (status, Some((JSON, body.into())), headers),
        Reply::Text {
            status,
            content_type,
            body,
            headers,
        } => (status, Some((content_type, body.into())), headers),
        Reply::Empty { status, headers } => (status, None, headers),
        Reply::Crash | Reply::Hold(_) => (500, Some((JSON, Body::from(CRASHED))), Vec::new()),
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let map = response.headers_mut();
    map.insert(header::SERVER, HeaderValue::from_static("uvicorn"));
    if let Some((content_type, _)) = body {
        map.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            map.insert(name, value);
        }
    }
    *response.body_mut() = body.map(|(_, body)| body).unwrap_or_default();
    response
}
