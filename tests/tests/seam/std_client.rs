//! An HTTP client out of the standard library, a fresh connection for every call: what it takes to bring a stack of your own.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::{Duration, Instant},
};

use bytes::Bytes;
use cueapi_core::http::{
    AttemptTimeout, BlockingHttpClient, HttpError, HttpErrorKind, MaxResponseBytes, Request, Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

const MAX_HEAD: u64 = 64 * 1024;

pub(crate) struct StdClient;

impl BlockingHttpClient for StdClient {
    fn send(&self, request: Request) -> Result<Response, HttpError> {
        let timeout = request
            .extensions()
            .get::<AttemptTimeout>()
            .map_or(Duration::from_secs(30), |timeout| timeout.0);
        Connection::open(&request, Instant::now() + timeout)?.exchange(&request)
    }
}

pub(crate) struct Connection {
    stream: BufReader<Timed>,
}

impl Connection {
    pub(crate) fn open(request: &Request, deadline: Instant) -> Result<Self, HttpError> {
        if request.uri().scheme_str() == Some("https") {
            return Err(HttpError::new(HttpErrorKind::Unsendable).with_source("there is no TLS here"));
        }
        let connect = || {
            let (host, port) = (
                request.uri().host().unwrap_or_default(),
                request.uri().port_u16().unwrap_or(80),
            );
            let address = (host, port).to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
            TcpStream::connect_timeout(&address, remaining(deadline)?)
        };
        let stream = connect().map_err(|error| HttpError::new(HttpErrorKind::Connect).with_source(error))?;
        Ok(Self {
            stream: BufReader::new(Timed { stream, deadline }),
        })
    }

    pub(crate) fn exchange(&mut self, request: &Request) -> Result<Response, HttpError> {
        let limit = request
            .extensions()
            .get::<MaxResponseBytes>()
            .map_or(usize::MAX, |limit| limit.0);
        self.write(request).map_err(failed)?;
        let mut response = self.read_head().map_err(failed)?;
        while response.status().is_informational() {
            response = self.read_head().map_err(failed)?;
        }
        let body = self.read_body(&response, limit)?;
        Ok(response.map(|()| body))
    }

    pub(crate) fn set_deadline(&mut self, deadline: Instant) {
        self.stream.get_mut().deadline = deadline;
    }

    fn write(&mut self, request: &Request) -> io::Result<()> {
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let mut bytes = format!("{} {target} HTTP/1.1\r\n", request.method()).into_bytes();
        let length = HeaderValue::from(request.body().len());
        let host = HeaderValue::from_str(request.uri().authority().map_or("", |authority| authority.as_str()));
        let host = host.map_err(io::Error::other)?;
        let own = [(&header::HOST, &host), (&header::CONTENT_LENGTH, &length)];
        for (name, value) in request.headers().iter().chain(own) {
            bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        bytes.extend(b"\r\n");
        bytes.extend(request.body());
        self.stream.get_mut().write_all(&bytes)
    }

    fn read_head(&mut self) -> io::Result<http::Response<()>> {
        let mut head = Vec::new();
        let mut limited = self.stream.by_ref().take(MAX_HEAD);
        while !head.ends_with(b"\r\n\r\n") {
            if limited.read_until(b'\n', &mut head)? == 0 {
                let is_http = head.starts_with(b"HTTP/1.") && limited.limit() > 0;
                let kind = if is_http || head.is_empty() {
                    io::ErrorKind::UnexpectedEof
                } else {
                    io::ErrorKind::InvalidData
                };
                return Err(kind.into());
            }
        }
        let mut headers = [httparse::EMPTY_HEADER; 100];
        let mut parsed = httparse::Response::new(&mut headers);
        parsed.parse(&head).map_err(not_http)?;
        let mut response = http::Response::new(());
        *response.status_mut() = StatusCode::from_u16(parsed.code.unwrap_or(0)).map_err(not_http)?;
        for header in parsed.headers {
            let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(not_http)?;
            response
                .headers_mut()
                .append(name, HeaderValue::from_bytes(header.value).map_err(not_http)?);
        }
        Ok(response)
    }

    fn read_body(&mut self, response: &http::Response<()>, limit: usize) -> Result<Bytes, HttpError> {
        let headers = response.headers();
        let length = length(headers).map_err(failed)?;
        let mut body = Vec::new();
        if response.status() == StatusCode::NO_CONTENT || response.status() == StatusCode::NOT_MODIFIED {
        } else if headers.contains_key(header::TRANSFER_ENCODING) {
            while self.read_chunk(&mut body, limit)? {}
        } else {
            let most = length.unwrap_or(u64::MAX).min(limit as u64 + 1);
            self.stream.by_ref().take(most).read_to_end(&mut body).map_err(failed)?;
            if body.len() <= limit && length.is_some_and(|length| length != body.len() as u64) {
                return Err(failed(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        if body.len() > limit {
            Err(HttpError::new(HttpErrorKind::TooLarge))
        } else {
            Ok(body.into())
        }
    }

    /// Appends one chunk; `false` at the last one, or when the body is too large.
    fn read_chunk(&mut self, body: &mut Vec<u8>, limit: usize) -> Result<bool, HttpError> {
        let mut line = String::new();
        self.stream.by_ref().take(64).read_line(&mut line).map_err(failed)?;
        if line.is_empty() {
            return Err(failed(io::ErrorKind::UnexpectedEof.into()));
        }
        let size = u64::from_str_radix(line.trim_end(), 16).map_err(|error| failed(not_http(error)))?;
        let room = (limit - body.len()) as u64;
        let read = self
            .stream
            .by_ref()
            .take(size.min(room + 1))
            .read_to_end(body)
            .map_err(failed)? as u64;
        if size > room {
            return Ok(false);
        }
        self.stream.by_ref().take(2).read_line(&mut line).map_err(failed)?;
        if read < size {
            Err(failed(io::ErrorKind::UnexpectedEof.into()))
        } else {
            Ok(size > 0)
        }
    }
}

/// The length that the head gives, if it gives one and no more than one.
fn length(headers: &HeaderMap) -> io::Result<Option<u64>> {
    let mut values = headers.get_all(header::CONTENT_LENGTH).iter();
    let Some(first) = values.next() else { return Ok(None) };
    if values.any(|value| value != first) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let text = first.to_str().map_err(not_http)?;
    text.parse().map(Some).map_err(not_http)
}

/// A stream whose reads and writes end at a deadline.
struct Timed {
    stream: TcpStream,
    deadline: Instant,
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(remaining(self.deadline)?))?;
        self.stream.read(buffer)
    }
}

impl Write for Timed {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(remaining(self.deadline)?))?;
        self.stream.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

fn remaining(deadline: Instant) -> io::Result<Duration> {
    let remaining = deadline.saturating_duration_since(Instant::now());
    if remaining.is_zero() {
        Err(io::ErrorKind::TimedOut.into())
    } else {
        Ok(remaining)
    }
}

fn not_http(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

fn failed(error: io::Error) -> HttpError {
    let kind = match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => HttpErrorKind::Timeout,
        io::ErrorKind::InvalidData => HttpErrorKind::Other,
        _ => HttpErrorKind::Interrupted,
    };
    HttpError::new(kind).with_source(error)
}
