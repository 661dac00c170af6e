//! HTTP/1.1 messages as bytes: reading what a client sent, and writing what the faulty server answers.

use std::{
    io::{self, Read},
    net::TcpStream,
    time::{Duration, Instant},
};

/// No request of the suite has a longer head; a client that sends one is cut off.
const MAX_HEAD: usize = 64 * 1024;

/// No request of the suite has a longer body.
const MAX_BODY: usize = 1024 * 1024;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Received {
    head: Vec<u8>,
    /// The body, without chunk framing.
    pub(super) body: Vec<u8>,
}

impl Received {
    /// Reads one request; `None` when the client closes the connection instead of sending one.
    pub(super) fn read(stream: &mut TcpStream) -> io::Result<Option<Self>> {
        let Some(mut request) = Self::read_head(stream)? else {
            return Ok(None);
        };
        if request.is_chunked() {
            request.body = read_chunks(stream)?;
        } else {
            request.body = vec![0; request.content_length()];
            stream.read_exact(&mut request.body)?;
        }
        Ok(Some(request))
    }

    /// Reads the head and waits until the body is there, but leaves the body unread: closing the connection then
    /// makes the system reset it.
    pub(super) fn read_all_but_the_body(stream: &mut TcpStream, patience: Duration) -> io::Result<Option<Self>> {
        let Some(mut request) = Self::read_head(stream)? else {
            return Ok(None);
        };
        request.body = vec![0; request.content_length()];
        let deadline = Instant::now() + patience;
        while stream.peek(&mut request.body)? < request.body.len() && Instant::now() < deadline {
            std::thread::yield_now();
        }
        Ok(Some(request))
    }

    /// Byte by byte, so that nothing behind the head is taken from the stream.
    fn read_head(stream: &mut TcpStream) -> io::Result<Option<Self>> {
        let mut head = Vec::with_capacity(512);
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read(&mut byte)? == 0 {
                return Ok(None);
            }
            if head.len() == MAX_HEAD {
                return Err(io::ErrorKind::InvalidData.into());
            }
            head.push(byte[0]);
        }
        Ok(Some(Self { head, body: Vec::new() }))
    }

    /// `GET /path HTTP/1.1`, without the line end.
    pub(super) fn request_line(&self) -> &[u8] {
        self.lines().next().unwrap_or_default()
    }

    /// Every value of a header, as its bytes.
    pub(super) fn header(&self, name: &str) -> Vec<&[u8]> {
        self.lines()
            .skip(1)
            .filter_map(|line| {
                let colon = line.iter().position(|&byte| byte == b':')?;
                line[..colon]
                    .eq_ignore_ascii_case(name.as_bytes())
                    .then(|| line[colon + 1..].trim_ascii())
            })
            .collect()
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.head
            .split(|&byte| byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
    }

    fn is_chunked(&self) -> bool {
        self.header("transfer-encoding")
            .iter()
            .any(|value| value.eq_ignore_ascii_case(b"chunked"))
    }

    fn content_length(&self) -> usize {
        let values = self.header("content-length");
        let text = values.first().and_then(|value| std::str::from_utf8(value).ok());
        text.and_then(|text| text.parse().ok()).unwrap_or(0).min(MAX_BODY)
    }
}

fn read_chunks(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = read_line(stream)?;
        let size = usize::from_str_radix(&size, 16).map_err(|_| io::ErrorKind::InvalidData)?;
        if size > MAX_BODY {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let start = body.len();
        body.resize(start + size, 0);
        stream.read_exact(&mut body[start..])?;
        read_line(stream)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

fn read_line(stream: &mut TcpStream) -> io::Result<String> {
    let mut line = String::new();
    let mut byte = [0];
    while line.len() < 64 {
        stream.read_exact(&mut byte)?;
        match byte[0] {
            b'\n' => break,
            b'\r' => {}
            byte => line.push(char::from(byte)),
        }
    }
    Ok(line)
}

/// The head of a response: status line, header lines, empty line.
pub(super) fn head(status: u16, headers: &[(&str, &[u8])]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} Status\r\n").into_bytes();
    for (name, value) in headers {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// A complete response with a `Content-Length`.
pub(super) fn response(status: u16, headers: &[(&str, &[u8])], body: &[u8]) -> Vec<u8> {
    let length = body.len().to_string();
    let mut all = headers.to_vec();
    all.push(("content-length", length.as_bytes()));
    let mut response = head(status, &all);
    response.extend_from_slice(body);
    response
}

/// A complete 200 in chunks of at most `size` bytes.
pub(super) fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let mut response = head(200, &[("transfer-encoding", b"chunked")]);
    for piece in body.chunks(size) {
        response.extend_from_slice(&chunk(piece));
    }
    response.extend_from_slice(b"0\r\n\r\n");
    response
}

/// One chunk with its framing.
pub(super) fn chunk(piece: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
    chunk.extend_from_slice(piece);
    chunk.extend_from_slice(b"\r\n");
    chunk
}
