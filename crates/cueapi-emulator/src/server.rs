//! What runs behind an emulator: the state that it shares, the HTTP service, and the task that does what is due.

use std::{
    collections::VecDeque,
    error::Error,
    mem,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    response::Response,
};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, Uri, header, request::Parts};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use tokio::sync::{Notify, watch};

use crate::{
    clock::RunningClock,
    delivery::Sender,
    engine::{Change, Delivery, Email, Engine, MAX_EMAILS},
    faults::{CallFault, DeliveryFault, Orders, Target, ordered_reply, trickle},
    http::{Exchange, MAX_BODY, Reply, answer, operation, too_large, unreadable_body},
    listener::Peer,
    sent::SentLog,
};

/// Where an engine's rows are written down.
pub(crate) trait Save: Send {
    /// Writes all or nothing: rows, and where a held clock stands.
    fn save(&mut self, changes: &[Change], clock: Option<Timestamp>) -> Result<(), Box<dyn Error + Send + Sync>>;
}

/// A change was made but could not be written down: whoever asked for it must not be told that it is safe.
#[derive(Debug)]
pub(crate) struct NotSaved;

struct Kept {
    engine: Engine,
    store: Option<Box<dyn Save>>,
}

/// The engine, to look at.
pub(crate) struct Reading<'a>(MutexGuard<'a, Kept>);

impl Deref for Reading<'_> {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.0.engine
    }
}
/// Whom a mail is shown to in the place of the mailbox that it is for.
pub(crate) type EmailHook = Arc<dyn Fn(&Email) + Send + Sync>;

pub(crate) struct Shared {
    state: Mutex<Kept>,
    pub(crate) clock: Arc<RunningClock>,
    pub(crate) sender: Sender,
    sent: Mutex<SentLog>,
    /// One caller at a time moves a held clock.
    pub(crate) advancing: tokio::sync::Mutex<()>,
    /// The last [`MAX_EMAILS`].
    emails: Mutex<VecDeque<Email>>,
    on_email: Option<EmailHook>,
    /// Wakes the task that does what is due: a request may have made something due earlier.
    changed: Notify,
    /// Counts what has happened, for those who wait for something.
    happened: watch::Sender<u64>,
    orders: Mutex<Orders>,
    /// Deliveries that a fault lets go after the next one.
    held_back: Mutex<Vec<Delivery>>,
    /// Changes when the emulator stops.
    pub(crate) stopped: watch::Receiver<()>,
}

impl Shared {
    pub(crate) fn new(
        mut engine: Engine,
        store: Option<Box<dyn Save>>,
        clock: RunningClock,
        sender: Sender,
        orders: Orders,
        on_email: Option<EmailHook>,
        stopped: watch::Receiver<()>,
    ) -> Result<Self, NotSaved> {
        if store.is_some() {
            engine.track_changes();
        }
        let shared = Self {
            state: Mutex::new(Kept { engine, store }),
            clock: Arc::new(clock),
            sender,
            sent: Mutex::default(),
            advancing: tokio::sync::Mutex::default(),
            emails: Mutex::default(),
            on_email,
            changed: Notify::new(),
            happened: watch::Sender::default(),
            orders: Mutex::new(orders),
            held_back: Mutex::default(),
            stopped,
        };
        shared.change(|_| ())?;
        Ok(shared)
    }

    pub(crate) fn engine(&self) -> Reading<'_> {
        Reading(lock(&self.state))
    }

    /// Changes the engine, and writes the change down before anyone hears of it. What could not be written stays in memory,
    /// and is written with the next change.
    pub(crate) fn change<R>(&self, work: impl FnOnce(&mut Engine) -> R) -> Result<R, NotSaved> {
        let mut state = lock(&self.state);
        let result = work(&mut state.engine);
        let Kept { engine, store } = &mut *state;
        if let Some(store) = store {
            self.save(engine, &mut **store)?;
        }
        Ok(result)
    }

    fn save(&self, engine: &mut Engine, store: &mut dyn Save) -> Result<(), NotSaved> {
        let clock = self.clock.is_held().then(|| self.clock.now());
        let saved = engine.changes().map_err(Into::into).and_then(|changes| {
            if changes.is_empty() {
                return Ok(());
            }
            store.save(&changes, clock)
        });
        match saved {
            Ok(()) => {
                engine.changes_saved();
                Ok(())
            }
            Err(error) => {
                eprintln!("cueapi-emulator: what has changed could not be saved: {error}");
                Err(NotSaved)
            }
        }
    }

    /// Moves a held clock forward, never back; it may be what a request is waiting for.
    pub(crate) fn move_clock(&self, moment: Timestamp) {
        self.clock.move_to(moment);
        self.tell();
        let mut state = lock(&self.state);
        if let Some(store) = state.store.as_mut().filter(|_| self.clock.is_held()) {
            if let Err(error) = store.save(&[], Some(self.clock.now())) {
                eprintln!("cueapi-emulator: where the clock stands could not be saved: {error}");
            }
        }
    }

    pub(crate) fn sent(&self) -> MutexGuard<'_, SentLog> {
        lock(&self.sent)
    }

    pub(crate) fn orders(&self) -> MutexGuard<'_, Orders> {
        lock(&self.orders)
    }

    /// Resolves, from now on, whenever something has happened.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.happened.subscribe()
    }

    pub(crate) fn has_happened(&self) {
        self.changed.notify_one();
        self.tell();
    }

    /// Lets those who wait for something look again.
    fn tell(&self) {
        self.happened.send_modify(|count| *count = count.wrapping_add(1));
    }

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

    pub(crate) fn emails(&self) -> MutexGuard<'_, VecDeque<Email>> {
        self.emails.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows the emails that a request has made the server write.
    fn post(&self, emails: Vec<Email>) {
        for email in emails {
            if let Some(show) = &self.on_email {
                show(&email);
            }
            let mut kept = self.emails();
            if kept.len() == MAX_EMAILS {
                kept.pop_front();
            }
            kept.push_back(email);
        }
    }

    pub(crate) fn poll(&self, now: Timestamp) -> Option<Delivery> {
        // A delivery that is not noted anywhere does not go out: its execution counts as stale, and is tried again.
        let delivery = self.change(|engine| engine.poll(now)).ok().flatten();
        self.tell();
        delivery
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

    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.engine().next_due()
    }

    /// Sends a delivery and tells the engine how it went; or keeps it until the next one has gone, as a fault may want.
    pub(crate) async fn deliver(&self, delivery: Delivery) {
        let fault = self.delivery_fault(&delivery);
        if fault == Some(DeliveryFault::HeldBack) {
            lock(&self.held_back).push(delivery);
            return;
        }
        self.send(delivery, fault).await;
        let held_back = mem::take(&mut *lock(&self.held_back));
        for delivery in held_back {
            self.send(delivery, None).await;
        }
    }

    fn delivery_fault(&self, delivery: &Delivery) -> Option<DeliveryFault> {
        if self.orders().is_empty() {
            return None;
        }
        let (signed, has_old_secret) = (delivery.secret.is_some(), self.old_secret(delivery).is_some());
        let possible = |fault: &DeliveryFault| match fault {
            DeliveryFault::OldSecret => has_old_secret,
            DeliveryFault::WrongSignature | DeliveryFault::ClockSkew(_) => signed,
            _ => true,
        };
        let target = Target::Delivery(delivery.kind.clone());
        self.orders().delivery(self.clock.now(), target, possible)
    }

    fn old_secret(&self, delivery: &Delivery) -> Option<Box<str>> {
        self.engine()
            .replaced_secret(delivery.secret.as_deref()?)
            .map(Into::into)
    }

    async fn send(&self, mut delivery: Delivery, fault: Option<DeliveryFault>) {
        match fault {
            Some(DeliveryFault::WrongSignature) => delivery.secret = Some("whsec_of_nobody".into()),
            Some(DeliveryFault::OldSecret) => delivery.secret = self.old_secret(&delivery),
            Some(DeliveryFault::Stalled) if !self.clock.is_held() => {
                tokio::time::sleep(self.sender.timeout(&delivery)).await;
            }
            Some(DeliveryFault::Duplicated) => {
                let sent = self.sender.send(&delivery, self.clock.now(), None).await;
                self.sent().push(sent);
            }
            _ => {}
        }
        let sent = self.sender.send(&delivery, self.clock.now(), fault.as_ref()).await;
        let result = sent.result.clone();
        self.sent().push(sent);
        // When it cannot be saved, the execution is found in delivery after a crash, and delivered again.
        drop(self.change(|engine| engine.delivered(self.clock.now(), delivery.id, result)));
        self.has_happened();
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
    let Some(fault) = shared.call_fault(&parts.method, &parts.uri) else {
        return write(carry_out(&shared, &peer, &parts, body).await, &peer);
    };
    shared.has_happened();
    match fault {
        CallFault::Refused => {}
        CallFault::Stalled => drop(shared.stopped.clone().changed().await),
        CallFault::RateLimited(_) | CallFault::Error(_) => {
            drain(body);
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
        drain(body);
        shared.change(too_large)
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
                let answered = shared.change(|engine| (answer(engine, &exchange), engine.take_emails()));
                answered.map(|(reply, emails)| {
                    shared.post(emails);
                    reply
                })
            }
            Err(_) => shared.change(unreadable_body),
        }
    };
    shared.has_happened();
    shared.settle(reply.unwrap_or(Reply::Crash), happened).await
}

/// No code that holds a lock can leave what is behind it half changed in a way that matters to a test.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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

fn write(reply: Reply, peer: &Peer) -> Response {
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
