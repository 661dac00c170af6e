//! Connections that can be dropped after an answer without a word, as the server does after a 500, or in place of one.

use std::{
    io,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

use crate::shared::Shared;

/// A TCP listener whose connections know whether they are to end.
pub(crate) struct DroppingListener {
    pub(crate) listener: TcpListener,
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    bound: IpAddr,
    dropped: Arc<AtomicBool>,
    cut: Arc<AtomicBool>,
    ended: bool,
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
    /// Ends the connection after the answer that is being written: no header announces it.
    pub(crate) fn drop_connection(&self) {
        self.dropped.store(true, Ordering::Release);
    }

    /// Ends the connection in place of an answer.
    pub(crate) fn cut_connection(&self) {
        self.cut.store(true, Ordering::Release);
    }
}

impl Listener for DroppingListener {
    type Io = Connection;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        // axum's own implementation waits out errors such as too many open files.
        let (stream, address, bound) = loop {
            let (stream, address) = Listener::accept(&mut self.listener).await;
            let Ok(bound) = stream.local_addr() else { continue };
            if !self.shared.refuses_connection() {
                break (stream, address, bound.ip());
            }
        };
        (
            Connection {
                stream,
                bound,
                dropped: Arc::default(),
                cut: Arc::default(),
                ended: false,
            },
            address,
        )
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

impl Connected<IncomingStream<'_, DroppingListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, DroppingListener>) -> Self {
        Self {
            address: stream.remote_addr().ip().to_string(),
            bound: stream.io().bound,
            dropped: stream.io().dropped.clone(),
            cut: stream.io().cut.clone(),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.dropped.load(Ordering::Acquire) {
            // The end of the stream: no further request comes, so the server hangs up when its answer is out.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.cut.load(Ordering::Acquire) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_ready() && !self.ended && self.dropped.load(Ordering::Acquire) {
            // Nothing is read while an answer is written: have the server look again, and find the end.
            self.ended = true;
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
        if self.cut.load(Ordering::Acquire) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
