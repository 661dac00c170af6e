//! Signs deliveries and sends them, over HTTP or to a receiver in this process.

use std::{
    cmp::Ordering,
    collections::HashMap,
    error::Error as _,
    fmt, io,
    sync::{Mutex, PoisonError, RwLock},
    time::Duration,
};

use bytes::Bytes;
use cueapi_core::http::{HttpClient as _, HttpError, HttpErrorKind, MaxResponseBytes, Request};
use cueapi_hyper::HyperClient;
use cueapi_signing::Signer;
use http::{HeaderName, HeaderValue, header};
use jiff::Timestamp;

use crate::{
    decoding::decode,
    engine::{AttemptResult, Delivery, DeliveryKind},
    faults::DeliveryFault,
    patience::PatientConnector,
    receivers::{Answer, Received, Receiver, Receivers, receive},
};

/// A receiver that answers more than this is not one that works.
const MAX_ANSWER: usize = 16 * 1_048_576;

/// A request that the emulator has sent, and what came of it.
#[derive(Clone)]
#[non_exhaustive]
pub struct SentDelivery {
    /// What it was about.
    pub kind: DeliveryKind,
    /// The method.
    pub method: Box<str>,
    /// Where it went.
    pub url: Box<str>,
    /// The headers that were sent, in order, as the server spells them.
    pub headers: Vec<(Box<str>, Box<str>)>,
    /// The body that was sent; empty for a GET.
    pub body: Bytes,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// How it went.
    pub result: AttemptResult,
    /// What the receiver panicked with, where it is one in this process. For the server, it has cut the connection.
    pub panic: Option<Box<str>>,
}

impl SentDelivery {
    /// Whether the receiver answered with 2xx.
    #[must_use]
    pub const fn succeeded(&self) -> bool {
        matches!(self.result, AttemptResult::Status(200..300))
    }

    /// The value of a header, whatever the case of its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| &**value)
    }
}

impl fmt::Debug for SentDelivery {
    /// Without headers and body: they may carry what the user keeps secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentDelivery")
            .field("kind", &self.kind)
            .field("method", &self.method)
            .field("url", &self.url)
            .field("sent_at", &self.sent_at)
            .field("result", &self.result)
            .finish_non_exhaustive()
    }
}

pub(crate) struct Sender {
    clients: Mutex<HashMap<Duration, HyperClient<PatientConnector>>>,
    timeout: Option<Duration>,
    receivers: RwLock<Receivers>,
}

/// How an attempt went, and what the receiver panicked with.
type Attempt = (AttemptResult, Option<Box<str>>);

impl Sender {
    pub(crate) fn new(timeout: Option<Duration>, receivers: Receivers) -> Self {
        Self {
            clients: Mutex::default(),
            timeout,
            receivers: RwLock::new(receivers),
        }
    }

    #[track_caller]
    pub(crate) fn add_receiver(&self, origin: &str, receiver: Receiver) {
        let mut receivers = self.receivers.write().unwrap_or_else(PoisonError::into_inner);
        receivers.add(origin, receiver);
    }

    fn receiver(&self, url: &str) -> Option<Receiver> {
        self.receivers.read().unwrap_or_else(PoisonError::into_inner).find(url)
    }

    /// How long a receiver may be silent.
    pub(crate) fn timeout(&self, delivery: &Delivery) -> Duration {
        self.timeout.unwrap_or(delivery.timeout)
    }

    /// Signs a delivery and sends it, with a fault where one is ordered.
    pub(crate) async fn send(
        &self,
        delivery: &Delivery,
        now: Timestamp,
        fault: Option<&DeliveryFault>,
    ) -> SentDelivery {
        let signed_at = match fault {
            Some(DeliveryFault::ClockSkew(skew)) => now.saturating_add(*skew).unwrap_or(now),
            _ => now,
        };
        let headers = headers(delivery, signed_at);
        let body = if &*delivery.method == "GET" {
            Bytes::new()
        } else {
            Bytes::from(delivery.body.clone())
        };
        let (result, panic) = match fault {
            Some(DeliveryFault::Refused) => (AttemptResult::Connect, None),
            Some(DeliveryFault::Stalled) => (AttemptResult::Timeout, None),
            Some(DeliveryFault::Status(status)) => (AttemptResult::Status(*status), None),
            Some(DeliveryFault::AnswerLost) => {
                let (_, panic) = self.attempt(delivery, &headers, body.clone()).await;
                (disconnected(), panic)
            }
            _ => self.attempt(delivery, &headers, body.clone()).await,
        };
        SentDelivery {
            kind: delivery.kind.clone(),
            method: delivery.method.clone(),
            url: delivery.url.clone(),
            headers,
            body,
            sent_at: now,
            result,
            panic,
        }
    }

    async fn attempt(&self, delivery: &Delivery, headers: &[(Box<str>, Box<str>)], body: Bytes) -> Attempt {
        let request = match request(&delivery.method, &delivery.url, headers, body) {
            Ok(request) => request,
            Err(reason) => return (AttemptResult::Failed(reason), None),
        };
        let timeout = self.timeout(delivery);
        if let Some(receiver) = self.receiver(&delivery.url) {
            let (answered, panic) = hand_over(&receiver, request, timeout).await;
            return (delivery.result(answered), panic);
        }
        // No TLS in a test tool: for the server, such a receiver is one that it cannot reach.
        if request.uri().scheme_str() == Some("https") {
            return (AttemptResult::Connect, None);
        }
        (delivery.result(self.exchange(request, timeout).await), None)
    }

    async fn exchange(&self, mut request: Request, timeout: Duration) -> Result<Answer, AttemptResult> {
        request.extensions_mut().insert(MaxResponseBytes(MAX_ANSWER));
        let client = self.client(timeout);
        // The answer counts when it is complete and can be unpacked; what it says does not.
        match client.send(request).await {
            Ok(response) => match decode(response.headers(), response.body()) {
                Ok(()) => Ok(response.into()),
                Err(reason) => Err(AttemptResult::Failed(reason.into())),
            },
            Err(error) if is_timeout(&error) => Err(AttemptResult::Timeout),
            Err(error) if error.kind() == HttpErrorKind::Connect => Err(AttemptResult::Connect),
            Err(_) => Err(disconnected()),
        }
    }

    /// The one whose connections have this limit. There are as many limits as kinds of deliveries, at most.
    fn client(&self, limit: Duration) -> HyperClient<PatientConnector> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let client = clients.entry(limit);
        client
            .or_insert_with(|| HyperClient::with_connector(PatientConnector::new(limit)))
            .clone()
    }
}

/// Whether the receiver was silent for too long, or connecting took that long.
fn is_timeout(error: &HttpError) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        let timed_out = error
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::TimedOut);
        if timed_out || error.is::<tokio::time::error::Elapsed>() {
            return true;
        }
        cause = error.source();
    }
    false
}

async fn hand_over(
    receiver: &Receiver,
    request: Request,
    timeout: Duration,
) -> (Result<Answer, AttemptResult>, Option<Box<str>>) {
    match tokio::time::timeout(timeout, receive(receiver, request)).await {
        Err(_) => (Err(AttemptResult::Timeout), None),
        Ok(Received::Answer(answer)) => (Ok(answer), None),
        Ok(Received::HungUp) => (Err(disconnected()), None),
        Ok(Received::Panicked(message)) => (Err(disconnected()), Some(message)),
    }
}

impl Delivery {
    /// What an answer comes to: only pushes of messages heed when the receiver wants to be asked again.
    fn result(&self, answered: Result<Answer, AttemptResult>) -> AttemptResult {
        let answer = match answered {
            Ok(answer) => answer,
            Err(failure) => return failure,
        };
        let heeds = matches!(self.kind, DeliveryKind::Message { .. });
        match (answer.status.as_u16(), answer.retry_after.filter(|_| heeds)) {
            (status @ (429 | 503), Some(after)) => AttemptResult::Later { status, after },
            (status, _) => AttemptResult::Status(status),
        }
    }
}

/// In the words of the server's HTTP library.
fn disconnected() -> AttemptResult {
    AttemptResult::Failed("Server disconnected without sending a response.".into())
}

/// The server's headers in its order, each replaced by the cue's own header of the very same spelling.
fn headers(delivery: &Delivery, now: Timestamp) -> Vec<(Box<str>, Box<str>)> {
    let mut headers: Vec<(Box<str>, Box<str>)> = Vec::new();
    let events = matches!(delivery.kind, DeliveryKind::Subscription { .. });
    if events {
        headers.push(("User-Agent".into(), "python-httpx/0.28.1".into()));
    }
    headers.push(("Content-Type".into(), "application/json".into()));
    if let Some(secret) = &delivery.secret {
        let timestamp = now.as_second();
        if let Ok(signer) = Signer::new(&**secret) {
            let signature = if events {
                signer.sign_escaped(timestamp, &delivery.body)
            } else {
                signer.sign(timestamp, delivery.body.as_bytes())
            };
            let signature = signature.to_string();
            headers.push(("X-CueAPI-Signature".into(), signature.into()));
        }
        headers.push(("X-CueAPI-Timestamp".into(), timestamp.to_string().into()));
    }
    headers.extend(
        delivery
            .headers
            .iter()
            .map(|(name, value)| ((*name).into(), value.as_str().into())),
    );
    if !events {
        headers.push(("User-Agent".into(), "CueAPI/1.0".into()));
    }
    for (name, value) in &delivery.overrides {
        match headers.iter_mut().find(|(default, _)| default == name) {
            Some((_, default)) => *default = value.clone(),
            None => headers.push((name.clone(), value.clone())),
        }
    }
    headers
}

/// `Err` says why it cannot be sent, in the words of the server's HTTP library.
fn request(method: &str, url: &str, headers: &[(Box<str>, Box<str>)], body: Bytes) -> Result<Request, String> {
    let mut request = http::Request::builder()
        .method(method)
        .uri(url)
        .header("accept", "*/*")
        .header("accept-encoding", "gzip, deflate")
        .header("connection", "keep-alive")
        .body(body)
        .map_err(|error| error.to_string())?;
    let map = request.headers_mut();
    for (name, value) in headers {
        for text in [name, value] {
            if let Some(complaint) = not_ascii(text) {
                return Err(complaint);
            }
        }
        let key: HeaderName = name.parse().map_err(|_| format!("Illegal header name b'{name}'"))?;
        let value = Some(value)
            .filter(|value| value.trim_matches([' ', '\t']).len() == value.len())
            .and_then(|value| HeaderValue::from_str(value).ok())
            .ok_or_else(|| format!("Illegal header value b'{}'", value.escape_default()))?;
        if matches!(key.as_str(), "accept" | "accept-encoding" | "connection" | "host") {
            map.insert(key, value);
        } else {
            map.append(key, value);
        }
    }
    check_length(&request)?;
    Ok(request)
}

/// What is declared of the body must be true: what is too much for it would be cut, what is too little waited for.
fn check_length(request: &Request) -> Result<(), String> {
    let headers = request.headers();
    if let Some(encoding) = headers.get(header::TRANSFER_ENCODING) {
        return match encoding.as_bytes().eq_ignore_ascii_case(b"chunked") {
            true => Ok(()),
            false => Err("Only Transfer-Encoding: chunked is supported".into()),
        };
    }
    let declared = headers.get_all(header::CONTENT_LENGTH).iter();
    let declared = declared.flat_map(|value| value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii));
    let mut lengths: Vec<_> = declared.collect();
    lengths.dedup();
    let length = match *lengths {
        [] => return Ok(()),
        [length] => length,
        _ => return Err("conflicting Content-Length headers".into()),
    };
    let digits = length.len() <= 20 && length.iter().all(u8::is_ascii_digit);
    let length = std::str::from_utf8(length).ok().filter(|_| digits);
    let length: u128 = length
        .and_then(|length| length.parse().ok())
        .ok_or("bad Content-Length")?;
    match length.cmp(&(request.body().len() as u128)) {
        Ordering::Less => Err("Too much data for declared Content-Length".into()),
        Ordering::Greater => Err("Too little data for declared Content-Length".into()),
        Ordering::Equal => Ok(()),
    }
}

/// Python's complaint about a text that is not ASCII.
fn not_ascii(text: &str) -> Option<String> {
    let first = text.chars().position(|c| !c.is_ascii())?;
    let run: Vec<char> = text.chars().skip(first).take_while(|c| !c.is_ascii()).collect();
    let place = match *run {
        [character] => {
            let code = u32::from(character);
            let escaped = match code {
                ..0x100 => format!("\\x{code:02x}"),
                0x100..0x1_0000 => format!("\\u{code:04x}"),
                _ => format!("\\U{code:08x}"),
            };
            format!("character '{escaped}' in position {first}")
        }
        _ => format!("characters in position {first}-{}", first + run.len() - 1),
    };
    Some(format!("'ascii' codec can't encode {place}: ordinal not in range(128)"))
}
