//! The time that the emulator goes by: the system's, or one that only moves when it is told to.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp, TimestampRound, Unit};

/// Where the emulator's time comes from.
///
/// ```
/// use cueapi_emulator::{Clock, Emulator};
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let start = "2026-03-01T08:00:00Z".parse()?;
/// let emulator = Emulator::builder().clock(Clock::held(start)).start().await?;
/// assert_eq!(emulator.now(), start);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock(Source);

#[derive(Debug, Clone, Copy, Default)]
enum Source {
    #[default]
    System,
    Held(Timestamp),
}

impl Clock {
    /// The system's clock: what is due happens by itself, at once.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still at a moment until [`Emulator::advance`](crate::Emulator::advance) moves it, to the end of
    /// the year 9998 at most.
    #[must_use]
    pub const fn held(start: Timestamp) -> Self {
        Self(Source::Held(start))
    }

    pub(crate) fn run(self) -> RunningClock {
        match self.0 {
            Source::System => RunningClock::System,
            Source::Held(start) => RunningClock::Held(Mutex::new(within_reach(start))),
        }
    }
}

#[derive(Debug)]
pub(crate) enum RunningClock {
    System,
    Held(Mutex<Timestamp>),
}

impl RunningClock {
    pub(crate) fn now(&self) -> Timestamp {
        match self {
            Self::System => whole_micros(Timestamp::now()),
            Self::Held(now) => *now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    pub(crate) fn is_held(&self) -> bool {
        matches!(self, Self::Held(_))
    }

    /// Moves a held clock forward; never back.
    pub(crate) fn move_to(&self, moment: Timestamp) {
        if let Self::Held(now) = self {
            let mut now = now.lock().unwrap_or_else(PoisonError::into_inner);
            *now = within_reach(moment).max(*now);
        }
    }
}

/// A year before the last moment that there is: what is planned must have room.
pub(crate) fn within_reach(moment: Timestamp) -> Timestamp {
    let year = SignedDuration::from_hours(24 * 366);
    let last = Timestamp::MAX.saturating_sub(year).unwrap_or(Timestamp::MAX);
    whole_micros(moment.min(last))
}

/// The server's database keeps microseconds.
fn whole_micros(moment: Timestamp) -> Timestamp {
    let round = TimestampRound::new()
        .smallest(Unit::Microsecond)
        .mode(jiff::RoundMode::Floor);
    moment.round(round).unwrap_or(moment)
}
