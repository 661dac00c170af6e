//! IPC attachments: which daemon on which machine has a live session of an agent at hand.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AccountId, Engine, Refusal, Uuid, agents::AgentKey, cue::debug_without_contents};

pub(super) type AttachmentKey = u64;

/// An attachment as the server keeps it.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Attachment {
    /// Its id.
    pub id: Uuid,
    agent: AgentKey,
    /// The agent's id.
    pub agent_id: Box<str>,
    /// The session's name, which no other attachment of the agent has.
    pub label: Box<str>,
    /// The task that it handles.
    pub task_name: Box<str>,
    /// The session's token.
    pub token: Box<str>,
    /// The daemon that has it.
    pub daemon_id: Uuid,
    /// The version of its program.
    pub monitor_version: Option<Box<str>>,
    /// When it was attached.
    pub attached_at: Timestamp,
    /// When the daemon last said that it has it.
    pub last_reconciled_at: Timestamp,
    /// The token of the one that it replaced.
    pub supersedes_token: Option<Box<str>>,
}

/// A session to attach.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the one of Attachment")]
pub struct Attach {
    pub label: Box<str>,
    pub task_name: Box<str>,
    pub token: Box<str>,
    pub attached_at: Option<Timestamp>,
    pub monitor_version: Option<Box<str>>,
}

debug_without_contents! {
    Attachment { id, agent_id, label, daemon_id, attached_at },
    Attach { label, attached_at },
}

/// Why a session is not attached.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum AttachError {
    /// As with any other command.
    Refused(Refusal),
    /// Another daemon has a session of this label: 409 `attachment_exists`.
    Exists(Box<Attachment>),
}

impl From<Refusal> for AttachError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Engine {
    /// Attaches a session to a daemon. The same daemon and label again replace what was there.
    ///
    /// # Errors
    ///
    /// 400 `invalid_agent_ref` for an agent that is not named by its id, 404 `agent_not_found`, and when another daemon has
    /// the label.
    pub fn attach(
        &mut self,
        now: Timestamp,
        account: AccountId,
        agent: &str,
        daemon_id: Uuid,
        attach: Attach,
    ) -> Result<&Attachment, AttachError> {
        let key = self.agent_by_id(account, agent)?;
        let Attach {
            label,
            task_name,
            token,
            attached_at,
            monitor_version,
        } = attach;
        let texts = [Some(&label), Some(&task_name), monitor_version.as_ref()];
        if texts.into_iter().flatten().any(|text| text.contains('\0')) {
            return Err(Refusal::Internal.into());
        }
        let old = self.attachment_of(key, &label);
        if let Some(other) = old
            .and_then(|old| self.attachments.get(&old))
            .filter(|old| old.daemon_id != daemon_id)
        {
            return Err(AttachError::Exists(Box::new(other.clone())));
        }
        let replaced = old.and_then(|old| self.attachments.remove(&old));
        let attachment = Attachment {
            id: self.ids.uuid(),
            agent: key,
            agent_id: agent.into(),
            label,
            task_name,
            supersedes_token: replaced.map(|old| old.token).filter(|old| *old != token),
            token,
            daemon_id,
            monitor_version,
            attached_at: attached_at.unwrap_or(now),
            last_reconciled_at: now,
        };
        let key = self.next_key();
        self.attachments.insert(key, attachment);
        Ok(self.attachments.get(&key).ok_or(Refusal::Internal)?)
    }

    /// Detaches a daemon's session. Answers whether there was one.
    ///
    /// # Errors
    ///
    /// 400 `invalid_agent_ref`, 404 `agent_not_found`.
    pub fn detach(&mut self, account: AccountId, agent: &str, daemon_id: Uuid, token: &str) -> Result<bool, Refusal> {
        let agent = self.agent_by_id(account, agent)?;
        let found = self
            .attachments
            .iter()
            .find(|(_, row)| row.agent == agent && row.daemon_id == daemon_id && *row.token == *token);
        let key = found.map(|(key, _)| *key);
        Ok(key.and_then(|key| self.attachments.remove(&key)).is_some())
    }

    /// A daemon says which sessions it has, by their tokens, whoever's they are. What it does not name is gone; what is
    /// not known is not added. Answers how many were kept and how many are gone.
    pub fn reconcile_attachments(&mut self, at: Timestamp, daemon_id: Uuid, tokens: &[Box<str>]) -> (usize, usize) {
        let rows = self.attachments.iter().filter(|(_, row)| row.daemon_id == daemon_id);
        let (named, gone): (Vec<_>, Vec<_>) = rows
            .map(|(key, row)| (*key, tokens.contains(&row.token)))
            .partition(|(_, named)| *named);
        for (key, _) in &named {
            if let Some(row) = self.attachments.get_mut(key) {
                row.last_reconciled_at = at;
            }
        }
        for (key, _) in &gone {
            self.attachments.remove(key);
        }
        (named.len(), gone.len())
    }

    pub(super) fn attachment_of(&self, agent: AgentKey, label: &str) -> Option<AttachmentKey> {
        let found = (self.attachments.iter()).find(|(_, row)| row.agent == agent && *row.label == *label);
        found.map(|(key, _)| *key)
    }

    fn agent_by_id(&self, account: AccountId, agent: &str) -> Result<AgentKey, Refusal> {
        if !agent.starts_with("agt_") {
            let message = "Attachments take an agent's id (agt_xxx), not an address";
            return Err(Refusal::api(400, "invalid_agent_ref", message));
        }
        match self.agent_key(account, agent, false) {
            Err(Refusal::Api { .. }) => Err(Refusal::api(404, "agent_not_found", format!("agent {agent} not found"))),
            found => found,
        }
    }
}
