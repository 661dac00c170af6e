//! Seen deliveries in Redis, for receivers on several machines.

use std::{fmt, time::Duration};

use redis::{FromRedisValue, RedisError, aio::ConnectionLike};

use super::{End, Hold, Owner, SeenStore, Sight, StoreError};

/// Remembers deliveries in Redis (or a server that speaks its protocol), so that of several machines one works on each.
///
/// `C` is a connection that can be cloned. Use `redis::aio::ConnectionManager`, which connects again after the server was restarted
/// or has closed the connection; a `MultiplexedConnection` that broke stays broken, and every delivery is then answered 503. The
/// `redis` crate's own features choose runtime and TLS. Set a response timeout: a delivery waits for the store.
///
/// A claim is `SET key running:<owner> NX PX lease`; the other steps are scripts that compare the owner, which Redis runs from
/// version 2.6 on. Keys have a prefix, `cueapi:seen:` unless you [choose](Self::prefix) another. The server's `maxmemory-policy`
/// should not evict keys that have an expiry, for what is evicted is forgotten too early; so is what a server that is restarted has
/// not written to disk.
///
/// ```no_run
/// # async fn example() -> Result<(), redis::RedisError> {
/// use std::time::Duration;
/// use cueapi_webhook::{Guard, seen::RedisStore};
/// use redis::aio::ConnectionManagerConfig;
///
/// // With the feature `connection-manager` of `redis`.
/// let config = ConnectionManagerConfig::new().set_response_timeout(Some(Duration::from_secs(5)));
/// let connection = redis::Client::open("redis://127.0.0.1/")?.get_connection_manager_with_config(config).await?;
/// let guard = Guard::new(RedisStore::new(connection));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct RedisStore<C> {
    connection: C,
    prefix: Box<str>,
}

const FINISHED: &str = "finished";

/// Takes what is free, too.
const EXTEND: &str = "local value = redis.call('GET', KEYS[1]) \
    if value and value ~= ARGV[1] then return 0 end \
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) \
    return 1";

const FINISH: &str = "local held = redis.call('GET', KEYS[1]) == ARGV[1] \
    redis.call('SET', KEYS[1], 'finished', 'PX', ARGV[2]) \
    return held and 1 or 0";

const RELEASE: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

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

    fn key(&self, key: &str) -> String {
        [&self.prefix, key].concat()
    }
}

impl<C: ConnectionLike + Clone + Send + Sync> RedisStore<C> {
    async fn run<T: FromRedisValue>(&self, command: &redis::Cmd) -> Result<T, StoreError> {
        let mut connection = self.connection.clone();
        command.query_async(&mut connection).await.map_err(store_error)
    }

    /// Runs a script that returns whether the owner held its claim.
    async fn script(&self, script: &str, key: &str, owner: &Owner, time: Duration) -> Result<Hold, StoreError> {
        let mut command = redis::cmd("EVAL");
        command
            .arg(script)
            .arg(1)
            .arg(self.key(key))
            .arg(running(owner))
            .arg(milliseconds(time));
        let held = self.run(&command).await?;
        Ok(if held { Hold::Held } else { Hold::Lost })
    }
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> SeenStore for RedisStore<C> {
    async fn claim(&self, key: &str, owner: &Owner, lease: Duration) -> Result<Sight, StoreError> {
        let mut claim = redis::cmd("SET");
        claim
            .arg(self.key(key))
            .arg(running(owner))
            .arg("NX")
            .arg("PX")
            .arg(milliseconds(lease));
        if self.run::<Option<String>>(&claim).await?.is_some() {
            return Ok(Sight::First);
        }
        // A claim that lapses right now is still somebody's: the delivery comes again.
        let value: Option<String> = self.run(redis::cmd("GET").arg(self.key(key))).await?;
        Ok(match value.as_deref() {
            Some(FINISHED) => Sight::Finished,
            _ => Sight::Running,
        })
    }

    async fn extend(&self, key: &str, owner: &Owner, lease: Duration) -> Result<Hold, StoreError> {
        self.script(EXTEND, key, owner, lease).await
    }

    async fn finish(&self, key: &str, owner: &Owner, keep: Duration) -> Result<Hold, StoreError> {
        self.script(FINISH, key, owner, keep).await
    }

    async fn release(&self, key: &str, owner: &Owner) -> Result<Hold, StoreError> {
        self.script(RELEASE, key, owner, Duration::ZERO).await
    }

    /// In a task of its own; without a tokio runtime, the claim lapses.
    fn detach(&self, key: &str, owner: &Owner, end: End) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (store, key, owner) = (self.clone(), key.to_owned(), owner.clone());
        runtime.spawn(async move {
            // Where this fails, the claim lapses, too.
            drop(match end {
                End::Finished(keep) => store.finish(&key, &owner, keep).await,
                End::Released => store.release(&key, &owner).await,
            });
        });
    }
}

fn running(owner: &Owner) -> String {
    format!("running:{}", owner.as_str())
}

/// Whole milliseconds; Redis refuses zero, and more than 63 bits.
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis())
        .unwrap_or(u64::MAX)
        .clamp(1, 1 << 52)
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
