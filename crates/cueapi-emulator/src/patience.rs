//! A stream whose other end may be silent only for so long: the server's HTTP library limits connecting, each read and
//! each write, and not the whole exchange.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use tokio::time::{Instant, Sleep};
use tower_service::Service;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Connects within the limit, to streams with the same limit.
#[derive(Clone)]
pub(crate) struct PatientConnector {
    tcp: HttpConnector,
    limit: Duration,
}

impl PatientConnector {
    pub(crate) fn new(limit: Duration) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        Self { tcp, limit }
    }
}

impl Service<Uri> for PatientConnector {
    type Response = Patient<<HttpConnector as Service<Uri>>::Response>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, url: Uri) -> Self::Future {
        let (connecting, limit) = (self.tcp.call(url), self.limit);
        Box::pin(async move {
            let stream = tokio::time::timeout(limit, connecting).await??;
            Ok(Patient {
                stream,
                limit,
                patience: Box::pin(tokio::time::sleep(limit)),
            })
        })
    }
}

/// Fails with [`io::ErrorKind::TimedOut`] when nothing has moved for as long as the limit.
///
/// That ends an idle connection, too, which is no loss.
pub(crate) struct Patient<T> {
    stream: T,
    limit: Duration,
    patience: Pin<Box<Sleep>>,
}

impl<T> Patient<T> {
    fn limited<R>(&mut self, context: &mut Context<'_>, poll: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if poll.is_ready() {
            let end = Instant::now() + self.limit;
            self.patience.as_mut().reset(end);
            return poll;
        }
        self.patience
            .as_mut()
            .poll(context)
            .map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: Read + Unpin> Read for Patient<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.limited(context, poll)
    }
}

impl<T: Write + Unpin> Write for Patient<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(context, buffer);
        self.limited(context, poll)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.limited(context, poll)
    }
}

impl<T: Connection> Connection for Patient<T> {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}
