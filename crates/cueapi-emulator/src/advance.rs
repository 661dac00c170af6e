//! Moving a held clock, and doing what falls due on the way.

use jiff::Timestamp;

use crate::{
    clock::within_reach,
    shared::{NotSaved, Shared},
};

impl Shared {
    /// Moves the clock to a moment; what falls due on the way happens in order before this returns. A moment that has
    /// passed moves nothing, but what is due happens. When the emulator stops meanwhile, the clock stays where it is.
    pub(crate) async fn advance_to(&self, moment: Timestamp) -> Result<(), NotSaved> {
        let _turn = self.advancing.lock().await;
        let moment = within_reach(moment);
        while let Some(due) = self.next_due().filter(|due| *due <= moment.max(self.clock.now())) {
            if self.is_stopping() {
                return Ok(());
            }
            self.step(due).await;
        }
        let saved = self.move_clock(moment);
        self.has_happened();
        saved
    }

    /// Until each webhook that is on its way has been delivered or given up.
    pub(crate) async fn run_until_idle(&self) {
        if self.clock.is_held() {
            // What cannot be saved is said on stderr; everything has happened all the same.
            drop(self.advance_to(self.clock.now()).await);
        }
        let mut happened = self.watch();
        let mark = self.engine().mark();
        while !self.engine().settled_before(mark) {
            if !self.clock.is_held() {
                // The schedule's own task is at it, and tells of each step.
                drop(happened.changed().await);
                continue;
            }
            let _turn = self.advancing.lock().await;
            match self.next_due() {
                Some(due) => self.step(due).await,
                None => return,
            }
        }
    }

    /// Moves the clock to a moment, if it is not past it, and does what is due then.
    async fn step(&self, due: Timestamp) {
        // Where the clock stands is saved with what changes.
        self.clock.move_to(due);
        let now = self.clock.now();
        while let Some(delivery) = self.poll(now) {
            self.deliver(delivery).await;
        }
    }
}
