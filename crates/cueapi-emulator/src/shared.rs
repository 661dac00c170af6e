//! What all parts of a running emulator share: the engine, where it is saved, the clock, and what has been seen of it.

use std::{
    error::Error,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use tokio::sync::{Notify, watch};

use crate::{
    clock::RunningClock,
    delivery::Sender,
    engine::{Change, Delivery, Engine},
    faults::Orders,
    gate::Gate,
    mailbox::Mailbox,
    sent::SentLog,
};

/// Where an engine's rows are written down.
pub(crate) trait Save: Send {
    /// Writes all or nothing: rows, and where a held clock stands.
    fn save(&mut self, changes: &[Change], clock: Option<Timestamp>) -> Result<(), Box<dyn Error + Send + Sync>>;
}

/// A change was made but could not be written down: whoever asked for it must not be told that it is safe.
#[derive(Debug)]
pub(crate) struct NotSaved;

struct Kept {
    engine: Engine,
    store: Option<Box<dyn Save>>,
}

/// The engine, to look at.
pub(crate) struct Reading<'a>(MutexGuard<'a, Kept>);

impl Deref for Reading<'_> {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.0.engine
    }
}

pub(crate) struct Shared {
    state: Mutex<Kept>,
    pub(crate) clock: Arc<RunningClock>,
    pub(crate) sender: Sender,
    pub(crate) gate: Gate,
    sent: Mutex<SentLog>,
    /// One caller at a time moves a held clock.
    pub(crate) advancing: tokio::sync::Mutex<()>,
    pub(crate) mailbox: Mailbox,
    /// Wakes the task that does what is due: a request may have made something due earlier.
    pub(crate) changed: Notify,
    /// Counts what has happened, for those who wait for something.
    happened: watch::Sender<u64>,
    orders: Mutex<Orders>,
    /// Deliveries that a fault lets go after the next one.
    pub(crate) held_back: Mutex<Vec<Delivery>>,
    /// Changes when the emulator stops.
    pub(crate) stopped: watch::Receiver<()>,
}

impl Shared {
    pub(crate) fn new(
        engine: Engine,
        store: Option<Box<dyn Save>>,
        clock: RunningClock,
        sender: Sender,
        gate: Gate,
        orders: Orders,
        mailbox: Mailbox,
        stopped: watch::Receiver<()>,
    ) -> Result<Self, NotSaved> {
        let shared = Self {
            state: Mutex::new(Kept { engine, store }),
            clock: Arc::new(clock),
            sender,
            gate,
            sent: Mutex::default(),
            advancing: tokio::sync::Mutex::default(),
            mailbox,
            changed: Notify::new(),
            happened: watch::Sender::default(),
            orders: Mutex::new(orders),
            held_back: Mutex::default(),
            stopped,
        };
        shared.change(|_| ())?;
        Ok(shared)
    }

    pub(crate) fn engine(&self) -> Reading<'_> {
        Reading(lock(&self.state))
    }

    /// Changes the engine, and writes the change down before anyone hears of it. What could not be written stays in memory,
    /// and is written with the next change.
    pub(crate) fn change<R>(&self, work: impl FnOnce(&mut Engine) -> R) -> Result<R, NotSaved> {
        let mut state = lock(&self.state);
        let result = work(&mut state.engine);
        self.save(&mut state, false)?;
        Ok(result)
    }

    /// Moves a held clock forward, never back; it may be what a request is waiting for.
    pub(crate) fn move_clock(&self, moment: Timestamp) -> Result<(), NotSaved> {
        self.clock.move_to(moment);
        self.tell();
        self.save(&mut lock(&self.state), self.clock.is_held())
    }

    fn save(&self, state: &mut Kept, clock_moved: bool) -> Result<(), NotSaved> {
        let Kept {
            engine,
            store: Some(store),
        } = state
        else {
            return Ok(());
        };
        let clock = self.clock.is_held().then(|| self.clock.now());
        let saved = engine.changes().map_err(Into::into).and_then(|changes| {
            if changes.is_empty() && !clock_moved {
                return Ok(());
            }
            store.save(&changes, clock)
        });
        saved.map_err(|error| {
            eprintln!("cueapi-emulator: what has changed could not be saved: {error}");
            NotSaved
        })?;
        engine.changes_saved();
        Ok(())
    }

    pub(crate) fn is_stopping(&self) -> bool {
        !matches!(self.stopped.has_changed(), Ok(false))
    }

    pub(crate) fn sent(&self) -> MutexGuard<'_, SentLog> {
        lock(&self.sent)
    }

    pub(crate) fn orders(&self) -> MutexGuard<'_, Orders> {
        lock(&self.orders)
    }

    /// Resolves, from now on, whenever something has happened.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.happened.subscribe()
    }

    pub(crate) fn has_happened(&self) {
        self.changed.notify_one();
        self.tell();
    }

    /// Lets those who wait for something look again.
    pub(crate) fn tell(&self) {
        self.happened.send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// No code that holds a lock can leave what is behind it half changed in a way that matters to a test.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
