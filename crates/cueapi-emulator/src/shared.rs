//! What all parts of a running emulator share: the engine, where it is saved, the clock, and what has been seen of it.

use std::{
    error::Error,
    fmt,
    ops::Deref,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use jiff::Timestamp;
use tokio::sync::{Notify, watch};

use crate::{
    advance::Advance,
    clock::RunningClock,
    delivery::Sender,
    engine::{Change, Delivery, Engine},
    faults::Orders,
    gate::Gate,
    listener::Ends,
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
    /// The last change could not be saved.
    failing: bool,
}

/// The engine, to look at.
pub(crate) struct Reading<'a>(MutexGuard<'a, Kept>);

impl Deref for Reading<'_> {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.0.engine
    }
}

/// What an emulator is started with, beside its engine.
pub(crate) struct Parts {
    pub(crate) clock: Arc<RunningClock>,
    pub(crate) sender: Sender,
    pub(crate) gate: Gate,
    pub(crate) ends: Ends,
    pub(crate) mailbox: Mailbox,
    /// Changes when the emulator stops.
    pub(crate) stopped: watch::Receiver<()>,
}

pub(crate) struct Shared {
    state: Mutex<Kept>,
    /// How many wait for the engine.
    waiting: AtomicUsize,
    parts: Parts,
    sent: Mutex<SentLog>,
    pub(crate) advance: Advance,
    /// Wakes the task that does what is due: a request may have made something due earlier.
    pub(crate) changed: Notify,
    /// Counts what has happened, for those who wait for something.
    happened: watch::Sender<u64>,
    orders: Mutex<Orders>,
    /// Deliveries that a fault lets go after the next one.
    pub(crate) held_back: Mutex<Vec<Delivery>>,
}

impl Deref for Shared {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl Shared {
    pub(crate) fn new(
        engine: Engine,
        store: Option<Box<dyn Save>>,
        orders: Orders,
        parts: Parts,
    ) -> Result<Self, NotSaved> {
        let shared = Self {
            state: Mutex::new(Kept {
                engine,
                store,
                failing: false,
            }),
            waiting: AtomicUsize::new(0),
            parts,
            sent: Mutex::default(),
            advance: Advance::default(),
            changed: Notify::new(),
            happened: watch::Sender::default(),
            orders: Mutex::new(orders),
            held_back: Mutex::default(),
        };
        shared.save(&mut shared.state())?;
        Ok(shared)
    }

    fn state(&self) -> MutexGuard<'_, Kept> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let state = lock(&self.state);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        state
    }

    /// Lets those who wait for the engine have it first, and the runtime do what else there is. A task that does one thing after
    /// another would have the lock again before they wake up.
    pub(crate) async fn give_way(&self) {
        // Not for ever, however many come.
        for _ in 0..16 {
            tokio::task::yield_now().await;
            if self.waiting.load(Ordering::SeqCst) == 0 {
                return;
            }
        }
    }

    pub(crate) fn engine(&self) -> Reading<'_> {
        Reading(self.state())
    }

    /// Changes the engine, and writes the change down before anyone hears of it. What could not be written stays in memory,
    /// and is written with the next change. Work that changes nothing needs no store.
    pub(crate) fn change<R>(&self, work: impl FnOnce(&mut Engine) -> R) -> Result<R, NotSaved> {
        let mut state = self.state();
        let before = state.engine.edits();
        let result = work(&mut state.engine);
        if state.engine.edits() != before {
            self.save(&mut state)?;
        }
        Ok(result)
    }

    /// Moves a held clock forward, never back; it may be what a request is waiting for.
    pub(crate) fn move_clock(&self, moment: Timestamp) -> Result<(), NotSaved> {
        let moved = self.clock.is_held();
        self.clock.move_to(moment);
        self.tell();
        if moved { self.save(&mut self.state()) } else { Ok(()) }
    }

    fn save(&self, state: &mut Kept) -> Result<(), NotSaved> {
        let Kept { engine, store, failing } = state;
        let Some(store) = store else { return Ok(()) };
        let clock = self.clock.is_held().then(|| self.clock.now());
        let saved = engine
            .changes()
            .map_err(Into::into)
            .and_then(|changes| store.save(&changes, clock));
        // Once, and not for each call that comes meanwhile.
        match (&saved, *failing) {
            (Err(error), false) => {
                notice(format_args!(
                    "what changes cannot be saved: {error}. Changes are answered with 500 until it can, and are then saved"
                ));
            }
            (Ok(()), true) => notice(format_args!("what has changed is saved again")),
            _ => {}
        }
        *failing = saved.is_err();
        saved.map_err(|_| NotSaved)?;
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

/// Says something to whoever has started the emulator.
pub(crate) fn notice(text: fmt::Arguments<'_>) {
    eprintln!("cueapi-emulator: {text}");
}

/// No code that holds a lock can leave what is behind it half changed in a way that matters to a test.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
