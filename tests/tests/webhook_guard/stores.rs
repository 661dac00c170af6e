//! What every store does, in memory and in Redis alike.

use std::time::{Duration, Instant};

use cueapi_webhook::{
    Guard, Once, OnceError,
    seen::{End, Hold, MemoryStore, Owner, RedisStore, SeenStore, Sight},
};

use crate::{delivery, redis_server::RedisServer};

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(900);

pub(crate) async fn the_memory_keeps_the_contract_of_a_store() {
    keeps_the_contract(MemoryStore::default()).await;
}

pub(crate) async fn redis_keeps_the_contract_of_a_store() {
    let server = RedisServer::start().await;
    keeps_the_contract(RedisStore::new(server.connect().await)).await;
}

async fn keeps_the_contract(store: impl SeenStore + Clone + 'static) {
    let (me, other) = (Owner::unique(), Owner::unique());
    let claim = async |key: &str, owner: &Owner, lease| store.claim(key, owner, lease).await.unwrap();
    let extend = async |key: &str, owner: &Owner, lease| store.extend(key, owner, lease).await.unwrap();
    let finish = async |key: &str, owner: &Owner, keep| store.finish(key, owner, keep).await.unwrap();
    let release = async |key: &str, owner: &Owner| store.release(key, owner).await.unwrap();

    assert_eq!(claim("a", &me, LONG).await, Sight::First);
    assert_eq!(claim("a", &other, LONG).await, Sight::Running);
    assert_eq!(claim("b", &other, LONG).await, Sight::First, "another key");

    assert_eq!(extend("a", &other, LONG).await, Hold::Lost);
    assert_eq!(release("a", &other).await, Hold::Lost);
    assert_eq!(
        claim("a", &other, LONG).await,
        Sight::Running,
        "only the owner can free it"
    );
    assert_eq!(extend("a", &me, LONG).await, Hold::Held);
    assert_eq!(release("a", &me).await, Hold::Held);
    assert_eq!(claim("a", &other, LONG).await, Sight::First, "released");
    assert_eq!(release("a", &me).await, Hold::Lost, "it is another one's now");

    assert_eq!(finish("a", &other, LONG).await, Hold::Held);
    assert_eq!(claim("a", &me, LONG).await, Sight::Finished);
    for owner in [&me, &other] {
        assert_eq!(extend("a", owner, LONG).await, Hold::Lost);
        assert_eq!(release("a", owner).await, Hold::Lost);
        assert_eq!(
            claim("a", owner, LONG).await,
            Sight::Finished,
            "what is finished cannot be released"
        );
    }

    assert_eq!(claim("b", &me, LONG).await, Sight::Running);
    assert_eq!(finish("b", &me, LONG).await, Hold::Lost, "somebody else's");
    assert_eq!(claim("b", &me, LONG).await, Sight::Finished, "and yet it is done");

    assert_eq!(release("never seen", &me).await, Hold::Lost);
    assert_eq!(finish("unclaimed", &me, LONG).await, Hold::Lost, "the claim has lapsed");
    assert_eq!(claim("unclaimed", &me, LONG).await, Sight::Finished);
    assert_eq!(
        extend("lapsed", &me, LONG).await,
        Hold::Held,
        "nobody else has taken it"
    );
    assert_eq!(claim("lapsed", &other, LONG).await, Sight::Running);

    assert_eq!(claim("claimed for a moment", &me, SHORT).await, Sight::First);
    assert_eq!(claim("claimed for a moment", &me, SHORT).await, Sight::Running);
    lapses(&store, "claimed for a moment", Sight::Running).await;
    assert_eq!(claim("extended for a moment", &me, LONG).await, Sight::First);
    assert_eq!(extend("extended for a moment", &me, SHORT).await, Hold::Held);
    lapses(&store, "extended for a moment", Sight::Running).await;
    finish("finished for a moment", &me, SHORT).await;
    lapses(&store, "finished for a moment", Sight::Finished).await;

    for (end, sight) in [(End::Released, Sight::First), (End::Finished(LONG), Sight::Finished)] {
        let key = format!("{end:?} by one that nobody waits for");
        assert_eq!(claim(&key, &me, LONG).await, Sight::First);
        store.detach(&key, &other, End::Released);
        store.detach(&key, &me, end);
        let started = Instant::now();
        while claim(&key, &me, LONG).await != sight {
            assert!(started.elapsed() < Duration::from_secs(20), "{key}");
            tokio::task::yield_now().await;
        }
    }

    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let store = store.clone();
        tasks.spawn(async move { store.claim("wanted by many", &Owner::unique(), LONG).await.unwrap() });
    }
    let sights = tasks.join_all().await;
    assert_eq!(sights.iter().filter(|sight| **sight == Sight::First).count(), 1);
}

/// Waits until the key is free, which it is not at once.
async fn lapses(store: &impl SeenStore, key: &str, before: Sight) {
    let started = Instant::now();
    loop {
        match store.claim(key, &Owner::unique(), LONG).await.unwrap() {
            Sight::First => break,
            sight => assert_eq!(sight, before),
        }
        assert!(started.elapsed() < Duration::from_secs(20), "{key} does not lapse");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(started.elapsed() > SHORT / 2, "{key} lapsed too early");
}

pub(crate) async fn no_two_owners_are_the_same() {
    let owners: std::collections::HashSet<_> = (0..1000).map(|_| Owner::unique()).collect();
    assert_eq!(owners.len(), 1000);
}

pub(crate) async fn receivers_on_several_machines_share_what_redis_remembers_under_one_prefix() {
    let server = RedisServer::start().await;
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
    assert_eq!(keys, ["cueapi:seen:cue:e", "other-service:cue:e"]);
    let left: u64 = redis::cmd("TTL")
        .arg(&keys[0])
        .query_async(&mut connection)
        .await
        .unwrap();
    assert!((7100..=7200).contains(&left), "{left}");
}

pub(crate) async fn a_redis_that_is_gone_is_an_error_and_the_work_is_not_begun() {
    let mut server = RedisServer::start().await;
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

pub(crate) async fn a_redis_that_was_restarted_or_has_closed_the_connection_is_used_again() {
    let mut server = RedisServer::start().await;
    let guard = Guard::new(RedisStore::new(server.manager().await));
    let work = async || Ok::<_, ()>(());
    assert!(matches!(
        guard.once(&delivery("before", 1), work()).await,
        Ok(Once::First(()))
    ));

    let mut connection = server.connect().await;
    let killed: u64 = (redis::cmd("CLIENT").arg("KILL").arg("SKIPME").arg("yes"))
        .query_async(&mut connection)
        .await
        .unwrap();
    assert_eq!(killed, 1);
    works_again(&guard, "killed").await;

    server.stop();
    let gone = guard.once(&delivery("gone", 1), work()).await.unwrap_err();
    assert!(matches!(gone, OnceError::Store(_)), "{gone:?}");
    server.start_again().await;
    works_again(&guard, "restarted").await;
}

/// The deliveries that come while the connection is made again are put off, and come again.
async fn works_again(guard: &Guard<impl SeenStore>, execution: &str) {
    let started = Instant::now();
    loop {
        match guard.once(&delivery(execution, 1), async { Ok::<_, ()>(()) }).await {
            Ok(Once::First(())) => return,
            Err(OnceError::Store(_)) => assert!(started.elapsed() < Duration::from_secs(20), "{execution}"),
            // The answer to a claim was lost, and it is given back when that is noticed.
            Err(OnceError::Running) => assert!(started.elapsed() < Duration::from_secs(20), "{execution}"),
            other => panic!("{execution}: {other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
