//! Counts for the health page.

use jiff::{SignedDuration, Timestamp};

use super::{Engine, ExecutionStatus, Transport};

/// What is waiting at the moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Census {
    pub(crate) active_workers: usize,
    pub(crate) last_heartbeat: Option<Timestamp>,
    pub(crate) pending_deliveries: usize,
    pub(crate) pending_retries: usize,
    pub(crate) pending_claims: usize,
}

impl Engine {
    pub(crate) fn census(&self, now: Timestamp) -> Census {
        let mut census = Census {
            last_heartbeat: self.workers.values().map(|worker| worker.last_heartbeat).max(),
            ..Census::default()
        };
        let alive = |last: Timestamp| now.duration_since(last) < SignedDuration::from_secs(180);
        census.active_workers = self
            .workers
            .values()
            .filter(|worker| alive(worker.last_heartbeat))
            .count();
        for execution in self.executions.values() {
            let worker = self
                .cues
                .get(&execution.cue)
                .is_some_and(|cue| cue.transport == Transport::Worker);
            match execution.status {
                ExecutionStatus::Pending if worker => census.pending_claims += 1,
                ExecutionStatus::Pending | ExecutionStatus::RetryReady => census.pending_deliveries += 1,
                ExecutionStatus::Retrying => census.pending_retries += 1,
                _ => {}
            }
        }
        census
    }
}
