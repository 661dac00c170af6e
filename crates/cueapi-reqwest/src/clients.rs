//! Which connection a request may go to: never to one that the server may be about to close, unless it may be repeated.
//!
//! reqwest gives no hold on a connection, and its pool hands one on before the response on it was seen. So there are
//! three clients. What may be repeated shares the connections of the first. What may not has the second to itself, one
//! call at a time, so that nobody takes a connection from it before its response was seen. Where neither can be used, the
//! third makes a connection for one call.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use cueapi_core::{endpoint::Repeat, http::HttpError};
use reqwest::{Client, ClientBuilder};

use crate::{config, error};

/// How long a client rests after a response whose connection may be closed: until its pool has dropped that connection.
const REST: Duration = config::KEEP.saturating_add(Duration::from_secs(1));

#[derive(Debug)]
pub(crate) struct Clients {
    shared: Kept,
    single: Kept,
    fresh: Client,
}

/// A client that keeps connections.
#[derive(Debug)]
struct Kept {
    client: Client,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_taken: bool,
    rests_until: Option<Instant>,
}

/// A client for one call.
pub(crate) struct Lease<'a> {
    pub(crate) client: &'a Client,
    kept: Option<&'a Kept>,
    is_alone: bool,
    may_close: bool,
}

impl Clients {
    pub(crate) fn new(builder: impl Fn() -> ClientBuilder) -> Result<Self, HttpError> {
        let build = |builder| config::conforming(builder).build().map_err(error::from_reqwest);
        Ok(Self {
            shared: Kept::new(build(builder())?),
            single: Kept::new(build(builder())?),
            fresh: build(builder().pool_max_idle_per_host(0))?,
        })
    }

    /// The client that a request of this kind may go through now.
    pub(crate) fn lend(&self, repeat: Repeat) -> Lease<'_> {
        let lease = match repeat {
            Repeat::Safe => self.shared.share(),
            _ => self.single.take(),
        };
        lease.unwrap_or(Lease {
            client: &self.fresh,
            kept: None,
            is_alone: true,
            may_close: false,
        })
    }
}

impl Kept {
    fn new(client: Client) -> Self {
        Self {
            client,
            state: Mutex::default(),
        }
    }

    /// For a call among others, unless it rests.
    fn share(&self) -> Option<Lease<'_>> {
        (!self.state().rests()).then(|| self.lease(false))
    }

    /// For one call alone, unless it rests or has one.
    fn take(&self) -> Option<Lease<'_>> {
        let mut state = self.state();
        let is_free = !state.is_taken && !state.rests();
        state.is_taken |= is_free;
        is_free.then(|| self.lease(true))
    }

    fn lease(&self, is_alone: bool) -> Lease<'_> {
        Lease {
            client: &self.client,
            kept: Some(self),
            is_alone,
            may_close: false,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn rests(&self) -> bool {
        self.rests_until.is_some_and(|until| Instant::now() < until)
    }
}

impl Lease<'_> {
    /// Notes that the server may close the connection of this call.
    pub(crate) fn may_close(&mut self) {
        self.may_close = true;
        self.rest();
    }

    fn rest(&self) {
        if let Some(kept) = self.kept {
            kept.state().rests_until = Some(Instant::now() + REST);
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        // Once more, because the pool counts from the end of the response.
        if self.may_close {
            self.rest();
        }
        if let Some(kept) = self.kept.filter(|_| self.is_alone) {
            kept.state().is_taken = false;
        }
    }
}
