//! The rows of an engine as texts, for a store that outlives the process, and an engine made of such rows again.
//!
//! Only rows are saved. What can be told from them (indices, timers) is made anew. What the real server keeps in memory for
//! a minute (rate limits, requests on their way) is forgotten, as it is there.

mod mail;

use std::{error::Error, fmt};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    CueStatus, Engine, Execution, ExecutionStatus, Transport,
    executions::{ExecutionKey, LEASE, STALE},
    ids::Ids,
    table::Table,
    timers::Timer,
};

/// A row to write down, or to delete.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The name of its table.
    pub table: &'static str,
    /// Its key, unique within the table: a JSON text.
    pub key: String,
    /// A JSON object, secrets included; `None` when the row is gone.
    pub row: Option<String>,
}

/// A row as it was written down.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the one of Change")]
pub struct SavedRow {
    pub table: String,
    pub key: String,
    pub row: String,
}

/// Why an engine cannot be made of saved rows: they are damaged, or were written by a newer version.
#[derive(Debug)]
pub struct RestoreError {
    table: String,
    key: String,
    source: Option<serde_json::Error>,
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change")
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SavedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SavedRow")
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, key, source } = self;
        match source {
            Some(_) => write!(f, "row {key} of the table `{table}` cannot be read"),
            None => write!(f, "there is a table `{table}` that this version does not know"),
        }
    }
}

impl Error for RestoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

/// What there is beside rows, itself saved as the one row of a table.
#[derive(Serialize, Deserialize)]
struct Counters {
    ids: Ids,
    next_key: u64,
}

const COUNTERS: &str = "engine";

macro_rules! tables {
    ($($table:ident),* $(,)?) => {
        impl Engine {
            /// From now on, notes what changes, for [`changes`](Self::changes). All that there is counts as changed.
            pub fn track_changes(&mut self) {
                $(self.$table.track();)*
            }

            /// What has changed since [`changes_saved`](Self::changes_saved).
            ///
            /// # Errors
            ///
            /// Never, unless the engine holds what JSON cannot.
            pub fn changes(&self) -> Result<Vec<Change>, serde_json::Error> {
                let mut changes = Vec::new();
                $(collect(stringify!($table), &self.$table, &mut changes)?;)*
                if !changes.is_empty() {
                    let counters = Counters { ids: self.ids.clone(), next_key: self.next_key };
                    let row = Some(serde_json::to_string(&counters)?);
                    changes.push(Change { table: COUNTERS, key: String::new(), row });
                }
                Ok(changes)
            }

            /// Another number whenever there are more [`changes`](Self::changes) than before.
            pub(crate) fn edits(&self) -> u64 {
                0 $(+ self.$table.edits())*
            }

            /// The [`changes`](Self::changes) have been written down.
            pub fn changes_saved(&mut self) {
                $(self.$table.clear_changes();)*
            }

            fn restore_row(&mut self, saved: &SavedRow) -> Result<(), RestoreError> {
                match saved.table.as_str() {
                    $(stringify!($table) => put(&mut self.$table, saved),)*
                    COUNTERS => read(saved, &saved.row).map(|Counters { ids, next_key }| {
                        self.ids = ids;
                        self.next_key = next_key;
                    }),
                    unknown => Err(RestoreError { table: unknown.into(), key: saved.key.clone(), source: None }),
                }
            }
        }
    };
}

tables!(
    accounts,
    keys,
    cues,
    executions,
    workers,
    alerts,
    agents,
    messages,
    events,
    subscriptions,
    live_sessions,
    attachments,
    logins,
);

impl Engine {
    /// An engine made of the rows that another one has saved. It goes on exactly as that one would have, but for requests
    /// that were on their way: those count as lost, and are made up for as after any crash. It tracks changes, and has none.
    ///
    /// # Errors
    ///
    /// When a row cannot be read.
    pub fn restore(rows: impl IntoIterator<Item = SavedRow>) -> Result<Self, RestoreError> {
        let mut engine = Self::new(0);
        for saved in rows {
            engine.restore_row(&saved)?;
        }
        engine.index_cues();
        engine.index_executions();
        engine.index_mail();
        engine.track_changes();
        engine.changes_saved();
        Ok(engine)
    }

    fn index_cues(&mut self) {
        for (key, cue) in self.cues.iter() {
            self.cue_ids.insert(cue.id.clone(), *key);
            self.cue_names.insert((cue.account, cue.name.clone()), *key);
            if let Some(next_run) = cue.next_run.filter(|_| cue.status == CueStatus::Active) {
                self.timers.set(next_run.due(), Timer::Fire(*key));
            }
        }
    }

    fn index_executions(&mut self) {
        for (key, execution) in self.executions.iter() {
            let Some(cue) = self.cues.get_mut(&execution.cue) else {
                continue;
            };
            cue.executions.push(*key);
            self.execution_ids.insert(execution.id, *key);
            self.occurrences.insert((execution.cue, execution.scheduled_for));
            let worker = cue.transport == Transport::Worker;
            if worker && matches!(execution.status, ExecutionStatus::Pending | ExecutionStatus::RetryReady) {
                let place = (execution.account, execution.scheduled_for, *key);
                self.claimable.insert(place);
            }
            if !worker && !execution.status.is_terminal() {
                self.under_way.insert(*key);
            }
            for (at, timer) in timers(*key, execution, worker) {
                self.timers.set(at, timer);
            }
        }
    }
}

/// When an execution has to be looked at, as its row tells it.
fn timers(key: ExecutionKey, execution: &Execution, worker: bool) -> impl Iterator<Item = (jiff::Timestamp, Timer)> {
    let after = |start: jiff::Timestamp, pause| start.saturating_add(pause).unwrap_or(start);
    let updated = execution.updated_at;
    let first = match execution.status {
        ExecutionStatus::Pending if worker => Some((after(execution.created_at, LEASE), Timer::Unclaimed(key))),
        ExecutionStatus::Pending => Some((
            execution.scheduled_for.due().max(execution.created_at),
            Timer::Dispatch(key),
        )),
        ExecutionStatus::RetryReady => Some((updated, Timer::Dispatch(key))),
        ExecutionStatus::Retrying => execution.next_retry.map(|at| (at, Timer::Retry(key))),
        ExecutionStatus::Delivering => Some((after(updated, STALE), Timer::Stale(key))),
        ExecutionStatus::Success | ExecutionStatus::Failed | ExecutionStatus::Missed => None,
    };
    let claimed = execution
        .claimed_at
        .filter(|_| execution.status == ExecutionStatus::Delivering);
    let lease = claimed.map(|at| (after(at, LEASE), Timer::Lease(key)));
    first.into_iter().chain(lease)
}

fn collect<K: Ord + Clone + Serialize, V: Serialize>(
    name: &'static str,
    table: &Table<K, V>,
    changes: &mut Vec<Change>,
) -> Result<(), serde_json::Error> {
    for (key, row) in table.changes() {
        changes.push(Change {
            table: name,
            key: serde_json::to_string(key)?,
            row: row.map(serde_json::to_string).transpose()?,
        });
    }
    Ok(())
}

fn put<K: Ord + Clone + DeserializeOwned, V: DeserializeOwned>(
    table: &mut Table<K, V>,
    saved: &SavedRow,
) -> Result<(), RestoreError> {
    table.insert(read(saved, &saved.key)?, read(saved, &saved.row)?);
    Ok(())
}

fn read<T: DeserializeOwned>(saved: &SavedRow, text: &str) -> Result<T, RestoreError> {
    serde_json::from_str(text).map_err(|source| RestoreError {
        table: saved.table.clone(),
        key: saved.key.clone(),
        source: Some(source),
    })
}

/// An offset as its seconds.
pub(super) mod offset {
    use jiff::tz::Offset;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de::Error as _};

    pub(in super::super) fn serialize<S: Serializer>(offset: &Offset, serializer: S) -> Result<S::Ok, S::Error> {
        offset.seconds().serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Offset, D::Error> {
        Offset::from_seconds(i32::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
