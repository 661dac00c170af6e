//! An example server that has been started, and the requests to send to it.

use std::{
    future::pending,
    net::{SocketAddr, TcpListener},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use cueapi_emulator::SentDelivery;
use cueapi_signing::Signer;
use cueapi_webhook::Webhook;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::mpsc,
    time::timeout,
};

use crate::{actix_server, axum_server, hyper_server};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Framework {
    Axum,
    Actix,
    Hyper,
}

pub(crate) const FRAMEWORKS: [Framework; 3] = [Framework::Axum, Framework::Actix, Framework::Hyper];

/// What a test waits for at most.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    address: SocketAddr,
    jobs: Jobs,
    client: reqwest::Client,
}

/// Each example has a job type of its own.
enum Jobs {
    Axum(mpsc::Receiver<axum_server::Job>),
    Actix(mpsc::Receiver<actix_server::Job>),
    Hyper(mpsc::Receiver<hyper_server::Job>),
    /// Not an example.
    None,
}

impl Server {
    pub(crate) fn start(framework: Framework, webhook: Webhook) -> Self {
        Self::with_queue(framework, webhook, 100)
    }

    /// The server's queue takes so many jobs before somebody has to take them out.
    pub(crate) fn with_queue(framework: Framework, webhook: Webhook, room: usize) -> Self {
        let listener = Self::listener();
        let address = listener.local_addr().unwrap();
        let asynchronous = |listener| tokio::net::TcpListener::from_std(listener).unwrap();
        let jobs = match framework {
            Framework::Axum => {
                let (sender, jobs) = mpsc::channel(room);
                tokio::spawn(axum_server::serve(asynchronous(listener), webhook, sender));
                Jobs::Axum(jobs)
            }
            Framework::Actix => {
                let (sender, jobs) = mpsc::channel(room);
                tokio::spawn(actix_server::serve(listener, webhook, sender).unwrap());
                Jobs::Actix(jobs)
            }
            Framework::Hyper => {
                let (sender, jobs) = mpsc::channel(room);
                tokio::spawn(hyper_server::serve(asynchronous(listener), webhook, sender));
                Jobs::Hyper(jobs)
            }
        };
        Self {
            address,
            jobs,
            client: reqwest::Client::new(),
        }
    }

    pub(crate) fn listener() -> TcpListener {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        listener
    }

    /// A server that a test has started itself.
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self {
            address,
            jobs: Jobs::None,
            client: reqwest::Client::new(),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/cues", self.address)
    }

    /// The account of the next job in the queue.
    pub(crate) async fn next_account(&mut self) -> String {
        let next = async {
            match &mut self.jobs {
                Jobs::Axum(jobs) => jobs.recv().await.map(|job| job.account),
                Jobs::Actix(jobs) => jobs.recv().await.map(|job| job.account),
                Jobs::Hyper(jobs) => jobs.recv().await.map(|job| job.account),
                Jobs::None => None,
            }
        };
        timeout(PATIENCE, next).await.unwrap().unwrap()
    }

    /// Whether nothing is in the queue.
    pub(crate) fn is_idle(&mut self) -> bool {
        match &mut self.jobs {
            Jobs::Axum(jobs) => jobs.try_recv().is_err(),
            Jobs::Actix(jobs) => jobs.try_recv().is_err(),
            Jobs::Hyper(jobs) => jobs.try_recv().is_err(),
            Jobs::None => true,
        }
    }

    /// Status and body of the answer.
    pub(crate) async fn send(&self, request: Request) -> (u16, String) {
        self.sending(request).await
    }

    /// Sends bytes, and `x` after them for as long as the server takes them, if wanted; returns what it answers until it closes.
    pub(crate) async fn send_raw(&self, bytes: Vec<u8>, goes_on: bool) -> String {
        let stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
        let (mut from, mut to) = stream.into_split();
        to.write_all(&bytes).await.unwrap();
        let endless = tokio::spawn(async move {
            while goes_on && to.write_all(&[b'x'; 1000]).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            // Open until the server has answered.
            pending::<()>().await;
            drop(to);
        });
        let mut answer = Vec::new();
        // What was sent after the server had closed makes it a reset.
        let closed = timeout(PATIENCE, from.read_to_end(&mut answer)).await;
        assert!(closed.is_ok(), "the server does not close");
        endless.abort();
        String::from_utf8(answer).unwrap()
    }

    pub(crate) fn sending(&self, request: Request) -> impl Future<Output = (u16, String)> + use<> {
        let client = self.client.clone();
        let url = self.url();
        async move {
            let mut sent = client.request(request.method.parse().unwrap(), url);
            for (name, value) in &request.headers {
                sent = sent.header(name, value);
            }
            let body = if request.chunked {
                reqwest::Body::wrap(in_pieces(request.body))
            } else {
                request.body.into()
            };
            let answer = timeout(PATIENCE, sent.body(body).send()).await.unwrap().unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        }
    }
}

#[derive(Clone)]
pub(crate) struct Request {
    method: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    chunked: bool,
}

impl Request {
    /// What CueAPI would send with this secret at this time.
    pub(crate) fn signed(secret: &str, timestamp: i64, body: &str) -> Self {
        let signature = Signer::new(secret).unwrap().sign(timestamp, body.as_bytes());
        Self {
            method: "POST".to_owned(),
            headers: vec![
                ("X-CueAPI-Signature".to_owned(), signature.to_string()),
                ("X-CueAPI-Timestamp".to_owned(), timestamp.to_string()),
            ],
            body: body.into(),
            chunked: false,
        }
    }

    /// What was sent, once more.
    pub(crate) fn captured(delivery: &SentDelivery) -> Self {
        let headers = delivery.headers.iter();
        Self {
            method: delivery.method.clone().into(),
            headers: headers
                .map(|(name, value)| (name.clone().into(), value.clone().into()))
                .collect(),
            body: delivery.body.to_vec(),
            chunked: false,
        }
    }

    pub(crate) fn body(mut self, body: String) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        let mut request = self.without(name);
        request.headers.push((name.to_owned(), value.to_owned()));
        request
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self
    }

    /// Without a Content-Length, in pieces of one byte.
    pub(crate) fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    /// The request on the wire, without its body.
    pub(crate) fn head(&self) -> String {
        let headers: String = (self.headers.iter())
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let length = self.body.len();
        format!("POST /cues HTTP/1.1\r\nHost: h\r\n{headers}Content-Length: {length}\r\n\r\n")
    }
}

/// A body that does not say how long it is.
fn in_pieces(body: Vec<u8>) -> Pieces {
    Pieces(body.into())
}

struct Pieces(bytes::Bytes);

impl hyper::body::Body for Pieces {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        let next = (!self.0.is_empty()).then(|| Ok(hyper::body::Frame::data(self.0.split_to(1))));
        std::task::Poll::Ready(next)
    }
}

/// Seconds since the Unix epoch.
pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs().try_into().unwrap()
}

/// Waits for something to be there.
pub(crate) async fn until<T>(there: impl Fn() -> Option<T>) -> T {
    let wait = async {
        loop {
            if let Some(found) = there() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, wait).await.unwrap()
}
