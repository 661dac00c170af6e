//! Three receivers, interleaved at random: never two at once within a lease, never again after success, always again after failure.
//!
//! `CUEAPI_TEST_STEPS=200000 cargo test -p cueapi-tests --test webhook_guard interleaved -- --nocapture` runs it longer;
//! `CUEAPI_TEST_SEED` repeats a run.

use std::{env, str::FromStr, time::Duration};

use cueapi_webhook::{
    Guard, Once, OnceError,
    seen::{RedisStore, SeenStore},
};
use tokio::{
    sync::oneshot,
    task::{JoinHandle, LocalSet, spawn_local},
};

use crate::{Hand, delivery, redis_server::RedisServer};

const RECEIVERS: usize = 3;

pub(crate) async fn receivers_that_share_a_memory_keep_the_promises_of_a_guard_in_every_order() {
    let hand = Hand::default();
    let store = hand.store(usize::MAX);
    interleave(&store, async |_| hand.advance(31), async |_| false, 2000).await;
}

pub(crate) async fn receivers_that_share_a_redis_keep_the_promises_of_a_guard_in_every_order() {
    let server = RedisServer::start().await;
    let connection = server.connect().await;
    let store = RedisStore::new(server.manager().await);
    let lapse = async |key: &str| {
        let script = "if redis.call('GET', KEYS[1]) ~= 'finished' then redis.call('DEL', KEYS[1]) end";
        let script = redis::cmd("EVAL").arg(script).arg(1).arg(key).to_owned();
        script.exec_async(&mut connection.clone()).await.unwrap();
    };
    let exists = async |key: &str| {
        redis::cmd("EXISTS")
            .arg(key)
            .query_async(&mut connection.clone())
            .await
            .unwrap()
    };
    interleave(&store, lapse, exists, 600).await;
}

/// What a receiver is doing.
struct Working {
    /// Lets its work succeed or fail.
    end: oneshot::Sender<Result<(), ()>>,
    call: Call,
}

type Call = JoinHandle<Result<Once<()>, OnceError<()>>>;

/// What has to be so.
#[derive(Default)]
struct Model {
    /// Who works within a lease.
    holder: Option<usize>,
    succeeded: bool,
}

async fn interleave<S: SeenStore + Clone + 'static>(
    store: &S,
    lapse: impl AsyncFn(&str),
    is_claimed: impl AsyncFn(&str) -> bool,
    steps: usize,
) {
    let steps = setting("CUEAPI_TEST_STEPS").unwrap_or(steps);
    let seed = setting("CUEAPI_TEST_SEED").unwrap_or_else(|| fastrand::u64(..));
    eprintln!("CUEAPI_TEST_SEED={seed} CUEAPI_TEST_STEPS={steps}");
    let mut random = fastrand::Rng::with_seed(seed);
    let local = LocalSet::new();
    local
        .run_until(async {
            let guard = Guard::new(store.clone()).keep(Duration::from_secs(1 << 40));
            let mut executions = 0..;
            let mut counts = [0; 5];
            let mut left = steps;
            while left > 0 {
                let execution = format!("{seed}-{}", executions.next().unwrap());
                let key = format!("cueapi:seen:cue:{execution}");
                let mut model = Model::default();
                let mut receivers: [Option<Working>; RECEIVERS] = Default::default();
                for attempt in 1..=random.u32(5..60) {
                    left = left.saturating_sub(1);
                    let receiver = random.usize(..RECEIVERS);
                    match (random.u8(..10), receivers[receiver].take()) {
                        (0, working) => {
                            receivers[receiver] = working;
                            lapse(&key).await;
                            model.holder = None;
                            counts[0] += 1;
                        }
                        // All who are idle at the same time.
                        (_, None) => {
                            let idle: Vec<_> = (0..RECEIVERS).filter(|index| receivers[*index].is_none()).collect();
                            let calls: Vec<_> = idle
                                .iter()
                                .map(|_| deliver(guard.clone(), execution.clone(), attempt))
                                .collect();
                            let mut begun = 0;
                            for (index, (began, end, call)) in idle.into_iter().zip(calls) {
                                if began.await.is_ok() {
                                    assert!(
                                        model.holder.is_none() && !model.succeeded,
                                        "step {left}: begun beside another"
                                    );
                                    model.holder = Some(index);
                                    receivers[index] = Some(Working { end, call });
                                    begun += 1;
                                    continue;
                                }
                                match call.await.unwrap() {
                                    Ok(Once::Repeated) => assert!(model.succeeded, "step {left}: not done"),
                                    Err(OnceError::Running) => assert!(!model.succeeded, "step {left}: done"),
                                    other => panic!("step {left}: {other:?}"),
                                }
                            }
                            assert!(begun <= 1, "step {left}: {begun} at once");
                            assert!(
                                model.holder.is_some() || model.succeeded,
                                "step {left}: nobody has begun"
                            );
                            counts[1] += 1;
                        }
                        (1, Some(working)) => {
                            working.call.abort();
                            assert!(working.call.await.unwrap_err().is_cancelled());
                            if model.holder == Some(receiver) {
                                model.holder = None;
                                while is_claimed(&key).await {}
                            }
                            counts[2] += 1;
                        }
                        (2..=7, Some(working)) => {
                            working.end.send(Err(())).unwrap();
                            let failed = working.call.await.unwrap();
                            if model.holder == Some(receiver) {
                                assert!(matches!(failed, Err(OnceError::Work(()))), "step {left}: {failed:?}");
                                model.holder = None;
                            } else {
                                assert!(
                                    matches!(failed, Err(OnceError::ClaimLost(()))),
                                    "step {left}: {failed:?}"
                                );
                            }
                            counts[3] += 1;
                        }
                        (_, Some(working)) => {
                            working.end.send(Ok(())).unwrap();
                            let done = working.call.await.unwrap();
                            if model.holder == Some(receiver) {
                                assert!(matches!(done, Ok(Once::First(()))), "step {left}: {done:?}");
                            } else {
                                assert!(matches!(done, Ok(Once::ClaimLost(()))), "step {left}: {done:?}");
                            }
                            model = Model {
                                holder: None,
                                succeeded: true,
                            };
                            counts[4] += 1;
                        }
                    }
                }
                receivers.into_iter().flatten().for_each(|working| working.call.abort());
            }
            assert!(counts.iter().all(|count| *count > steps / 200), "{counts:?}");
        })
        .await;
}

/// Delivers an attempt: tells whether its work has begun, lets it end, and gives what became of it.
fn deliver<S: SeenStore + 'static>(
    guard: Guard<S>,
    execution: String,
    attempt: u32,
) -> (oneshot::Receiver<()>, oneshot::Sender<Result<(), ()>>, Call) {
    let (begin, began) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    let call = spawn_local(async move {
        let work = |_| async move {
            begin.send(()).unwrap();
            ended.await.unwrap()
        };
        guard.once_with(&delivery(&execution, attempt), work).await
    });
    (began, end, call)
}

fn setting<T: FromStr>(name: &str) -> Option<T> {
    env::var(name).ok()?.parse().ok()
}
