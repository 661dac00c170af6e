//! Work is done once for each delivery, and whoever cannot know says so.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod claims;
mod interleaved;
mod redis_server;
mod stores;

use std::{
    cell::Cell,
    future::{pending, poll_fn},
    pin::pin,
    process::ExitCode,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use cueapi_signing::Signer;
use cueapi_tests::{
    tests,
    trials::{self, REDIS},
};
use cueapi_webhook::{
    CueDelivery, EventDelivery, Guard, Once, OnceError, Verifier, Webhook,
    seen::{Hold, MemoryStore, Owner, SeenStore, Sight, StoreError},
    types::{Delivery, EventBatch},
};
use http::HeaderMap;
use serde_json::{Value, json};

fn main() -> ExitCode {
    let without_redis = tests![
        an_execution_is_worked_on_once_whatever_its_attempts_and_a_replay_is_another_execution,
        the_attempt_after_one_that_failed_is_worked_on,
        work_that_failed_is_done_when_the_same_delivery_comes_again,
        while_it_is_worked_on_a_repetition_is_put_off_and_not_answered_as_done,
        work_that_was_cancelled_is_done_when_the_delivery_comes_again,
        deliveries_are_remembered_as_long_as_was_asked,
        a_full_memory_refuses_new_deliveries_and_keeps_the_old_ones,
        a_store_that_cannot_tell_is_an_error_and_the_work_is_not_begun,
        a_store_that_fails_afterwards_does_not_hide_what_the_work_gave,
        work_need_not_be_send,
        of_many_at_the_same_time_one_is_first,
        claims::the_claim_is_extended_as_long_as_the_work_runs,
        claims::a_claim_is_not_extended_for_ever_and_the_work_is_told,
        claims::a_store_that_cannot_be_told_that_the_work_goes_on_loses_the_claim,
        claims::the_work_is_told_that_somebody_else_has_its_claim_and_frees_nothing_of_theirs,
        claims::what_succeeded_after_its_claim_was_lost_is_done_and_the_other_ones_failure_does_not_undo_it,
        claims::a_caller_that_is_gone_when_the_work_has_ended_does_not_make_it_run_again,
        interleaved::receivers_that_share_a_memory_keep_the_promises_of_a_guard_in_every_order,
        stores::the_memory_keeps_the_contract_of_a_store,
        stores::no_two_owners_are_the_same,
    ];
    let with_redis = tests![
        interleaved::receivers_that_share_a_redis_keep_the_promises_of_a_guard_in_every_order,
        stores::redis_keeps_the_contract_of_a_store,
        stores::receivers_on_several_machines_share_what_redis_remembers_under_one_prefix,
        stores::a_redis_that_is_gone_is_an_error_and_the_work_is_not_begun,
        stores::a_redis_that_was_restarted_or_has_closed_the_connection_is_used_again,
    ];
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/webhook_guard");
    trials::run(folder, [(None, without_redis), (Some(REDIS), with_redis)])
}

const SECRET: &str = "whsec_0011223344556677";

fn receive<B: cueapi_webhook::DeliveryBody>(body: &Value) -> cueapi_webhook::Delivered<B> {
    let body = body.to_string();
    let signature = Signer::new(SECRET).unwrap().sign(1000, body.as_bytes());
    let mut headers = HeaderMap::new();
    headers.insert("X-CueAPI-Signature", signature.to_string().parse().unwrap());
    headers.insert("X-CueAPI-Timestamp", 1000.into());
    let webhook = Webhook::new(Verifier::new(SECRET).unwrap()).clock(|| Duration::from_secs(1000));
    webhook.receive(&headers, body).unwrap()
}

fn delivery(execution: &str, attempt: u32) -> CueDelivery {
    receive::<Delivery>(
        &json!({"attempt": attempt, "cue_id": "c", "execution_id": execution, "name": "n", "payload": {},
        "scheduled_for": "2026-11-23T20:30:00+00:00"}),
    )
}

fn batch() -> EventDelivery {
    receive::<EventBatch>(&json!({"delivery_id": "dlv_s_1_2", "subscription_id": "s", "events": []}))
}

/// A clock that the test moves.
#[derive(Clone, Default)]
struct Hand(Arc<AtomicU64>);

impl Hand {
    fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }

    fn store(&self, capacity: usize) -> MemoryStore {
        let time = self.0.clone();
        MemoryStore::new(capacity).clock(move || Duration::from_secs(time.load(Ordering::Relaxed)))
    }
}

/// A store that fails in some of its functions.
struct Broken {
    claim: bool,
    finish: bool,
}

impl SeenStore for Broken {
    async fn claim(&self, _: &str, _: &Owner, _: Duration) -> Result<Sight, StoreError> {
        if self.claim {
            Err(StoreError::new("down"))
        } else {
            Ok(Sight::First)
        }
    }

    async fn extend(&self, _: &str, _: &Owner, _: Duration) -> Result<Hold, StoreError> {
        Err(StoreError::new("down"))
    }

    async fn finish(&self, _: &str, _: &Owner, _: Duration) -> Result<Hold, StoreError> {
        if self.finish {
            Err(StoreError::new("down"))
        } else {
            Ok(Hold::Held)
        }
    }

    async fn release(&self, _: &str, _: &Owner) -> Result<Hold, StoreError> {
        Err(StoreError::new("down"))
    }
}

async fn succeed(runs: &AtomicU32) -> Result<u32, &'static str> {
    Ok(runs.fetch_add(1, Ordering::Relaxed) + 1)
}

async fn fail() -> Result<u32, &'static str> {
    Err("no")
}

async fn an_execution_is_worked_on_once_whatever_its_attempts_and_a_replay_is_another_execution() {
    let guard = Guard::new(MemoryStore::default());
    let runs = AtomicU32::new(0);
    let deliveries = [
        ("e", 1, true),
        ("e", 1, false),
        ("e", 2, false),
        ("replay", 1, true),
        ("e", 3, false),
    ];
    for (execution, attempt, first) in deliveries {
        let once = guard.once(&delivery(execution, attempt), succeed(&runs)).await.unwrap();
        assert_eq!(matches!(once, Once::First(_)), first, "{once:?}");
        assert_eq!(matches!(once, Once::Repeated), !first, "{once:?}");
    }
    assert_eq!(runs.into_inner(), 2);
}

async fn the_attempt_after_one_that_failed_is_worked_on() {
    let guard = Guard::new(MemoryStore::default());
    let runs = AtomicU32::new(0);
    assert!(guard.once(&delivery("e", 1), fail()).await.is_err());
    assert!(matches!(
        guard.once(&delivery("e", 2), succeed(&runs)).await,
        Ok(Once::First(1))
    ));
}

async fn work_that_failed_is_done_when_the_same_delivery_comes_again() {
    let guard = Guard::new(MemoryStore::default());
    let runs = AtomicU32::new(0);
    // A batch of events comes again under the same id.
    let failed = guard.once(&batch(), fail()).await.unwrap_err();
    assert!(matches!(failed, OnceError::Work("no")));
    assert_eq!(failed.status(), 500);
    assert!(matches!(guard.once(&batch(), succeed(&runs)).await, Ok(Once::First(1))));
    assert!(matches!(guard.once(&batch(), succeed(&runs)).await, Ok(Once::Repeated)));
}

async fn while_it_is_worked_on_a_repetition_is_put_off_and_not_answered_as_done() {
    let guard = Guard::new(MemoryStore::default());
    let delivery = delivery("e", 1);
    let inner = async {
        let meanwhile = guard.once(&delivery, fail()).await.unwrap_err();
        assert!(matches!(meanwhile, OnceError::Running));
        assert_eq!(meanwhile.status(), 503);
        Ok::<_, &str>(())
    };
    assert!(matches!(guard.once(&delivery, inner).await, Ok(Once::First(()))));
}

async fn work_that_was_cancelled_is_done_when_the_delivery_comes_again() {
    let guard = Guard::new(MemoryStore::default());
    let delivery = delivery("e", 1);
    let runs = AtomicU32::new(0);
    {
        let mut cancelled = pin!(guard.once(&delivery, pending::<Result<(), ()>>()));
        let begun = poll_fn(|cx| Poll::Ready(cancelled.as_mut().poll(cx))).await;
        assert!(begun.is_pending());
    }
    assert!(matches!(
        guard.once(&delivery, succeed(&runs)).await,
        Ok(Once::First(1))
    ));
}

async fn deliveries_are_remembered_as_long_as_was_asked() {
    let hand = Hand::default();
    let guard = Guard::new(hand.store(10)).keep(Duration::from_secs(600));
    let runs = AtomicU32::new(0);
    assert!(matches!(
        guard.once(&delivery("e", 1), succeed(&runs)).await,
        Ok(Once::First(1))
    ));
    hand.advance(599);
    assert!(matches!(
        guard.once(&delivery("e", 1), succeed(&runs)).await,
        Ok(Once::Repeated)
    ));
    hand.advance(1);
    assert!(matches!(
        guard.once(&delivery("e", 1), succeed(&runs)).await,
        Ok(Once::First(2))
    ));
}

async fn a_full_memory_refuses_new_deliveries_and_keeps_the_old_ones() {
    let hand = Hand::default();
    let guard = Guard::new(hand.store(2)).keep(Duration::from_secs(600));
    let runs = AtomicU32::new(0);
    for execution in ["a", "b"] {
        assert!(guard.once(&delivery(execution, 1), succeed(&runs)).await.is_ok());
    }
    let full = guard.once(&delivery("c", 1), succeed(&runs)).await.unwrap_err();
    assert_eq!(full.status(), 503);
    assert_eq!(full.to_string(), "the store of seen deliveries failed");
    assert!(matches!(
        guard.once(&delivery("a", 1), succeed(&runs)).await,
        Ok(Once::Repeated)
    ));

    hand.advance(600);
    assert!(matches!(
        guard.once(&delivery("c", 1), succeed(&runs)).await,
        Ok(Once::First(3))
    ));
}

async fn a_store_that_cannot_tell_is_an_error_and_the_work_is_not_begun() {
    let guard = Guard::new(Broken {
        claim: true,
        finish: false,
    });
    let runs = AtomicU32::new(0);
    let error = guard.once(&delivery("e", 1), succeed(&runs)).await.unwrap_err();
    assert!(matches!(error, OnceError::Store(_)));
    assert_eq!(error.status(), 503);
    assert_eq!(runs.into_inner(), 0);
}

async fn a_store_that_fails_afterwards_does_not_hide_what_the_work_gave() {
    let guard = Guard::new(Broken {
        claim: false,
        finish: true,
    });
    let runs = AtomicU32::new(0);
    let once = guard.once(&delivery("e", 1), succeed(&runs)).await.unwrap();
    assert!(matches!(once, Once::Unrecorded { output: 1, .. }), "{once:?}");
    let failed = guard.once(&delivery("e", 1), fail()).await.unwrap_err();
    assert!(matches!(failed, OnceError::Work("no")));
}

async fn work_need_not_be_send() {
    let guard = Guard::new(MemoryStore::default());
    let count = Rc::new(Cell::new(0));
    let work = async {
        count.set(count.get() + 1);
        Ok::<_, ()>(count.clone())
    };
    let once = guard.once(&delivery("e", 1), work).await.unwrap();
    assert!(matches!(once, Once::First(count) if count.get() == 1));
}

async fn of_many_at_the_same_time_one_is_first() {
    let guard = Arc::new(Guard::new(MemoryStore::default()));
    let runs = Arc::new(AtomicU32::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (guard, runs) = (guard.clone(), runs.clone());
        tasks.spawn(async move { guard.once(&delivery("e", 1), succeed(&runs)).await });
    }
    for result in tasks.join_all().await {
        assert!(matches!(result, Ok(_) | Err(OnceError::Running)), "{result:?}");
    }
    assert_eq!(runs.load(Ordering::Relaxed), 1);
}
