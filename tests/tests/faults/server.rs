//! A server that does harm as it is told, and counts what it has carried out.
//!
//! What to do stands in the path: `/v1/probe/{fault}/{times}/{id}` does the fault to the first so many requests with this
//! id and serves the rest. What happens before a request is read is ordered beforehand.

use std::{
    collections::HashMap,
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

/// How long a fault that stalls lasts: longer than any attempt of these tests.
const STALL: Duration = Duration::from_secs(2);

const FIRED: &str = r#"{"id":"e1","cue_id":"cue_1","scheduled_for":"2026-11-23T20:41:14+00:00","status":"pending","triggered_by":"manual_fire"}"#;

#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// How often each id arrived, and how often it was carried out.
    counts: Mutex<HashMap<String, Counts>>,
    /// How many connections are closed as soon as they are accepted.
    close_accepted: AtomicUsize,
    /// How many requests are not read: their connection is closed.
    close_unread: AtomicUsize,
    connections: AtomicUsize,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) arrived: u32,
    pub(crate) executed: u32,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            shared: Arc::default(),
        };
        let shared = Arc::clone(&server.shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                shared.connections.fetch_add(1, Relaxed);
                if take_one(&shared.close_accepted) {
                    continue;
                }
                let shared = Arc::clone(&shared);
                // An error is a client that went away.
                thread::spawn(move || serve(stream, &shared));
            }
        });
        server
    }

    pub(crate) fn counts(&self, id: &str) -> Counts {
        self.shared.counts.lock().unwrap().get(id).copied().unwrap_or_default()
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Relaxed)
    }

    pub(crate) fn close_accepted(&self, connections: usize) {
        self.shared.close_accepted.store(connections, Relaxed);
    }

    pub(crate) fn close_unread(&self, requests: usize) {
        self.shared.close_unread.store(requests, Relaxed);
    }
}

fn take_one(left: &AtomicUsize) -> bool {
    left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok()
}

fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    while stream.peek(&mut [0])? > 0 {
        if take_one(&shared.close_unread) {
            return Ok(());
        }
        let Some(path) = read_request(&mut stream)? else {
            return Ok(());
        };
        let mut words = path.split('/').skip(2);
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("probe"), Some(fault), Some(times), Some(id)) => {
                let arrived = shared.arrived(id);
                let fault = if arrived <= times.parse().unwrap() {
                    fault
                } else {
                    "none"
                };
                // A refusal (4xx) promises that nothing was done, a 408 does not.
                if !fault.starts_with('4') || fault == "408" {
                    shared.counts.lock().unwrap().entry(id.to_owned()).or_default().executed += 1;
                }
                if !act(&mut stream, fault)? {
                    return Ok(());
                }
            }
            // Answers with this status, and closes so many milliseconds later without another look.
            (Some("closing"), Some(status), Some(delay), _) => {
                let body = if status == "304" { "" } else { "Internal Server Error" };
                stream.write_all(answer(status, "", body).as_bytes())?;
                thread::sleep(Duration::from_millis(delay.parse().unwrap()));
                return Ok(());
            }
            _ => stream.write_all(answer("200", "", FIRED).as_bytes())?,
        }
    }
    Ok(())
}

impl Shared {
    fn arrived(&self, id: &str) -> u32 {
        let mut counts = self.counts.lock().unwrap();
        let counts = counts.entry(id.to_owned()).or_default();
        counts.arrived += 1;
        counts.arrived
    }
}

/// Returns whether the connection goes on.
fn act(stream: &mut TcpStream, fault: &str) -> io::Result<bool> {
    let large = "x".repeat(64 * 1024);
    let (status, retry_after) = match fault.split_once('-') {
        Some((status, "wait")) => (status, "retry-after: 1\r\n"),
        _ => (fault, ""),
    };
    match fault {
        "none" => stream.write_all(answer("200", "", "{}").as_bytes())?,
        "close" => return Ok(false),
        "half_close" => {
            stream.shutdown(Shutdown::Write)?;
            thread::sleep(Duration::from_millis(20));
            return Ok(false);
        }
        "cut_head" => return end(stream, "HTTP/1.1 200 OK\r\ncontent-le"),
        "cut_body" => return end(stream, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"),
        "cut_chunk" => return end(stream, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"),
        "bad_chunk" => return end(stream, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n{}"),
        "slow_head" => return stall(stream, "HTTP/1.1 200 OK\r\n"),
        "slow_body" => return stall(stream, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"),
        "no_answer" => return stall(stream, ""),
        "garbage" => return end(stream, "SSH-2.0-OpenSSH_9.6\r\n"),
        "tls_alert" => return end(stream, "\u{15}\u{3}\u{1}\0\u{2}\u{2}\u{46}"),
        "many_headers" => stream.write_all(answer("200", &"x-many: 1\r\n".repeat(150), "{}").as_bytes())?,
        "oversized" => stream.write_all(answer("200", "", &large).as_bytes())?,
        "not_json" => stream.write_all(answer("200", "", "<html>").as_bytes())?,
        "early_close" => return end(stream, &answer("200", "", "{}")),
        "304" => return end(stream, "HTTP/1.1 304 Not Modified\r\n\r\n"),
        _ => stream.write_all(answer(status, retry_after, r#"{"detail":"no"}"#).as_bytes())?,
    }
    Ok(true)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    match status {
        "304" => "HTTP/1.1 304 Not Modified\r\n\r\n".to_owned(),
        _ => format!(
            "HTTP/1.1 {status} Status\r\n{headers}content-length: {}\r\n\r\n{body}",
            body.len()
        ),
    }
}

fn end(stream: &mut TcpStream, bytes: &str) -> io::Result<bool> {
    stream.write_all(bytes.as_bytes()).map(|()| false)
}

fn stall(stream: &mut TcpStream, bytes: &str) -> io::Result<bool> {
    stream.write_all(bytes.as_bytes())?;
    stream.set_read_timeout(Some(STALL))?;
    // Until the client has had enough.
    let _ = stream.read(&mut [0]);
    Ok(false)
}

fn read_request(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.split('\r').next());
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body)?;
    Ok(head.split(' ').nth(1).map(str::to_owned))
}
