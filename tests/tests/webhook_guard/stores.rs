//! What every store does, in memory and in Redis alike.

use std::time::{Duration, Instant};

use cueapi_webhook::{
    Guard, Once, OnceError,
    seen::{MemoryStore, RedisStore, SeenStore, Sight},
};

use crate::{delivery, redis_server::RedisServer};

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(900);

#[tokio::test]
async fn the_memory_keeps_the_contract_of_a_store() {
    keeps_the_contract(MemoryStore::default()).await;
}

#[tokio::test]
async fn redis_keeps_the_contract_of_a_store() {
    let Some(server) = RedisServer::start().await else {
        return;
    };
    keeps_the_contract(RedisStore::new(server.connect().await)).await;
}

async fn keeps_the_contract(store: impl SeenStore + Clone + 'static) {
    let claim = async |key: &str, lease| store.claim(key, lease).await.unwrap();

    assert_eq!(claim("a", LONG).await, Sight::First);
    assert_eq!(claim("a", LONG).await, Sight::Running);
    assert_eq!(claim("b", LONG).await, Sight::First, "another key");

    store.release("a").await.unwrap();
    assert_eq!(claim("a", LONG).await, Sight::First, "released");
    store.finish("a", LONG).await.unwrap();
    assert_eq!(claim("a", LONG).await, Sight::Finished);
    store.release("a").await.unwrap();
    assert_eq!(
        claim("a", LONG).await,
        Sight::Finished,
        "what is finished cannot be released"
    );

    store.release("never seen").await.unwrap();
    store.finish("unclaimed", LONG).await.unwrap();
    assert_eq!(
        claim("unclaimed", LONG).await,
        Sight::Finished,
        "the claim may have lapsed"
    );

    assert_eq!(claim("claimed for a moment", SHORT).await, Sight::First);
    assert_eq!(claim("claimed for a moment", SHORT).await, Sight::Running);
    lapses(&store, "claimed for a moment", Sight::Running).await;
    store.finish("finished for a moment", SHORT).await.unwrap();
    lapses(&store, "finished for a moment", Sight::Finished).await;

    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let store = store.clone();
        tasks.spawn(async move { store.claim("wanted by many", LONG).await.unwrap() });
    }
    let sights = tasks.join_all().await;
    assert_eq!(sights.iter().filter(|sight| **sight == Sight::First).count(), 1);
}

/// Waits until the key is free, which it is not at once.
async fn lapses(store: &impl SeenStore, key: &str, before: Sight) {
    let started = Instant::now();
    loop {
        match store.claim(key, LONG).await.unwrap() {
            Sight::First => break,
            sight => assert_eq!(sight, before),
        }
        assert!(started.elapsed() < Duration::from_secs(20), "{key} does not lapse");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(started.elapsed() > SHORT / 2, "{key} lapsed too early");
}

#[tokio::test]
async fn receivers_on_several_machines_share_what_redis_remembers_under_one_prefix() {
    let Some(server) = RedisServer::start().await else {
        return;
    };
    let work = async || Ok::<_, ()>(());
    let one = Guard::new(RedisStore::new(server.connect().await));
    let two = Guard::new(RedisStore::new(server.connect().await));
    let other = Guard::new(RedisStore::new(server.connect().await).prefix("other-service:"));

    assert!(matches!(one.once(&delivery("e", 1), work()).await, Ok(Once::First(()))));
    assert!(matches!(two.once(&delivery("e", 1), work()).await, Ok(Once::Repeated)));
    assert!(matches!(
        other.once(&delivery("e", 1), work()).await,
        Ok(Once::First(()))
    ));

    let mut connection = server.connect().await;
    let mut keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
    keys.sort();
    assert_eq!(keys, ["cueapi:seen:cue:e:1", "other-service:cue:e:1"]);
    let left: u64 = redis::cmd("TTL")
        .arg(&keys[0])
        .query_async(&mut connection)
        .await
        .unwrap();
    assert!((800..=900).contains(&left), "{left}");
}

#[tokio::test]
async fn a_redis_that_is_gone_is_an_error_and_the_work_is_not_begun() {
    let Some(mut server) = RedisServer::start().await else {
        return;
    };
    let guard = Guard::new(RedisStore::new(server.connect().await));
    server.stop();
    let mut begun = false;
    let work = async {
        begun = true;
        Ok::<(), ()>(())
    };
    let error = guard.once(&delivery("e", 1), work).await.unwrap_err();
    assert!(matches!(error, OnceError::Store(_)), "{error:?}");
    assert!(!begun);
}
