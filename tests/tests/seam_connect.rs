//! What the adapters say when no connection comes about: "nothing was sent" where they know it, and never where they guess.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper of a test that panics fails the test"
)]

use std::{
    convert::Infallible,
    future::Pending,
    io::{self, Write},
    net::{SocketAddr, TcpListener},
    sync::Arc,
    task::{Context, Poll},
    thread,
    time::Duration,
};

use bytes::Bytes;
use cueapi_core::http::{AttemptTimeout, HttpClient, HttpErrorKind, Request};
use cueapi_hyper::HyperClient;
use cueapi_reqwest::ReqwestClient;
use http::Uri;
use hyper_util::rt::TokioIo;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::TcpStream;

/// What runs out where nothing ever comes; elsewhere there is time enough for a busy machine.
const SHORT: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(60);

fn request(url: &str, timeout: Duration) -> Request {
    let mut request = http::Request::post(url).body(Bytes::from_static(b"{}")).unwrap();
    request.extensions_mut().insert(AttemptTimeout(timeout));
    request
}

async fn kind_within(timeout: Duration, client: impl HttpClient, url: &str) -> HttpErrorKind {
    let result = client.send(request(url, timeout)).await;
    result.expect_err("there is no server").kind()
}

async fn kind(client: impl HttpClient, url: &str) -> HttpErrorKind {
    kind_within(LONG, client, url).await
}

/// A connector that is never done.
#[derive(Clone)]
struct Nowhere;

impl tower_service::Service<Uri> for Nowhere {
    type Response = TokioIo<TcpStream>;
    type Error = Infallible;
    type Future = Pending<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _server: Uri) -> Self::Future {
        std::future::pending()
    }
}

#[tokio::test]
async fn hyper_knows_that_nothing_was_sent_when_the_time_of_the_attempt_runs_out() {
    let client = HyperClient::with_connector(Nowhere);
    let kind = kind_within(SHORT, client, "http://cueapi.test/v1/cues").await;
    assert_eq!(kind, HttpErrorKind::Connect);
}

/// A server that accepts connections and says nothing.
fn silent_server() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/v1/cues", listener.local_addr().unwrap());
    (listener, url)
}

#[tokio::test]
async fn a_handshake_that_stalls_has_sent_nothing_whatever_limit_ends_it() {
    let (_listener, url) = silent_server();
    let kind = kind_within(SHORT, HyperClient::new().unwrap(), &url).await;
    assert_eq!(kind, HttpErrorKind::Connect);

    let kind = kind_within(SHORT, ReqwestClient::from_builder(no_proxy).unwrap(), &url).await;
    assert_eq!(kind, HttpErrorKind::Connect);
    let impatient = || no_proxy().connect_timeout(SHORT);
    let kind = kind_within(LONG, ReqwestClient::from_builder(impatient).unwrap(), &url).await;
    assert_eq!(kind, HttpErrorKind::Connect);
    let in_all = || no_proxy().timeout(SHORT);
    let kind = kind_within(LONG, ReqwestClient::from_builder(in_all).unwrap(), &url).await;
    assert_eq!(kind, HttpErrorKind::Connect);
}

#[tokio::test]
async fn hyper_gives_a_handshake_ten_seconds() {
    let (_listener, url) = silent_server();
    let started = tokio::time::Instant::now();
    let kind = kind(HyperClient::new().unwrap(), &url).await;
    assert_eq!(kind, HttpErrorKind::Connect);
    assert!(
        (9..20).contains(&started.elapsed().as_secs()),
        "{:?}",
        started.elapsed()
    );
}

/// A resolver that is never done.
struct NoNames;

impl Resolve for NoNames {
    fn resolve(&self, _name: Name) -> Resolving {
        Box::pin(std::future::pending::<Result<Addrs, _>>())
    }
}

fn no_proxy() -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy()
}

fn lost() -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy().dns_resolver(Arc::new(NoNames))
}

#[tokio::test]
async fn reqwest_knows_that_nothing_was_sent_when_the_time_of_the_attempt_runs_out() {
    let client = ReqwestClient::from_builder(lost).unwrap();
    let kind = kind_within(SHORT, client, "http://cueapi.test/v1/cues").await;
    assert_eq!(kind, HttpErrorKind::Connect);
}

/// A server that accepts one connection, answers one request on it, and nobody after.
fn server_of_one_request() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/cues", listener.local_addr().unwrap());
    thread::spawn(move || -> io::Result<()> {
        let (mut stream, _) = listener.accept()?;
        let mut request = [0; 4096];
        while io::Read::read(&mut stream, &mut request)? > 0 {}
        Ok(())
    });
    url
}

#[tokio::test]
async fn a_request_that_left_is_never_said_to_have_stayed() {
    let url = server_of_one_request();
    assert_eq!(
        kind_within(SHORT, HyperClient::plain(), &url).await,
        HttpErrorKind::Timeout
    );
    let url = server_of_one_request();
    let client = ReqwestClient::from_builder(no_proxy).unwrap();
    assert_eq!(kind_within(SHORT, client, &url).await, HttpErrorKind::Timeout);
}

#[tokio::test]
async fn reqwest_knows_that_nothing_was_sent_when_connecting_takes_too_long() {
    let client = ReqwestClient::from_builder(|| lost().connect_timeout(Duration::from_millis(50))).unwrap();
    assert_eq!(kind(client, "http://cueapi.test/v1/cues").await, HttpErrorKind::Connect);
}

/// A server that answers a TLS handshake in plain HTTP.
fn plain_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || -> io::Result<()> {
        let (mut stream, _) = listener.accept()?;
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")?;
        // Until the client hangs up.
        io::copy(&mut stream, &mut io::sink()).map(drop)
    });
    address
}

#[tokio::test]
async fn a_failed_handshake_is_no_connection() {
    let url = format!("https://{}/v1/cues", plain_server());
    assert_eq!(kind(HyperClient::new().unwrap(), &url).await, HttpErrorKind::Connect);

    let url = format!("https://{}/v1/cues", plain_server());
    let client = ReqwestClient::from_builder(no_proxy).unwrap();
    assert_eq!(kind(client, &url).await, HttpErrorKind::Connect);
}

#[tokio::test]
async fn a_client_without_tls_refuses_https() {
    assert_eq!(
        kind(HyperClient::plain(), "https://127.0.0.1:9/v1/cues").await,
        HttpErrorKind::Connect
    );
}

#[tokio::test]
async fn errors_of_reqwest_do_not_repeat_the_url() {
    let client = ReqwestClient::from_builder(no_proxy).unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = client
        .send(request(&format!("http://{closed}/v1/cues/cue_hidden"), LONG))
        .await
        .unwrap_err();
    assert!(!format!("{error:?}").contains("cue_hidden"), "{error:?}");
}
