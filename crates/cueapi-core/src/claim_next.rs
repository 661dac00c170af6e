//! The next execution for a worker, without the server's pitfalls.

use std::pin::Pin;

use cueapi_types::{Claim, Claimable, WorkerId};

use crate::{
    api::executions::Executions,
    blocking::BlockingClient,
    client::Client,
    error::{Error, ErrorKind},
    http::{BlockingHttpClient, HttpClient, LocalHttpClient},
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
///     assert_eq!(claimed.execution.cue_name, "report");
///     // … work, with heartbeats, then: client.executions().report_outcome(…)
/// }
/// # Ok::<(), cueapi_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ClaimedExecution {
    /// The claim. Keep it alive with `executions().heartbeat(id).worker(worker)` every one or two minutes: without one
    /// for 300 seconds the server takes the execution for stale, whatever the lease says.
    pub claim: Claim,
    /// What is to be done: payload, cue, attempt.
    pub execution: Claimable,
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
    task: Option<String>,
}

impl<C: Clone> Executions<C> {
    /// Claims the oldest execution that is waiting for a worker; `None` when there is none.
    ///
    /// Lists what can be claimed and claims by id, skipping what another worker was faster with. It does not use
    /// `POST /v1/executions/claim`, which hands one execution to several workers under load, and it steps over the rows
    /// that the list shows but nobody can claim (those waiting for another attempt).
    ///
    /// The list has at most 50 rows, and `task` is filtered among those.
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
            task: None,
        }
    }
}

impl<C> ClaimNext<C> {
    /// Only executions whose `payload.task` is this text.
    pub fn task(mut self, task: impl Into<String>) -> Self {
        self.task = Some(task.into());
        self
    }
}

impl<T: LocalHttpClient> ClaimNext<Client<T>> {
    /// Makes the calls.
    ///
    /// # Errors
    ///
    /// As [`Executions::claim_next`] says.
    pub async fn send(self) -> Result<Option<ClaimedExecution>, Error> {
        let mut list = self.executions.list_claimable();
        list.endpoint.task.clone_from(&self.task);
        for execution in list.send().await?.executions {
            let claim = self
                .executions
                .claim(&execution.execution_id, &self.worker)
                .send()
                .await;
            if let Some(claimed) = ours(claim, execution)? {
                return Ok(Some(claimed));
            }
        }
        Ok(None)
    }
}

impl<B: BlockingHttpClient> ClaimNext<BlockingClient<B>> {
    /// Makes the calls.
    ///
    /// # Errors
    ///
    /// As [`Executions::claim_next`] says.
    pub fn send(self) -> Result<Option<ClaimedExecution>, Error> {
        let mut list = self.executions.list_claimable();
        list.endpoint.task.clone_from(&self.task);
        for execution in list.send()?.executions {
            let claim = self.executions.claim(&execution.execution_id, &self.worker).send();
            if let Some(claimed) = ours(claim, execution)? {
                return Ok(Some(claimed));
            }
        }
        Ok(None)
    }
}

impl<T: HttpClient> IntoFuture for ClaimNext<Client<T>> {
    type Output = Result<Option<ClaimedExecution>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// The execution if the claim succeeded, nothing if another worker has it.
fn ours(claim: Result<Claim, Error>, execution: Claimable) -> Result<Option<ClaimedExecution>, Error> {
    match claim {
        Ok(claim) => Ok(Some(ClaimedExecution { claim, execution })),
        Err(error) if error.kind() == ErrorKind::Conflict && !error.may_have_executed() => Ok(None),
        Err(error) => Err(error),
    }
}
