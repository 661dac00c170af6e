//! Signs deliveries and sends them over HTTP.

use std::{fmt, time::Duration};

use bytes::Bytes;
use cueapi_core::http::{AttemptTimeout, HttpClient as _, HttpError, HttpErrorKind, MaxResponseBytes, Request};
use cueapi_hyper::HyperClient;
use cueapi_signing::Signer;
use http::{HeaderName, HeaderValue};
use hyper_util::client::legacy::connect::HttpConnector;
use jiff::Timestamp;

use crate::engine::{AttemptResult, Delivery, DeliveryKind};

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
}

impl SentDelivery {
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
    client: HyperClient<HttpConnector>,
    timeout: Option<Duration>,
}

impl Sender {
    pub(crate) fn new(timeout: Option<Duration>) -> Self {
        Self {
            client: HyperClient::plain(),
            timeout,
        }
    }

    pub(crate) async fn send(&self, delivery: Delivery, now: Timestamp) -> SentDelivery {
        let headers = headers(&delivery, now);
        let body = if &*delivery.method == "GET" {
            Bytes::new()
        } else {
            Bytes::from(delivery.body)
        };
        let timeout = self.timeout.unwrap_or(delivery.timeout);
        let result = match request(&delivery.method, &delivery.url, &headers, body.clone()) {
            // No TLS in a test tool: for the server, such a receiver is one that it cannot reach.
            Ok(request) if request.uri().scheme_str() == Some("https") => AttemptResult::Connect,
            Ok(request) => self.exchange(request, timeout).await,
            Err(reason) => AttemptResult::Failed(reason),
        };
        let Delivery { kind, method, url, .. } = delivery;
        SentDelivery {
            kind,
            method,
            url,
            headers,
            body,
            sent_at: now,
            result,
        }
    }

    async fn exchange(&self, mut request: Request, timeout: Duration) -> AttemptResult {
        request.extensions_mut().insert(AttemptTimeout(timeout));
        request.extensions_mut().insert(MaxResponseBytes(MAX_ANSWER));
        let started = tokio::time::Instant::now();
        // The answer counts when it is complete; what it says does not.
        match self.client.send(request).await.map_err(|error: HttpError| error.kind()) {
            Ok(response) => AttemptResult::Status(response.status().as_u16()),
            Err(HttpErrorKind::Timeout) => AttemptResult::Timeout,
            Err(HttpErrorKind::Connect) if started.elapsed() >= timeout => AttemptResult::Timeout,
            Err(HttpErrorKind::Connect) => AttemptResult::Connect,
            Err(_) => AttemptResult::Failed("Server disconnected without sending a response.".into()),
        }
    }
}

/// The server's headers in its order, each replaced by the cue's own header of the very same spelling.
fn headers(delivery: &Delivery, now: Timestamp) -> Vec<(Box<str>, Box<str>)> {
    let mut headers: Vec<(Box<str>, Box<str>)> = vec![("Content-Type".into(), "application/json".into())];
    if let Some(secret) = &delivery.secret {
        let timestamp = now.as_second();
        if let Ok(signer) = Signer::new(&**secret) {
            let signature = signer.sign(timestamp, delivery.body.as_bytes()).to_string();
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
    headers.push(("User-Agent".into(), "CueAPI/1.0".into()));
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
        let value =
            HeaderValue::from_str(value).map_err(|_| format!("Illegal header value b'{}'", value.escape_default()))?;
        if matches!(key.as_str(), "accept" | "accept-encoding" | "connection" | "host") {
            map.insert(key, value);
        } else {
            map.append(key, value);
        }
    }
    Ok(request)
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
