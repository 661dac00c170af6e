//! IPC attachments: which daemon on which machine has a live session of an agent at hand.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    AccountId, Engine, Moment, Refusal, Uuid,
    agents::{AgentKey, check_text},
    cue::debug_without_contents,
};

pub(super) type AttachmentKey = u64;

/// An attachment as the server keeps it, also when it has ended.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Attachment {
    /// Its id.
    pub id: Uuid,
    agent: AgentKey,
    /// The agent's id.
    pub agent_id: Box<str>,
    /// The session's name, which no other attachment of the agent has that has not ended.
    pub label: Box<str>,
    /// The task that it handles.
    pub task_name: Box<str>,
    /// The session's token, which no other attachment has or ever had, whoever's it is.
    pub token: Box<str>,
    /// The daemon that has it.
    pub daemon_id: Uuid,
    /// The version of its program.
    pub monitor_version: Option<Box<str>>,
    /// When it was attached.
    pub attached_at: Moment,
    /// When the daemon last said that it has it.
    pub last_reconciled_at: Timestamp,
    /// The token of the one that it replaced.
    pub supersedes_token: Option<Box<str>>,
    /// Whether the daemon has left it out when it last said what it has. It is there again when the daemon names it.
    pub is_downgraded: bool,
    /// When it ended.
    pub detached_at: Option<Timestamp>,
}

/// A session to attach.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the one of Attachment")]
pub struct Attach {
    pub label: Box<str>,
    pub task_name: Box<str>,
    pub token: Box<str>,
    pub attached_at: Option<Moment>,
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
    /// Attaches a session to a daemon. The same daemon and label again end what was there.
    ///
    /// # Errors
    ///
    /// 400 `invalid_agent_ref` for an agent that is not named by its id, 404 `agent_not_found`, and when another daemon has
    /// the label; a 500 for a token that was ever used, also in the same call before.
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
        texts.into_iter().flatten().try_for_each(|text| check_text(text))?;
        let old = self.attachment_of(key, &label);
        if let Some(other) = old
            .and_then(|old| self.attachments.get(&old))
            .filter(|old| old.daemon_id != daemon_id)
        {
            return Err(AttachError::Exists(Box::new(other.clone())));
        }
        if self.attachments.values().any(|row| row.token == token) {
            return Err(Refusal::Internal.into());
        }
        let replaced = old.and_then(|old| self.attachments.get_mut(&old));
        let supersedes_token = replaced.map(|old| {
            old.detached_at = Some(now);
            old.token.clone()
        });
        let attachment = Attachment {
            id: self.ids.uuid(),
            agent: key,
            agent_id: agent.into(),
            label,
            task_name,
            supersedes_token,
            token,
            daemon_id,
            monitor_version,
            attached_at: attached_at.unwrap_or(now.into()),
            last_reconciled_at: now,
            is_downgraded: false,
            detached_at: None,
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
    pub fn detach(
        &mut self,
        now: Timestamp,
        account: AccountId,
        agent: &str,
        daemon_id: Uuid,
        token: &str,
    ) -> Result<bool, Refusal> {
        let agent = self.agent_by_id(account, agent)?;
        check_text(token)?;
        let found = (self.open_attachments())
            .find(|(_, row)| row.agent == agent && row.daemon_id == daemon_id && *row.token == *token);
        let key = found.map(|(key, _)| key);
        let row = key.and_then(|key| self.attachments.get_mut(&key));
        Ok(row.map(|row| row.detached_at = Some(now)).is_some())
    }

    /// A daemon says which sessions it has, by their tokens, whoever's they are. What it does not name is downgraded until
    /// it names it again; what is not known is not added. Answers how many it has and how many it has no longer.
    pub fn reconcile_attachments(&mut self, now: Timestamp, daemon_id: Uuid, tokens: &[Box<str>]) -> (usize, usize) {
        let rows = (self.open_attachments()).filter(|(_, row)| row.daemon_id == daemon_id);
        let keys: Vec<_> = rows.map(|(key, _)| key).collect();
        let (mut named, mut downgraded) = (0, 0);
        for key in keys {
            let Some(row) = self.attachments.get_mut(&key) else {
                continue;
            };
            if tokens.contains(&row.token) {
                row.last_reconciled_at = now;
                row.is_downgraded = false;
                named += 1;
            } else if !row.is_downgraded {
                row.is_downgraded = true;
                downgraded += 1;
            }
        }
        (named, downgraded)
    }

    /// An agent's attachments, newest first.
    ///
    /// # Errors
    ///
    /// As [`Engine::agent`].
    pub fn attachments(
        &self,
        account: AccountId,
        agent: &str,
        include_detached: bool,
    ) -> Result<impl Iterator<Item = &Attachment>, Refusal> {
        let agent = self.agent_key(account, agent, false)?;
        let rows = self.attachments.values().rev();
        Ok(rows.filter(move |row| row.agent == agent && (include_detached || row.detached_at.is_none())))
    }

    fn open_attachments(&self) -> impl Iterator<Item = (AttachmentKey, &Attachment)> {
        let rows = self.attachments.iter().map(|(key, row)| (*key, row));
        rows.filter(|(_, row)| row.detached_at.is_none())
    }

    fn attachment_of(&self, agent: AgentKey, label: &str) -> Option<AttachmentKey> {
        let found = (self.open_attachments()).find(|(_, row)| row.agent == agent && *row.label == *label);
        found.map(|(key, _)| key)
    }

    /// Whether a daemon has an agent's session at hand.
    pub(super) fn is_at_hand(&self, agent: AgentKey, label: &str) -> bool {
        let row = (self.attachment_of(agent, label)).and_then(|key| self.attachments.get(&key));
        row.is_some_and(|row| !row.is_downgraded)
    }

    fn agent_by_id(&self, account: AccountId, agent: &str) -> Result<AgentKey, Refusal> {
        if !agent.starts_with("agt_") {
            let message = "Pass the agent's opaque ID (agt_xxx) on this endpoint, not slug-form.";
            return Err(Refusal::api(400, "invalid_agent_ref", message));
        }
        match self.agent_key(account, agent, false) {
            Err(Refusal::Api { .. }) => Err(Refusal::api(404, "agent_not_found", format!("agent {agent} not found"))),
            found => found,
        }
    }
}
