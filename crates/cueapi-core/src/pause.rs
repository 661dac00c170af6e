//! Shorthands for the two updates that everybody needs.

use cueapi_types::{CueId, CueStatus};

use crate::{
    api::cues::{Cues, UpdateCue},
    pending::Pending,
};

impl<C: Clone> Cues<C> {
    /// Stops a cue from firing; it can be fired by hand all the same. An `update` with the status `paused`.
    ///
    /// Occurrences that fall into the pause are not made up for. A paused cue still counts against the plan's limit.
    pub fn pause(&self, cue: impl Into<CueId>) -> Pending<C, UpdateCue> {
        self.update(cue).status(CueStatus::Paused)
    }

    /// Lets a cue fire again, from the next occurrence on. An `update` with the status `active`.
    ///
    /// A one-time cue whose time has passed fires at once.
    pub fn resume(&self, cue: impl Into<CueId>) -> Pending<C, UpdateCue> {
        self.update(cue).status(CueStatus::Active)
    }
}
