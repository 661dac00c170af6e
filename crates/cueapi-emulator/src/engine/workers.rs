//! The registry of workers that send heartbeats.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{AccountId, Engine, Refusal};

/// A worker that has sent a heartbeat.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Worker {
    /// The name that it gave itself; may be empty.
    pub worker_id: Box<str>,
    /// Tasks that it says it handles.
    pub handlers: Option<Vec<Box<str>>>,
    /// Its last heartbeat.
    pub last_heartbeat: Timestamp,
    /// Its first heartbeat.
    pub registered_since: Timestamp,
}

impl Worker {
    /// `active` below 180 seconds since the last heartbeat, `stale` below 900, then `dead`.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> &'static str {
        match now.duration_since(self.last_heartbeat).as_secs() {
            ..180 => "active",
            180..900 => "stale",
            _ => "dead",
        }
    }
}

const ALIVE: SignedDuration = SignedDuration::from_secs(180);

impl Engine {
    /// Registers a worker or renews its registration. Handlers that are left out are forgotten.
    ///
    /// # Errors
    ///
    /// A name or handler that a Postgres text cannot hold.
    pub fn worker_heartbeat(
        &mut self,
        now: Timestamp,
        account: AccountId,
        worker_id: &str,
        handlers: Option<Vec<Box<str>>>,
    ) -> Result<(), Refusal> {
        if worker_id.contains('\0') || handlers.iter().flatten().any(|handler| handler.contains('\0')) {
            return Err(Refusal::Internal);
        }
        let key = (account, Box::from(worker_id));
        let registered_since = self.workers.get(&key).map_or(now, |worker| worker.registered_since);
        let worker = Worker {
            worker_id: worker_id.into(),
            handlers,
            last_heartbeat: now,
            registered_since,
        };
        self.workers.insert(key, worker);
        Ok(())
    }

    /// An account's workers, the latest heartbeat first.
    #[must_use]
    pub fn workers(&self, account: AccountId) -> Vec<&Worker> {
        let mut workers: Vec<_> = self
            .workers
            .iter()
            .filter(|((owner, _), _)| *owner == account)
            .map(|(_, worker)| worker)
            .collect();
        workers.sort_by_key(|worker| std::cmp::Reverse(worker.last_heartbeat));
        workers
    }

    /// Removes a worker from the registry.
    ///
    /// # Errors
    ///
    /// 404 `worker_not_found`.
    pub fn delete_worker(&mut self, account: AccountId, worker_id: &str) -> Result<(), Refusal> {
        if worker_id.contains('\0') {
            return Err(Refusal::Internal);
        }
        match self.workers.remove(&(account, worker_id.into())) {
            Some(_) => Ok(()),
            None => Err(Refusal::api(404, "worker_not_found", "Worker not found")),
        }
    }

    /// Until when a worker counts as alive: 180 seconds after its last heartbeat.
    pub(super) fn worker_alive_until(&self, account: AccountId, worker_id: &str) -> Option<Timestamp> {
        let worker = self.workers.get(&(account, worker_id.into()))?;
        worker.last_heartbeat.saturating_add(ALIVE).ok()
    }

    pub(super) fn any_worker_alive(&self, now: Timestamp, account: AccountId) -> bool {
        self.workers
            .iter()
            .any(|((owner, _), worker)| *owner == account && now.duration_since(worker.last_heartbeat) < ALIVE)
    }
}
