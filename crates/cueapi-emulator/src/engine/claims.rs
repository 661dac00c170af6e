//! Claims: how an execution gets to a worker, and stays there.

use jiff::Timestamp;

use super::{
    AccountId, Cue, Engine, Execution, ExecutionStatus, Moment, Refusal, Transport, Uuid,
    executions::{ExecutionKey, LEASE, STALE},
    timers::Timer,
};

/// How many executions `claimable` lists.
const CLAIMABLE_ROWS: usize = 50;

/// Whether an execution is handed out a second time by [`Engine::claim_next`].
#[derive(Debug, Default)]
pub(super) enum DoubleClaim {
    #[default]
    Never,
    /// The next one.
    Next,
    /// This one.
    Of(ExecutionKey),
}

impl Engine {
    /// The first 50 executions that wait for a worker, with their cues: pending ones, and also those that only wait for a
    /// retry, which no worker can claim.
    pub fn claimable(&self, account: AccountId) -> impl Iterator<Item = (&Execution, &Cue)> {
        let rows = self.claimable.range((account, Moment::MIN, 0)..);
        rows.take_while(move |(owner, _, _)| *owner == account)
            .filter_map(|(_, _, key)| self.execution_and_cue(*key))
            .take(CLAIMABLE_ROWS)
    }

    /// Gives the oldest pending execution to a worker.
    ///
    /// # Errors
    ///
    /// 409 `claim_failed` when there is none.
    pub fn claim_next(&mut self, now: Timestamp, account: AccountId, worker_id: &str) -> Result<Uuid, Refusal> {
        if let Some(key) = self.claimed_by_another(account, worker_id) {
            self.double_claim = DoubleClaim::Never;
            return self.give_to_worker(now, key, worker_id);
        }
        let rows = self
            .claimable
            .range((account, Moment::MIN, 0)..)
            .take_while(|(owner, _, _)| *owner == account);
        let pending = rows.map(|(_, _, key)| *key).find(|key| {
            self.executions
                .get(key)
                .is_some_and(|execution| execution.status == ExecutionStatus::Pending)
        });
        let key = pending.ok_or_else(|| Refusal::api(409, "claim_failed", "No executions available for claiming"))?;
        if matches!(self.double_claim, DoubleClaim::Next) {
            self.double_claim = DoubleClaim::Of(key);
        }
        self.give_to_worker(now, key, worker_id)
    }

    /// Has the next execution that [`claim_next`](Self::claim_next) hands out handed out again, to the next worker of
    /// another name: what becomes of two calls at the same time on a real server.
    pub fn claim_next_twice(&mut self) {
        self.double_claim = DoubleClaim::Next;
    }

    fn claimed_by_another(&self, account: AccountId, worker_id: &str) -> Option<ExecutionKey> {
        let DoubleClaim::Of(key) = self.double_claim else {
            return None;
        };
        let execution = self.executions.get(&key)?;
        let taken = execution.status == ExecutionStatus::Delivering
            && execution.account == account
            && execution.claimed_by_worker.as_deref() != Some(worker_id);
        taken.then_some(key)
    }

    /// Gives one execution to a worker.
    ///
    /// # Errors
    ///
    /// 409 `claim_failed` when it is not there, not for workers or not pending; a 500 for what is not a UUID.
    pub fn claim(&mut self, now: Timestamp, account: AccountId, id: &str, worker_id: &str) -> Result<Uuid, Refusal> {
        let refused = || Refusal::api(409, "claim_failed", "Execution not available for claiming");
        let key = match self.execution_key(account, id) {
            Err(Refusal::Api { .. }) => return Err(refused()),
            found => found?,
        };
        let (execution, cue) = self.execution_and_cue(key).ok_or_else(refused)?;
        if cue.transport != Transport::Worker || execution.status != ExecutionStatus::Pending {
            return Err(refused());
        }
        self.give_to_worker(now, key, worker_id)
    }

    fn give_to_worker(&mut self, now: Timestamp, key: ExecutionKey, worker_id: &str) -> Result<Uuid, Refusal> {
        if worker_id.contains('\0') {
            return Err(Refusal::Internal);
        }
        let execution = self.executions.get_mut(&key).ok_or(Refusal::Internal)?;
        execution.status = ExecutionStatus::Delivering;
        execution.claimed_by_worker = Some(worker_id.into());
        execution.claimed_at = Some(now);
        execution.started_at = Some(now);
        execution.last_attempt_at = Some(now);
        execution.attempts = execution.attempts.saturating_add(1);
        execution.updated_at = now;
        let id = execution.id;
        self.claimable
            .remove(&(execution.account, execution.scheduled_for, key));
        self.timers
            .set(now.saturating_add(STALE).unwrap_or(now), Timer::Stale(key));
        self.timers
            .set(now.saturating_add(LEASE).unwrap_or(now), Timer::Lease(key));
        Ok(id)
    }

    /// A worker says that it is still at it. Answers the id and until when the server says the lease runs.
    ///
    /// # Errors
    ///
    /// 404 `execution_not_found`, 409 `execution_not_claiming`, 403 `not_execution_owner` when a worker is named that is
    /// not the one who claimed it.
    pub fn execution_heartbeat(
        &mut self,
        now: Timestamp,
        account: AccountId,
        id: &str,
        worker_id: Option<&str>,
    ) -> Result<(Uuid, Timestamp), Refusal> {
        let key = self.execution_key(account, id)?;
        let execution = self.executions.get_mut(&key).ok_or(Refusal::Internal)?;
        if execution.status != ExecutionStatus::Delivering {
            return Err(Refusal::api(
                409,
                "execution_not_claiming",
                "Execution is not currently being processed",
            ));
        }
        let owner = execution.claimed_by_worker.as_deref();
        if worker_id.is_some_and(|worker| owner.is_some_and(|owner| owner != worker)) {
            return Err(Refusal::api(
                403,
                "not_execution_owner",
                "Execution is claimed by a different worker",
            ));
        }
        execution.last_heartbeat_at = Some(now);
        execution.updated_at = now;
        Ok((execution.id, now.saturating_add(LEASE).unwrap_or(now)))
    }
}
