//! Work whose outcome is reported by itself: success, failure or panic, and nothing is lost when the report fails.

use std::{
    any::Any,
    error::Error as StdError,
    fmt::{self, Display},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use cueapi_types::{Evidence, ExecutionId, Outcome, OutcomeError, Payload};
use serde::Serialize;

use crate::{
    api::executions::{Executions, ReportOutcome},
    blocking::BlockingClient,
    client::Client,
    error::Error,
    http::{BlockingHttpClient, LocalHttpClient},
    pending::{Limits, Pending},
    retry::RetryPolicy,
};

/// What the work under [`handle`](Executions::handle) is given: the payload, and a place for what it has to show.
///
/// Cheap to clone; clones share what is set.
///
/// ```
/// use cueapi_core::{ExecutionContext, types::Evidence};
///
/// async fn work(ctx: ExecutionContext) -> Result<usize, serde_json::Error> {
///     let accounts: Vec<String> = ctx.payload().parse().unwrap_or_default();
///     ctx.result(format!("{} accounts", accounts.len())).evidence(Evidence::new().external_id("batch-7"));
///     Ok(accounts.len())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct ExecutionContext(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    execution: ExecutionId,
    payload: Payload,
    outcome: Mutex<Outcome>,
}

/// Why work under [`handle`](Executions::handle) did not end well.
///
/// ```
/// use cueapi_core::{HandleError, testing::{self, ReplayClient, json}, types::Payload};
///
/// # let receipt = r#"{"execution_id":"5f2c","outcome_recorded":true,"outcome_state":"reported_failure","reason":null}"#;
/// let executions = ReplayClient::new([json(200, receipt)]).client().executions();
/// let work = executions.handle("5f2c", Payload::default(), async |_| Err::<(), _>("no such account"));
/// match testing::run(work) {
///     Ok(()) => unreachable!("the work fails"),
///     Err(HandleError::Work(error)) => assert_eq!(error, "no such account"), // and CueAPI knows it
///     Err(HandleError::Report(unreported)) => panic!("keep {:?} for later", unreported.outcome),
///     Err(_) => unreachable!("there is no other yet"),
/// }
/// ```
#[non_exhaustive]
pub enum HandleError<T, E> {
    /// The work failed with this error, and the failure is reported.
    Work(E),
    /// The work is done, well or not, and its outcome could not be reported.
    Report(Box<Unreported<T, E>>),
}

/// An outcome that could not be reported, and all that the caller needs to do it later.
///
/// ```
/// use cueapi_core::{HandleError, testing::{self, ReplayClient, json}, types::Payload};
///
/// let refused = r#"{"error":{"code":"invalid_api_key","message":"Invalid API key","status":401}}"#;
/// let executions = ReplayClient::new([json(401, refused)]).client().executions();
/// let work = executions.handle("5f2c", Payload::default(), async |_| Ok::<_, String>(47));
/// let Err(HandleError::Report(unreported)) = testing::run(work) else { panic!("the report is refused") };
/// assert_eq!(unreported.result, Ok(47)); // the work is not lost; later: report_outcome("5f2c", unreported.outcome)
/// ```
#[non_exhaustive]
pub struct Unreported<T, E> {
    /// What the work returned.
    pub result: Result<T, E>,
    /// The outcome to report: `executions().report_outcome(id, outcome)`.
    pub outcome: Outcome,
    /// Why it could not be reported.
    pub error: Error,
}

/// Work that is about to be done, and how its report is sent; from [`Executions::handling`].
///
/// The setters are about the report. The work itself takes as long as it takes.
///
/// ```
/// use std::time::Duration;
/// use cueapi_core::{Client, HandleError, types::Payload};
///
/// // Inside a webhook handler: CueAPI waits 30 s for its answer and then delivers again.
/// async fn on_delivery(client: &Client, id: &str, payload: Payload) -> Result<(), HandleError<(), String>> {
///     let handling = client.executions().handling(id, payload).total_timeout(Duration::from_secs(20));
///     handling.run(async |_| Ok(())).await
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "work is done by `run`"]
pub struct Handling<C> {
    executions: Executions<C>,
    execution: ExecutionId,
    payload: Payload,
    limits: Limits,
}

impl<C: Clone> Executions<C> {
    /// Prepares the work of an execution, to say how long and how often its outcome is reported; then
    /// [`run`](Handling::run) does what `handle` does.
    pub fn handling(&self, execution: impl Into<ExecutionId>, payload: Payload) -> Handling<C> {
        Handling {
            executions: self.clone(),
            execution: execution.into(),
            payload,
            limits: Limits::default(),
        }
    }
}

impl<C: Clone> Handling<C> {
    /// How long each attempt of the report may take, in place of the client's timeout.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.limits.attempt_timeout = Some(timeout);
        self
    }

    /// How long the report may take altogether, in place of the client's
    /// [`total_timeout`](crate::ClientBuilder::total_timeout).
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.limits.total_timeout = Some(timeout);
        self
    }

    /// How the report is repeated, in place of the client's [`report_retry`](crate::ClientBuilder::report_retry).
    pub fn retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.limits.retry = Some(policy);
        self
    }

    fn report(&self, context: &ExecutionContext, outcome: &Outcome) -> Pending<C, ReportOutcome> {
        self.executions
            .report_outcome(context.id(), outcome.clone())
            .limits(self.limits)
    }
}

impl<T: LocalHttpClient> Handling<Client<T>> {
    /// Does the work and reports its outcome, as [`Executions::handle`] does.
    ///
    /// # Errors
    ///
    /// [`HandleError::Work`] or [`HandleError::Report`].
    pub async fn run<R, E, F, Fut>(self, work: F) -> Result<R, HandleError<R, E>>
    where
        E: Display,
        F: FnOnce(ExecutionContext) -> Fut,
        Fut: Future<Output = Result<R, E>>,
    {
        let context = ExecutionContext::new(self.execution.clone(), self.payload.clone());
        let finished = CatchPanic(pin!(async { work(context.clone()).await })).await;
        let outcome = context.outcome(&finished);
        let report = self.report(&context, &outcome).send().await;
        conclude(finished, outcome, report.map(drop))
    }
}

impl<B: BlockingHttpClient> Handling<BlockingClient<B>> {
    /// Does the work and reports its outcome, as [`Executions::handle`] does.
    ///
    /// # Errors
    ///
    /// [`HandleError::Work`] or [`HandleError::Report`].
    pub fn run<R, E, F>(self, work: F) -> Result<R, HandleError<R, E>>
    where
        E: Display,
        F: FnOnce(ExecutionContext) -> Result<R, E>,
    {
        let context = ExecutionContext::new(self.execution.clone(), self.payload.clone());
        let finished = catch_unwind(AssertUnwindSafe(|| work(context.clone())));
        let outcome = context.outcome(&finished);
        let report = self.report(&context, &outcome).send();
        conclude(finished, outcome, report.map(drop))
    }
}

impl<T: LocalHttpClient> Executions<Client<T>> {
    /// Does the work of an execution and reports its outcome: once, whatever the work does.
    ///
    /// * `Ok`: success is reported, with what the work set on the context (cut to the server's limits: a result has at
    ///   most 2,000 characters).
    /// * `Err`: failure is reported with the error's text, and the error is handed back as [`HandleError::Work`].
    /// * A panic is reported as failure and goes on.
    /// * When the report fails, [`HandleError::Report`] holds the work's own result and the outcome, to report it later.
    ///
    /// A report is repeated by [`RetryPolicy::reports`]: for a whole window of the rate limit, and for two minutes of an
    /// outage. Inside a webhook handler that is too long, since CueAPI waits 30 seconds for the answer and then delivers
    /// again: bound it with [`handling`](Self::handling) and `total_timeout`, to 20 seconds for instance, and keep the
    /// outcome of [`HandleError::Report`].
    ///
    /// When the future is dropped before the work is done, nothing is reported: CueAPI then handles the execution as stale.
    /// When it is dropped while the report is under way, the report may or may not be recorded; reporting the same outcome
    /// again does no harm.
    ///
    /// ```
    /// use cueapi_core::{testing::{self, ReplayClient, json}, types::{Evidence, Payload}};
    ///
    /// let replay = ReplayClient::new([json(200, r#"{
    ///     "execution_id": "5f2c", "outcome_recorded": true, "outcome_state": "reported_success", "reason": null
    /// }"#)]);
    /// let executions = replay.client().executions();
    ///
    /// let count = testing::run(executions.handle("5f2c", Payload::default(), async |ctx| {
    ///     ctx.result("Processed 47 records").evidence(Evidence::new().external_id("batch-7"));
    ///     Ok::<_, std::io::Error>(47)
    /// }))?;
    ///
    /// assert_eq!(count, 47);
    /// assert!(replay.requests()[0].ends_with(
    ///     r#"{"success":true,"result":"Processed 47 records","external_id":"batch-7"}"#
    /// ));
    /// # Ok::<(), cueapi_core::HandleError<i32, std::io::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`HandleError::Work`] or [`HandleError::Report`].
    pub async fn handle<R, E, F, Fut>(
        &self,
        execution: impl Into<ExecutionId>,
        payload: Payload,
        work: F,
    ) -> Result<R, HandleError<R, E>>
    where
        E: Display,
        F: FnOnce(ExecutionContext) -> Fut,
        Fut: Future<Output = Result<R, E>>,
    {
        self.handling(execution, payload).run(work).await
    }
}

impl<B: BlockingHttpClient> Executions<BlockingClient<B>> {
    /// Does the work of an execution and reports its outcome: once, whatever the work does.
    ///
    /// The blocking twin of the async client's `handle`, which says what happens in each case.
    ///
    /// # Errors
    ///
    /// [`HandleError::Work`] or [`HandleError::Report`].
    pub fn handle<R, E, F>(
        &self,
        execution: impl Into<ExecutionId>,
        payload: Payload,
        work: F,
    ) -> Result<R, HandleError<R, E>>
    where
        E: Display,
        F: FnOnce(ExecutionContext) -> Result<R, E>,
    {
        self.handling(execution, payload).run(work)
    }
}

impl ExecutionContext {
    fn new(execution: ExecutionId, payload: Payload) -> Self {
        Self(Arc::new(Shared {
            execution,
            payload,
            outcome: Mutex::new(Outcome::success()),
        }))
    }

    /// The execution that is being handled.
    #[must_use]
    pub fn id(&self) -> &ExecutionId {
        &self.0.execution
    }

    /// What the cue was given to do.
    #[must_use]
    pub fn payload(&self) -> &Payload {
        &self.0.payload
    }

    /// Sets the result text of a success; cut to 2,000 characters when it is reported.
    pub fn result(&self, result: impl Into<String>) -> &Self {
        self.set(|outcome| outcome.result(result))
    }

    /// Sets the evidence, of a success or of a failure; each text is cut to its limit when it is reported.
    #[expect(
        clippy::must_use_candidate,
        reason = "it changes the context; what it returns is for chaining"
    )]
    pub fn evidence(&self, evidence: Evidence) -> &Self {
        self.set(|outcome| outcome.evidence(evidence))
    }

    /// Sets the metadata: anything that serialises to a JSON object of at most 10,240 bytes.
    ///
    /// # Errors
    ///
    /// When it does not; the outcome is reported without it then.
    pub fn metadata<M: Serialize + ?Sized>(&self, metadata: &M) -> Result<&Self, OutcomeError> {
        Outcome::success().metadata(metadata).check()?;
        Ok(self.set(|outcome| outcome.metadata(metadata)))
    }

    fn set(&self, change: impl FnOnce(Outcome) -> Outcome) -> &Self {
        let mut outcome = self.lock();
        let changed = change(outcome.clone());
        *outcome = changed;
        drop(outcome);
        self
    }

    fn lock(&self) -> MutexGuard<'_, Outcome> {
        self.0.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to report for work that finished like this.
    fn outcome<R, E: Display>(&self, finished: &Finished<R, E>) -> Outcome {
        let outcome = self.lock().clone();
        match finished {
            Ok(Ok(_)) => outcome,
            Ok(Err(error)) => outcome.into_failure(error.to_string()),
            Err(panic) => outcome.into_failure(panic_text(panic.as_ref())),
        }
        .truncated()
    }
}

/// Work that returned, or the panic that ended it.
type Finished<R, E> = Result<Result<R, E>, Box<dyn Any + Send>>;

fn conclude<R, E>(
    finished: Finished<R, E>,
    outcome: Outcome,
    report: Result<(), Error>,
) -> Result<R, HandleError<R, E>> {
    let result = finished.unwrap_or_else(|panic| resume_unwind(panic));
    match report {
        Ok(()) => result.map_err(HandleError::Work),
        Err(error) => Err(HandleError::Report(Box::new(Unreported { result, outcome, error }))),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", text.unwrap_or("no message"))
}

/// A future whose panics are values. It is not polled again after one.
struct CatchPanic<'a, F>(Pin<&'a mut F>);

impl<F: Future> Future for CatchPanic<'_, F> {
    type Output = Result<F::Output, Box<dyn Any + Send>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}

impl<T, E: Display> Display for HandleError<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Work(error) => write!(f, "the work failed, and that is reported: {error}"),
            Self::Report(unreported) => {
                let work = if unreported.result.is_ok() {
                    "succeeded"
                } else {
                    "failed"
                };
                write!(f, "the work {work}, and its outcome is not reported")
            }
        }
    }
}

impl<T, E: fmt::Debug> fmt::Debug for HandleError<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Work(error) => f.debug_tuple("Work").field(error).finish(),
            Self::Report(unreported) => f.debug_tuple("Report").field(unreported).finish(),
        }
    }
}

impl<T, E: fmt::Debug> fmt::Debug for Unreported<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unreported")
            .field("result", &self.result.as_ref().map(|_| "…"))
            .field("outcome", &self.outcome)
            .field("error", &self.error)
            .finish()
    }
}

impl<T, E: fmt::Debug + Display> StdError for HandleError<T, E> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Work(_) => None,
            Self::Report(unreported) => Some(&unreported.error),
        }
    }
}
