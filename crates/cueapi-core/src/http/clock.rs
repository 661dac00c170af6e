//! The clock of a client that brings none of its own: the standard library's.

use std::time::Duration;

/// The time since this was first asked for.
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere there is no clock")]
pub(super) fn now() -> Option<Duration> {
    use std::{sync::LazyLock, time::Instant};

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    Some(START.elapsed())
}

/// The standard library has no clock here: asking for the time would panic.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub(super) fn now() -> Option<Duration> {
    None
}
