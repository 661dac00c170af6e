//! A case as data: what the server does, what the client is asked to do, what must come of it.

use std::{net::SocketAddr, time::Duration};

use ::http::{HeaderName, HeaderValue, Method};
use bytes::Bytes;

use super::{
    message::Received,
    server::{FLOOD, PATIENCE, Reply},
};
use crate::{
    endpoint::Repeat,
    http::{AttemptTimeout, HttpError, HttpErrorKind, MaxResponseBytes, Operation, Request, Response},
};

/// How late a timeout may come on a busy machine; well under the server's patience, so that the two differ.
const GRACE: Duration = Duration::from_secs(3);

/// For calls that are not about time.
const LONG: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Case {
    /// A statement about the client.
    pub(super) name: &'static str,
    /// Completes "because …".
    pub(super) reason: &'static str,
    /// What the server does with the requests, in order of arrival.
    pub(super) replies: Vec<Reply>,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug)]
pub(super) enum Step {
    /// One exchange.
    Call(Call),
    /// Sequences of exchanges, all of them in flight at once.
    AtOnce(Vec<Vec<Call>>),
    /// A call that is dropped once the server has its request.
    Abandon(Call),
    /// The server stops, and nobody listens at its address any more.
    StopServer,
    /// Waits until the server has closed a connection.
    AwaitClose,
    /// The same, while the thread does something else and no runtime runs on it.
    AwaitCloseBusy,
    /// Waits until a flood has ended, and checks that it did not run dry.
    FloodWasCut,
    /// The client's `sleep`, which must last as long as asked.
    Sleep(Duration),
    /// Lets time pass.
    Pause(Duration),
}

/// A request and what must come of it.
#[derive(Debug, Clone)]
pub(super) struct Call {
    method: Method,
    scheme: &'static str,
    target: &'static str,
    headers: Vec<(&'static str, &'static [u8])>,
    body: &'static [u8],
    timeout: Duration,
    cap: usize,
    expect: Expect,
}

#[derive(Debug, Clone)]
enum Expect {
    Response {
        status: u16,
        headers: Vec<(&'static str, &'static [u8])>,
        body: Vec<u8>,
        /// The failures that are as good as this response.
        or: &'static [HttpErrorKind],
    },
    Failure(&'static [HttpErrorKind]),
}

/// The failures that promise that nothing was sent.
const UNSENT: [HttpErrorKind; 3] = [
    HttpErrorKind::Connect,
    HttpErrorKind::Certificate,
    HttpErrorKind::Unsendable,
];

impl Case {
    pub(super) fn new(name: &'static str, reason: &'static str) -> Self {
        Self {
            name,
            reason,
            replies: Vec::new(),
            steps: Vec::new(),
        }
    }

    pub(super) fn reply(mut self, reply: Reply) -> Self {
        self.replies.push(reply);
        self
    }

    pub(super) fn answer(self, bytes: Vec<u8>) -> Self {
        self.reply(Reply::Answer(bytes))
    }

    pub(super) fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    pub(super) fn call(self, call: Call) -> Self {
        self.step(Step::Call(call))
    }

    /// A blocking client cannot do these, and its thread is always busy.
    pub(super) fn is_async_only(&self) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step, Step::AtOnce(_) | Step::Abandon(_) | Step::AwaitCloseBusy))
    }
}

impl Call {
    pub(super) fn new(method: Method, target: &'static str) -> Self {
        Self {
            method,
            scheme: "http",
            target,
            headers: vec![
                ("authorization", b"Bearer cue_sk_conformance"),
                ("accept", b"application/json"),
            ],
            body: b"",
            timeout: LONG,
            cap: 1024 * 1024,
            expect: Expect::Response {
                status: 200,
                headers: Vec::new(),
                body: b"{}".to_vec(),
                or: &[],
            },
        }
    }

    pub(super) fn get() -> Self {
        Self::new(Method::GET, "/v1/cues")
    }

    pub(super) fn post(body: &'static [u8]) -> Self {
        let mut call = Self::new(Method::POST, "/v1/cues").header("content-type", b"application/json");
        call.body = body;
        call
    }

    pub(super) fn header(mut self, name: &'static str, value: &'static [u8]) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    pub(super) fn cap(mut self, cap: usize) -> Self {
        self.cap = cap;
        self
    }

    pub(super) fn gives(mut self, status: u16, body: impl Into<Vec<u8>>) -> Self {
        self.expect = Expect::Response {
            status,
            headers: Vec::new(),
            body: body.into(),
            or: &[],
        };
        self
    }

    /// What [`gives`](Self::gives) says, with this header among the others.
    pub(super) fn with(mut self, name: &'static str, value: &'static [u8]) -> Self {
        if let Expect::Response { headers, .. } = &mut self.expect {
            headers.push((name, value));
        }
        self
    }

    pub(super) fn fails(mut self, kinds: &'static [HttpErrorKind]) -> Self {
        self.expect = Expect::Failure(kinds);
        self
    }

    /// Such a failure is as good as the response.
    pub(super) fn or_fails(mut self, kinds: &'static [HttpErrorKind]) -> Self {
        if let Expect::Response { or, .. } = &mut self.expect {
            *or = kinds;
        }
        self
    }

    pub(super) fn over_tls(mut self) -> Self {
        self.scheme = "https";
        self
    }

    /// The request, with everything that the SDK puts beside one.
    pub(super) fn request(&self, server: SocketAddr) -> Result<Request, ::http::Error> {
        let mut request = ::http::Request::builder()
            .method(self.method.clone())
            .uri(format!("{}://{server}{}", self.scheme, self.target))
            .extension(self.repeat())
            .extension(AttemptTimeout(self.timeout))
            .extension(MaxResponseBytes(self.cap))
            .extension(Operation::new("conformance", 1));
        for (name, value) in &self.headers {
            request = request.header(HeaderName::from_static(name), HeaderValue::from_bytes(value)?);
        }
        request.body(Bytes::from_static(self.body))
    }

    /// As in the API: what is posted creates or fires something.
    fn repeat(&self) -> Repeat {
        if self.method == Method::POST {
            Repeat::Unsafe
        } else {
            Repeat::Safe
        }
    }

    /// Whether the result is what must come of this call.
    pub(super) fn judge(&self, result: Result<Response, HttpError>, elapsed: Duration) -> Result<(), String> {
        match (&self.expect, result) {
            (Expect::Response { or, .. }, Err(error)) if or.contains(&error.kind()) => Ok(()),
            (
                Expect::Response {
                    status, headers, body, ..
                },
                Ok(response),
            ) => {
                check(response.status() == *status, || {
                    format!("expected status {status}, saw {}", response.status())
                })?;
                check(response.body() == body, || {
                    format!("expected the body {}, saw {}", excerpt(body), excerpt(response.body()))
                })?;
                for &(name, _) in headers {
                    let expected: Vec<_> = headers
                        .iter()
                        .filter(|header| header.0 == name)
                        .map(|header| header.1)
                        .collect();
                    let seen: Vec<_> = response
                        .headers()
                        .get_all(name)
                        .iter()
                        .map(HeaderValue::as_bytes)
                        .collect();
                    check(expected == seen, || {
                        format!("expected {name} to be {}, saw {}", list(&expected), list(&seen))
                    })?;
                }
                Ok(())
            }
            (Expect::Failure(kinds), Err(error)) => {
                check(kinds.contains(&error.kind()), || {
                    format!("expected {}, saw {}", either(kinds), chain(&error))
                })?;
                let too_early = error.kind() == HttpErrorKind::Timeout && elapsed < self.timeout;
                check(!too_early && elapsed < self.timeout + GRACE, || {
                    format!("expected to give up after {:?}, saw {elapsed:?}", self.timeout)
                })
            }
            (Expect::Failure(kinds), Ok(response)) => Err(format!(
                "expected {}, saw an answer: {} {}",
                either(kinds),
                response.status(),
                excerpt(response.body())
            )),
            (Expect::Response { status, .. }, Err(error)) => Err(format!(
                "expected status {status}, saw {} after {elapsed:?}",
                chain(&error)
            )),
        }
    }

    /// Whether nothing of this call may reach the server.
    pub(super) fn stays_at_home(&self) -> bool {
        matches!(self.expect, Expect::Failure(kinds) if kinds.iter().all(|kind| UNSENT.contains(kind)))
    }

    pub(super) fn may_stay_at_home(&self) -> bool {
        matches!(self.expect, Expect::Response { or, .. } if or.iter().any(|kind| UNSENT.contains(kind)))
    }

    /// Whether the request came as it was given.
    pub(super) fn check_arrival(&self, received: &Received) -> Result<(), String> {
        let line = format!("{} {} HTTP/1.1", self.method, self.target);
        check(received.request_line() == line.as_bytes(), || {
            format!(
                "expected the request line {line:?}, the server saw {}",
                excerpt(received.request_line())
            )
        })?;
        for (name, value) in &self.headers {
            let seen = received.header(name);
            check(seen == [*value], || {
                format!(
                    "expected {name} to be {}, the server saw {}",
                    list(&[value]),
                    list(&seen)
                )
            })?;
        }
        check(received.body == self.body, || {
            format!(
                "expected the body {}, the server saw {}",
                excerpt(self.body),
                excerpt(&received.body)
            )
        })?;
        if !self.body.is_empty() {
            let length = self.body.len().to_string();
            let seen = received.header("content-length");
            check(seen == [length.as_bytes()], || {
                format!("expected content-length to be {length}, the server saw {}", list(&seen))
            })?;
        }
        Ok(())
    }
}

/// What a flood must not do: run dry, which means that the client took it all.
pub(super) fn check_flood(taken: Option<usize>) -> Result<(), String> {
    match taken {
        Some(taken) => check(taken < FLOOD, || {
            format!("expected the client to hang up early, it took all {taken} bytes")
        }),
        None => Err(format!(
            "expected the client to hang up, it held the connection for {PATIENCE:?}"
        )),
    }
}

pub(super) fn check(condition: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if condition { Ok(()) } else { Err(otherwise()) }
}

fn either(kinds: &[HttpErrorKind]) -> String {
    let kinds: Vec<_> = kinds.iter().map(|kind| format!("Err({kind:?})")).collect();
    kinds.join(" or ")
}

fn chain(error: &HttpError) -> String {
    let mut text = format!("Err({:?}): {error}", error.kind());
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn excerpt(bytes: &[u8]) -> String {
    let (start, more) = (&bytes[..bytes.len().min(80)], bytes.len().saturating_sub(80));
    let text = start.escape_ascii();
    if more == 0 {
        format!("\"{text}\"")
    } else {
        format!("\"{text}\" and {more} bytes more")
    }
}

fn list(values: &[&[u8]]) -> String {
    let values: Vec<_> = values.iter().map(|value| excerpt(value)).collect();
    format!("[{}]", values.join(", "))
}
