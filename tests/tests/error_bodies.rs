//! A server that fails at length: its status is known, its body is cut, and it is not read on.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    sync::mpsc,
    thread,
    time::Duration,
};

use cueapi_core::{Client, ErrorKind, RetryPolicy};

const KEY: &str = "cue_sk_0123456789abcdef0123456789abcdef";
const HEADS: [&str; 2] = [
    "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: 120000000\r\n\r\n",
    "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\r\n",
];

/// Answers one connection with a 503 whose body of 120 MB goes on for as long as it is read. Returns its address, and how
/// many bytes of the body it could send.
fn server(head: &'static str) -> (SocketAddr, mpsc::Receiver<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sent, told) = mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(head.as_bytes());
        let piece = vec![b'['; 64 << 10];
        let mut bytes = 0;
        while bytes < 120_000_000 && stream.write_all(&piece).is_ok() {
            bytes += piece.len();
        }
        let _ = sent.send(bytes);
    });
    (address, told)
}

async fn check(head: &'static str, client: impl Fn(String) -> Client) {
    let (address, told) = server(head);
    let call = client(format!("http://{address}")).workers().list();
    let error = call.retry_policy(RetryPolicy::none()).await.unwrap_err();
    let status = error.status().unwrap().as_u16();
    assert_eq!((error.kind(), status), (ErrorKind::Server, 503), "{error}");
    assert_eq!(error.raw_body().unwrap().len(), 64 << 10);
    // Not on this thread, which closes the connection.
    let sent = tokio::task::spawn_blocking(move || told.recv_timeout(Duration::from_secs(30)));
    let sent = sent.await.unwrap().unwrap();
    assert!(sent < 60_000_000, "{sent} bytes were read");
}

#[tokio::test]
async fn the_hyper_client_cuts_a_long_error() {
    for head in HEADS {
        check(head, |url| cueapi_hyper::builder(KEY).base_url(url).build().unwrap()).await;
    }
}

#[tokio::test]
async fn the_reqwest_client_cuts_a_long_error() {
    for head in HEADS {
        check(head, |url| cueapi_reqwest::builder(KEY).base_url(url).build().unwrap()).await;
    }
}
