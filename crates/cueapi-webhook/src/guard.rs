//! Runs the work of a delivery once, however often the delivery comes.

use std::time::Duration;

use http::StatusCode;

use crate::{
    Delivered, DeliveryBody,
    seen::{SeenStore, Sight, StoreError},
};

/// Lets each delivery through once: a captured one that somebody sends again, and one that CueAPI repeats because an answer got
/// lost, are recognised.
///
/// A delivery is claimed before its work begins, remembered when the work has succeeded, and given free when it has failed, so
/// that CueAPI's next try is not taken for a repetition. When the process dies in between, the claim lapses after the
/// [lease](Self::lease). So work is done at least once, as CueAPI promises, and not again within the time that deliveries are
/// [kept](Self::keep) in mind.
///
/// What tells two deliveries apart is [`DeliveryBody::seen_key`].
///
/// ```
/// use cueapi_webhook::{CueDelivery, Guard, Once, OnceError, seen::SeenStore};
///
/// # struct Job;
/// # async fn sync(job: &Job) -> Result<u64, std::io::Error> { Ok(7) }
/// async fn on_delivery<S: SeenStore>(guard: &Guard<S>, delivery: CueDelivery<Job>) -> Result<(), OnceError<std::io::Error>> {
///     match guard.once(&delivery, sync(&delivery.payload)).await? {
///         Once::First(rows) => println!("{rows} rows"),
///         Once::Repeated => println!("nothing to do"),
///         Once::Unrecorded { output, error } => println!("{output} rows, but a repetition would not be noticed: {error}"),
///     }
///     Ok(()) // answer with 2xx in each of these cases
/// }
/// # impl<'de> serde::Deserialize<'de> for Job {
/// #     fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> { Ok(Self) }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Guard<S> {
    store: S,
    lease: Duration,
    keep: Duration,
}

impl<S: SeenStore> Guard<S> {
    /// Guards with what `store` remembers.
    ///
    /// ```
    /// use cueapi_webhook::{Guard, seen::MemoryStore};
    ///
    /// let guard = Guard::new(MemoryStore::default());
    /// ```
    #[must_use]
    pub const fn new(store: S) -> Self {
        Self {
            store,
            lease: Duration::from_secs(30),
            keep: Duration::from_secs(900),
        }
    }

    /// How long a delivery stays claimed while its work is neither done nor failed: 30 s, which is as long as CueAPI waits for an
    /// answer.
    ///
    /// Longer than the work may take; or else a repetition may run beside it.
    #[must_use]
    pub const fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How long a delivery is remembered: 15 minutes.
    ///
    /// At least twice the verifier's tolerance, which is five minutes: a timestamp can be that far in the future when a delivery
    /// is first seen, and still be accepted when it is that far in the past.
    #[must_use]
    pub const fn keep(mut self, keep: Duration) -> Self {
        self.keep = keep;
        self
    }

    /// Runs `work` unless it has been done for this delivery already. When it has, or the guard cannot know, `work` is dropped
    /// without having been polled.
    ///
    /// Only an `Err` counts as failed. Work that panics, or that is cancelled because the caller hung up, keeps its claim until
    /// the lease has run out.
    ///
    /// ```
    /// use cueapi_webhook::{CueDelivery, Guard, Once, seen::MemoryStore};
    /// # use cueapi_webhook::{Verifier, Webhook, signing::Signer};
    /// # use std::{pin::pin, task::{Context, Poll, Waker}, time::Duration};
    /// # fn run<T>(future: impl Future<Output = T>) -> T {
    /// #     match pin!(future).poll(&mut Context::from_waker(Waker::noop())) { Poll::Ready(output) => output, _ => panic!() }
    /// # }
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { run(async {
    /// # let body = br#"{"attempt": 1, "cue_id": "c", "execution_id": "e", "name": "n", "payload": {},
    /// #     "scheduled_for": "2026-11-23T20:30:00+00:00"}"#;
    /// # let mut headers = http::HeaderMap::new();
    /// # headers.insert("X-CueAPI-Signature", Signer::new("whsec_0011223344556677")?.sign(17, body).to_string().parse()?);
    /// # headers.insert("X-CueAPI-Timestamp", "17".parse()?);
    /// # let webhook = Webhook::new(Verifier::new("whsec_0011223344556677")?).clock(|| Duration::from_secs(17));
    /// let delivery: CueDelivery = webhook.receive(&headers, body)?;
    /// let guard = Guard::new(MemoryStore::default());
    ///
    /// let work = async || Ok::<_, std::fmt::Error>("done");
    /// assert!(matches!(guard.once(&delivery, work()).await?, Once::First("done")));
    /// assert!(matches!(guard.once(&delivery, work()).await?, Once::Repeated));
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    ///
    /// None of them means that the work is done, so answer with something else than 2xx; [`OnceError::status`] says with what.
    pub async fn once<B: DeliveryBody, T, E>(
        &self,
        delivery: &Delivered<B>,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<Once<T>, OnceError<E>> {
        let key = delivery.seen_key();
        match self.store.claim(&key, self.lease).await? {
            Sight::Finished => return Ok(Once::Repeated),
            Sight::Running => return Err(OnceError::Running),
            Sight::First => {}
        }
        match work.await {
            Ok(output) => Ok(match self.store.finish(&key, self.keep).await {
                Ok(()) => Once::First(output),
                Err(error) => Once::Unrecorded { output, error },
            }),
            Err(error) => {
                // Where the store fails, the end of the lease does the same.
                drop(self.store.release(&key).await);
                Err(OnceError::Work(error))
            }
        }
    }
}

/// What [`Guard::once`] did. In each case the work is done, by this call or an earlier one.
#[derive(Debug)]
pub enum Once<T> {
    /// The delivery was new, and this is what its work gave.
    First(T),
    /// The work had been done before.
    Repeated,
    /// The delivery was new and its work is done, but the store could not be told: a repetition would run once more.
    Unrecorded {
        /// What the work gave.
        output: T,
        /// What is wrong with the store.
        error: StoreError,
    },
}

/// Why [`Guard::once`] cannot say that the work is done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnceError<E> {
    /// The work failed. CueAPI's next try runs it again.
    #[error("the work of the delivery failed")]
    Work(#[source] E),
    /// The same delivery is being worked on, here or on another machine, or was by a process that died less than a lease ago.
    #[error("the delivery is being worked on")]
    Running,
    /// The store does not answer, or is full, so nobody knows whether this is a repetition. The work was not begun.
    ///
    /// To rather do some work twice than not at all, do it in this case.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<E> OnceError<E> {
    /// The status to answer with, one that lets CueAPI try again: 500 when the work failed, otherwise 503.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Work(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Running | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}
