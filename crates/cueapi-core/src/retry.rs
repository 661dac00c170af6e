//! Whether to send again, and when: a pure function, so that every cell of the table is a line in a test.

pub(crate) mod after;

use std::time::Duration;

use ::http::StatusCode;

use crate::{endpoint::Repeat, http::HttpErrorKind};

/// How often and how patiently a call is repeated.
///
/// The wait between two attempts grows from `base_delay`, doubling, up to `max_delay`, with full jitter (anything between
/// nothing and that). A `Retry-After` of the server replaces it. One that is longer than `max_retry_after` ends the call,
/// and the error's [`retry_after`](crate::Error::retry_after) returns it.
///
/// There are two defaults. [`RetryPolicy::default`] gives up soon: CueAPI's rate limit has a window of 60 seconds, so a 429
/// usually asks for more than its 8 seconds and goes to the caller. [`RetryPolicy::reports`] is for outcomes, which are
/// the last thing to be given up.
///
/// A policy bounds the requests of a call: there are at most `max_attempts`, and one more where the outcome that stands on
/// an execution is read back.
///
/// ```
/// use std::time::Duration;
/// use cueapi_core::RetryPolicy;
///
/// let patient = RetryPolicy::default().max_attempts(5).max_delay(Duration::from_secs(60));
/// assert_ne!(patient, RetryPolicy::none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: u32,
    base_delay: Duration,
    max_delay: Duration,
    /// As long as `max_delay` where there is none.
    max_retry_after: Option<Duration>,
    max_total_delay: Duration,
}

/// How one attempt ended, as far as repeating it is concerned.
///
/// ```
/// use std::time::Duration;
/// use cueapi_core::{RetryPolicy, endpoint::Repeat, http::HttpErrorKind, retry::{AttemptOutcome, Decision}};
///
/// let policy = RetryPolicy::default();
/// let after = |outcome| policy.decide(Repeat::Unsafe, outcome, 1, Duration::ZERO, u64::MAX);
/// let (unsent, unknown) = (HttpErrorKind::Connect, HttpErrorKind::Timeout);
/// assert_eq!(after(AttemptOutcome::Failed(unsent)), Decision::RetryAfter(Duration::from_millis(250)));
/// assert_eq!(after(AttemptOutcome::Failed(unknown)), Decision::Stop);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// No complete response came.
    Failed(HttpErrorKind),
    /// The server answered, and asked to wait where it did.
    Answered(StatusCode, Option<Duration>),
}

/// What to do after an attempt.
///
/// ```
/// use std::time::Duration;
/// use cueapi_core::{RetryPolicy, endpoint::Repeat, retry::{AttemptOutcome, Decision}};
///
/// let busy = AttemptOutcome::Answered(http::StatusCode::SERVICE_UNAVAILABLE, Some(Duration::from_secs(2)));
/// let decision = RetryPolicy::default().decide(Repeat::Safe, busy, 1, Duration::ZERO, 0);
/// assert_eq!(decision, Decision::RetryAfter(Duration::from_secs(2)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Send again after this time.
    RetryAfter(Duration),
    /// Hand the result to the caller.
    Stop,
}

impl Default for RetryPolicy {
    /// 3 attempts, 250 ms doubling to at most 8 s, at most 60 s of waiting altogether. A server that asks for a wait of more
    /// than 8 s ends the call.
    fn default() -> Self {
        Self {
            max_attempts: 3,
            base_delay: Duration::from_millis(250),
            max_delay: Duration::from_secs(8),
            max_retry_after: None,
            max_total_delay: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// One attempt and no more.
    #[must_use]
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// The default for outcomes: waits out a whole window of the rate limit (60 s) and two minutes of outage.
    ///
    /// At most 40 attempts, 250 ms doubling to at most 15 s, `Retry-After` up to 90 s, at most 4 minutes of waiting
    /// altogether. The attempts themselves come on top: bound them and the whole with
    /// [`total_timeout`](crate::Pending::total_timeout).
    ///
    /// ```
    /// use cueapi_core::{RetryPolicy, testing::{self, ReplayClient, json}, types::Outcome};
    ///
    /// # let receipt = r#"{"execution_id":"5f2c","outcome_recorded":true,"outcome_state":"reported_success","reason":null}"#;
    /// let busy = json(429, "{}").header("retry-after", "56");
    /// let replay = ReplayClient::new([busy, json(200, receipt)]);
    /// testing::run(replay.client().executions().report_outcome("5f2c", Outcome::success()).send())?;
    /// assert_eq!(replay.sleeps(), [std::time::Duration::from_secs(57)]);
    /// # Ok::<(), cueapi_core::Error>(())
    /// ```
    #[must_use]
    pub fn reports() -> Self {
        // With full jitter, waits of up to 15 s last 7.5 s on average: 40 of them outlast four minutes.
        Self::default()
            .max_attempts(40)
            .max_delay(Duration::from_secs(15))
            .max_retry_after(Duration::from_secs(90))
            .max_total_delay(Duration::from_secs(240))
    }

    /// How many times a request may be sent altogether; 0 counts as 1. Default 3.
    #[must_use]
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = if attempts == 0 { 1 } else { attempts };
        self
    }

    /// The longest wait before the second attempt; doubles with every further one. Default 250 ms.
    #[must_use]
    pub const fn base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// The longest single wait, also when the server asks for one, unless `max_retry_after` is set. Default 8 s.
    #[must_use]
    pub const fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// The longest wait that the server may ask for; a longer one ends the call. Default: that of `max_delay`.
    #[must_use]
    pub const fn max_retry_after(mut self, delay: Duration) -> Self {
        self.max_retry_after = Some(delay);
        self
    }

    /// The longest time that one call may wait altogether. Default 60 s.
    #[must_use]
    pub const fn max_total_delay(mut self, delay: Duration) -> Self {
        self.max_total_delay = delay;
        self
    }

    /// Decides after attempt number `attempt` (from 1), when `waited` has been spent on waiting so far.
    ///
    /// `random` is where in the jitter's range the wait falls: 0 for no wait, `u64::MAX` for the longest.
    #[must_use]
    pub fn decide(
        self,
        repeat: Repeat,
        outcome: AttemptOutcome,
        attempt: u32,
        waited: Duration,
        random: u64,
    ) -> Decision {
        if attempt >= self.max_attempts || !may_repeat(repeat, outcome) {
            return Decision::Stop;
        }
        let wait = match outcome {
            AttemptOutcome::Answered(_, Some(asked)) if asked > self.max_retry_after.unwrap_or(self.max_delay) => {
                return Decision::Stop;
            }
            AttemptOutcome::Answered(_, Some(asked)) => asked,
            _ => self.backoff(attempt, random),
        };
        if waited.saturating_add(wait) > self.max_total_delay {
            return Decision::Stop;
        }
        Decision::RetryAfter(wait)
    }

    fn backoff(self, attempt: u32, random: u64) -> Duration {
        let doubled = self
            .base_delay
            .saturating_mul(2u32.saturating_pow(attempt.saturating_sub(1)));
        let longest = doubled.min(self.max_delay).as_nanos();
        // 128 bits hold the product: eight seconds are 33 bits of nanoseconds, and even centuries are 64.
        let wait = longest.saturating_mul(u128::from(random)) / u128::from(u64::MAX);
        Duration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX))
    }
}

/// Whether a request that ended like this may be sent again without doing its work twice.
fn may_repeat(repeat: Repeat, outcome: AttemptOutcome) -> bool {
    match outcome {
        AttemptOutcome::Failed(HttpErrorKind::Connect) => true,
        AttemptOutcome::Answered(StatusCode::TOO_MANY_REQUESTS, _) => true,
        _ => repeat != Repeat::Unsafe && is_passing(outcome),
    }
}

/// Whether another attempt may fare better.
fn is_passing(outcome: AttemptOutcome) -> bool {
    match outcome {
        AttemptOutcome::Failed(kind) => {
            matches!(
                kind,
                HttpErrorKind::Connect | HttpErrorKind::Timeout | HttpErrorKind::Interrupted
            )
        }
        AttemptOutcome::Answered(status, _) => matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504),
    }
}

/// Whether the server may have carried out a request that ended like this.
pub(crate) fn fate_is_unknown(outcome: AttemptOutcome) -> bool {
    match outcome {
        AttemptOutcome::Failed(kind) => !matches!(
            kind,
            HttpErrorKind::Connect | HttpErrorKind::Certificate | HttpErrorKind::Unsendable
        ),
        // A refusal comes before any work; a redirect, a server's failure or its own timeout says nothing of the kind.
        AttemptOutcome::Answered(status, _) => !status.is_client_error() || status == StatusCode::REQUEST_TIMEOUT,
    }
}
