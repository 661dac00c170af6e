//! Claims while work runs: extended up to a bound, lost, and not to be mistaken for somebody else's.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use cueapi_webhook::{
    Claim, Guard, Once, OnceError,
    seen::{Hold, MemoryStore, Owner, SeenStore, Sight, StoreError},
};
use tokio::sync::{Notify, oneshot};

use crate::{Hand, delivery, fail, succeed};

/// So short that a test can wait for it.
const LEASE: Duration = Duration::from_millis(150);

/// A memory that tells how often claims were extended, or that does not extend them.
#[derive(Clone)]
struct Watched {
    store: MemoryStore,
    extended: Arc<Notify>,
    fails: bool,
}

impl Watched {
    fn new(fails: bool) -> Self {
        Self {
            store: MemoryStore::default(),
            extended: Arc::default(),
            fails,
        }
    }
}

impl SeenStore for Watched {
    async fn claim(&self, key: &str, owner: &Owner, lease: Duration) -> Result<Sight, StoreError> {
        self.store.claim(key, owner, lease).await
    }

    async fn extend(&self, key: &str, owner: &Owner, lease: Duration) -> Result<Hold, StoreError> {
        if self.fails {
            return Err(StoreError::new("down"));
        }
        let hold = self.store.extend(key, owner, lease).await;
        self.extended.notify_one();
        hold
    }

    async fn finish(&self, key: &str, owner: &Owner, keep: Duration) -> Result<Hold, StoreError> {
        self.store.finish(key, owner, keep).await
    }

    async fn release(&self, key: &str, owner: &Owner) -> Result<Hold, StoreError> {
        self.store.release(key, owner).await
    }
}

pub(crate) async fn the_claim_is_extended_as_long_as_the_work_runs() {
    let store = Watched::new(false);
    let guard = Guard::new(store.clone()).lease(LEASE);
    let delivery = delivery("e", 1);
    let work = async |claim: Claim| {
        for _ in 0..10 {
            store.extended.notified().await;
            let meanwhile = guard.once(&delivery, fail()).await;
            assert!(matches!(meanwhile, Err(OnceError::Running)), "{meanwhile:?}");
        }
        assert!(!claim.is_lost());
        Ok::<_, ()>("slow")
    };
    let started = Instant::now();
    let once = guard.once_with(&delivery, work).await;
    assert!(started.elapsed() > LEASE * 2);
    // A machine that stands still for longer than the lease loses the claim, and says so.
    assert!(
        matches!(once, Ok(Once::First("slow") | Once::ClaimLost("slow"))),
        "{once:?}"
    );
    assert!(matches!(guard.once(&delivery, fail()).await, Ok(Once::Repeated)));
}

pub(crate) async fn a_claim_is_not_extended_for_ever_and_the_work_is_told() {
    let guard = Guard::new(MemoryStore::default()).lease(LEASE).longest(LEASE * 3);
    let delivery = delivery("e", 1);
    let started = Instant::now();
    let work = async |claim: Claim| {
        claim.lost().await;
        assert!(claim.is_lost());
        Err::<(), _>("stopped")
    };
    let lost = guard.once_with(&delivery, work).await.unwrap_err();
    assert!(started.elapsed() >= LEASE * 3);
    assert!(matches!(lost, OnceError::ClaimLost("stopped")), "{lost:?}");
    assert_eq!(lost.status(), 500);
    assert!(matches!(
        guard.once(&delivery, succeed(&AtomicU32::new(0))).await,
        Ok(Once::First(1))
    ));
}

pub(crate) async fn a_store_that_cannot_be_told_that_the_work_goes_on_loses_the_claim() {
    let guard = Guard::new(Watched::new(true)).lease(LEASE);
    let started = Instant::now();
    let work = async |claim: Claim| {
        claim.lost().await;
        Ok::<_, ()>("done all the same")
    };
    let once = guard.once_with(&delivery("e", 1), work).await.unwrap();
    assert!(started.elapsed() >= LEASE);
    assert!(matches!(once, Once::ClaimLost("done all the same")), "{once:?}");
}

pub(crate) async fn the_work_is_told_that_somebody_else_has_its_claim_and_frees_nothing_of_theirs() {
    let hand = Hand::default();
    let store = hand.store(10);
    let guard = Guard::new(store.clone()).lease(LEASE);
    let other = Owner::unique();
    let work = async |claim: Claim| {
        hand.advance(1);
        let sight = store.claim("cue:e", &other, Duration::from_secs(30)).await.unwrap();
        assert_eq!(sight, Sight::First, "the lease has lapsed");
        // Told in another task, too.
        tokio::spawn(async move { claim.lost().await }).await.unwrap();
        Err::<(), _>("stopped")
    };
    let lost = guard.once_with(&delivery("e", 1), work).await.unwrap_err();
    assert!(matches!(lost, OnceError::ClaimLost("stopped")), "{lost:?}");
    let third = guard.once(&delivery("e", 3), fail()).await;
    assert!(matches!(third, Err(OnceError::Running)), "{third:?}");
    assert_eq!(store.release("cue:e", &other).await.unwrap(), Hold::Held);
}

pub(crate) async fn what_succeeded_after_its_claim_was_lost_is_done_and_the_other_ones_failure_does_not_undo_it() {
    let hand = Hand::default();
    let guard = Guard::new(hand.store(10));
    let [one, two, three, four] = [1, 2, 3, 4].map(|attempt| delivery("e", attempt));
    let (end_first, first_ends) = oneshot::channel::<()>();
    let first = guard.once(&one, first_ends);
    let both = async {
        hand.advance(31);
        let second = async {
            end_first.send(()).unwrap();
            // The first one ends here.
            while !matches!(guard.once(&three, fail()).await, Ok(Once::Repeated)) {
                tokio::task::yield_now().await;
            }
            Err::<(), _>("no")
        };
        guard.once(&two, second).await
    };
    let (first, second) = tokio::join!(first, both);
    assert!(matches!(first, Ok(Once::ClaimLost(()))), "{first:?}");
    assert!(matches!(second, Err(OnceError::ClaimLost("no"))), "{second:?}");
    assert!(matches!(guard.once(&four, fail()).await, Ok(Once::Repeated)));
}

pub(crate) async fn a_caller_that_is_gone_when_the_work_has_ended_does_not_make_it_run_again() {
    /// Remembers only what nobody waits for.
    struct Slow(MemoryStore, AtomicU32);

    impl SeenStore for Slow {
        async fn claim(&self, key: &str, owner: &Owner, lease: Duration) -> Result<Sight, StoreError> {
            self.0.claim(key, owner, lease).await
        }

        async fn extend(&self, key: &str, owner: &Owner, lease: Duration) -> Result<Hold, StoreError> {
            self.0.extend(key, owner, lease).await
        }

        async fn finish(&self, _: &str, _: &Owner, _: Duration) -> Result<Hold, StoreError> {
            self.1.fetch_add(1, Ordering::Relaxed);
            std::future::pending().await
        }

        async fn release(&self, key: &str, owner: &Owner) -> Result<Hold, StoreError> {
            self.0.release(key, owner).await
        }

        fn detach(&self, key: &str, owner: &Owner, end: cueapi_webhook::seen::End) {
            self.0.detach(key, owner, end);
        }
    }

    let guard = Guard::new(Slow(MemoryStore::default(), AtomicU32::new(0)));
    let runs = AtomicU32::new(0);
    let gone = tokio::time::timeout(Duration::from_millis(20), guard.once(&delivery("e", 1), succeed(&runs))).await;
    assert!(gone.is_err());
    assert!(matches!(
        guard.once(&delivery("e", 2), succeed(&runs)).await,
        Ok(Once::Repeated)
    ));
    assert_eq!(runs.into_inner(), 1);
}
