//! Seen deliveries in the memory of one process.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{End, Hold, Owner, SeenStore, Sight, StoreError};
use crate::clock::Clock;

/// Remembers deliveries in this process, up to a bound. Clones share what they remember.
///
/// When it is full it refuses to claim, and a [`Guard`](crate::Guard) has the delivery sent again later: to forget the oldest
/// would let a captured delivery run twice without anybody noticing. With the default bound and a guard's default time, that
/// takes more than 13 deliveries a second for two hours.
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

    /// What is remembered, and the time now.
    fn seen(&self) -> (MutexGuard<'_, Seen>, Duration) {
        let now = self.clock.now();
        // Nothing panics while it is locked.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.forget_expired(now);
        (seen, now)
    }

    fn end(&self, key: &str, owner: &Owner, end: End) -> Hold {
        let (mut seen, now) = self.seen();
        let hold = seen.hold(key, owner);
        match end {
            End::Finished(keep) => seen.set(key, State::Finished, now.saturating_add(keep)),
            End::Released if hold == Hold::Held => seen.forget(key),
            End::Released => {}
        }
        hold
    }

    fn claim_free(&self, seen: &mut Seen, key: &str, owner: &Owner, until: Duration) -> Result<(), StoreError> {
        if seen.entries.len() >= self.capacity {
            return Err(StoreError::new("it holds as many deliveries as it may"));
        }
        seen.set(key, State::Running(owner.clone()), until);
        Ok(())
    }
}

impl Default for MemoryStore {
    /// Remembers up to 100,000 deliveries.
    fn default() -> Self {
        Self::new(100_000)
    }
}

impl SeenStore for MemoryStore {
    async fn claim(&self, key: &str, owner: &Owner, lease: Duration) -> Result<Sight, StoreError> {
        let (mut seen, now) = self.seen();
        match seen.state(key) {
            Some(State::Running(_)) => Ok(Sight::Running),
            Some(State::Finished) => Ok(Sight::Finished),
            None => {
                self.claim_free(&mut seen, key, owner, now.saturating_add(lease))?;
                Ok(Sight::First)
            }
        }
    }

    async fn extend(&self, key: &str, owner: &Owner, lease: Duration) -> Result<Hold, StoreError> {
        let (mut seen, now) = self.seen();
        let until = now.saturating_add(lease);
        match seen.state(key) {
            None => self.claim_free(&mut seen, key, owner, until)?,
            Some(_) if seen.hold(key, owner) == Hold::Held => seen.set(key, State::Running(owner.clone()), until),
            Some(_) => return Ok(Hold::Lost),
        }
        Ok(Hold::Held)
    }

    async fn finish(&self, key: &str, owner: &Owner, keep: Duration) -> Result<Hold, StoreError> {
        Ok(self.end(key, owner, End::Finished(keep)))
    }

    async fn release(&self, key: &str, owner: &Owner) -> Result<Hold, StoreError> {
        Ok(self.end(key, owner, End::Released))
    }

    fn detach(&self, key: &str, owner: &Owner, end: End) {
        self.end(key, owner, end);
    }
}

/// What has been seen, by key and by the time when it may be forgotten.
#[derive(Debug, Default)]
struct Seen {
    entries: HashMap<Arc<str>, (State, Duration)>,
    expiries: BTreeSet<(Duration, Arc<str>)>,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Running(Owner),
    Finished,
}

impl Seen {
    fn state(&self, key: &str) -> Option<&State> {
        self.entries.get(key).map(|(state, _)| state)
    }

    fn hold(&self, key: &str, owner: &Owner) -> Hold {
        match self.state(key) {
            Some(State::Running(holder)) if holder == owner => Hold::Held,
            _ => Hold::Lost,
        }
    }

    fn set(&mut self, key: &str, state: State, until: Duration) {
        self.forget(key);
        let key: Arc<str> = key.into();
        self.expiries.insert((until, key.clone()));
        self.entries.insert(key, (state, until));
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
