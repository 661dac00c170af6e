//! Signs deliveries and sends them over HTTP.

use std::{fmt, time::Duration};

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use jiff::Timestamp;
use sha2::Sha256;

use crate::engine::{AttemptResult, Delivery, DeliveryKind};

/// More of a receiver's answer is not read.
const MAX_ANSWER: usize = 1_048_576;

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

#[derive(Debug)]
pub(crate) struct Sender {
    client: Client<HttpConnector, Full<Bytes>>,
    timeout: Option<Duration>,
}

impl Sender {
    /// Sends over a new connection each time, as the server does.
    pub(crate) fn new(timeout: Option<Duration>) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build_http();
        Self { client, timeout }
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
            Ok(request) => tokio::time::timeout(timeout, self.exchange(request))
                .await
                .unwrap_or(AttemptResult::Timeout),
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

    async fn exchange(&self, request: Request<Full<Bytes>>) -> AttemptResult {
        match self.client.request(request).await {
            Ok(response) => {
                let status = response.status().as_u16();
                // The answer counts when it is complete; what it says does not.
                match Limited::new(response.into_body(), MAX_ANSWER).collect().await {
                    Ok(_) => AttemptResult::Status(status),
                    Err(error) if error.is::<http_body_util::LengthLimitError>() => AttemptResult::Status(status),
                    Err(_) => {
                        AttemptResult::Failed("peer closed connection without sending complete message body".into())
                    }
                }
            }
            Err(error) if error.is_connect() => AttemptResult::Connect,
            Err(_) => AttemptResult::Failed("Server disconnected without sending a response.".into()),
        }
    }
}

/// The server's headers in its order, each replaced by the cue's own header of the very same spelling.
fn headers(delivery: &Delivery, now: Timestamp) -> Vec<(Box<str>, Box<str>)> {
    let mut headers: Vec<(Box<str>, Box<str>)> = vec![("Content-Type".into(), "application/json".into())];
    if let Some(secret) = &delivery.secret {
        let timestamp = now.as_second().to_string();
        let signature = sign(secret, &timestamp, &delivery.body);
        headers.push(("X-CueAPI-Signature".into(), signature.into()));
        headers.push(("X-CueAPI-Timestamp".into(), timestamp.into()));
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

fn sign(secret: &str, timestamp: &str, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body.as_bytes());
    let mut signature = String::from("v1=");
    signature.extend(mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")));
    signature
}

/// `Err` says why it cannot be sent, in the words of the server's HTTP library.
fn request(
    method: &str,
    url: &str,
    headers: &[(Box<str>, Box<str>)],
    body: Bytes,
) -> Result<Request<Full<Bytes>>, String> {
    let mut request = Request::builder()
        .method(method)
        .uri(url)
        .header("accept", "*/*")
        .header("accept-encoding", "gzip, deflate")
        .header("connection", "keep-alive")
        .body(Full::new(body))
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
                ..0x1_0000 => format!("\\u{code:04x}"),
                _ => format!("\\U{code:08x}"),
            };
            format!("character '{escaped}' in position {first}")
        }
        _ => format!("characters in position {first}-{}", first + run.len() - 1),
    };
    Some(format!("'ascii' codec can't encode {place}: ordinal not in range(128)"))
}
