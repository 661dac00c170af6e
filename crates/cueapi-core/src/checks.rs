//! What depends on a request's arguments: whether a server can work with it, and whether it can be repeated.

use std::collections::HashMap;

use crate::{
    api::{
        cues::{BulkDeleteCues, CreateCue, FireCue, UpdateCue},
        messages::SendMessage,
    },
    endpoint::{Endpoint, Repeat},
    error::BuildError,
};
use cueapi_types::{Payload, Transport};

pub(crate) fn create_cue(cue: &CreateCue) -> Result<(), BuildError> {
    match cue.transport {
        Transport::Worker => task_is_text(cue.payload.as_ref()),
        _ => Ok(()),
    }
}

/// An update does not know whether its cue is a worker's, unless it sets a callback.
pub(crate) fn update_cue(update: &UpdateCue) -> Result<(), BuildError> {
    match update.callback {
        None => task_is_text(update.payload.as_ref()),
        Some(_) => Ok(()),
    }
}

pub(crate) fn fire_cue(fire: &FireCue) -> Result<(), BuildError> {
    task_is_text(fire.payload_override.as_ref())
}

/// A worker cue whose `payload.task` is not a text makes `claimable` answer 500 for the whole account while one of its
/// executions is pending (observed on a running server).
fn task_is_text(payload: Option<&Payload>) -> Result<(), BuildError> {
    // Of two members of one name a server takes the last, as a map does.
    let members = payload.and_then(|payload| payload.parse::<HashMap<String, Payload>>().ok());
    match members.and_then(|mut members| members.remove("task")) {
        Some(task) if !task.as_str().starts_with('"') && task.as_str() != "null" => Err(BuildError::new(
            "payload.task of a worker cue must be a text: with anything else the server fails to list claimable \
             executions, all of the account's. To change the payload of a webhook cue, set its callback in the same update",
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
