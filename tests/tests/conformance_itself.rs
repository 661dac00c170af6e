//! The suite finds what it says it finds: clients that are wrong in one way fail the cases that are about it.

#![expect(clippy::unwrap_used, reason = "a helper of a test that panics fails the test")]

use std::time::Duration;

use bytes::Bytes;
use cueapi_core::{
    conformance::{self, Report},
    http::{
        AttemptTimeout, BlockingHttpClient, HttpClient, HttpError, HttpErrorKind, MaxResponseBytes, Request, Response,
    },
};
use cueapi_hyper::HyperClient;
use http::{HeaderValue, Method, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::{Client as LegacyClient, connect::HttpConnector},
    rt::TokioExecutor,
};

fn failures(report: &Report) -> Vec<&'static str> {
    report.failures().map(|outcome| outcome.name()).collect()
}

/// One way to be wrong, on a client that is right.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    FollowsRedirects,
    RetriesReads,
    TakesStatusForError,
    IgnoresTime,
    IgnoresSize,
    GivesUpEarly,
    CallsEverythingConnect,
    CallsEverythingTimeout,
    DropsOddHeaders,
    DecodesThePath,
    RewritesTheBody,
    WaitsItsTurn,
    LeavesExchangesBehind,
    SleepsTooLittle,
}

struct Faulty {
    fault: Fault,
    right: HyperClient<HttpConnector>,
    turn: tokio::sync::Mutex<()>,
}

impl Faulty {
    fn new(fault: Fault) -> Self {
        Self {
            fault,
            right: HyperClient::plain(),
            turn: tokio::sync::Mutex::new(()),
        }
    }
}

impl HttpClient for Faulty {
    async fn send(&self, mut request: Request) -> Result<Response, HttpError> {
        let again = request.clone();
        match self.fault {
            Fault::IgnoresTime => drop(request.extensions_mut().remove::<AttemptTimeout>()),
            Fault::IgnoresSize => drop(request.extensions_mut().remove::<MaxResponseBytes>()),
            Fault::GivesUpEarly => {
                let time = request.extensions().get::<AttemptTimeout>().unwrap().0;
                request.extensions_mut().insert(AttemptTimeout(time / 4));
            }
            Fault::DropsOddHeaders => drop(request.headers_mut().remove("x-odd")),
            Fault::DecodesThePath => *request.uri_mut() = decoded(request.uri()),
            Fault::RewritesTheBody if !request.body().is_empty() => *request.body_mut() = Bytes::from_static(b"{}\n"),
            _ => {}
        }
        let result = match self.fault {
            Fault::WaitsItsTurn => {
                let _turn = self.turn.lock().await;
                self.right.send(request).await
            }
            Fault::LeavesExchangesBehind => {
                let right = self.right.clone();
                tokio::spawn(async move { right.send(request).await }).await.unwrap()
            }
            _ => self.right.send(request).await,
        };
        match (self.fault, result) {
            (Fault::FollowsRedirects, Ok(response)) if response.headers().contains_key(header::LOCATION) => {
                self.right.send(again).await
            }
            (Fault::TakesStatusForError, Ok(response)) if response.status().is_server_error() => {
                Err(HttpError::new(HttpErrorKind::Other))
            }
            (Fault::RetriesReads, Err(error))
                if error.kind() == HttpErrorKind::Interrupted && again.method() == Method::GET =>
            {
                self.right.send(again).await
            }
            (Fault::CallsEverythingConnect, Err(error)) => {
                Err(HttpError::new(HttpErrorKind::Connect).with_source(error))
            }
            (Fault::CallsEverythingTimeout, Err(error)) => {
                Err(HttpError::new(HttpErrorKind::Timeout).with_source(error))
            }
            (Fault::DropsOddHeaders, Ok(mut response)) => {
                response.headers_mut().remove("x-odd");
                Ok(response)
            }
            (_, result) => result,
        }
    }

    async fn sleep(&self, duration: Duration) {
        let duration = if self.fault == Fault::SleepsTooLittle {
            duration / 2
        } else {
            duration
        };
        self.right.sleep(duration).await;
    }
}

fn decoded(uri: &Uri) -> Uri {
    let text = uri
        .to_string()
        .replace("%2F", "/")
        .replace("%2f", "/")
        .replace("/%2e%2e", "");
    text.parse().unwrap()
}

async fn check(fault: Fault, expected: &[&str]) {
    let report = conformance::run(Faulty::new(fault)).await;
    assert_eq!(failures(&report), expected, "{fault:?}\n{report}");
}

#[tokio::test]
async fn a_client_that_follows_redirects_is_found() {
    let redirects = [
        "a 301 is an answer",
        "a 302 is an answer",
        "a 303 to a POST is an answer",
        "a 307 to a POST is an answer",
        "a 308 is an answer",
        "a 301 to another scheme is an answer",
    ];
    check(Fault::FollowsRedirects, &redirects).await;
}

#[tokio::test]
async fn a_client_that_repeats_reads_is_found() {
    let reads = [
        "a GET that was read and not answered is not sent again",
        "a GET on a kept connection that was read and not answered is not sent again",
    ];
    check(Fault::RetriesReads, &reads).await;
}

#[tokio::test]
async fn a_client_that_takes_a_status_for_an_error_is_found() {
    let cases = [
        "4xx and 5xx are answers",
        "a body need not be UTF-8",
        "a connection closed after a 500 does not fail the next call",
        "a connection that answered 500 carries no POST",
        "nor one that answered 503 without a body",
        "nor, among calls in flight, a connection that answered 500",
    ];
    check(Fault::TakesStatusForError, &cases).await;
}

#[tokio::test]
async fn a_client_that_ignores_the_time_is_found() {
    let late = [
        "a response that does not come times out",
        "a head that trickles times out",
        "a body that stalls times out",
        "a body that trickles times out",
        "a late answer is not taken for the next one's",
    ];
    check(Fault::IgnoresTime, &late).await;
}

#[tokio::test]
async fn a_client_that_gives_up_early_is_found() {
    let late = [
        "a response that does not come times out",
        "a head that trickles times out",
        "a body that stalls times out",
        "a body that trickles times out",
        "a late answer is not taken for the next one's",
    ];
    check(Fault::GivesUpEarly, &late).await;
}

#[tokio::test]
async fn a_client_that_ignores_the_size_is_found() {
    let large = [
        "a body over the limit is cut, length given",
        "a body over the limit is cut, chunked",
        "a body over the limit is cut, until closed",
        "a body one byte over the limit is refused",
        "the rest of a refused body is not taken for the next answer",
    ];
    check(Fault::IgnoresSize, &large).await;
}

#[tokio::test]
async fn a_client_that_guesses_that_nothing_was_sent_is_found() {
    let report = conformance::run(Faulty::new(Fault::CallsEverythingConnect)).await;
    let failures = failures(&report);
    for case in [
        "a POST that was read and not answered is not sent again",
        "a response that does not come times out",
        "a body cut short is Interrupted",
        "a connection reset after the request is Interrupted",
        "an answer that is not HTTP is Other",
        "an endless head is given up",
    ] {
        assert!(failures.contains(&case), "{case}\n{report}");
    }
    assert!(!failures.contains(&"a refused connection is Connect"), "{report}");
}

#[tokio::test]
async fn a_client_that_takes_every_failure_for_a_timeout_is_found() {
    let report = conformance::run(Faulty::new(Fault::CallsEverythingTimeout)).await;
    let failures = failures(&report);
    assert!(failures.contains(&"a refused connection is Connect"), "{report}");
    assert!(failures.contains(&"a body over the limit is cut, chunked"), "{report}");
}

#[tokio::test]
async fn a_client_that_loses_odd_headers_is_found() {
    check(
        Fault::DropsOddHeaders,
        &[
            "header values arrive byte for byte",
            "response headers come byte for byte",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_client_that_decodes_the_path_is_found() {
    check(
        Fault::DecodesThePath,
        &[
            "percent-escapes arrive as given",
            "'%2e%2e' arrives as given or is refused",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_client_that_rewrites_the_body_is_found() {
    let report = conformance::run(Faulty::new(Fault::RewritesTheBody)).await;
    assert!(
        failures(&report).contains(&"a body arrives byte for byte, with its length"),
        "{report}"
    );
    assert!(
        failures(&report).contains(&"a body larger than the socket's buffer arrives whole"),
        "{report}"
    );
}

#[tokio::test]
async fn a_client_that_makes_calls_wait_for_each_other_is_found() {
    check(Fault::WaitsItsTurn, &["two calls are in flight at once"]).await;
}

#[tokio::test]
async fn a_client_that_leaves_exchanges_behind_is_found() {
    check(
        Fault::LeavesExchangesBehind,
        &["dropping the future cancels the exchange"],
    )
    .await;
}

#[tokio::test]
async fn a_client_that_sleeps_too_little_is_found() {
    check(
        Fault::SleepsTooLittle,
        &["sleep lasts at least as long as asked, and its clock goes on"],
    )
    .await;
}

/// Says nothing was wrong.
struct Yes;

impl BlockingHttpClient for Yes {
    fn send(&self, _request: Request) -> Result<Response, HttpError> {
        let mut response = Response::new(Bytes::from_static(b"{}"));
        response.headers_mut().insert("x-odd", HeaderValue::from_static("caf"));
        Ok(response)
    }
}

#[test]
fn a_client_that_makes_answers_up_is_found() {
    let report = conformance::run_blocking(Yes);
    let passed: Vec<_> = report
        .outcomes()
        .iter()
        .filter(|outcome| outcome.failure().is_none())
        .collect();
    // Refusing an odd target is allowed, answering it without asking the server as well.
    assert!(
        passed
            .iter()
            .all(|outcome| outcome.name().contains("refused") || outcome.name().contains("sleep")),
        "{report}"
    );
}

#[test]
fn a_report_says_what_was_expected_what_was_seen_and_why() {
    let report = conformance::run_blocking(Yes).to_string();
    assert!(
        report.contains(
            "FAIL  a 302 is an answer\n      expected status 302, saw 200 OK\n      because the Authorization"
        )
    );
    assert!(report.contains("ok    sleep lasts at least as long as asked"));
}

/// hyper-util's pool as it is: it hands a connection on before anybody has judged the answer on it.
struct Pooled(LegacyClient<HttpConnector, Full<Bytes>>);

impl Pooled {
    async fn exchange(&self, request: Request) -> Result<Response, HttpError> {
        let failed = |error| HttpError::new(HttpErrorKind::Interrupted).with_source(error);
        let response = self.0.request(request.map(Full::new)).await.map_err(failed)?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, 1024 * 1024).collect().await;
        let body = body.map_err(|_| HttpError::new(HttpErrorKind::TooLarge))?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }
}

impl HttpClient for Pooled {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let time = request.extensions().get::<AttemptTimeout>().unwrap().0;
        let late = |_| Err(HttpError::new(HttpErrorKind::Timeout));
        tokio::time::timeout(time, self.exchange(request))
            .await
            .unwrap_or_else(late)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

#[tokio::test]
async fn a_pool_that_hands_on_what_is_about_to_be_closed_is_found() {
    let pooled = Pooled(LegacyClient::builder(TokioExecutor::new()).build_http());
    let report = conformance::run(pooled).await;
    for case in [
        "a connection that answered 500 carries no POST",
        "nor one that answered 304",
        "nor one that answered 503 without a body",
        "nor, among calls in flight, a connection that answered 500",
    ] {
        assert!(failures(&report).contains(&case), "{case}\n{report}");
    }
}
