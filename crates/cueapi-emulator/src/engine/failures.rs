//! What happens when an attempt fails, a worker falls silent, or nobody comes.

use jiff::{SignedDuration, Timestamp, tz::Offset};

use super::{
    Cue, CueStatus, Delivery, DeliveryKind, Engine, ExecutionStatus, Transport,
    cue::CueKey,
    executions::{ExecutionKey, LEASE, STALE},
    timers::Timer,
};
use crate::{json::Json, time};

impl Engine {
    pub(super) fn retry_after(&mut self, now: Timestamp, key: ExecutionKey, delay: SignedDuration) {
        let Some(execution) = self.executions.get_mut(&key) else {
            return;
        };
        let at = now.saturating_add(delay).unwrap_or(Timestamp::MAX);
        execution.status = ExecutionStatus::Retrying;
        execution.next_retry = Some(at);
        self.timers.set(at.max(now), Timer::Retry(key));
    }

    pub(super) fn retry_ready(&mut self, now: Timestamp, key: ExecutionKey) {
        let Some(execution) = self.executions.get_mut(&key) else {
            return;
        };
        if execution.status != ExecutionStatus::Retrying || execution.next_retry.is_none_or(|at| at > now) {
            return;
        }
        execution.status = ExecutionStatus::RetryReady;
        execution.next_retry = None;
        execution.updated_at = now;
        let (account, scheduled_for, cue) = (execution.account, execution.scheduled_for, execution.cue);
        if self
            .cues
            .get(&cue)
            .is_some_and(|cue| cue.transport == Transport::Worker)
        {
            self.claimable.insert((account, scheduled_for, key));
        }
        self.queue_delivery(key, now);
    }

    /// The 300-second rule. It knows no difference between webhooks and workers, whatever the claim says about its lease.
    pub(super) fn recover_stale(&mut self, now: Timestamp, key: ExecutionKey) {
        let Some((execution, cue)) = self.execution_and_cue(key) else {
            return;
        };
        if execution.status != ExecutionStatus::Delivering {
            return;
        }
        let stale_at = execution.updated_at.saturating_add(STALE).unwrap_or(now);
        if stale_at > now {
            self.timers.set(stale_at, Timer::Stale(key));
            return;
        }
        let (attempts, max_attempts, delay) = (
            execution.attempts,
            cue.retry.max_attempts,
            backoff(cue, execution.attempts),
        );
        let exhausted = attempts >= max_attempts;
        let Some(execution) = self.executions.get_mut(&key) else {
            return;
        };
        execution.updated_at = now;
        if exhausted {
            execution.status = ExecutionStatus::Failed;
            execution.error_message = Some("Failed: stuck in delivering for >300s, max attempts exhausted".into());
            self.fail_for_good(now, key, 0);
        } else {
            execution.error_message = Some("Recovered from stale delivering state after 300s".into());
            self.retry_after(now, key, delay);
        }
    }

    /// A claim that is older than its lease goes back when the worker itself has fallen silent.
    pub(super) fn check_lease(&mut self, now: Timestamp, key: ExecutionKey) {
        let Some(execution) = self.executions.get(&key) else {
            return;
        };
        let (ExecutionStatus::Delivering, Some(worker), Some(claimed_at)) = (
            execution.status,
            execution.claimed_by_worker.as_deref(),
            execution.claimed_at,
        ) else {
            return;
        };
        let lease_end = claimed_at.saturating_add(LEASE).unwrap_or(now);
        let until = self
            .worker_alive_until(execution.account, worker)
            .map_or(lease_end, |alive| alive.max(lease_end));
        if until > now {
            self.timers.set(until, Timer::Lease(key));
            return;
        }
        let Some(execution) = self.executions.get_mut(&key) else {
            return;
        };
        execution.status = ExecutionStatus::Pending;
        execution.claimed_by_worker = None;
        execution.claimed_at = None;
        execution.updated_at = now;
        self.claimable.insert((execution.account, execution.scheduled_for, key));
        let missed_at = execution.created_at.saturating_add(LEASE).unwrap_or(now);
        self.timers.set(missed_at.max(now), Timer::Unclaimed(key));
    }

    pub(super) fn miss_unclaimed(&mut self, now: Timestamp, key: ExecutionKey) {
        let Some(execution) = self.executions.get_mut(&key) else {
            return;
        };
        if execution.status != ExecutionStatus::Pending || execution.claimed_by_worker.is_some() {
            return;
        }
        execution.status = ExecutionStatus::Missed;
        execution.error_message = Some("No worker claimed this execution within timeout window".into());
        execution.updated_at = now;
        self.claimable
            .remove(&(execution.account, execution.scheduled_for, key));
        self.fail_for_good(now, key, 0);
    }

    /// What follows a final failure: a one-time cue has failed, a recurring one may be paused, a URL may be told.
    pub(super) fn fail_for_good(&mut self, now: Timestamp, key: ExecutionKey, attempts: u32) {
        self.under_way.remove(&key);
        let Some((execution, cue)) = self.execution_and_cue(key) else {
            return;
        };
        let cue_key = execution.cue;
        let notice = cue.on_failure.webhook.clone().map(|url| {
            let last_error = execution
                .error_message
                .as_deref()
                .map(|text| text.chars().take(500).collect::<String>());
            let body = Json::object([
                ("event", "cue.failed".into()),
                ("cue_id", (&*cue.id).into()),
                ("cue_name", (&*cue.name).into()),
                ("attempts", attempts.into()),
                ("last_http_status", execution.http_status.into()),
                ("last_error", last_error.into()),
                ("failed_at", time::with_offset(now, Offset::UTC).into()),
                ("dashboard_url", "https://dashboard.cueapi.ai".into()),
            ]);
            (url, cue.id.clone(), body.to_compact())
        });
        let (once, pause) = (cue.is_once(), cue.on_failure.pause);
        if let Some((url, cue_id, body)) = notice {
            let id = self.delivery_id();
            self.send_once(Delivery {
                id,
                kind: DeliveryKind::OnFailure { cue_id },
                method: "POST".into(),
                url,
                headers: Vec::new(),
                overrides: Vec::new(),
                body,
                secret: None,
                timeout: std::time::Duration::from_secs(10),
            });
        }
        if once {
            self.set_cue_status(cue_key, CueStatus::Failed);
        } else if pause {
            self.pause_after_failure(now, cue_key);
        }
    }

    fn pause_after_failure(&mut self, now: Timestamp, key: CueKey) {
        self.set_cue_status(key, CueStatus::Paused);
        if let Some(cue) = self.cues.get_mut(&key) {
            cue.next_run = None;
            cue.updated_at = now;
        }
    }
}

/// The pause before the next attempt: the list's entry, its last one when the list is too short, a minute without a list.
pub(super) fn backoff(cue: &Cue, index: u32) -> SignedDuration {
    let list = &cue.retry.backoff_minutes;
    let index = usize::try_from(index)
        .unwrap_or(usize::MAX)
        .min(list.len().saturating_sub(1));
    match list.get(index) {
        None => SignedDuration::from_mins(1),
        Some(Json::Int(minutes)) => SignedDuration::from_secs(minutes.saturating_mul(60)),
        Some(Json::BigInt(digits)) if digits.starts_with('-') => SignedDuration::ZERO,
        Some(_) => SignedDuration::MAX,
    }
}
