//! The faulty server: HTTP/1.1 on loopback threads that answers, stalls, cuts and resets as it is told.
//!
//! Replies are handed out in the order in which requests arrive, on whichever connection, so that a script says nothing
//! about how a client pools connections. It keeps every request as it came.

use std::{
    collections::{HashMap, VecDeque},
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::message::{Received, response};

/// How long the server bears a client that does nothing. Ends every wait, so that no client hangs the suite.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How long a connection that is being closed waits for a client that watches it to hang up.
const LINGER: Duration = Duration::from_millis(200);

/// What the server does about one request.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// Sends these bytes and keeps the connection.
    Answer(Vec<u8>),
    /// Sends these bytes and closes the connection.
    Close(Vec<u8>),
    /// Sends these bytes, and closes the connection when [`Server::let_close`] says so.
    CloseLater(Vec<u8>),
    /// Sends these bytes and closes the connection this much later. Nothing that comes meanwhile is read.
    CloseAfter(Vec<u8>, Duration),
    /// Does the first to a GET and the second to everything else.
    ByMethod(Box<Reply>, Box<Reply>),
    /// Leaves the request's body unread and closes, which resets the connection.
    Reset,
    /// Sends these bytes, then nothing. A client that uses the connection again gets the late answer.
    Stall { first: Vec<u8>, late: Vec<u8> },
    /// Sends these bytes, then one more every 20 ms.
    Trickle(Vec<u8>),
    /// Sends these bytes, then this piece again and again, [`FLOOD`] bytes in all.
    Flood { first: Vec<u8>, piece: Vec<u8> },
    /// Sends these bytes once another request has come.
    AfterTheNext(Vec<u8>),
}

/// How much a [`Reply::Flood`] holds in store: far more than the buffers of two sockets.
pub(super) const FLOOD: usize = 64 * 1024 * 1024;

/// What happened at the server.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// Requests that arrived in full, in order.
    pub(super) requests: Vec<Received>,
    /// Connections that have ended.
    pub(super) closed: usize,
    /// Clients that hung up while the server stalled.
    pub(super) hung_up: usize,
    /// Requests on connections that were about to be closed.
    pub(super) too_late: usize,
    /// Bytes that clients took of a flood that has ended.
    pub(super) flooded: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    replies: VecDeque<Reply>,
    handed_out: usize,
    seen: Seen,
    streams: HashMap<usize, TcpStream>,
    may_close: bool,
    stopping: bool,
}

impl Server {
    /// Listens on a free port of loopback.
    pub(super) fn start(replies: Vec<Reply>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                replies: replies.into(),
                handed_out: 0,
                seen: Seen::default(),
                streams: HashMap::new(),
                may_close: false,
                stopping: false,
            }),
            changed: Condvar::new(),
        });
        let acceptor = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || accept(&listener, &shared))
        };
        Ok(Self {
            address,
            shared,
            acceptor: Some(acceptor),
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn seen(&self) -> Seen {
        self.shared.lock().seen.clone()
    }

    /// Blocks the thread until the condition holds; `false` when patience ends first.
    pub(super) fn block_until(&self, condition: impl Fn(&Seen) -> bool) -> bool {
        self.shared.wait(PATIENCE, |state| condition(&state.seen))
    }

    /// Closes the connections that a [`Reply::CloseLater`] holds.
    pub(super) fn let_close(&self) {
        self.shared.update(|state| state.may_close = true);
    }

    /// Stops listening, so that the address refuses connections, and hangs up on every client.
    pub(super) fn stop(&mut self) {
        let Some(acceptor) = self.acceptor.take() else {
            return;
        };
        let streams = {
            let mut state = self.shared.lock();
            state.stopping = true;
            std::mem::take(&mut state.streams)
        };
        self.shared.changed.notify_all();
        for stream in streams.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        let _ = TcpStream::connect(self.address);
        let _ = acceptor.join();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next reply, and how many were handed out with it.
    fn next_reply(&self) -> (Option<Reply>, usize) {
        let mut state = self.lock();
        state.handed_out += 1;
        (state.replies.pop_front(), state.handed_out)
    }

    fn update(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    fn wait(&self, patience: Duration, condition: impl Fn(&State) -> bool) -> bool {
        let (state, _) = self
            .changed
            .wait_timeout_while(self.lock(), patience, |state| !condition(state))
            .unwrap_or_else(PoisonError::into_inner);
        condition(&state)
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut connections = Vec::new();
    for (number, stream) in listener.incoming().enumerate() {
        let Ok(mut stream) = stream else { continue };
        {
            let mut state = shared.lock();
            if state.stopping {
                break;
            }
            let Ok(handle) = stream.try_clone() else { continue };
            state.streams.insert(number, handle);
        }
        let shared = Arc::clone(shared);
        connections.push(thread::spawn(move || {
            // An error is a client that went away: what matters of that is in `Seen`.
            let _ = serve(&mut stream, &shared);
            // Both handles, or it would not close.
            shared.lock().streams.remove(&number);
            drop(stream);
            shared.update(|state| state.seen.closed += 1);
        }));
    }
    for connection in connections {
        let _ = connection.join();
    }
}

/// Serves one connection until a reply ends it or the client does; the caller closes it.
fn serve(stream: &mut TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // The script decides how a request is read, so look at the reply when the first byte of one is there.
    while stream.peek(&mut [0])? > 0 {
        let (reply, number) = shared.next_reply();
        let request = match reply {
            Some(Reply::Reset) => Received::read_all_but_the_body(stream, PATIENCE)?,
            _ => Received::read(stream)?,
        };
        let Some(request) = request else { break };
        let reply = match reply {
            Some(Reply::ByMethod(get, _)) if request.request_line().starts_with(b"GET ") => Some(*get),
            Some(Reply::ByMethod(_, other)) => Some(*other),
            reply => reply,
        };
        shared.update(|state| state.seen.requests.push(request));
        match reply {
            Some(Reply::Answer(bytes)) => stream.write_all(&bytes)?,
            Some(Reply::AfterTheNext(bytes)) => {
                if !shared.wait(PATIENCE, |state| state.seen.requests.len() > number || state.stopping) {
                    return Ok(());
                }
                stream.write_all(&bytes)?;
            }
            Some(Reply::Close(bytes)) => {
                stream.write_all(&bytes)?;
                return linger(stream);
            }
            Some(Reply::CloseLater(bytes)) => {
                stream.write_all(&bytes)?;
                shared.wait(PATIENCE, |state| state.may_close || state.stopping);
                return linger(stream);
            }
            Some(Reply::CloseAfter(bytes, delay)) => {
                stream.write_all(&bytes)?;
                return close_after(stream, delay, shared);
            }
            Some(Reply::Reset | Reply::ByMethod(..)) => return Ok(()),
            Some(Reply::Stall { first, late }) => return stall(stream, &first, &late, shared),
            Some(Reply::Trickle(head)) => return trickle(stream, &head, shared),
            Some(Reply::Flood { first, piece }) => return flood(stream, &first, &piece, shared),
            // More requests than the case has: counted above, and answered so that the client returns.
            None => stream.write_all(&response(200, &[], b"nobody asked for this exchange"))?,
        }
    }
    Ok(())
}

/// Says goodbye. A client that watches its connections gets a moment to notice, so that "closed" means "seen" for it.
fn linger(stream: &mut TcpStream) -> io::Result<()> {
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(LINGER))?;
    stream.read(&mut [0]).map(drop)
}

/// Waits, and notes whether a client sends another request meanwhile.
fn close_after(stream: &mut TcpStream, delay: Duration, shared: &Shared) -> io::Result<()> {
    stream.set_read_timeout(Some(delay))?;
    if stream.read(&mut [0])? > 0 {
        shared.update(|state| state.seen.too_late += 1);
    }
    Ok(())
}

fn stall(stream: &mut TcpStream, first: &[u8], late: &[u8], shared: &Shared) -> io::Result<()> {
    stream.write_all(first)?;
    match stream.read(&mut [0]) {
        Ok(0) => shared.update(|state| state.seen.hung_up += 1),
        Ok(_) => stream.write_all(late)?,
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => shared.update(|state| state.seen.hung_up += 1),
        Err(error) => return Err(error),
    }
    Ok(())
}

fn trickle(stream: &mut TcpStream, head: &[u8], shared: &Shared) -> io::Result<()> {
    stream.write_all(head)?;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline && !shared.lock().stopping {
        thread::sleep(Duration::from_millis(20));
        stream.write_all(b"x")?;
    }
    Ok(())
}

fn flood(stream: &mut TcpStream, first: &[u8], piece: &[u8], shared: &Shared) -> io::Result<()> {
    let mut written = 0;
    let result = stream.write_all(first).and_then(|()| {
        while written < FLOOD {
            stream.write_all(piece)?;
            written += piece.len();
        }
        Ok(())
    });
    shared.update(|state| state.seen.flooded = Some(written));
    result
}
