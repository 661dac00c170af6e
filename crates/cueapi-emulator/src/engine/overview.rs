//! All rows of all accounts, for who looks on from outside: the page.

use jiff::Timestamp;

use super::{
    Cue, CueStatus, Engine, Execution, ExecutionStatus, Message, Page, Uuid, Worker, executions::STALE, timers::Timer,
};

impl Engine {
    /// The newest cues.
    pub(crate) fn newest_cues(&self, limit: usize) -> Page<&Cue> {
        Page {
            items: self.cues.values().rev().take(limit).collect(),
            total: self.cues.len(),
        }
    }

    /// The newest executions with their cues, of one cue or of all.
    pub(crate) fn newest_executions<'a>(&'a self, of: Option<&'a Cue>, limit: usize) -> Page<(&'a Execution, &'a Cue)> {
        match of {
            Some(cue) => {
                let page = self.cue_executions(cue, limit, 0);
                Page {
                    items: page.items.into_iter().map(|execution| (execution, cue)).collect(),
                    total: page.total,
                }
            }
            None => {
                let rows = self.executions.values().rev();
                let rows = rows.filter_map(|execution| Some((execution, self.cues.get(&execution.cue)?)));
                Page {
                    items: rows.take(limit).collect(),
                    total: self.executions.len(),
                }
            }
        }
    }

    /// The workers with the latest heartbeats.
    pub(crate) fn newest_workers(&self, limit: usize) -> Page<&Worker> {
        let mut items: Vec<_> = self.workers.values().collect();
        let total = items.len();
        items.sort_by_key(|worker| std::cmp::Reverse(worker.last_heartbeat));
        items.truncate(limit);
        Page { items, total }
    }

    /// The newest messages, each with the names of its sender and its recipient.
    pub(crate) fn newest_messages(&self, limit: usize) -> Page<(&Message, [&str; 2])> {
        let rows = self.messages.values().rev().take(limit);
        Page {
            items: rows.map(|message| (message, self.message_parties(message))).collect(),
            total: self.messages.len(),
        }
    }

    fn message_parties<'a>(&'a self, message: &'a Message) -> [&'a str; 2] {
        let name = |key, id: &'a str| self.agents.get(&key).map_or(id, |agent| &agent.slug);
        [
            name(message.from, &message.from_agent_id),
            name(message.to, &message.to_agent_id),
        ]
    }

    /// A message, whoever owns it.
    pub(crate) fn any_message(&self, id: &str) -> Option<&Message> {
        self.messages.get(self.mail.ids.get(id)?)
    }

    /// A cue, whoever owns it.
    pub(crate) fn any_cue(&self, id: &str) -> Option<&Cue> {
        self.cues.get(self.cue_ids.get(id)?)
    }

    /// An execution and its cue, whoever owns them.
    pub(crate) fn any_execution(&self, id: &str) -> Option<(&Execution, &Cue)> {
        self.execution_and_cue(*self.execution_ids.get(&Uuid::parse(id)?)?)
    }

    /// When something will happen next; unlike [`Engine::next_due`] without the timers of which nothing comes.
    ///
    /// Looks at every timer.
    pub(crate) fn next_event(&self) -> Option<Timestamp> {
        if !self.ready.is_empty() {
            return self.next_due();
        }
        let timers = self.timers.iter().filter(|(at, timer)| self.applies(*at, *timer));
        timers.map(|(at, _)| at).min()
    }

    fn applies(&self, at: Timestamp, timer: Timer) -> bool {
        let execution = |key, applies: fn(&Execution, Timestamp) -> bool| {
            self.executions.get(&key).is_some_and(|row| applies(row, at))
        };
        match timer {
            Timer::Fire(key) => self
                .cues
                .get(&key)
                .is_some_and(|cue| cue.status == CueStatus::Active && cue.next_run.is_some_and(|run| run.due() == at)),
            Timer::Retry(key) => execution(key, |row, at| {
                row.status == ExecutionStatus::Retrying && row.next_retry.is_some_and(|retry| retry <= at)
            }),
            Timer::Stale(key) => execution(key, |row, at| {
                row.status == ExecutionStatus::Delivering && at.duration_since(row.updated_at) >= STALE
            }),
            Timer::Lease(key) => execution(key, |row, _| {
                row.status == ExecutionStatus::Delivering && row.claimed_by_worker.is_some()
            }),
            Timer::Unclaimed(key) => execution(key, |row, _| {
                row.status == ExecutionStatus::Pending && row.claimed_by_worker.is_none()
            }),
            Timer::Push(key) => {
                (self.messages.get(&key)).is_some_and(|row| row.push.as_ref().is_some_and(|push| push.next == Some(at)))
            }
            Timer::StalePush(key) => (self.messages.get(&key).and_then(|row| row.push.as_ref()?.since))
                .is_some_and(|since| at.duration_since(since) >= STALE),
            Timer::Digest(_) | Timer::Publish(_) => true,
            // Nobody sees an event go.
            Timer::Forget(_) => false,
            Timer::Dispatch(key) => execution(key, |row, _| {
                matches!(row.status, ExecutionStatus::Pending | ExecutionStatus::RetryReady)
            }),
        }
    }
}
