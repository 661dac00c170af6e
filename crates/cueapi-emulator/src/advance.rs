//! Moving a held clock, and doing what falls due on the way.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::{
    clock::within_reach,
    engine::Polled,
    shared::{NotSaved, Shared, lock, notice},
};

/// How much happens before others have their turn.
pub(crate) const SLICE: usize = 64;

/// How long an advance has been on its way when it is first told how far it has come, and how often then.
const PATIENCE: Duration = Duration::from_secs(3);

/// Who moves the clock, one caller at a time.
#[derive(Default)]
pub(crate) struct Advance {
    turn: tokio::sync::Mutex<()>,
    under_way: Mutex<Option<UnderWay>>,
}

/// An advance that has not arrived.
#[derive(Clone)]
pub(crate) struct UnderWay {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    halt: Halt,
}

/// Ends an advance before it arrives.
#[derive(Clone)]
pub(crate) struct Halt(Arc<watch::Sender<bool>>);

impl Halt {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    pub(crate) fn order(&self) {
        self.0.send_replace(true);
    }

    fn is_ordered(&self) -> bool {
        *self.0.borrow()
    }

    async fn ordered(&self) {
        // There is a sender: this one.
        drop(self.0.subscribe().wait_for(|ordered| *ordered).await);
    }
}

impl Advance {
    pub(crate) fn under_way(&self) -> Option<UnderWay> {
        lock(&self.under_way).clone()
    }

    /// Ends the advance that is under way, if there is one.
    pub(crate) fn halt(&self) {
        if let Some(UnderWay { halt, .. }) = self.under_way() {
            halt.order();
        }
    }
}

/// Shows that an advance is under way for as long as it lives.
struct Shown<'a>(&'a Shared);

impl<'a> Shown<'a> {
    fn new(shared: &'a Shared, under_way: UnderWay) -> Self {
        *lock(&shared.advance.under_way) = Some(under_way);
        shared.tell();
        Self(shared)
    }
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        *lock(&self.0.advance.under_way) = None;
        self.0.tell();
    }
}

impl Shared {
    /// Moves the clock to a moment; what falls due on the way happens in order before this returns. A moment that has
    /// passed moves nothing, but what is due happens. When it is halted or the emulator stops meanwhile, the clock stays
    /// where it is.
    pub(crate) async fn advance_to(self: &Arc<Self>, moment: Timestamp, halt: &Halt) -> Result<(), NotSaved> {
        let _turn = self.advance.turn.lock().await;
        let (from, to) = (self.clock.now(), within_reach(moment));
        let halt = halt.clone();
        let _shown = Shown::new(
            self,
            UnderWay {
                from,
                to,
                halt: halt.clone(),
            },
        );
        let mut told = Instant::now();
        while let Some(due) = self.next_due().filter(|due| *due <= to.max(self.clock.now())) {
            if !self.step(due, &halt).await {
                return Ok(());
            }
            if told.elapsed() > PATIENCE {
                told = Instant::now();
                notice(format_args!("advancing to {to}, now at {}", self.clock.now()));
            }
        }
        let saved = self.move_clock(to);
        self.has_happened();
        saved
    }

    /// Until each webhook that is on its way has been delivered or given up.
    pub(crate) async fn run_until_idle(self: &Arc<Self>) {
        let halt = Halt::new();
        if self.clock.is_held() {
            // What cannot be saved is said on stderr; everything has happened all the same.
            drop(self.advance_to(self.clock.now(), &halt).await);
        }
        let mut happened = self.watch();
        let mark = self.engine().mark();
        while !self.engine().settled_before(mark) {
            if !self.clock.is_held() {
                // The schedule's own task is at it, and tells of each step.
                drop(happened.changed().await);
                continue;
            }
            let _turn = self.advance.turn.lock().await;
            match self.next_due() {
                Some(due) if self.step(due, &halt).await => {}
                _ => return,
            }
        }
    }

    /// Moves the clock to a moment, if it is not past it, and does what is due then. `false` when it is to end before.
    async fn step(self: &Arc<Self>, due: Timestamp, halt: &Halt) -> bool {
        // Where the clock stands is saved with what changes.
        self.clock.move_to(due);
        let now = self.clock.now();
        let mut stopped = self.stopped.clone();
        loop {
            // What cannot be saved has happened all the same.
            let polled = self.poll(now, SLICE, true).unwrap_or(Polled::More);
            if halt.is_ordered() || self.is_stopping() {
                if let Polled::Send(delivery) = polled {
                    // It has been taken up, and goes out.
                    tokio::spawn(self.clone().deliver(*delivery));
                }
                return false;
            }
            match polled {
                Polled::Done => break,
                Polled::More => self.give_way().await,
                Polled::Send(delivery) => {
                    // A task of its own: what has been sent comes to its end, whoever waits for it.
                    let delivering = tokio::spawn(self.clone().deliver(*delivery));
                    tokio::select! {
                        _ = delivering => {}
                        () = halt.ordered() => return false,
                        _ = stopped.changed() => return false,
                    }
                }
            }
        }
        self.give_way().await;
        true
    }
}
