//! A webhook receiver that answers from a script and remembers what it got.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use cueapi_webhook::{Delivered, DeliveryBody, Rejection, Verifier, Webhook};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What to do with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Behaviour {
    Answer(u16),
    /// The same, and how many seconds to wait.
    Later(u16, u32),
    /// Close the connection without a word.
    HangUp,
    /// Keep silent.
    Stall,
    /// An answer in pieces, with a pause after each.
    Pieces(&'static [&'static [u8]], Duration),
}

#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    /// What it says, when the signature proves that it is genuine.
    pub(crate) fn verified<B: DeliveryBody>(&self, secret: &str) -> Result<Delivered<B>, Rejection> {
        let mut headers = http::HeaderMap::new();
        for (name, value) in &self.headers {
            headers.append(name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap());
        }
        let now = Duration::from_secs(self.header("x-cueapi-timestamp").parse().unwrap());
        let webhook = Webhook::new(Verifier::new(secret).unwrap()).clock(move || now);
        webhook.receive(&headers, &self.body)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.as_str())
            .unwrap_or_else(|| panic!("no {name} in {:?}", self.headers))
    }
}

#[derive(Default)]
struct State {
    script: VecDeque<Behaviour>,
    received: Vec<Received>,
}

pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// Answers as the script says, and with 200 when it is at its end.
    pub(crate) async fn open(script: impl IntoIterator<Item = Behaviour>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State {
            script: script.into_iter().collect(),
            received: Vec::new(),
        }));
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        Self { address, state, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.state.lock().unwrap().received.clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    while let Some(request) = read(&mut stream).await {
        let behaviour = {
            let mut state = state.lock().unwrap();
            state.received.push(request);
            state.script.pop_front().unwrap_or(Behaviour::Answer(200))
        };
        match behaviour {
            Behaviour::Answer(status) | Behaviour::Later(status, _) => {
                // A body that looks like an outcome, which the server must not take for one.
                let body = r#"{"success":true}"#;
                let length = if status == 204 {
                    String::new()
                } else {
                    format!("content-length: {}\r\n", body.len())
                };
                let body = if status == 204 { "" } else { body };
                let wait = match behaviour {
                    Behaviour::Later(_, seconds) => format!("retry-after: {seconds}\r\n"),
                    _ => String::new(),
                };
                let text = format!("HTTP/1.1 {status} Scripted\r\n{length}{wait}\r\n{body}");
                if stream.write_all(text.as_bytes()).await.is_err() {
                    return;
                }
            }
            Behaviour::Pieces(pieces, pause) => {
                for piece in pieces {
                    if stream.write_all(piece).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(pause).await;
                }
            }
            Behaviour::HangUp => return,
            Behaviour::Stall => std::future::pending().await,
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut buffer = Vec::new();
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        if let httparse::Status::Complete(size) = request.parse(&buffer).ok()? {
            let headers: Vec<(String, String)> = (request.headers.iter())
                .map(|header| {
                    (
                        header.name.to_lowercase(),
                        String::from_utf8_lossy(header.value).into_owned(),
                    )
                })
                .collect();
            let method = request.method?.to_owned();
            let length = headers
                .iter()
                .find(|(name, _)| name == "content-length")
                .map_or("0", |(_, value)| value);
            let end = size + length.parse::<usize>().ok()?;
            while buffer.len() < end {
                if stream.read_buf(&mut buffer).await.ok()? == 0 {
                    return None;
                }
            }
            return Some(Received {
                method,
                headers,
                body: buffer[size..end].to_vec(),
            });
        }
        if stream.read_buf(&mut buffer).await.ok()? == 0 {
            return None;
        }
    }
}
