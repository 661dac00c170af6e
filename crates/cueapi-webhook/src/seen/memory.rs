//! Seen deliveries in the memory of one process.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{SeenStore, Sight, StoreError};
use crate::clock::Clock;

/// Remembers deliveries in this process, up to a bound. Clones share what they remember.
///
/// When it is full it refuses to claim, and a [`Guard`](crate::Guard) has the delivery sent again later: to forget the oldest
/// would let a captured delivery run twice without anybody noticing. With the default bound and a guard's default time, that
/// takes more than 111 deliveries a second for 15 minutes.
///
/// ```
/// use cueapi_webhook::{Guard, seen::MemoryStore};
///
/// let guard = Guard::new(MemoryStore::new(1_000_000));
/// ```
#[derive(Clone, Debug)]
pub struct MemoryStore {
    seen: Arc<Mutex<Seen>>,
    capacity: usize,
    clock: Clock,
}

impl MemoryStore {
    /// Remembers up to so many deliveries.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            seen: Arc::default(),
            capacity,
            clock: Clock::default(),
        }
    }

    /// Takes the time from `now`, as the duration since the Unix epoch; give it the clock of
    /// [`Webhook::clock`](crate::Webhook::clock).
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // Nothing panics while it is locked.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    /// Remembers up to 100,000 deliveries.
    fn default() -> Self {
        Self::new(100_000)
    }
}

impl SeenStore for MemoryStore {
    async fn claim(&self, key: &str, lease: Duration) -> Result<Sight, StoreError> {
        let now = self.clock.now();
        let mut seen = self.seen();
        seen.forget_expired(now);
        let sight = seen.sight(key);
        if sight == Sight::First {
            if seen.entries.len() >= self.capacity {
                return Err(StoreError::new("it holds as many deliveries as it may"));
            }
            seen.set(key, Sight::Running, now.saturating_add(lease));
        }
        Ok(sight)
    }

    async fn finish(&self, key: &str, keep: Duration) -> Result<(), StoreError> {
        let until = self.clock.now().saturating_add(keep);
        self.seen().set(key, Sight::Finished, until);
        Ok(())
    }

    async fn release(&self, key: &str) -> Result<(), StoreError> {
        let mut seen = self.seen();
        if seen.sight(key) == Sight::Running {
            seen.forget(key);
        }
        Ok(())
    }
}

/// What has been seen, by key and by the time when it may be forgotten.
#[derive(Debug, Default)]
struct Seen {
    entries: HashMap<Arc<str>, (Sight, Duration)>,
    expiries: BTreeSet<(Duration, Arc<str>)>,
}

impl Seen {
    fn sight(&self, key: &str) -> Sight {
        self.entries.get(key).map_or(Sight::First, |(sight, _)| *sight)
    }

    fn set(&mut self, key: &str, sight: Sight, until: Duration) {
        self.forget(key);
        let key: Arc<str> = key.into();
        self.expiries.insert((until, key.clone()));
        self.entries.insert(key, (sight, until));
    }

    fn forget(&mut self, key: &str) {
        if let Some((key, (_, until))) = self.entries.remove_entry(key) {
            self.expiries.remove(&(until, key));
        }
    }

    fn forget_expired(&mut self, now: Duration) {
        while self.expiries.first().is_some_and(|(until, _)| *until <= now) {
            if let Some((_, key)) = self.expiries.pop_first() {
                self.entries.remove(&key);
            }
        }
    }
}
