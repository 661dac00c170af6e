//! Stores that remember which deliveries have been seen.

mod memory;
#[cfg(feature = "redis")]
mod redis;

use std::{error::Error, time::Duration};

pub use self::memory::MemoryStore;
#[cfg(feature = "redis")]
pub use self::redis::RedisStore;

/// Remembers deliveries by key for a [`Guard`](crate::Guard); bound to no runtime.
///
/// Keys are [`DeliveryBody::seen_key`](crate::DeliveryBody::seen_key)s. A store that cannot answer says so with an error and never
/// guesses. One that is shared must be atomic in [`claim`](Self::claim): of two callers, one is first.
///
/// ```
/// use std::time::Duration;
/// use cueapi_webhook::seen::{SeenStore, Sight, StoreError};
/// # struct Database;
/// # impl Database { async fn execute(&self, _: &str, _: (&str, f64)) -> Result<u64, std::io::Error> { Ok(1) } }
/// # impl Database { async fn is_finished(&self, _: &str) -> Result<bool, std::io::Error> { Ok(false) } }
///
/// /// Rows of `seen(key primary key, finished, until)` in a database.
/// struct Table(Database);
///
/// impl SeenStore for Table {
///     async fn claim(&self, key: &str, lease: Duration) -> Result<Sight, StoreError> {
///         let claim = "INSERT INTO seen VALUES ($1, FALSE, now() + $2) ON CONFLICT (key) DO UPDATE \
///                      SET finished = FALSE, until = EXCLUDED.until WHERE seen.until < now()";
///         if self.0.execute(claim, (key, lease.as_secs_f64())).await.map_err(StoreError::new)? == 1 {
///             return Ok(Sight::First);
///         }
///         let finished = self.0.is_finished(key).await.map_err(StoreError::new)?;
///         Ok(if finished { Sight::Finished } else { Sight::Running })
///     }
///     // `finish` and `release` likewise
/// #   async fn finish(&self, _: &str, _: Duration) -> Result<(), StoreError> { Ok(()) }
/// #   async fn release(&self, _: &str) -> Result<(), StoreError> { Ok(()) }
/// }
/// ```
pub trait SeenStore: Send + Sync {
    /// Claims the key for `lease`, unless it is claimed or finished.
    ///
    /// # Errors
    ///
    /// When the store cannot tell, or has no room to remember.
    fn claim(&self, key: &str, lease: Duration) -> impl Future<Output = Result<Sight, StoreError>> + Send;

    /// Marks the key as finished for `keep`, whatever it was.
    ///
    /// # Errors
    ///
    /// When it may not have been marked.
    fn finish(&self, key: &str, keep: Duration) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Forgets a claim. A key that is finished stays so.
    ///
    /// # Errors
    ///
    /// When it may not have been forgotten.
    fn release(&self, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
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
