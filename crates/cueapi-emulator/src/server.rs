//! What runs behind an emulator: the state that it shares, the HTTP service, and the task that does what is due.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    response::Response,
};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::{
    clock::RunningClock,
    delivery::{Sender, SentDelivery},
    engine::{Delivery, DeliveryId, Engine},
    http::{Exchange, MAX_BODY, Reply, answer, too_large, unreadable_body},
    listener::Peer,
};

/// How many sent requests are remembered.
const MAX_SENT: usize = 10_000;

pub(crate) struct Shared {
    engine: Mutex<Engine>,
    pub(crate) clock: RunningClock,
    sender: Sender,
    /// The last [`MAX_SENT`].
    sent: Mutex<VecDeque<SentDelivery>>,
    /// Wakes the task that does what is due: a request may have made something due earlier.
    changed: Notify,
}

impl Shared {
    pub(crate) fn new(engine: Engine, clock: RunningClock, sender: Sender) -> Self {
        Self {
            engine: Mutex::new(engine),
            clock,
            sender,
            sent: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// No code that holds the lock can leave the engine half changed in a way that matters to a test.
    pub(crate) fn engine(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn sent(&self) -> MutexGuard<'_, VecDeque<SentDelivery>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn poll(&self, now: Timestamp) -> Option<Delivery> {
        self.engine().poll(now)
    }

    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.engine().next_due()
    }

    /// Sends a delivery and tells the engine how it went.
    pub(crate) async fn deliver(&self, delivery: Delivery) {
        let id: DeliveryId = delivery.id;
        let sent = self.sender.send(delivery, self.clock.now()).await;
        let result = sent.result.clone();
        {
            let mut log = self.sent();
            if log.len() == MAX_SENT {
                log.pop_front();
            }
            log.push_back(sent);
        }
        self.engine().delivered(self.clock.now(), id, result);
        self.changed.notify_one();
    }

    /// Under the system's clock: does what is due, when it is due, forever.
    pub(crate) async fn run_schedule(self: Arc<Self>) {
        loop {
            while let Some(delivery) = self.poll(self.clock.now()) {
                let shared = self.clone();
                tokio::spawn(async move { shared.deliver(delivery).await });
            }
            let next = self.next_due();
            let wait = async {
                match next {
                    Some(due) => {
                        let left = due.duration_since(self.clock.now());
                        tokio::time::sleep(left.try_into().unwrap_or_default()).await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = wait => {}
                () = self.changed.notified() => {}
            }
        }
    }
}

/// Answers every request, whatever its route.
pub(crate) async fn serve(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let length = parts
        .headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let reply = if length.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > MAX_BODY)) {
        drain(body);
        too_large(&mut shared.engine())
    } else {
        match to_bytes(body, MAX_BODY).await {
            Ok(body) => {
                let exchange = Exchange {
                    now: shared.clock.now(),
                    method: &parts.method,
                    uri: &parts.uri,
                    headers: &parts.headers,
                    body: &body,
                    peer: &peer.address,
                };
                answer(&mut shared.engine(), &exchange)
            }
            Err(_) => unreadable_body(&mut shared.engine()),
        }
    };
    shared.changed.notify_one();
    if matches!(reply, Reply::Crash) {
        peer.drop_connection();
    }
    write(reply)
}

/// Reads what is still coming, so that a caller in the middle of sending gets to see the answer.
fn drain(mut body: Body) {
    tokio::spawn(async move {
        let mut left: usize = 64 * MAX_BODY;
        while let Some(Ok(frame)) = body.frame().await {
            let size = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(size) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    });
}

fn write(reply: Reply) -> Response {
    const CRASHED: &str = r#"{"error":{"code":"internal_error","message":"An internal error occurred","status":500}}"#;
    let (status, body, headers) = match reply {
        Reply::Json { status, body, headers } => (status, Some(Body::from(body)), headers),
        Reply::Empty { status, headers } => (status, None, headers),
        Reply::Crash => (500, Some(Body::from(CRASHED)), Vec::new()),
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let map = response.headers_mut();
    if body.is_some() {
        map.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            map.insert(name, value);
        }
    }
    *response.body_mut() = body.unwrap_or_default();
    response
}
