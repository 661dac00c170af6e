//! Runs the work of a delivery once, however often the delivery comes.

use std::time::Duration;

use http::StatusCode;

use crate::{
    Delivered, DeliveryBody,
    claim::{Claim, Held},
    seen::{End, Hold, SeenStore, Sight, StoreError},
};

/// Lets each delivery through once: a captured one that somebody sends again, and one that CueAPI repeats because an answer got
/// lost, are recognised.
///
/// A delivery is claimed before its work begins, remembered when the work has succeeded, and given free when it has failed, so
/// that CueAPI's next try is not taken for a repetition. The claim is extended while the work runs. When the process dies in
/// between, it lapses after the [lease](Self::lease). So work is done at least once, as CueAPI promises, and not again within the
/// time that deliveries are [kept](Self::keep) in mind.
///
/// What tells two deliveries apart is [`DeliveryBody::seen_key`]; for a cue it is the execution, so that its later attempts are
/// repetitions of one that succeeded.
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
///         Once::ClaimLost(rows) => println!("{rows} rows, but another receiver may have begun the same"),
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
    longest: Duration,
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
            longest: Duration::from_secs(3600),
            keep: Duration::from_secs(7200),
        }
    }

    /// How long a claim lasts when nobody extends it: 30 s, which is as long as CueAPI waits for an answer.
    ///
    /// It is extended after each third of that while the work runs, up to [`longest`](Self::longest). Work that blocks its thread
    /// keeps the claim from being extended.
    #[must_use]
    pub const fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How long a claim is extended, counted from its beginning: one hour. Work that takes longer loses its claim.
    #[must_use]
    pub const fn longest(mut self, longest: Duration) -> Self {
        self.longest = longest;
        self
    }

    /// How long a delivery is remembered after its work has succeeded: two hours.
    ///
    /// This has to be longer than CueAPI takes to try again, which by default is 21 minutes in total; for a cue with a
    /// `backoff_minutes` of its own it is the sum of these. It has to be at least twice the verifier's tolerance, too, which is five
    /// minutes: a timestamp can be that far in the future when a delivery is first seen, and still be accepted when it is that far
    /// in the past.
    #[must_use]
    pub const fn keep(mut self, keep: Duration) -> Self {
        self.keep = keep;
        self
    }

    /// Runs `work` unless it has been done for this delivery already. When it has, or the guard cannot know, `work` is dropped
    /// without having been polled.
    ///
    /// Only an `Err` counts as failed. When the future that this returns is dropped, so is the work, and the claim is released at
    /// once: CueAPI's next try runs the work again. axum and hyper drop a handler when the caller hangs up, as CueAPI does after 30 s;
    /// actix-web lets it go on. Spawn a task for work that should go on to its end everywhere:
    ///
    /// ```
    /// use std::{io, sync::Arc};
    /// use cueapi_webhook::{CueDelivery, Guard, Once, OnceError, seen::MemoryStore};
    ///
    /// # async fn report() -> io::Result<()> { Ok(()) }
    /// async fn to_its_end(guard: Arc<Guard<MemoryStore>>, delivery: CueDelivery) -> Result<(), OnceError<io::Error>> {
    ///     let task = tokio::spawn(async move { guard.once(&delivery, report()).await });
    ///     task.await.map_err(|error| OnceError::Work(io::Error::other(error)))??;
    ///     Ok(())
    /// }
    /// ```
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
        self.once_with(delivery, |_| work).await
    }

    /// As [`once`](Self::once), for work that wants to know when it has lost its claim, so that it can stop before somebody else
    /// does the same beside it.
    ///
    /// ```
    /// use cueapi_webhook::{Claim, CueDelivery, Guard, OnceError, seen::SeenStore};
    ///
    /// # async fn copy(row: u32) {}
    /// async fn on_delivery<S: SeenStore>(guard: &Guard<S>, delivery: CueDelivery) -> Result<(), OnceError<&'static str>> {
    ///     guard.once_with(&delivery, |claim: Claim| async move {
    ///         for row in 0..1000 {
    ///             if claim.is_lost() {
    ///                 return Err("somebody else goes on");
    ///             }
    ///             copy(row).await;
    ///         }
    ///         Ok(())
    ///     }).await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`once`](Self::once).
    pub async fn once_with<B: DeliveryBody, T, E, W: Future<Output = Result<T, E>>>(
        &self,
        delivery: &Delivered<B>,
        work: impl FnOnce(Claim) -> W,
    ) -> Result<Once<T>, OnceError<E>> {
        let key = delivery.seen_key();
        let mut held = Held::new(&self.store, &key);
        match held.claim(self.lease).await? {
            Sight::Finished => return Ok(Once::Repeated),
            Sight::Running => return Err(OnceError::Running),
            Sight::First => {}
        }
        let (claim, lose) = Claim::new();
        let result = held.during(work(claim), self.lease, self.longest, lose).await;
        let end = if result.is_ok() {
            End::Finished(self.keep)
        } else {
            End::Released
        };
        match (result, held.end(end).await) {
            (Ok(output), Ok(Hold::Held)) => Ok(Once::First(output)),
            (Ok(output), Ok(Hold::Lost)) => Ok(Once::ClaimLost(output)),
            (Ok(output), Err(error)) => Ok(Once::Unrecorded { output, error }),
            (Err(error), Ok(Hold::Lost)) => Err(OnceError::ClaimLost(error)),
            // Where the store fails, the end of the lease does the same.
            (Err(error), _) => Err(OnceError::Work(error)),
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
    /// The delivery was new and its work is done and remembered, but its claim was lost meanwhile: the work took longer than
    /// [`Guard::longest`], or the store could not be told in time that it goes on. Another call may have begun it, too.
    ClaimLost(T),
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
    /// The work failed after its claim had been lost. Another call may have begun it meanwhile; what became of that stays as it is.
    #[error("the work of the delivery failed, and another call may have begun it meanwhile")]
    ClaimLost(#[source] E),
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
            Self::Work(_) | Self::ClaimLost(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Running | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}
