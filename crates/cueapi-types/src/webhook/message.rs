//! The body that goes to an agent's webhook when it gets a message.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AgentId, MessageId, Payload, Timestamp};

/// The body of a message delivery. `Debug` shows neither subject nor text.
///
/// ```
/// use cueapi_types::PushedMessage;
///
/// let message: PushedMessage = serde_json::from_str(
///     r#"{"id":"msg_xj6647is7dt3","from":{"agent_id":"agt_cw7d6zk4mnzg","slug":"planner@acme"},
///         "to":{"agent_id":"agt_y8ffcg0h3tt8","slug":"writer@acme"},"thread_id":"msg_xj6647is7dt3","reply_to":null,
///         "subject":null,"body":"Draft the report.","priority":3,"expects_reply":true,"reply_to_agent_id":null,
///         "metadata":{},"created_at":"2026-11-23T20:50:19.679787+00:00"}"#,
/// )?;
/// assert_eq!(message.from.slug, "planner@acme");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PushedMessage {
    /// The message.
    pub id: MessageId,
    /// Who sent it.
    pub from: MessageParty,
    /// Who gets it. When the two belong to different users, the part of the slug behind `@` may name the sender's.
    pub to: MessageParty,
    /// The first message of the thread; its own id where it began one.
    pub thread_id: MessageId,
    /// The message that it answers.
    pub reply_to: Option<MessageId>,
    /// What it is about.
    pub subject: Option<String>,
    /// The text.
    pub body: String,
    /// 1 is the lowest, 5 the highest, 3 the usual.
    pub priority: u8,
    /// Whether the sender waits for an answer.
    pub expects_reply: bool,
    /// Who should get the answer, where that is not the sender.
    pub reply_to_agent_id: Option<AgentId>,
    /// What the sender put beside the text.
    #[serde(default, deserialize_with = "crate::open::null_is_default")]
    pub metadata: Payload,
    /// When it was sent.
    pub created_at: Timestamp,
}

impl fmt::Debug for PushedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushedMessage")
            .field("id", &self.id)
            .field("from", &self.from)
            .field("to", &self.to)
            .field("thread_id", &self.thread_id)
            .field("priority", &self.priority)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}

/// One end of a message: an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MessageParty {
    /// The agent.
    pub agent_id: AgentId,
    /// Its address, `agent@user`.
    pub slug: String,
}
