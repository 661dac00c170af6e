//! Executions: single runs of a cue, from the moment they are planned to their end.

use std::{fmt, sync::Arc};

use jiff::{SignedDuration, Timestamp, tz::Offset};
use serde::{Deserialize, Serialize};

use super::{
    AccountId, Cue, CueStatus, Engine, Moment, Outcome, OutcomeState, Page, Refusal, Transport, Uuid,
    cue::{CueKey, debug_without_contents, names},
    deliveries::Parcel,
    timers::Timer,
};

pub(super) type ExecutionKey = u64;

names! {
    /// The state of an execution.
    ExecutionStatus {
        /// Waiting to be sent or claimed.
        Pending = "pending",
        /// Being sent, or claimed by a worker.
        Delivering = "delivering",
        /// Delivered, or reported as done by a worker.
        Success = "success",
        /// Given up, or reported as failed by a worker.
        Failed = "failed",
        /// Waiting for its next attempt.
        Retrying = "retrying",
        /// Its next attempt is queued.
        RetryReady = "retry_ready",
        /// No worker claimed it in time.
        Missed = "missed",
    }
}

impl ExecutionStatus {
    /// Whether nothing more will happen by itself.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Success | Self::Failed | Self::Missed)
    }
}

names! {
    /// What started an execution.
    Trigger {
        /// Its cue's schedule.
        Scheduled = "scheduled",
        /// A call of fire.
        ManualFire = "manual_fire",
        /// A call of replay.
        Replay = "replay",
    }
}

/// An execution as the server keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Execution {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub account: AccountId,
    pub(super) cue: CueKey,
    /// The id of its cue.
    pub cue_id: Box<str>,
    /// When it is meant to run.
    pub scheduled_for: Moment,
    /// The offset in which `scheduled_for` was given, which the delivery repeats.
    #[serde(with = "super::saved::offset")]
    pub scheduled_offset: Offset,
    /// What started it.
    pub triggered_by: Trigger,
    /// Where it stands.
    pub status: ExecutionStatus,
    /// The receiver's last answer.
    pub http_status: Option<u16>,
    /// Webhook attempts, or claims.
    pub attempts: u32,
    /// Why the last attempt failed; not cleared by a success.
    pub error_message: Option<String>,
    /// When it was first sent or claimed.
    pub started_at: Option<Timestamp>,
    /// When it succeeded.
    pub delivered_at: Option<Timestamp>,
    /// When the last attempt ended, or it was claimed.
    pub last_attempt_at: Option<Timestamp>,
    /// When it is tried again, while it is `retrying`.
    pub next_retry: Option<Timestamp>,
    /// Who claimed it.
    pub claimed_by_worker: Option<Box<str>>,
    /// When it was claimed.
    pub claimed_at: Option<Timestamp>,
    /// When its worker last said that it is still at it.
    pub last_heartbeat_at: Option<Timestamp>,
    /// What was reported about it.
    pub outcome: Option<Box<Outcome>>,
    /// What the outcome amounts to.
    pub outcome_state: Option<OutcomeState>,
    /// Whether a daemon had attached the cue's live session when it was fired by hand. Then the server notes, where nobody
    /// sees it, that it should go there.
    pub is_live: bool,
    /// When it was planned.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    pub(super) live_claim: Option<LiveClaim>,
    /// What the next delivery sends, as it was when it was queued.
    pub(super) parcel: Option<Arc<Parcel>>,
}

/// Which live session attends to an execution, and since when.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct LiveClaim {
    pub(super) token: Box<str>,
    pub(super) at: Timestamp,
}

debug_without_contents! {
    LiveClaim { at },
}

/// Which executions a list is about; what is `None` does not filter. The texts are free: an unknown one matches nothing.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "each field is the query parameter of its name")]
pub struct ExecutionFilter {
    pub cue_id: Option<String>,
    pub statuses: Option<Vec<String>>,
    pub worker_id: Option<String>,
    pub outcome_state: Option<String>,
}

/// An execution that a call has started.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Fired {
    /// The new execution.
    pub id: Uuid,
    /// Its cue.
    pub cue_id: Box<str>,
    /// When it is meant to run.
    pub scheduled_for: Moment,
    /// The offset in which that was asked for.
    pub offset: Offset,
    /// What started it.
    pub triggered_by: Trigger,
    /// The execution that it repeats.
    pub replayed_from: Option<Uuid>,
}

/// How long a worker execution waits to be claimed, and what a claim response calls the lease.
pub(super) const LEASE: SignedDuration = SignedDuration::from_secs(900);
/// How long an execution may be in delivery without a sign of life.
pub(super) const STALE: SignedDuration = SignedDuration::from_secs(300);

impl Engine {
    /// Starts an execution now, or at `send_at` when that is still to come. Works for a cue of any status.
    ///
    /// # Errors
    ///
    /// 404 `cue_not_found`; a 500 when the cue has an execution for the same moment already.
    pub fn fire(
        &mut self,
        now: Timestamp,
        account: AccountId,
        cue_id: &str,
        send_at: Option<(Moment, Offset)>,
    ) -> Result<Fired, Refusal> {
        let key = self.cue_key(account, cue_id)?;
        let (at, offset) = match send_at.filter(|(at, _)| *at > now) {
            Some((at, _)) if self.occurrences.contains(&(key, at)) => return Err(Refusal::Internal),
            Some(given) => given,
            None => (self.free_moment(key, now), Offset::UTC),
        };
        self.start_execution(now, key, at, offset, Trigger::ManualFire, None)
    }

    /// Runs an execution again, with what its cue carries now.
    ///
    /// # Errors
    ///
    /// 404 `execution_not_found`, 409 `execution_in_flight`.
    pub fn replay(&mut self, now: Timestamp, account: AccountId, id: &str) -> Result<Fired, Refusal> {
        let original = self.execution(account, id)?;
        if !original.status.is_terminal() {
            return Err(Refusal::api(
                409,
                "execution_in_flight",
                "Cannot replay an execution that is still in progress",
            ));
        }
        let (cue, id) = (original.cue, original.id);
        let at = self.free_moment(cue, now);
        self.start_execution(now, cue, at, Offset::UTC, Trigger::Replay, Some(id))
    }

    /// The server's clock never shows the same microsecond to two calls; a held one does.
    fn free_moment(&self, cue: CueKey, now: Timestamp) -> Moment {
        let mut moment = now;
        while self.occurrences.contains(&(cue, moment.into())) {
            moment = moment.saturating_add(SignedDuration::from_micros(1)).unwrap_or(moment);
        }
        moment.into()
    }

    fn start_execution(
        &mut self,
        now: Timestamp,
        cue: CueKey,
        scheduled_for: Moment,
        offset: Offset,
        triggered_by: Trigger,
        replayed_from: Option<Uuid>,
    ) -> Result<Fired, Refusal> {
        let id = self.ids.uuid();
        let key = self.next_key();
        let row = self.cues.get_mut(&cue).ok_or(Refusal::Internal)?;
        row.executions.push(key);
        let (account, cue_id, transport) = (row.account, row.id.clone(), row.transport);
        let execution = Execution {
            id,
            account,
            cue,
            cue_id: cue_id.clone(),
            scheduled_for,
            scheduled_offset: offset,
            triggered_by,
            status: ExecutionStatus::Pending,
            http_status: None,
            attempts: 0,
            error_message: None,
            started_at: None,
            delivered_at: None,
            last_attempt_at: None,
            next_retry: None,
            claimed_by_worker: None,
            claimed_at: None,
            last_heartbeat_at: None,
            outcome: None,
            outcome_state: None,
            is_live: triggered_by == Trigger::ManualFire && self.is_live(&cue_id),
            created_at: now,
            updated_at: now,
            live_claim: None,
            parcel: None,
        };
        self.executions.insert(key, execution);
        self.execution_ids.insert(id, key);
        self.occurrences.insert((cue, scheduled_for));
        match transport {
            Transport::Webhook => {
                self.under_way.insert(key);
                self.queue_delivery(key, scheduled_for.due().max(now));
            }
            Transport::Worker => {
                self.claimable.insert((account, scheduled_for, key));
                self.timers
                    .set(now.saturating_add(LEASE).unwrap_or(now), Timer::Unclaimed(key));
            }
        }
        Ok(Fired {
            id,
            cue_id,
            scheduled_for,
            offset,
            triggered_by,
            replayed_from,
        })
    }

    /// A cue's next run has come: starts the execution, unless the cue has one for that moment already.
    pub(super) fn fire_scheduled(&mut self, now: Timestamp, key: CueKey) {
        let Some(cue) = self.cues.get(&key) else { return };
        let Some(run) = cue
            .next_run
            .filter(|run| cue.status == CueStatus::Active && *run <= now)
        else {
            return;
        };
        if self.skip_missed(now, key, run.due()) {
            return;
        }
        let Some(cue) = self.cues.get_mut(&key) else { return };
        // From the scheduled moment, not from now: after a long sleep each missed run is made up for.
        cue.next_run = if cue.is_once() {
            None
        } else {
            cue.plan.next_run(run.due()).ok().flatten()
        };
        cue.updated_at = now;
        if let Some(next) = cue.next_run {
            self.timers.set(next.due(), Timer::Fire(key));
        }
        if self.occurrences.contains(&(key, run)) {
            return;
        }
        if self
            .start_execution(now, key, run, Offset::UTC, Trigger::Scheduled, None)
            .is_ok()
        {
            if let Some(cue) = self.cues.get_mut(&key) {
                cue.fired_count = cue.fired_count.saturating_add(1);
            }
        }
    }

    /// An execution by id, when it is the account's.
    ///
    /// # Errors
    ///
    /// 404 `execution_not_found`; a 500 for what is not a UUID.
    pub fn execution(&self, account: AccountId, id: &str) -> Result<&Execution, Refusal> {
        self.executions
            .get(&self.execution_key(account, id)?)
            .ok_or(Refusal::Internal)
    }

    pub(super) fn execution_key(&self, account: AccountId, id: &str) -> Result<ExecutionKey, Refusal> {
        let id = Uuid::of_column(id).ok_or(Refusal::Internal)?;
        let key = self.execution_ids.get(&id).copied();
        key.filter(|key| {
            self.executions
                .get(key)
                .is_some_and(|execution| execution.account == account)
        })
        .ok_or_else(|| Refusal::api(404, "execution_not_found", "Execution not found"))
    }

    pub(super) fn execution_and_cue(&self, key: ExecutionKey) -> Option<(&Execution, &Cue)> {
        let execution = self.executions.get(&key)?;
        Some((execution, self.cues.get(&execution.cue)?))
    }

    /// A cue's executions, newest first.
    #[must_use]
    pub fn cue_executions(&self, cue: &Cue, limit: usize, offset: usize) -> Page<&Execution> {
        let rows = cue.executions.iter().rev().filter_map(|key| self.executions.get(key));
        Page {
            items: rows.skip(offset).take(limit).collect(),
            total: cue.executions.len(),
        }
    }

    /// An account's executions, newest first, and the earliest claim among all that match.
    #[must_use]
    pub fn list_executions(
        &self,
        account: AccountId,
        filter: &ExecutionFilter,
        limit: usize,
        offset: usize,
    ) -> (Page<&Execution>, Option<Timestamp>) {
        let mut page = Page {
            items: Vec::new(),
            total: 0,
        };
        let mut oldest: Option<Timestamp> = None;
        for execution in self
            .executions
            .values()
            .rev()
            .filter(|row| row.account == account && filter.matches(row))
        {
            if page.total >= offset && page.items.len() < limit {
                page.items.push(execution);
            }
            page.total += 1;
            oldest = [oldest, execution.claimed_at].into_iter().flatten().min();
        }
        (page, oldest)
    }

    /// Every execution, oldest first.
    #[must_use]
    pub fn executions(&self) -> impl DoubleEndedIterator<Item = &Execution> {
        self.executions.values()
    }

    pub(super) fn forget_execution(&mut self, key: ExecutionKey) {
        let Some(execution) = self.executions.remove(&key) else {
            return;
        };
        self.execution_ids.remove(&execution.id);
        self.under_way.remove(&key);
        self.occurrences.remove(&(execution.cue, execution.scheduled_for));
        self.claimable
            .remove(&(execution.account, execution.scheduled_for, key));
    }
}

impl ExecutionFilter {
    fn matches(&self, execution: &Execution) -> bool {
        self.cue_id.as_deref().is_none_or(|cue| *cue == *execution.cue_id)
            && self
                .statuses
                .as_ref()
                .is_none_or(|all| all.iter().any(|status| status == execution.status.as_str()))
            && self
                .worker_id
                .as_deref()
                .is_none_or(|worker| execution.claimed_by_worker.as_deref() == Some(worker))
            && (self.outcome_state.as_deref())
                .is_none_or(|state| execution.outcome_state.is_some_and(|given| given.as_str() == state))
    }
}
