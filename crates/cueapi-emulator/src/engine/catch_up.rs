//! Runs that were missed while nobody asked what is due: how many of them are made up for.
//!
//! A real server makes up for all, one per cue and poll. Here they come one after another, so that there must be an end.

use jiff::{SignedDuration, Timestamp};

use super::{Cue, CueStatus, Engine, Moment, cue::CueKey, timers::Timer};

/// How many runs are made up for, of all cues together: about 150 MB.
const MOST: usize = 100_000;

/// A run that comes no later than this was not missed.
const LATE: SignedDuration = SignedDuration::from_mins(1);

/// Runs of a cue that will never be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// The cue.
    pub cue_id: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// The first one.
    pub from: Timestamp,
    /// The first that comes after them.
    pub until: Timestamp,
}

impl Engine {
    /// How far back missed runs of recurring cues are made up for, and then 100,000 of them at most; without it, which is how an
    /// engine begins, all of them. A one-time cue is never skipped.
    pub fn catch_up(&mut self, back: Option<SignedDuration>) {
        self.catch_up = back;
    }

    /// What was skipped since the last call.
    pub fn take_skipped(&mut self) -> Vec<Skipped> {
        std::mem::take(&mut self.skipped)
    }

    /// Whether a run was missed too long ago. Then the cue goes on with the first one that was not.
    pub(super) fn skip_missed(&mut self, now: Timestamp, key: CueKey, run: Timestamp) -> bool {
        let cues = self.cues.len();
        let Some((back, cue)) = self.catch_up.zip(self.cues.get(&key)) else {
            return false;
        };
        let Some(until) = goes_on(cue, now, run, back, cues) else {
            return false;
        };
        self.skipped.push(Skipped {
            cue_id: cue.id.clone(),
            name: cue.name.clone(),
            from: run,
            until,
        });
        if let Some(cue) = self.cues.get_mut(&key) {
            cue.next_run = Some(until.into());
            cue.updated_at = now;
        }
        self.timers.set(until, Timer::Fire(key));
        true
    }
}

/// The first run that is not skipped, where `run` is.
fn goes_on(cue: &Cue, now: Timestamp, run: Timestamp, back: SignedDuration, cues: usize) -> Option<Timestamp> {
    if cue.is_once() || cue.status != CueStatus::Active || now.duration_since(run) <= LATE {
        return None;
    }
    let next = |from| cue.plan.next_run(from).ok().flatten().map(Moment::due);
    // As many as each cue may make up for, at the pace at which this one runs.
    let pace = next(run)?.duration_since(run);
    let share = i32::try_from(MOST / cues.max(1)).unwrap_or(i32::MAX).max(1);
    let back = pace.saturating_mul(share).min(back).max(LATE);
    let horizon = now.saturating_sub(back).unwrap_or(Timestamp::MIN);
    if run >= horizon {
        return None;
    }
    next(horizon)
}
