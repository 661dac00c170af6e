//! Connections: accepted, bounded in number and in time, and ended as the real server ends them.
//!
//! uvicorn closes after a 304 and after a 500, some milliseconds after the answer and without a word; and a connection on
//! which nothing has come for five seconds.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use http::{HeaderValue, header};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{Sleep, sleep},
};
use tower_service::Service as _;

use crate::shared::Shared;

/// How many connections there are at a time: as many as leave room for others under the usual limit of 1,024 open files.
/// The next ones wait.
const MAX_CONNECTIONS: usize = 900;

/// How long a caller may leave an answer unread.
const UNREAD: Duration = Duration::from_secs(30);

/// When connections end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    /// After a 304 or a 500.
    pub(crate) after_drop: Duration,
    /// Without a complete head of a request.
    pub(crate) idle: Duration,
}

impl Ends {
    /// How long a caller may take to send a body.
    pub(crate) fn body(self) -> Duration {
        self.idle.saturating_mul(6)
    }
}

/// Serves until the emulator stops, and then until open requests are answered.
pub(crate) async fn listen(listener: TcpListener, app: Router, shared: Arc<Shared>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    let mut stopped = shared.stopped.clone();
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            accepted = accepted => accepted,
            _ = stopped.changed() => break,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok(_) if shared.refuses_connection() => {}
            Ok((stream, address)) => {
                let serving = serve(stream, address, app.clone(), places.clone(), shared.clone());
                connections.spawn(async move {
                    // Its end is no error of the emulator's.
                    drop(serving.await);
                    drop(place);
                });
            }
            // Too many open files, for instance.
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn serve(
    stream: TcpStream,
    address: SocketAddr,
    app: Router,
    places: Arc<Semaphore>,
    shared: Arc<Shared>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let peer = Peer {
        address: address.ip().to_string(),
        bound: stream.local_addr()?.ip(),
        dropped: Arc::default(),
        cut: Arc::default(),
    };
    let connection = Connection {
        stream,
        peer: peer.clone(),
        after_drop: shared.ends.after_drop,
        end: None,
        unread: None,
    };
    let answer = service_fn(|request: http::Request<Incoming>| {
        let (mut app, peer, places) = (app.clone(), peer.clone(), places.clone());
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            let mut answer = app.call(request).await?;
            if places.available_permits() == 0 {
                // Somebody waits for this place.
                answer
                    .headers_mut()
                    .insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, std::convert::Infallible>(answer)
        }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(shared.ends.idle);
    let mut serving = pin!(http.serve_connection(TokioIo::new(connection), answer));
    let mut stopped = shared.stopped.clone();
    tokio::select! {
        ended = serving.as_mut() => return Ok(ended?),
        _ = stopped.changed() => serving.as_mut().graceful_shutdown(),
    }
    Ok(serving.await?)
}

/// What a handler knows of its connection.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) address: String,
    /// The address of this machine that it has connected to.
    pub(crate) bound: IpAddr,
    dropped: Arc<AtomicBool>,
    cut: Arc<AtomicBool>,
}

impl Peer {
    /// Ends the connection some time after the answer that is being written: no header announces it, and nothing is read
    /// meanwhile.
    pub(crate) fn drop_connection(&self) {
        self.dropped.store(true, Ordering::Release);
    }

    /// Ends the connection in place of an answer.
    pub(crate) fn cut_connection(&self) {
        self.cut.store(true, Ordering::Release);
    }
}

struct Connection {
    stream: TcpStream,
    peer: Peer,
    after_drop: Duration,
    /// Runs once the last answer is out.
    end: Option<Pin<Box<Sleep>>>,
    /// Runs while nothing more can be written.
    unread: Option<Pin<Box<Sleep>>>,
}

impl Connection {
    /// Writes, unless the connection is cut or has been full for too long.
    fn poll_written(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if self.peer.cut.load(Ordering::Acquire) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if let Poll::Ready(written) = write(Pin::new(&mut self.stream), cx) {
            self.unread = None;
            return Poll::Ready(written);
        }
        let unread = self.unread.get_or_insert_with(|| Box::pin(sleep(UNREAD)));
        ready!(unread.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.peer.dropped.load(Ordering::Acquire) {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        match &mut self.end {
            // The end of the stream: no further request comes, so hyper hangs up.
            Some(end) => end.as_mut().poll(cx).map(Ok),
            // `poll_flush` has hyper look again.
            None => Poll::Pending,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_written(cx, |stream, cx| stream.poll_write(cx, buf))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_ready() && self.end.is_none() && self.peer.dropped.load(Ordering::Acquire) {
            self.end = Some(Box::pin(sleep(self.after_drop)));
            cx.waker().wake_by_ref();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_written(cx, |stream, cx| stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
