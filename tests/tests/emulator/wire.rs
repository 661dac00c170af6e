//! A plain HTTP/1.1 caller that sends exactly what it is told and shows exactly what comes back.

use std::net::SocketAddr;

use cueapi_emulator::{Emulator, json::Json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// One open connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In order, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Json {
        Json::parse(self.body.as_bytes()).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// A text somewhere in the body, such as `error.code`.
    pub(crate) fn text(&self, path: &str) -> String {
        let json = self.json();
        match path.split('.').try_fold(&json, |value, key| value.get(key)) {
            Some(Json::Str(text)) => text.to_string(),
            Some(other) => other.to_compact(),
            None => panic!("no {path} in {}", self.body),
        }
    }
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self {
            stream: TcpStream::connect(address).await.unwrap(),
            buffer: Vec::new(),
        }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Writes unless the other side has hung up.
    pub(crate) async fn try_write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes).await
    }

    pub(crate) async fn exchange(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut head = format!("{method} {target} HTTP/1.1\r\nhost: 127.0.0.1:8000\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() || method == "POST" || method == "PATCH" {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        self.write(&[head.as_bytes(), body].concat()).await;
        self.answer(method == "HEAD")
            .await
            .expect("the connection ended before an answer")
    }

    /// `None` when the connection ends before one.
    pub(crate) async fn answer(&mut self, without_body: bool) -> Option<Answer> {
        let (status, headers) = loop {
            let mut headers = [httparse::EMPTY_HEADER; 32];
            let mut response = httparse::Response::new(&mut headers);
            if let httparse::Status::Complete(size) = response.parse(&self.buffer).unwrap() {
                let status = response.code.unwrap();
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let headers: Vec<_> = response
                    .headers
                    .iter()
                    .map(|header| (header.name.to_lowercase(), text(header.value)))
                    .collect();
                self.buffer.drain(..size);
                break (status, headers);
            }
            if self.stream.read_buf(&mut self.buffer).await.unwrap() == 0 {
                return None;
            }
        };
        let length = headers
            .iter()
            .find(|(name, _)| name == "content-length")
            .map_or(0, |(_, value)| value.parse().unwrap());
        let length: usize = if without_body { 0 } else { length };
        while self.buffer.len() < length {
            assert_ne!(
                self.stream.read_buf(&mut self.buffer).await.unwrap(),
                0,
                "the body is cut short"
            );
        }
        let body = self.buffer.drain(..length).collect();
        Some(Answer {
            status,
            headers,
            body: String::from_utf8(body).unwrap(),
        })
    }

    /// All that comes until the connection ends.
    pub(crate) async fn rest(&mut self) -> String {
        while !matches!(self.stream.read_buf(&mut self.buffer).await, Ok(0) | Err(_)) {}
        String::from_utf8_lossy(&self.buffer).into_owned()
    }

    /// Whether the other side has closed the connection.
    pub(crate) async fn is_closed(&mut self) -> bool {
        let read = self.stream.read_buf(&mut self.buffer);
        matches!(
            tokio::time::timeout(std::time::Duration::from_secs(5), read).await,
            Ok(Ok(0) | Err(_))
        )
    }
}

/// A caller with some token in the place of the emulator's key; one connection a call.
pub(crate) async fn call_as(emulator: &Emulator, token: &str, method: &str, target: &str, body: &str) -> Answer {
    let authorization = format!("Bearer {token}");
    let mut headers = vec![("authorization", authorization.as_str())];
    if !body.is_empty() {
        headers.push(("content-type", "application/json"));
    }
    Connection::open(emulator.address())
        .await
        .exchange(method, target, &headers, body.as_bytes())
        .await
}

/// Like [`call_as`], and it must succeed.
pub(crate) async fn ok_as(emulator: &Emulator, token: &str, method: &str, target: &str, body: &str) -> Answer {
    let answer = call_as(emulator, token, method, target, body).await;
    assert!(
        (200..300).contains(&answer.status),
        "{method} {target}: {} {}",
        answer.status,
        answer.body
    );
    answer
}

/// The caller that most tests need: with the emulator's key.
pub(crate) async fn call(emulator: &Emulator, method: &str, target: &str, body: &str) -> Answer {
    call_as(emulator, &emulator.api_key(), method, target, body).await
}

/// Like [`call`], and it must succeed.
pub(crate) async fn ok(emulator: &Emulator, method: &str, target: &str, body: &str) -> Answer {
    ok_as(emulator, &emulator.api_key(), method, target, body).await
}
