//! What depends on a request's arguments: whether a server can work with it, and whether it can be repeated.

use crate::{
    api::{
        cues::{BulkDeleteCues, CreateCue},
        messages::SendMessage,
    },
    endpoint::{Endpoint, Repeat},
    error::BuildError,
};
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
        .filter(|payload| payload.as_str().starts_with('{'))
        .and_then(|payload| payload.parse::<Task>().ok())
        .and_then(|payload| payload.task);
    match task {
        Some(task) if !task.is_string() => Err(BuildError::new(
            "payload.task of a worker cue must be a text: with anything else the server fails to list claimable executions",
        )),
        _ => Ok(()),
    }
}

/// The hosted service takes 1 to 100 ids.
pub(crate) fn bulk_delete_cues(cues: &BulkDeleteCues) -> Result<(), BuildError> {
    match cues.ids.len() {
        1..=100 => Ok(()),
        n => Err(BuildError::new(format!(
            "1 to 100 cues can be deleted at once, not {n}"
        ))),
    }
}

/// A server counts characters before it stores bytes, and answers 500 to a text that is within its limit in the one and
/// beyond it in the other.
pub(crate) fn message_text(message: &SendMessage) -> Result<(), BuildError> {
    match message.body.len() {
        0..=32_768 => Ok(()),
        n => Err(BuildError::new(format!(
            "a message's text can have 32,768 bytes and not {n}: send a reference instead"
        ))),
    }
}

/// A message above priority 3 counts against an hourly limit each time it is sent, also when the server knows its key;
/// and when the limit lowers the priority of the repeat, the key seems to be used for something else (409).
pub(crate) fn message_repeat(message: &SendMessage) -> Repeat {
    match message.priority {
        Some(4..) => Repeat::Unsafe,
        _ => SendMessage::REPEAT,
    }
}
