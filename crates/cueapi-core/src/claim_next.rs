//! The next execution for a worker, without the server's pitfalls.

use std::{pin::Pin, time::Duration};

use cueapi_types::{Claim, Claimable, ClaimableList, ErrorCode, Payload, WorkerId};

use crate::{
    api::executions::{ClaimExecution, Executions, ListClaimable},
    blocking::BlockingClient,
    client::Client,
    config::CallOptions,
    endpoint::PathBuilder,
    error::{Error, ErrorKind},
    http::{BlockingHttpClient, HttpClient, LocalHttpClient},
    pending::Limits,
    reply::Reply,
    retry::RetryPolicy,
};

/// An execution that this worker holds, and what is to be done.
///
/// ```
/// use cueapi_core::testing::{self, ReplayClient, json};
///
/// # let list = r#"{"executions":[{"execution_id":"5f2c","cue_id":"cue_1","cue_name":"report","scheduled_for":"2026-11-24T17:00:00Z","payload":{"task":"report"},"attempt":1}]}"#;
/// # let claim = r#"{"claimed":true,"execution_id":"5f2c","lease_seconds":900}"#;
/// let client = ReplayClient::new([json(200, list), json(200, claim)]).client();
/// if let Some(claimed) = testing::run(client.executions().claim_next("worker-1").send())? {
///     assert_eq!(claimed.execution.cue_name.as_deref(), Some("report"));
///     // … work, with heartbeats, then: client.executions().report_outcome(…)
/// }
/// # Ok::<(), cueapi_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ClaimedExecution {
    /// The claim. Keep it alive with `executions().heartbeat(id).worker(worker)` and `workers().heartbeat(worker)`, both
    /// every minute. Without the first for 300 seconds, a self-hosted server takes the execution for stale. Without the
    /// second for 180 seconds, it takes it away at the end of the 900 seconds of the lease, which no heartbeat extends.
    pub claim: Claim,
    /// What is to be done: payload, cue, attempt.
    pub execution: Claimable,
}

impl ClaimedExecution {
    /// What is to be done: the payload that the server gave with the claim (the hosted service), or else the one that its
    /// cue has now; the empty object where neither has one.
    ///
    /// ```
    /// use cueapi_core::testing::{self, ReplayClient, json};
    ///
    /// # let list = r#"{"executions":[{"execution_id":"5f2c","payload":{"task":"report"}}]}"#;
    /// # let claim = r#"{"claimed":true,"execution_id":"5f2c"}"#;
    /// let client = ReplayClient::new([json(200, list), json(200, claim)]).client();
    /// let claimed = testing::run(client.executions().claim_next("worker-1").send())?.unwrap();
    /// assert_eq!(claimed.payload().as_str(), r#"{"task":"report"}"#);
    /// # Ok::<(), cueapi_core::Error>(())
    /// ```
    #[must_use]
    pub fn payload(&self) -> Payload {
        let payload = self.claim.payload.as_ref().or(self.execution.payload.as_ref());
        payload.cloned().unwrap_or_default()
    }
}

/// A `claim_next` that is not sent yet; see [`Executions::claim_next`].
///
/// ```
/// use cueapi_core::testing::ReplayClient;
///
/// let client = ReplayClient::default().client();
/// let call = client.executions().claim_next("worker-1").task("report"); // nothing is sent yet
/// ```
#[derive(Debug, Clone)]
#[must_use = "a call does nothing until it is awaited or sent"]
pub struct ClaimNext<C> {
    executions: Executions<C>,
    worker: WorkerId,
    /// None where every task will do.
    tasks: Option<Vec<String>>,
    limits: Limits,
}

impl<C: Clone> Executions<C> {
    /// Claims the oldest execution that is waiting for a worker; `None` when there is none.
    ///
    /// Lists what can be claimed and claims by id, skipping what another worker was faster with. It does not use
    /// `POST /v1/executions/claim`, which hands one execution to several workers under load, and it steps over the rows
    /// that the list shows but nobody can claim (those waiting for another attempt).
    ///
    /// # What it can miss, and what it costs
    ///
    /// The list has the 50 oldest executions of the account, and tasks are looked for among those: a task can be hidden
    /// behind 50 others, until their workers have claimed them or the server counts them as missed (15 minutes after they
    /// were created).
    ///
    /// A poll that finds nothing to try costs one request. Each row that is tried costs one more, so a call makes at most
    /// 51 requests and their repeats. A key has 60 requests a minute on the free plan, for everything: one worker that polls
    /// every 5 seconds uses 12 of them.
    ///
    /// When the future is dropped, the claim that is under way may be carried out all the same: the execution is then held
    /// by this worker without its knowing. To stop a call after a time, set
    /// [`total_timeout`](ClaimNext::total_timeout).
    ///
    /// ```
    /// use cueapi_core::testing::{self, ReplayClient, json};
    ///
    /// let replay = ReplayClient::new([json(200, r#"{"executions":[]}"#)]);
    /// let claimed = testing::run(replay.client().executions().claim_next("worker-1").task("report").send())?;
    /// assert!(claimed.is_none());
    /// # Ok::<(), cueapi_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Of a claim whose answer was lost, [`may_have_executed`](Error::may_have_executed) is true: the execution may be
    /// held by this worker without its knowing, until the server takes it for stale.
    pub fn claim_next(&self, worker: impl Into<WorkerId>) -> ClaimNext<C> {
        ClaimNext {
            executions: self.clone(),
            worker: worker.into(),
            tasks: None,
            limits: Limits::default(),
        }
    }
}

impl<C> ClaimNext<C> {
    /// Only executions whose `payload.task` is this text.
    pub fn task(self, task: impl Into<String>) -> Self {
        self.tasks([task])
    }

    /// Only executions whose `payload.task` is one of these texts: the oldest of any of them, with one list.
    ///
    /// ```
    /// use cueapi_core::testing::{self, ReplayClient, json};
    ///
    /// # let row = |id: &str, task: &str| format!(r#"{{"execution_id":"{id}","cue_id":"cue_1","cue_name":"n","task":"{task}","scheduled_for":"2026-11-24T17:00:00Z","payload":{{"task":"{task}"}},"attempt":0}}"#);
    /// # let list = format!(r#"{{"executions":[{},{}]}}"#, row("e1", "bill"), row("e2", "report"));
    /// # let claim = r#"{"claimed":true,"execution_id":"e2","lease_seconds":900}"#;
    /// let replay = ReplayClient::new([json(200, list), json(200, claim)]);
    /// let call = replay.client().executions().claim_next("worker-1").tasks(["report", "summary"]);
    /// let claimed = testing::run(call.send())?.unwrap();
    /// assert_eq!(claimed.execution.task.as_deref(), Some("report"));
    /// # Ok::<(), cueapi_core::Error>(())
    /// ```
    pub fn tasks(mut self, tasks: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.tasks = Some(tasks.into_iter().map(Into::into).collect());
        self
    }

    /// How long each attempt of each request may take, in place of the client's timeout.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.limits.attempt_timeout = Some(timeout);
        self
    }

    /// How long the list and all claims may take together, in place of the client's
    /// [`total_timeout`](crate::ClientBuilder::total_timeout). Where the HTTP stack has no clock, each of them may take
    /// this long.
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.limits.total_timeout = Some(timeout);
        self
    }

    /// How each request is repeated, in place of the client's policy. A claim whose answer was lost is never repeated.
    pub fn retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.limits.retry = Some(policy);
        self
    }

    /// The list, filtered by the server where there is one task.
    fn list(&self) -> ListClaimable {
        let mut list = ListClaimable::new();
        if let Some([task]) = self.tasks.as_deref() {
            list.task = Some(task.clone());
        }
        list
    }

    /// Whether to try a row. A list that the server has filtered need not say the tasks again.
    fn wants(&self, row: &Claimable) -> bool {
        match self.tasks.as_deref() {
            None | Some([_]) => true,
            Some(tasks) => row.task.as_ref().is_some_and(|task| tasks.contains(task)),
        }
    }

    /// The limits of the next request, when the first one began at `start`.
    fn limits(&self, options: CallOptions, start: Option<Duration>, now: Option<Duration>) -> Limits {
        let total = self.limits.total_timeout.or(options.total_timeout);
        let spent = start
            .zip(now)
            .map_or(Duration::ZERO, |(start, now)| now.saturating_sub(start));
        Limits {
            total_timeout: total.map(|total| total.saturating_sub(spent)),
            ..self.limits
        }
    }
}

impl<T: LocalHttpClient> ClaimNext<Client<T>> {
    /// Makes the calls.
    ///
    /// # Errors
    ///
    /// As [`Executions::claim_next`] says.
    pub async fn send(self) -> Result<Option<ClaimedExecution>, Error> {
        self.send_with_meta().await.map(|reply| reply.value)
    }

    /// Makes the calls and returns the facts of the last response, too: of the claim, or of what found nothing.
    ///
    /// # Errors
    ///
    /// As [`Executions::claim_next`] says.
    pub async fn send_with_meta(self) -> Result<Reply<Option<ClaimedExecution>>, Error> {
        let client = &self.executions.client;
        let (_, options) = client.config();
        let start = client.http().now();
        let limits = || self.limits(options, start, client.http().now());
        let list = client.call(self.list()).limits(limits()).send_with_meta().await?;
        let mut meta = list.meta;
        for execution in rows(list.value).filter(|row| self.wants(row)) {
            let claim = ClaimExecution::new(&execution.execution_id, &self.worker);
            let tried = ours(client.call(claim).limits(limits()).send_with_meta().await, execution)?;
            if tried.value.is_some() {
                return Ok(tried);
            }
            meta = tried.meta;
        }
        Ok(Reply { value: None, meta })
    }
}

impl<B: BlockingHttpClient> ClaimNext<BlockingClient<B>> {
    /// Makes the calls.
    ///
    /// # Errors
    ///
    /// As [`Executions::claim_next`] says.
    pub fn send(self) -> Result<Option<ClaimedExecution>, Error> {
        self.send_with_meta().map(|reply| reply.value)
    }

    /// Makes the calls and returns the facts of the last response, too: of the claim, or of what found nothing.
    ///
    /// # Errors
    ///
    /// As [`Executions::claim_next`] says.
    pub fn send_with_meta(self) -> Result<Reply<Option<ClaimedExecution>>, Error> {
        let client = &self.executions.client;
        let (_, options) = client.config();
        let start = client.http().now();
        let limits = || self.limits(options, start, client.http().now());
        let list = client.call(self.list()).limits(limits()).send_with_meta()?;
        let mut meta = list.meta;
        for execution in rows(list.value).filter(|row| self.wants(row)) {
            let claim = ClaimExecution::new(&execution.execution_id, &self.worker);
            let tried = ours(client.call(claim).limits(limits()).send_with_meta(), execution)?;
            if tried.value.is_some() {
                return Ok(tried);
            }
            meta = tried.meta;
        }
        Ok(Reply { value: None, meta })
    }
}

impl<T: HttpClient> IntoFuture for ClaimNext<Client<T>> {
    type Output = Result<Option<ClaimedExecution>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// The rows to try: no more than a server lists, so that one that lists more cannot make a call endless, and none whose id
/// cannot be a part of a path.
fn rows(list: ClaimableList) -> impl Iterator<Item = Claimable> {
    let rows = list.executions.into_iter().take(50);
    rows.filter(|row| {
        let mut path = PathBuilder::default();
        path.seg(&row.execution_id);
        path.finish().is_ok()
    })
}

/// The execution if the claim succeeded, nothing if the row cannot be claimed, for instance because another worker was
/// faster.
fn ours(claim: Result<Reply<Claim>, Error>, execution: Claimable) -> Result<Reply<Option<ClaimedExecution>>, Error> {
    let (value, meta) = match claim {
        Ok(Reply { value: claim, meta }) => (Some(ClaimedExecution { claim, execution }), meta),
        Err(error) if is_passed_over(&error) => (None, error.into_meta()),
        Err(error) => return Err(error),
    };
    Ok(Reply { value, meta })
}

/// Whether the next row is to be tried: another worker was faster, or the execution went away with its cue.
fn is_passed_over(error: &Error) -> bool {
    let is_gone = || error.api().is_some_and(|api| api.code == ErrorCode::ExecutionNotFound);
    !error.may_have_executed() && (error.kind() == ErrorKind::Conflict || is_gone())
}
