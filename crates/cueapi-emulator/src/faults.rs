//! Faults to order: what a test wants to go wrong, where, and how often.
//!
//! A [`Fault`] is given to [`Builder::fault`](crate::Builder::fault) or, at any time,
//! [`Emulator::inject`](crate::Emulator::inject). Which ones have struck says [`Emulator::faults`](crate::Emulator::faults).
//! The same seed, the same faults and the same requests go wrong in the same way.
//!
//! ```
//! use cueapi_emulator::{Emulator, faults::{CallFault, Fault}};
//! use cueapi_hyper::{HyperClient, ClientBuilder, types::{Schedule, Transport}};
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let emulator = Emulator::start().await?;
//! let client = ClientBuilder::new(emulator.api_key(), HyperClient::plain()).base_url(emulator.base_url()).build()?;
//! let cue = client.cues().create("job", Schedule::cron("0 9 * * *"), Transport::Worker).await?;
//!
//! emulator.inject(Fault::call("cues.fire", CallFault::AnswerLost));
//! let error = client.cues().fire(&cue.id).await.unwrap_err();
//! assert!(error.may_have_executed());
//! assert_eq!(emulator.executions().len(), 1, "it was fired all the same");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod orders;
mod spec;

use std::{fmt, time::Duration};

use jiff::{SignedDuration, Timestamp};

pub use self::spec::SpecError;
pub(crate) use self::{
    answer::{ordered_reply, trickle},
    orders::Orders,
};
use crate::{engine::DeliveryKind, http::Operation};

/// Something that goes wrong the next time it can, unless it is told otherwise.
///
/// As text, for the program's `--fault` and in what is printed, it is `WHERE:WHAT[,WHEN…]`:
///
/// | WHERE | |
/// |---|---|
/// | `cues.fire` and the other operation ids of the SDK | [`call`](Self::call) |
/// | `calls` | [`any_call`](Self::any_call) |
/// | `deliveries` | [`deliveries`](Self::deliveries) |
/// | `deliveries/cue_…` | [`deliveries_of`](Self::deliveries_of) |
/// | `deliveries/on_failure` | [`deliveries_of_kind`](Self::deliveries_of_kind) |
///
/// WHAT is a variant of [`CallFault`] or [`DeliveryFault`] in lower case with hyphens, and its value: `answer-lost`,
/// `answer-slow=20ms`, `rate-limited=30`, `error=503`, `clock-skew=-10m`. WHEN is `times=3` or `always`, `after=2`,
/// `chance=0.1`.
///
/// ```
/// use cueapi_emulator::faults::{CallFault, DeliveryFault, Fault};
///
/// let fault: Fault = "cues.fire:error=503,times=2".parse()?;
/// assert_eq!(fault, Fault::call("cues.fire", CallFault::Error(503)).times(2));
/// assert_eq!(fault.to_string(), "cues.fire:error=503,times=2");
///
/// let fault = Fault::deliveries_of("cue_abc", DeliveryFault::Duplicated).after(1).chance(0.5).always();
/// assert_eq!(fault.to_string(), "deliveries/cue_abc:duplicated,always,after=1,chance=0.5");
/// # Ok::<(), cueapi_emulator::faults::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a fault does nothing until it is ordered"]
pub struct Fault {
    pub(crate) hitch: Hitch,
    /// How often it strikes; `None` for ever.
    times: Option<u32>,
    /// How often it lets pass first.
    after: u32,
    chance: f64,
}

/// Where a fault strikes, and what it does there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Hitch {
    Call {
        operation: Option<&'static str>,
        fault: CallFault,
    },
    Delivery {
        only: Option<Only>,
        fault: DeliveryFault,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Only {
    Cue(Box<str>),
    Kind(Box<str>),
}

/// What goes wrong with a call of the API.
///
/// ```
/// use std::time::Duration;
/// use cueapi_emulator::{Emulator, faults::{CallFault, Fault, RetryAfter}};
/// use cueapi_hyper::{ErrorKind, HyperClient, ClientBuilder, RetryPolicy};
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let emulator = Emulator::start().await?;
/// let client = ClientBuilder::new(emulator.api_key(), HyperClient::plain())
///     .base_url(emulator.base_url())
///     .timeout(Duration::from_millis(100))
///     .retry(RetryPolicy::none())
///     .build()?;
///
/// for (fault, kind) in [
///     (CallFault::Refused, ErrorKind::Interrupted),
///     (CallFault::Stalled, ErrorKind::Timeout),
///     (CallFault::AnswerLost, ErrorKind::Interrupted),
///     (CallFault::AnswerCut, ErrorKind::Interrupted),
///     (CallFault::AnswerSlow(Duration::from_millis(50)), ErrorKind::Timeout),
///     (CallFault::RateLimited(None), ErrorKind::RateLimited),
///     (CallFault::RateLimited(Some(RetryAfter::Seconds(30))), ErrorKind::RateLimited),
///     (CallFault::Error(503), ErrorKind::Server),
///     (CallFault::ErrorAfter(500), ErrorKind::Server),
/// ] {
///     emulator.inject(Fault::call("cues.list", fault));
///     assert_eq!(client.cues().list().await.unwrap_err().kind(), kind);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallFault {
    /// Nothing is done, and the connection is closed without an answer: for any call before anything is read, for a
    /// certain one when its head has been read.
    Refused,
    /// Nothing is done, and no answer comes.
    Stalled,
    /// The call is carried out, and the connection is closed instead of an answer.
    AnswerLost,
    /// The call is carried out, and the connection is closed in the middle of the answer's body. An answer without a body
    /// is lost whole.
    AnswerCut,
    /// The call is carried out, and the answer's body comes byte after byte, with so much of the system's time between.
    AnswerSlow(Duration),
    /// Nothing is done, and the answer is 429, with or without `Retry-After`.
    RateLimited(Option<RetryAfter>),
    /// Nothing is done, and the answer is this status with an error body.
    Error(u16),
    /// The call is carried out, and the answer is this status with an error body.
    ErrorAfter(u16),
    /// What `POST /v1/executions/claim` hands out is handed out a second time, to the next other worker who asks, as
    /// servers do under load. Concerns no other operation.
    ///
    /// ```
    /// use cueapi_emulator::{Emulator, faults::{CallFault, Fault}};
    /// use cueapi_hyper::{HyperClient, ClientBuilder, types::{Schedule, Transport}};
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let claimed_twice = Fault::call("executions.claim_oldest", CallFault::ClaimedTwice);
    /// let emulator = Emulator::builder().fault(claimed_twice).start().await?;
    /// let client = ClientBuilder::new(emulator.api_key(), HyperClient::plain()).base_url(emulator.base_url()).build()?;
    /// let cue = client.cues().create("job", Schedule::cron("0 9 * * *"), Transport::Worker).await?;
    /// client.cues().fire(&cue.id).await?;
    ///
    /// let executions = client.executions();
    /// let (ann, bob) = (executions.claim_oldest("ann").await?, executions.claim_oldest("bob").await?);
    /// assert_eq!(ann.execution_id, bob.execution_id);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ClaimedTwice,
}

/// What a 429 says about when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// So many seconds from now.
    Seconds(u32),
    /// At this moment, written as an HTTP date, in whole seconds.
    At(Timestamp),
}

/// What goes wrong with a delivery.
///
/// ```
/// use cueapi_emulator::{Clock, Emulator, engine::AttemptResult, faults::{DeliveryFault, Fault}};
/// use cueapi_hyper::{HyperClient, ClientBuilder, types::{Callback, Schedule}};
/// use http::StatusCode;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let emulator = Emulator::builder()
///     .clock(Clock::held("2026-03-02T08:00:00Z".parse()?))
///     .receiver("http://jobs.test", async |_| StatusCode::OK)
///     .fault(Fault::deliveries(DeliveryFault::Stalled))
///     .fault(Fault::deliveries(DeliveryFault::Status(503)))
///     .fault(Fault::deliveries(DeliveryFault::Duplicated))
///     .start()
///     .await?;
/// let client = ClientBuilder::new(emulator.api_key(), HyperClient::plain()).base_url(emulator.base_url()).build()?;
/// let cue = client.cues().create("job", Schedule::cron("0 9 * * *"), Callback::new("http://jobs.test/hook")).await?;
/// client.cues().fire(&cue.id).await?;
/// emulator.run_until_idle().await;
///
/// let results: Vec<_> = emulator.deliveries().into_iter().map(|sent| sent.result).collect();
/// let ok = AttemptResult::Status(200);
/// assert_eq!(results, [AttemptResult::Timeout, AttemptResult::Status(503), ok.clone(), ok]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryFault {
    /// The receiver is not reached, as if nobody listened.
    Refused,
    /// The receiver is not reached, and the time for an answer runs out: under a held clock at once.
    Stalled,
    /// The receiver gets the request, and its answer gets lost.
    AnswerLost,
    /// The receiver gets the very same request twice; the second answer counts.
    Duplicated,
    /// The request goes out after the next one, whatever that is about, and is signed then. When none comes within 300
    /// seconds, the server takes it for stale and tries again, and that is the next one.
    HeldBack,
    /// The signature is made with a secret that nobody has. Like the next two, it does not strike what goes unsigned: notices
    /// of failure.
    WrongSignature,
    /// The signature is made with the secret before the last rotation. Strikes only when there was one.
    OldSecret,
    /// The timestamp is so far from the emulator's time, and signed like that.
    ClockSkew(SignedDuration),
    /// The receiver is not reached, and what counts is this status.
    Status(u16),
}

/// A fault that has struck.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FiredFault {
    /// When, by the emulator's clock.
    pub at: Timestamp,
    /// Which one.
    pub fault: Fault,
    /// What it struck.
    pub target: Target,
}

/// What a fault strikes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// A connection, before anything was read from it.
    Connection,
    /// A call of the API.
    Call {
        /// The operation's id, such as `cues.fire`.
        operation: &'static str,
        /// The path that was called, without the query.
        path: Box<str>,
    },
    /// A delivery.
    Delivery(DeliveryKind),
}

impl Fault {
    const fn new(hitch: Hitch) -> Self {
        Self {
            hitch,
            times: Some(1),
            after: 0,
            chance: 1.0,
        }
    }

    /// Strikes calls of one operation, by the id that the SDK has for it: `Error::operation`, `Endpoint::ID`.
    ///
    /// # Panics
    ///
    /// When there is no such operation; the message lists those that there are.
    #[track_caller]
    pub fn call(operation: &str, fault: CallFault) -> Self {
        match known(operation) {
            Some(operation) => Self::new(Hitch::Call {
                operation: Some(operation),
                fault,
            }),
            None => panic!(
                "no operation is called {operation}; there are {}",
                Operation::IDS.join(", ")
            ),
        }
    }

    /// Strikes calls of every operation.
    pub const fn any_call(fault: CallFault) -> Self {
        Self::new(Hitch::Call { operation: None, fault })
    }

    /// Strikes every delivery.
    pub const fn deliveries(fault: DeliveryFault) -> Self {
        Self::new(Hitch::Delivery { only: None, fault })
    }

    /// Strikes the deliveries of one cue, the notice of its failure included.
    pub fn deliveries_of(cue_id: impl fmt::Display, fault: DeliveryFault) -> Self {
        let only = Some(Only::Cue(cue_id.to_string().into()));
        Self::new(Hitch::Delivery { only, fault })
    }

    /// Strikes the deliveries of one [kind](DeliveryKind::name).
    ///
    /// # Panics
    ///
    /// When there is no such kind; the message lists those that there are.
    #[track_caller]
    pub fn deliveries_of_kind(kind: &str, fault: DeliveryFault) -> Self {
        let kinds = DeliveryKind::NAMES;
        assert!(
            kinds.contains(&kind),
            "no kind of delivery is called {kind}; there are {}",
            kinds.join(", ")
        );
        let only = Some(Only::Kind(kind.into()));
        Self::new(Hitch::Delivery { only, fault })
    }

    /// Strikes so many times.
    pub const fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Strikes every time.
    pub const fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// Lets the first `passed` go unharmed.
    pub const fn after(mut self, passed: u32) -> Self {
        self.after = passed;
        self
    }

    /// Strikes with this probability, 0 to 1, drawn from the emulator's seed.
    pub const fn chance(mut self, probability: f64) -> Self {
        self.chance = probability;
        self
    }
}

/// The operation's id as the emulator has it.
fn known(operation: &str) -> Option<&'static str> {
    Operation::IDS.iter().find(|id| **id == operation).copied()
}

impl Hitch {
    fn concerns(&self, target: &Target) -> bool {
        match (self, target) {
            (Self::Call { operation, fault }, Target::Connection) => {
                operation.is_none() && *fault == CallFault::Refused
            }
            (Self::Call { operation, fault }, Target::Call { operation: called, .. }) => {
                operation.is_none_or(|operation| operation == *called)
                    && (*fault != CallFault::ClaimedTwice || *called == Operation::ClaimNext.id())
            }
            (Self::Delivery { only, .. }, Target::Delivery(kind)) => match only {
                None => true,
                Some(Only::Cue(cue)) => kind.cue_id() == Some(cue),
                Some(Only::Kind(name)) => kind.name() == &**name,
            },
            _ => false,
        }
    }
}
