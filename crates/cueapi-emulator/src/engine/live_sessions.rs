//! Live sessions: programs of an agent that stay connected and take the executions of one cue each.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    AccountId, Engine, Refusal,
    agents::{AgentKey, check_text},
    cue::debug_without_contents,
};

pub(super) type LiveSessionKey = u64;

/// A live session as the server keeps it, also when it has ended.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LiveSession {
    pub(super) agent: AgentKey,
    /// Its name, which no other attached session of its agent has.
    pub label: Box<str>,
    /// The cue whose executions it takes. No other session has or ever had it.
    pub cue_id: Box<str>,
    /// The task that it handles.
    pub task_name: Box<str>,
    /// Whether it is the agent's default session.
    pub is_default: bool,
    /// The version of its program.
    pub monitor_version: Option<Box<str>>,
    /// The token by which it attests executions.
    pub session_token: Option<Box<str>>,
    /// When it last said that it is there.
    pub last_heartbeat: Timestamp,
    /// When it last attested an execution.
    pub last_claim: Option<Timestamp>,
    /// When it was registered.
    pub attached_at: Timestamp,
    /// When it ended.
    pub detached_at: Option<Timestamp>,
}

/// A live session to register.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the one of LiveSession")]
pub struct RegisterLiveSession {
    pub label: Box<str>,
    pub cue_id: Box<str>,
    pub task_name: Box<str>,
    pub is_default: bool,
    pub monitor_version: Option<Box<str>>,
    pub session_token: Option<Box<str>>,
}

debug_without_contents! {
    LiveSession { label, cue_id, is_default, last_heartbeat, detached_at },
    RegisterLiveSession { label, cue_id, is_default },
}

impl Engine {
    /// Registers a live session of an agent.
    ///
    /// # Errors
    ///
    /// As [`Engine::agent`]; 409 `live_session_conflict` for a cue that any session has or had, for a label in use, and for a
    /// second default.
    pub fn register_live_session(
        &mut self,
        now: Timestamp,
        account: AccountId,
        agent: &str,
        register: RegisterLiveSession,
    ) -> Result<&LiveSession, Refusal> {
        let key = self.agent_key(account, agent, false)?;
        let RegisterLiveSession {
            label,
            cue_id,
            task_name,
            is_default,
            monitor_version,
            session_token,
        } = register;
        let texts = [
            Some(&label),
            Some(&cue_id),
            Some(&task_name),
            monitor_version.as_ref(),
            session_token.as_ref(),
        ];
        texts.into_iter().flatten().try_for_each(|text| check_text(text))?;
        if self.live_sessions.values().any(|session| session.cue_id == cue_id) {
            return Err(conflict("cue_id", "cue_id", &cue_id));
        }
        if self.attached(key, &label).is_some() {
            let values = format!("{}, {label}", self.agent_id(key));
            return Err(conflict("agent_id_label", "agent_id, label", &values));
        }
        if is_default && self.default_session(key).is_some() {
            return Err(conflict("agent_id_default", "agent_id", &self.agent_id(key)));
        }
        let session = LiveSession {
            agent: key,
            label,
            cue_id,
            task_name,
            is_default,
            monitor_version,
            session_token,
            last_heartbeat: now,
            last_claim: None,
            attached_at: now,
            detached_at: None,
        };
        let key = self.next_key();
        self.live_sessions.insert(key, session);
        self.live_sessions.get(&key).ok_or(Refusal::Internal)
    }

    /// An agent's live sessions, newest first.
    ///
    /// # Errors
    ///
    /// As [`Engine::agent`].
    pub fn live_sessions(
        &self,
        account: AccountId,
        agent: &str,
        include_detached: bool,
    ) -> Result<impl Iterator<Item = &LiveSession>, Refusal> {
        let agent = self.agent_key(account, agent, false)?;
        let rows = self.live_sessions.values().rev();
        Ok(rows.filter(move |session| session.agent == agent && (include_detached || session.detached_at.is_none())))
    }

    /// Makes a session the default one, or gives it another token.
    ///
    /// # Errors
    ///
    /// As [`Engine::agent`]; 400 `no_mutable_fields` and `invalid_default_flip`, 404 `live_session_not_found`. A 500 when a
    /// younger session is the default: the server changes both in one statement, row after row, and finds two defaults on
    /// its way.
    pub fn patch_live_session(
        &mut self,
        account: AccountId,
        agent: &str,
        label: &str,
        is_default: Option<bool>,
        session_token: Option<Box<str>>,
    ) -> Result<&LiveSession, Refusal> {
        let agent = self.agent_key(account, agent, false)?;
        if is_default.is_none() && session_token.is_none() {
            return Err(Refusal::api(
                400,
                "no_mutable_fields",
                "PATCH requires at least one mutable field set: ``is_default=true`` (atomic flip) or \
                           ``session_token=<ulid>`` (rotation).",
            ));
        }
        if is_default == Some(false) {
            let message = "is_default=false on its own is a no-op; flip another session to is_default=true (the swap is \
                           atomic), or DELETE this session to detach it.";
            return Err(Refusal::api(400, "invalid_default_flip", message));
        }
        check_text(session_token.as_deref().unwrap_or_default())?;
        let key = self.attached_key(agent, label)?;
        if let Some(default) = self.default_session(agent).filter(|_| is_default.is_some()) {
            if default > key {
                return Err(Refusal::Internal);
            }
            if let Some(session) = self.live_sessions.get_mut(&default) {
                session.is_default = false;
            }
        }
        let session = self.live_sessions.get_mut(&key).ok_or(Refusal::Internal)?;
        session.is_default |= is_default.is_some();
        session.session_token = session_token.or(session.session_token.take());
        Ok(session)
    }

    /// Ends a live session.
    ///
    /// # Errors
    ///
    /// As [`Engine::agent`]; 404 `live_session_not_found`.
    pub fn detach_live_session(
        &mut self,
        now: Timestamp,
        account: AccountId,
        agent: &str,
        label: &str,
    ) -> Result<&LiveSession, Refusal> {
        let agent = self.agent_key(account, agent, false)?;
        let key = self.attached_key(agent, label)?;
        let session = self.live_sessions.get_mut(&key).ok_or(Refusal::Internal)?;
        session.detached_at = Some(now);
        Ok(session)
    }

    /// A live session says that it is still there.
    ///
    /// # Errors
    ///
    /// As [`Engine::agent`]; 404 `live_session_not_found`.
    pub fn live_session_heartbeat(
        &mut self,
        now: Timestamp,
        account: AccountId,
        agent: &str,
        label: &str,
        monitor_version: Option<Box<str>>,
    ) -> Result<&LiveSession, Refusal> {
        let agent = self.agent_key(account, agent, false)?;
        check_text(monitor_version.as_deref().unwrap_or_default())?;
        let key = self.attached_key(agent, label)?;
        let session = self.live_sessions.get_mut(&key).ok_or(Refusal::Internal)?;
        session.last_heartbeat = now;
        session.monitor_version = monitor_version.or(session.monitor_version.take());
        Ok(session)
    }

    /// The attached session of the account that has a token attests an execution.
    pub(super) fn note_live_claim(&mut self, now: Timestamp, account: AccountId, token: &str) {
        let own = |agent: &AgentKey| self.agents.get(agent).is_some_and(|agent| agent.account == account);
        let found = self.live_sessions.iter().find(|(_, session)| {
            session.detached_at.is_none() && session.session_token.as_deref() == Some(token) && own(&session.agent)
        });
        let key = found.map(|(key, _)| *key);
        if let Some(session) = key.and_then(|key| self.live_sessions.get_mut(&key)) {
            session.last_claim = Some(now);
        }
    }

    /// Whether a daemon has attached the session that takes a cue's executions.
    pub(super) fn is_live(&self, cue_id: &str) -> bool {
        let session =
            (self.live_sessions.values()).find(|session| *session.cue_id == *cue_id && session.detached_at.is_none());
        session.is_some_and(|session| self.is_at_hand(session.agent, &session.label))
    }

    fn attached(&self, agent: AgentKey, label: &str) -> Option<LiveSessionKey> {
        let found = self
            .live_sessions
            .iter()
            .find(|(_, session)| session.agent == agent && *session.label == *label && session.detached_at.is_none());
        found.map(|(key, _)| *key)
    }

    fn attached_key(&self, agent: AgentKey, label: &str) -> Result<LiveSessionKey, Refusal> {
        check_text(label)?;
        self.attached(agent, label).ok_or_else(|| {
            let message = format!(
                "No active session with label '{label}' for agent '{}'",
                self.agent_id(agent)
            );
            Refusal::api(404, "live_session_not_found", message)
        })
    }

    fn default_session(&self, agent: AgentKey) -> Option<LiveSessionKey> {
        let mut rows = self.live_sessions.iter();
        let found = rows.find(|(_, row)| row.agent == agent && row.is_default && row.detached_at.is_none());
        found.map(|(key, _)| *key)
    }
}

/// The server passes on what its database says.
fn conflict(index: &str, columns: &str, values: &str) -> Refusal {
    let message = format!(
        "Could not register session: <class 'asyncpg.exceptions.UniqueViolationError'>: duplicate key value violates \
         unique constraint \"ix_agent_live_sessions_{index}\"\nDETAIL:  Key ({columns})=({values}) already exists."
    );
    Refusal::api(409, "live_session_conflict", message)
}
