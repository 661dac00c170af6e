//! Seen deliveries in Redis, for receivers on several machines.

use std::{fmt, time::Duration};

use redis::{Cmd, FromRedisValue, RedisError, aio::ConnectionLike};

use super::{SeenStore, Sight, StoreError};

/// Remembers deliveries in Redis (or a server that speaks its protocol), so that of several machines one works on each.
///
/// `C` is a connection that can be cloned, such as `redis::aio::MultiplexedConnection` or `redis::aio::ConnectionManager`; the
/// `redis` crate's own features choose runtime and TLS. Set a response timeout on it: a delivery waits for the store.
///
/// A claim is `SET key running NX EX lease`. Keys have a prefix, `cueapi:seen:` unless you [choose](Self::prefix) another. The
/// server's `maxmemory-policy` should not evict keys that have an expiry, for what is evicted is forgotten too early.
///
/// ```no_run
/// # async fn example() -> Result<(), redis::RedisError> {
/// use cueapi_webhook::{Guard, seen::RedisStore};
///
/// let connection = redis::Client::open("redis://127.0.0.1/")?.get_multiplexed_async_connection().await?;
/// let guard = Guard::new(RedisStore::new(connection));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct RedisStore<C> {
    connection: C,
    prefix: Box<str>,
}

const RUNNING: &str = "running";
const FINISHED: &str = "finished";

/// Deletes a key if it has the value given: a claim that has lapsed may have become somebody else's success.
const DELETE_IF: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

impl<C> RedisStore<C> {
    /// Remembers over `connection`.
    #[must_use]
    pub fn new(connection: C) -> Self {
        Self {
            connection,
            prefix: "cueapi:seen:".into(),
        }
    }

    /// Begins every key with `prefix`: one for each service that receives the same deliveries.
    #[must_use]
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// A command with the key as its first argument.
    fn command(&self, name: &str, key: &str) -> Cmd {
        let mut command = redis::cmd(name);
        command.arg([&self.prefix, key].concat());
        command
    }
}

impl<C: ConnectionLike + Clone + Send + Sync> RedisStore<C> {
    async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        let mut connection = self.connection.clone();
        command.query_async(&mut connection).await.map_err(store_error)
    }
}

impl<C: ConnectionLike + Clone + Send + Sync> SeenStore for RedisStore<C> {
    async fn claim(&self, key: &str, lease: Duration) -> Result<Sight, StoreError> {
        let mut claim = self.command("SET", key);
        claim.arg(RUNNING).arg("NX").arg("EX").arg(seconds(lease));
        if self.run::<Option<String>>(&claim).await?.is_some() {
            return Ok(Sight::First);
        }
        // A claim that lapses right now is still somebody's: the delivery comes again.
        let value: Option<String> = self.run(&self.command("GET", key)).await?;
        Ok(match value.as_deref() {
            Some(FINISHED) => Sight::Finished,
            _ => Sight::Running,
        })
    }

    async fn finish(&self, key: &str, keep: Duration) -> Result<(), StoreError> {
        let mut finish = self.command("SET", key);
        self.run(finish.arg(FINISHED).arg("EX").arg(seconds(keep))).await
    }

    async fn release(&self, key: &str) -> Result<(), StoreError> {
        let mut release = redis::cmd("EVAL");
        release
            .arg(DELETE_IF)
            .arg(1)
            .arg([&self.prefix, key].concat())
            .arg(RUNNING);
        self.run(&release).await
    }
}

/// Whole seconds, rounded up; Redis refuses zero.
fn seconds(duration: Duration) -> u64 {
    let whole = duration.as_secs();
    whole.saturating_add(u64::from(duration.subsec_nanos() > 0)).max(1)
}

fn store_error(error: RedisError) -> StoreError {
    StoreError::new(error)
}

impl<C> fmt::Debug for RedisStore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
