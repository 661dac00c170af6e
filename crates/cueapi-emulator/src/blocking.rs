//! An emulator for programs and tests without an async runtime.

use std::{ops::Deref, time::Duration};

use jiff::Timestamp;
use tokio::runtime::Runtime;

use crate::{Emulator, StartError};

/// An [`Emulator`] with a runtime of its own. What does not wait is the [`Emulator`]'s, by deref; what does is here.
///
/// Must not be used or dropped inside an async runtime.
///
/// ```
/// use std::time::Duration;
/// use cueapi_emulator::{BlockingEmulator, Clock, Emulator};
///
/// let emulator: BlockingEmulator =
///     Emulator::builder().clock(Clock::held("2026-03-01T08:00:00Z".parse()?)).start_blocking()?;
/// emulator.advance(Duration::from_secs(60));
/// assert_eq!(emulator.now().to_string(), "2026-03-01T08:01:00Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct BlockingEmulator {
    // Before the runtime, which it runs on.
    emulator: Emulator,
    runtime: Runtime,
}

impl BlockingEmulator {
    pub(crate) fn new(emulator: Emulator, runtime: Runtime) -> Self {
        Self { emulator, runtime }
    }

    /// Starts with the defaults.
    ///
    /// # Errors
    ///
    /// When no port can be listened on.
    pub fn start() -> Result<Self, StartError> {
        Emulator::builder().start_blocking()
    }

    /// [`Emulator::advance`].
    pub fn advance(&self, by: Duration) {
        self.runtime.block_on(self.emulator.advance(by));
    }

    /// [`Emulator::advance_to`].
    pub fn advance_to(&self, moment: Timestamp) {
        self.runtime.block_on(self.emulator.advance_to(moment));
    }

    /// [`Emulator::run_until_idle`].
    pub fn run_until_idle(&self) {
        self.runtime.block_on(self.emulator.run_until_idle());
    }

    /// [`Emulator::wait_until`].
    pub fn wait_until(&self, limit: Duration, condition: impl Fn(&Emulator) -> bool) {
        self.runtime.block_on(self.emulator.wait_until(limit, condition));
    }

    /// [`Emulator::shutdown`].
    pub fn shutdown(self) {
        let Self { emulator, runtime } = self;
        runtime.block_on(emulator.shutdown());
    }
}

impl Deref for BlockingEmulator {
    type Target = Emulator;

    fn deref(&self) -> &Emulator {
        &self.emulator
    }
}
