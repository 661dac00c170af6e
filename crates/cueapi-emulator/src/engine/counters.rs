//! Limits that a few routes have of their own: so many in a fixed window, which begins with the first.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::{Engine, Refusal};

/// What is counted, each by a key of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Counter {
    /// Logins started, by address of the caller.
    DeviceCodes,
    /// Questions how far a login is, by device code.
    Polls,
    /// Mails, by address that they go to.
    MailsTo,
    /// Mails, by address of the caller.
    MailsFrom,
    /// Texts stored to be echoed, by address of the caller.
    Echoes,
}

impl Counter {
    const fn limit(self) -> (u32, SignedDuration) {
        const HOUR: SignedDuration = SignedDuration::from_hours(1);
        match self {
            Self::DeviceCodes => (5, HOUR),
            Self::Polls => (30, SignedDuration::from_mins(1)),
            Self::MailsTo => (3, HOUR),
            Self::MailsFrom | Self::Echoes => (10, HOUR),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    windows: HashMap<(Counter, Box<str>), (Timestamp, u32)>,
}

/// Who may call without a key may make up keys of counters, too.
const MAX_WINDOWS: usize = 4096;

impl Engine {
    /// Counts one more.
    ///
    /// # Errors
    ///
    /// 429 `rate_limit_exceeded` when the window is full, unless callers without a key are not limited at all.
    pub(super) fn count(&mut self, now: Timestamp, counter: Counter, key: &str) -> Result<(), Refusal> {
        if self.anonymous_limit.is_none() {
            return Ok(());
        }
        let windows = &mut self.counters.windows;
        if windows.len() >= MAX_WINDOWS {
            windows.retain(|(counter, _), (start, _)| now.duration_since(*start) < counter.limit().1);
        }
        let (limit, length) = counter.limit();
        let (start, count) = windows.entry((counter, key.into())).or_insert((now, 0));
        if now.duration_since(*start) >= length {
            (*start, *count) = (now, 0);
        }
        if *count >= limit {
            let message = match counter {
                Counter::MailsTo => "Too many magic link requests for this email",
                _ => "Too many requests. Please try again later.",
            };
            return Err(Refusal::api(429, "rate_limit_exceeded", message));
        }
        *count += 1;
        Ok(())
    }
}
