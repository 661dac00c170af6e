//! How much of a call's total time is left.

use std::time::Duration;

/// The total time of a call, and what of it is spent: by the driver's clock, or without one by what is known, the waits and
/// the full time limits of the attempts.
#[derive(Clone, Copy)]
pub(super) struct Budget {
    total: Option<Duration>,
    since: Option<Duration>,
    now: Option<Duration>,
    counted: Duration,
}

impl Budget {
    pub(super) fn new(total: Option<Duration>) -> Self {
        Self {
            total,
            since: None,
            now: None,
            counted: Duration::ZERO,
        }
    }

    /// Takes the time; the first one is when the call began.
    pub(super) fn read(&mut self, now: Option<Duration>) {
        self.since = self.since.or(now);
        self.now = now;
    }

    /// Counts a wait, or the limit of an attempt.
    pub(super) fn count(&mut self, time: Duration) {
        self.counted = self.counted.saturating_add(time);
    }

    /// Whether there is time for something after this wait.
    pub(super) fn allows(&self, wait: Duration) -> bool {
        self.left().is_none_or(|left| wait < left)
    }

    /// This time, or what is left where that is less.
    pub(super) fn cut(&self, time: Duration) -> Duration {
        self.left().map_or(time, |left| time.min(left))
    }

    fn left(&self) -> Option<Duration> {
        let spent = match (self.since, self.now) {
            (Some(since), Some(now)) => now.saturating_sub(since),
            _ => self.counted,
        };
        Some(self.total?.saturating_sub(spent))
    }
}
