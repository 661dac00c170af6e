//! Requests that the types allow and no server can work with: refused before they are sent.

use crate::{api::cues::CreateCue, error::BuildError};
use cueapi_types::Transport;
use serde::Deserialize;

/// A worker cue whose `payload.task` is not a text makes `claimable` answer 500 for the whole account while one of its
/// executions is pending (observed on a running server).
pub(crate) fn create_cue(cue: &CreateCue) -> Result<(), BuildError> {
    #[derive(Deserialize)]
    struct Task {
        #[serde(default)]
        task: Option<serde_json::Value>,
    }
    let Transport::Worker = cue.transport else {
        return Ok(());
    };
    let task = cue
        .payload
        .as_ref()
        .and_then(|payload| payload.parse::<Task>().ok())
        .and_then(|payload| payload.task);
    match task {
        Some(task) if !task.is_string() => Err(BuildError::new(
            "payload.task of a worker cue must be a text: with anything else the server fails to list claimable executions",
        )),
        _ => Ok(()),
    }
}
