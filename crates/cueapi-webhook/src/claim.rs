//! The claim to a delivery while its work runs: kept alive, and ended in every case.

use std::{
    fmt,
    future::poll_fn,
    mem,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Poll, Waker},
    time::{Duration, Instant},
};

use futures_timer::Delay;

use crate::seen::{End, Hold, Owner, SeenStore, Sight, StoreError};

/// The claim that work has to its delivery, for work that wants to know when it is lost; see
/// [`Guard::once_with`](crate::Guard::once_with).
///
/// A claim is lost when somebody else has it, when the store could not be told in time that the work goes on, and when the work has
/// taken longer than [`Guard::longest`](crate::Guard::longest). It does not come back.
#[derive(Clone)]
pub struct Claim(Arc<State>);

#[derive(Default)]
struct State {
    lost: AtomicBool,
    waiting: Mutex<Vec<Waker>>,
}

impl Claim {
    /// A claim, and what loses it.
    pub(crate) fn new() -> (Self, impl FnOnce()) {
        let state = Arc::<State>::default();
        let claim = Self(state.clone());
        (claim, move || state.lose())
    }

    /// Returns whether the claim is lost: another call may have begun the same work.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.0.lost.load(Ordering::Acquire)
    }

    /// Waits until the claim is lost; for ever if it is not.
    pub async fn lost(&self) {
        poll_fn(|cx| {
            let mut waiting = self.0.waiting();
            if self.is_lost() {
                return Poll::Ready(());
            }
            if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                waiting.push(cx.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }
}

impl State {
    fn lose(&self) {
        let waiting = {
            let mut waiting = self.waiting();
            self.lost.store(true, Ordering::Release);
            mem::take(&mut *waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Waker>> {
        // Nothing panics while it is locked.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("is_lost", &self.is_lost()).finish()
    }
}

/// One call's hold on a key. When it is dropped before its end has been told to the store, the store is told then.
pub(crate) struct Held<'a, S: SeenStore> {
    store: &'a S,
    key: &'a str,
    owner: Owner,
    untold: Option<End>,
}

impl<'a, S: SeenStore> Held<'a, S> {
    pub(crate) fn new(store: &'a S, key: &'a str) -> Self {
        Self {
            store,
            key,
            owner: Owner::unique(),
            // A claim whose answer nobody has waited for may have been made.
            untold: Some(End::Released),
        }
    }

    pub(crate) async fn claim(&mut self, lease: Duration) -> Result<Sight, StoreError> {
        let sight = self.store.claim(self.key, &self.owner, lease).await;
        if matches!(sight, Ok(Sight::Running | Sight::Finished)) {
            self.untold = None;
        }
        sight
    }

    /// Runs the work, and extends the claim meanwhile.
    pub(crate) async fn during<T>(
        &self,
        work: impl Future<Output = T>,
        lease: Duration,
        longest: Duration,
        lose: impl FnOnce(),
    ) -> T {
        let mut work = pin!(work);
        let mut extending = pin!(async {
            self.extend(lease, longest).await;
            lose();
        });
        let mut extends = true;
        poll_fn(|cx| {
            extends = extends && extending.as_mut().poll(cx).is_pending();
            work.as_mut().poll(cx)
        })
        .await
    }

    /// Extends the claim until it is lost.
    async fn extend(&self, lease: Duration, longest: Duration) {
        let begun = Instant::now();
        let mut until = lease;
        loop {
            let left = until.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return;
            }
            delay(left.min(lease / 3)).await;
            let now = begun.elapsed();
            let lease = lease.min(longest.saturating_sub(now));
            if lease.is_zero() || until <= now {
                continue;
            }
            let extended = self.store.extend(self.key, &self.owner, lease);
            match within(until - now, extended).await {
                Some(Ok(Hold::Held)) => until = now.saturating_add(lease),
                Some(Ok(Hold::Lost)) => return,
                // Tried again while there is time.
                Some(Err(_)) | None => {}
            }
        }
    }

    /// Ends the claim, and returns whether it had lasted.
    pub(crate) async fn end(&mut self, end: End) -> Result<Hold, StoreError> {
        self.untold = Some(end);
        let hold = match end {
            End::Finished(keep) => self.store.finish(self.key, &self.owner, keep).await,
            End::Released => self.store.release(self.key, &self.owner).await,
        };
        self.untold = None;
        hold
    }
}

impl<S: SeenStore> Drop for Held<'_, S> {
    fn drop(&mut self) {
        if let Some(end) = self.untold {
            self.store.detach(self.key, &self.owner, end);
        }
    }
}

/// At most a day, which is far from what a clock cannot count.
fn delay(time: Duration) -> Delay {
    Delay::new(time.min(Duration::from_secs(86_400)))
}

/// What a future gives within some time.
async fn within<T>(time: Duration, future: impl Future<Output = T>) -> Option<T> {
    let (mut future, mut delay) = (pin!(future), pin!(delay(time)));
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => delay.as_mut().poll(cx).map(|()| None),
    })
    .await
}
