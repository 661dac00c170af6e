//! An HTTP client that is not `Send`, as on single-threaded runtimes: hyper's connections without a pool that threads
//! could share.

use std::{cell::RefCell, io, rc::Rc, time::Duration};

use bytes::Bytes;
use cueapi_core::http::{
    AttemptTimeout, HttpError, HttpErrorKind, LocalHttpClient, MaxResponseBytes, Request, Response, server_may_close,
};
use http::{HeaderValue, Uri, header::HOST, uri::Authority};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

#[derive(Clone, Default)]
pub(crate) struct LocalClient {
    idle: Rc<RefCell<Vec<(Authority, Connection)>>>,
}

type Connection = SendRequest<Full<Bytes>>;

impl LocalHttpClient for LocalClient {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let timeout = request
            .extensions()
            .get::<AttemptTimeout>()
            .map_or(Duration::MAX, |timeout| timeout.0);
        tokio::task::yield_now().await;
        if request.uri().scheme_str() == Some("https") {
            return Err(HttpError::new(HttpErrorKind::Unsendable).with_source("there is no TLS here"));
        }
        let timed_out = |elapsed| HttpError::new(HttpErrorKind::Timeout).with_source(elapsed);
        tokio::time::timeout(timeout, self.exchange(request))
            .await
            .map_err(timed_out)?
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

impl LocalClient {
    async fn exchange(&self, request: Request) -> Result<Response, HttpError> {
        let limit = request
            .extensions()
            .get::<MaxResponseBytes>()
            .map_or(usize::MAX, |limit| limit.0);
        let authority = request
            .uri()
            .authority()
            .cloned()
            .ok_or(HttpError::new(HttpErrorKind::Other))?;
        let mut request = request.map(Full::new);
        let host = HeaderValue::from_str(authority.as_str()).map_err(as_kind(HttpErrorKind::Other))?;
        request.headers_mut().insert(HOST, host);
        *request.uri_mut() = request
            .uri()
            .path_and_query()
            .cloned()
            .map_or(Uri::from_static("/"), Uri::from);

        let (response, connection) = loop {
            let idle = self.take_idle(&authority);
            let kept = idle.is_some();
            let mut connection = match idle {
                Some(connection) => connection,
                None => connect(&authority).await.map_err(as_kind(HttpErrorKind::Connect))?,
            };
            match connection.try_send_request(request).await {
                Ok(response) => break (response, connection),
                Err(mut error) => match error.take_message() {
                    // The connection was dead, and hands the request back as it was.
                    Some(unsent) if kept => request = unsent,
                    _ => {
                        let error = error.into_error();
                        let kind = if error.is_parse() {
                            HttpErrorKind::Other
                        } else {
                            HttpErrorKind::Interrupted
                        };
                        return Err(HttpError::new(kind).with_source(error));
                    }
                },
            }
        };

        let may_close = server_may_close(&response);
        let (head, body) = response.into_parts();
        let body = Limited::new(body, limit).collect().await.map_err(|error| {
            let framing = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
            let kind = match framing.map(io::Error::kind) {
                _ if error.is::<LengthLimitError>() => HttpErrorKind::TooLarge,
                Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => HttpErrorKind::Other,
                _ => HttpErrorKind::Interrupted,
            };
            HttpError::new(kind).with_source(error)
        })?;
        if !may_close {
            self.idle.borrow_mut().push((authority, connection));
        }
        Ok(Response::from_parts(head, body.to_bytes()))
    }

    fn take_idle(&self, authority: &Authority) -> Option<Connection> {
        let mut idle = self.idle.borrow_mut();
        idle.retain(|(_, connection)| !connection.is_closed());
        let index = idle
            .iter()
            .position(|(other, connection)| other == authority && connection.is_ready())?;
        Some(idle.swap_remove(index).1)
    }
}

async fn connect(authority: &Authority) -> Result<Connection, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(authority.as_str()).await?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::task::spawn_local(connection);
    Ok(sender)
}

fn as_kind<E: Into<Box<dyn std::error::Error + Send + Sync>>>(kind: HttpErrorKind) -> impl Fn(E) -> HttpError {
    move |error| HttpError::new(kind).with_source(error)
}
