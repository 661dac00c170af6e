//! The faulty server: HTTP/1.1 on loopback threads that answers, stalls, cuts and resets as it is told.
//!
//! Replies are handed out in the order in which requests arrive, on whichever connection, so that a script says nothing
//! about how a client pools connections. It keeps every request as it came.

use std::{
    collections::VecDeque,
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
    /// Connections that the server has closed as its script says.
    pub(super) closed: usize,
    /// Clients that hung up while the server stalled.
    pub(super) hung_up: usize,
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
    seen: Seen,
    streams: Vec<TcpStream>,
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
                seen: Seen::default(),
                streams: Vec::new(),
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
        for stream in streams {
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
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        {
            let mut state = shared.lock();
            if state.stopping {
                break;
            }
            let Ok(handle) = stream.try_clone() else { continue };
            state.streams.push(handle);
        }
        let shared = Arc::clone(shared);
        // An error here is a client that went away: what matters of that is in `Seen`.
        connections.push(thread::spawn(move || drop(serve(stream, &shared))));
    }
    for connection in connections {
        let _ = connection.join();
    }
}

/// Serves one connection until a reply ends it or the client does.
fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // The script decides how a request is read, so look at the reply when the first byte of one is there.
    while stream.peek(&mut [0])? > 0 {
        let reply = shared.lock().replies.pop_front();
        let request = match reply {
            Some(Reply::Reset) => Received::read_all_but_the_body(&mut stream, PATIENCE)?,
            _ => Received::read(&mut stream)?,
        };
        let Some(request) = request else { break };
        shared.update(|state| state.seen.requests.push(request));
        match reply {
            Some(Reply::Answer(bytes)) => stream.write_all(&bytes)?,
            Some(Reply::AfterTheNext(bytes)) => {
                let requests = shared.lock().seen.requests.len();
                shared.wait(PATIENCE, |state| state.seen.requests.len() > requests || state.stopping);
                stream.write_all(&bytes)?;
            }
            Some(Reply::Close(bytes)) => return close(stream, &bytes, shared),
            Some(Reply::Reset) => return hang_up(stream, shared),
            Some(Reply::Stall { first, late }) => return stall(stream, &first, &late, shared),
            Some(Reply::Trickle(head)) => return trickle(stream, &head, shared),
            Some(Reply::Flood { first, piece }) => return flood(stream, &first, &piece, shared),
            // More requests than the case has: counted above, and answered so that the client returns.
            None => stream.write_all(&response(200, &[], b"nobody asked for this exchange"))?,
        }
    }
    Ok(())
}

/// Closes the connection. A client that watches it gets a moment to notice, so that "closed" means "seen" for it.
fn close(mut stream: TcpStream, bytes: &[u8], shared: &Shared) -> io::Result<()> {
    stream.write_all(bytes)?;
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(LINGER))?;
    let _ = stream.read(&mut [0]);
    hang_up(stream, shared)
}

/// Really closes, also the handle that [`Server::stop`] keeps.
fn hang_up(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let peer = stream.peer_addr();
    {
        let mut state = shared.lock();
        state
            .streams
            .retain(|other| !matches!((other.peer_addr(), &peer), (Ok(a), Ok(b)) if a == *b));
    }
    drop(stream);
    shared.update(|state| state.seen.closed += 1);
    Ok(())
}

fn stall(mut stream: TcpStream, first: &[u8], late: &[u8], shared: &Shared) -> io::Result<()> {
    stream.write_all(first)?;
    match stream.read(&mut [0]) {
        Ok(0) => shared.update(|state| state.seen.hung_up += 1),
        Ok(_) => stream.write_all(late)?,
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => shared.update(|state| state.seen.hung_up += 1),
        Err(error) => return Err(error),
    }
    Ok(())
}

fn trickle(mut stream: TcpStream, head: &[u8], shared: &Shared) -> io::Result<()> {
    stream.write_all(head)?;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline && !shared.lock().stopping {
        thread::sleep(Duration::from_millis(20));
        stream.write_all(b"x")?;
    }
    Ok(())
}

fn flood(mut stream: TcpStream, first: &[u8], piece: &[u8], shared: &Shared) -> io::Result<()> {
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
