//! The emulator behind a server that gives some answers of its own, as a real server gave them, and records all that it is asked.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body, extract::State, response::Response};
use bytes::Bytes;
use cueapi_core::http::{AttemptTimeout, HttpClient as _};
use cueapi_emulator::Emulator;
use cueapi_hyper::HyperClient;
use http::{Method, Request, header};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::Value;

/// A status, a header and a body.
pub(crate) type Canned = (u16, Option<(&'static str, &'static str)>, &'static str);

/// What is asked: method, path, and body where it is JSON.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) key: String,
    pub(crate) body: Value,
}

impl Asked {
    pub(crate) fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path == path
    }

    /// Whether it is asked of a part of an agent, such as its `attachments`.
    pub(crate) fn is_of_an_agent(&self, method: &str, part: &str) -> bool {
        let segments: Vec<_> = self.path.split('/').collect();
        self.method == method && segments.get(2) == Some(&"agents") && segments.get(4) == Some(&part)
    }
}

pub(crate) struct Overlay {
    pub(crate) emulator: Emulator,
    pub(crate) base_url: String,
    record: Arc<Record>,
}

/// The canned answer to a request, where it has one.
type Answers = Box<dyn FnMut(&Asked) -> Option<Canned> + Send>;

struct Record {
    upstream: String,
    http: HyperClient<HttpConnector>,
    answers: Mutex<Answers>,
    exchanges: Mutex<Vec<(Asked, u16, Value)>>,
}

impl Overlay {
    pub(crate) async fn start(answers: impl FnMut(&Asked) -> Option<Canned> + Send + 'static) -> Self {
        let emulator = Emulator::builder().rate_limit(Some(100_000)).start().await.unwrap();
        let record = Arc::new(Record {
            upstream: emulator.base_url(),
            http: HyperClient::plain(),
            answers: Mutex::new(Box::new(answers)),
            exchanges: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(exchange).with_state(record.clone());
        tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        Self {
            emulator,
            base_url,
            record,
        }
    }

    /// What was made and not deleted, by its path.
    pub(crate) fn left(&self) -> BTreeSet<String> {
        let mut left = BTreeSet::new();
        for (asked, status, answer) in &*self.record.exchanges.lock().unwrap() {
            if !(200..300).contains(status) {
                continue;
            }
            if asked.method == Method::DELETE {
                left.remove(&asked.path);
            }
            left.extend(made(asked, answer));
        }
        left
    }

    /// How often the API was asked for something.
    pub(crate) fn count(&self, of: impl Fn(&Asked) -> bool) -> usize {
        self.record
            .exchanges
            .lock()
            .unwrap()
            .iter()
            .filter(|(asked, ..)| of(asked))
            .count()
    }
}

/// The path under which what a request has made is deleted.
fn made(asked: &Asked, answer: &Value) -> Option<String> {
    let path = asked.path.as_str();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    if asked.method != Method::POST {
        return None;
    }
    match path {
        "/v1/worker/heartbeat" => Some(format!("/v1/workers/{}", text(&asked.body["worker_id"]))),
        "/v1/cues" | "/v1/agents" => Some(format!("{path}/{}", text(&answer["id"]))),
        _ if path.ends_with("/live-sessions") => Some(format!("{path}/{}", text(&asked.body["label"]))),
        _ if path.ends_with("/attachments") => Some(format!("{path}/{}", text(&asked.body["ipc_session_token"]))),
        _ if path.ends_with("/subscriptions") => Some(format!("{path}/{}", text(&answer["id"]))),
        _ => None,
    }
}

async fn exchange(State(record): State<Arc<Record>>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 4 << 20).await.unwrap();
    let asked = Asked {
        method: head.method.clone(),
        path: head.uri.path().to_owned(),
        key: head
            .headers
            .get(header::AUTHORIZATION)
            .map_or("", |key| key.to_str().unwrap())
            .to_owned(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let canned = (record.answers.lock().unwrap())(&asked);
    let response = match canned {
        Some((status, more, body)) => {
            let answer = http::Response::builder()
                .status(status)
                .header("content-type", "application/json");
            let answer = more
                .into_iter()
                .fold(answer, |answer, (name, value)| answer.header(name, value));
            answer.body(Bytes::from_static(body.as_bytes())).unwrap()
        }
        None => forwarded(&record, head, body).await,
    };
    let (head, body) = response.into_parts();
    let answer = serde_json::from_slice(&body).unwrap_or_default();
    record
        .exchanges
        .lock()
        .unwrap()
        .push((asked, head.status.as_u16(), answer));
    Response::from_parts(head, Body::from(body))
}

async fn forwarded(record: &Record, mut head: http::request::Parts, body: Bytes) -> http::Response<Bytes> {
    let path = head.uri.path_and_query().unwrap();
    head.uri = format!("{}{path}", record.upstream).parse().unwrap();
    for hop in [
        header::HOST,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::CONNECTION,
    ] {
        head.headers.remove(hop);
    }
    head.extensions = http::Extensions::new();
    head.extensions.insert(AttemptTimeout(Duration::from_secs(60)));
    let mut answer = record.http.send(Request::from_parts(head, body)).await.unwrap();
    for hop in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION] {
        answer.headers_mut().remove(hop);
    }
    answer
}
