//! Stores that remember which deliveries have been seen.

mod memory;
#[cfg(feature = "redis")]
mod redis;

use std::{
    error::Error,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

pub use self::memory::MemoryStore;
#[cfg(feature = "redis")]
pub use self::redis::RedisStore;

/// Remembers deliveries by key for a [`Guard`](crate::Guard); bound to no runtime.
///
/// Keys are [`DeliveryBody::seen_key`](crate::DeliveryBody::seen_key)s. A store that cannot answer returns an error and never
/// guesses. Each function is one atomic step: of two callers that claim, one is first, and no claim changes between the comparison
/// of its owner and what follows from it.
///
/// ```
/// use std::time::Duration;
/// use cueapi_webhook::seen::{Hold, Owner, SeenStore, Sight, StoreError};
/// # struct Database;
/// # impl Database { async fn execute(&self, _: &str, _: (&str, &str, f64)) -> Result<u64, std::io::Error> { Ok(1) } }
/// # impl Database { async fn is_finished(&self, _: &str) -> Result<bool, std::io::Error> { Ok(false) } }
///
/// /// Rows of `seen(key primary key, owner, until)` in a database; the owner of what is finished is NULL.
/// struct Table(Database);
///
/// impl SeenStore for Table {
///     async fn claim(&self, key: &str, owner: &Owner, lease: Duration) -> Result<Sight, StoreError> {
///         let claim = "INSERT INTO seen VALUES ($1, $2, now() + $3) ON CONFLICT (key) DO UPDATE \
///                      SET owner = EXCLUDED.owner, until = EXCLUDED.until WHERE seen.until < now()";
///         let row = (key, owner.as_str(), lease.as_secs_f64());
///         if self.0.execute(claim, row).await.map_err(StoreError::new)? == 1 {
///             return Ok(Sight::First);
///         }
///         let finished = self.0.is_finished(key).await.map_err(StoreError::new)?;
///         Ok(if finished { Sight::Finished } else { Sight::Running })
///     }
///     // `extend`, `finish` and `release` likewise
/// #   async fn extend(&self, _: &str, _: &Owner, _: Duration) -> Result<Hold, StoreError> { Ok(Hold::Held) }
/// #   async fn finish(&self, _: &str, _: &Owner, _: Duration) -> Result<Hold, StoreError> { Ok(Hold::Held) }
/// #   async fn release(&self, _: &str, _: &Owner) -> Result<Hold, StoreError> { Ok(Hold::Held) }
/// }
/// ```
pub trait SeenStore: Send + Sync {
    /// Claims the key for `owner`, for `lease`, unless it is claimed or finished.
    ///
    /// # Errors
    ///
    /// When the store cannot tell, or has no room to remember.
    fn claim(
        &self,
        key: &str,
        owner: &Owner,
        lease: Duration,
    ) -> impl Future<Output = Result<Sight, StoreError>> + Send;

    /// Makes the owner's claim last for `lease` from now. A claim that has lapsed and that nobody else has taken is taken again.
    ///
    /// # Errors
    ///
    /// When it may not have been extended.
    fn extend(
        &self,
        key: &str,
        owner: &Owner,
        lease: Duration,
    ) -> impl Future<Output = Result<Hold, StoreError>> + Send;

    /// Marks the key as finished for `keep`, whoever holds it: the work is done. Returns whether the owner's claim had lasted.
    ///
    /// # Errors
    ///
    /// When it may not have been marked.
    fn finish(&self, key: &str, owner: &Owner, keep: Duration)
    -> impl Future<Output = Result<Hold, StoreError>> + Send;

    /// Forgets the owner's claim, and nobody else's. A key that is finished stays so.
    ///
    /// # Errors
    ///
    /// When it may not have been forgotten.
    fn release(&self, key: &str, owner: &Owner) -> impl Future<Output = Result<Hold, StoreError>> + Send;

    /// Ends the owner's claim when nobody waits for it, because the future that held it was dropped.
    ///
    /// This does nothing unless a store overrides it, and then the claim lapses.
    fn detach(&self, key: &str, owner: &Owner, end: End) {
        let _ = (key, owner, end);
    }
}

/// Who has claimed a key: a text that is different for each claim, on every machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner(Arc<str>);

impl Owner {
    /// Returns an owner that nobody else has.
    #[must_use]
    pub fn unique() -> Self {
        static PROCESS: LazyLock<[u64; 2]> =
            LazyLock::new(|| [(); 2].map(|()| RandomState::new().build_hasher().finish()));
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let [high, low] = *PROCESS;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(format!("{high:016x}{low:016x}-{count}").into())
    }

    /// Returns the text: letters, digits and hyphens.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a [`SeenStore`] knows about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Nothing: it is the caller's now.
    First,
    /// Somebody has claimed it and is not done.
    Running,
    /// It is done.
    Finished,
}

/// Whether a claim was still its owner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// It was.
    Held,
    /// It had lapsed, or is somebody else's, or the key was finished: another caller may have begun the work, too.
    Lost,
}

/// How a claim ends; see [`SeenStore::detach`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The work is done, and remembered for so long: [`SeenStore::finish`].
    Finished(Duration),
    /// The work is not done: [`SeenStore::release`].
    Released,
}

/// Why a [`SeenStore`] could not do as it was asked; its source says more.
#[derive(Debug, thiserror::Error)]
#[error("the store of seen deliveries failed")]
pub struct StoreError(#[source] Box<dyn Error + Send + Sync>);

impl StoreError {
    /// Wraps a store's own error, or a text.
    ///
    /// ```
    /// use cueapi_webhook::seen::StoreError;
    ///
    /// let error = StoreError::new("disk full");
    /// assert_eq!(error.to_string(), "the store of seen deliveries failed");
    /// assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "disk full");
    /// ```
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}
