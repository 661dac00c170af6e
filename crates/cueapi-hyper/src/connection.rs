//! Connections that wait for their next call. Each belongs to one call at a time, and nobody waits for one: a call takes
//! an idle connection or makes a new one.
//!
//! hyper-util's pool is not used because it hands a connection on before the answer on it can be judged. CueAPI closes
//! some milliseconds after a 500 and a 304, and what was sent meanwhile may have run or not. What this costs in connections
//! stands in `tests/README.md`: with 16 calls in flight, 1,009 for 1,008 answers that end one.

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use bytes::Bytes;
use cueapi_core::http::{HttpError, HttpErrorKind};
use http::{
    HeaderValue, Uri,
    uri::{Authority, Parts, PathAndQuery, Scheme},
};
use http_body_util::Full;
use hyper::{
    client::conn::http1::{self, SendRequest},
    rt::{Read, Write},
};

/// How long a connection is kept for the next call. CueAPI is served by uvicorn, which closes after 5 seconds, and a
/// worker polls every 5 seconds: a connection kept as long would be closed just while it is written to.
const KEEP: Duration = Duration::from_secs(4);

/// How often connections that nobody used for so long are looked for.
const SWEEP: Duration = Duration::from_secs(1);

/// For this long after an answer there is nothing to look for: what a server closes later than that is on its way while
/// the next request is, and no look would have shown it.
const FRESH: Duration = Duration::from_millis(1);

/// How long a connection whose answer is complete may take until it is ready for the next request.
const SETTLE: Duration = Duration::from_millis(10);

/// The idle connections of a client and its clones, the one that was used last at the end.
#[derive(Clone, Default)]
pub(crate) struct Pool(Arc<Mutex<Vec<Idle>>>);

struct Idle {
    since: Instant,
    connection: Connection,
}

/// A connection to a server, in use by one call.
pub(crate) struct Connection {
    server: Server,
    pub(crate) sender: SendRequest<Full<Bytes>>,
    /// Whether it leads to a proxy, which must be told for whom a request is.
    is_proxied: bool,
}

/// Where a connection leads.
#[derive(Clone, PartialEq)]
pub(crate) struct Server {
    scheme: Scheme,
    authority: Authority,
}

impl Server {
    /// The server of an absolute URL.
    pub(crate) fn of(url: &Uri) -> Result<Self, HttpError> {
        match (url.scheme(), url.authority()) {
            (Some(scheme), Some(authority)) => Ok(Self {
                scheme: scheme.clone(),
                authority: authority.clone(),
            }),
            _ => Err(HttpError::new(HttpErrorKind::Unsendable).with_source("the URL is not absolute")),
        }
    }

    /// What stands in the header `Host`: the port only where the scheme does not imply it.
    pub(crate) fn host(&self) -> Result<HeaderValue, HttpError> {
        let implied = if self.scheme == Scheme::HTTPS { 443 } else { 80 };
        let host = match self.authority.port_u16() {
            Some(port) if port != implied => HeaderValue::try_from(format!("{}:{port}", self.authority.host())),
            _ => HeaderValue::from_str(self.authority.host()),
        };
        host.map_err(|error| HttpError::new(HttpErrorKind::Unsendable).with_source(error))
    }

    /// What a connector is asked for.
    pub(crate) fn url(&self) -> Uri {
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(PathAndQuery::from_static("/"));
        // Cannot fail: scheme and authority come from a URL.
        Uri::from_parts(parts).unwrap_or_default()
    }
}

impl Connection {
    /// What stands in the request line: the path, or all of the URL for a proxy that forwards plain HTTP.
    pub(crate) fn target(&self, url: &Uri) -> Uri {
        if self.is_proxied && self.server.scheme == Scheme::HTTP {
            return url.clone();
        }
        url.path_and_query().cloned().map_or(Uri::from_static("/"), Uri::from)
    }
}

impl Pool {
    /// A connection to this server that is ready for a request, if one is kept.
    pub(crate) async fn take(&self, server: &Server) -> Option<Connection> {
        while let Some(Idle { since, mut connection }) = self.pop(server) {
            // A thread that was busy since the last call has not polled its sockets. Let the runtime do that first, or
            // the request goes to a connection that the server has long closed.
            if since.elapsed() >= FRESH {
                tokio::task::yield_now().await;
            }
            let sender = &mut connection.sender;
            let is_ready =
                sender.is_ready() || matches!(tokio::time::timeout(SETTLE, sender.ready()).await, Ok(Ok(())));
            if is_ready {
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection whose last answer is complete.
    pub(crate) fn put(&self, connection: Connection) {
        let since = Instant::now();
        self.idle().push(Idle { since, connection });
    }

    /// Makes HTTP of a stream, and moves its bytes until it is closed, by the server or for want of use.
    pub(crate) async fn open<T>(&self, server: Server, stream: T, is_proxied: bool) -> hyper::Result<Connection>
    where
        T: Read + Write + Unpin + Send + 'static,
    {
        let (sender, connection) = http1::handshake(stream).await?;
        let pool = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            while tokio::time::timeout(SWEEP, &mut connection).await.is_err() {
                sweep(&pool);
            }
        });
        Ok(Connection {
            server,
            sender,
            is_proxied,
        })
    }

    fn pop(&self, server: &Server) -> Option<Idle> {
        let mut idle = self.idle();
        let index = idle.iter().rposition(|idle| idle.connection.server == *server)?;
        let found = idle.remove(index);
        (found.since.elapsed() < KEEP).then_some(found)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        lock(&self.0)
    }
}

/// Closes the connections that were not used for too long.
fn sweep(pool: &Weak<Mutex<Vec<Idle>>>) {
    if let Some(pool) = pool.upgrade() {
        let mut idle = lock(&pool);
        let expired = idle.partition_point(|idle| idle.since.elapsed() >= KEEP);
        idle.drain(..expired);
    }
}

fn lock(idle: &Mutex<Vec<Idle>>) -> MutexGuard<'_, Vec<Idle>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}
