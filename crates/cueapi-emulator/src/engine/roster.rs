//! The roster: who of an account's agents is there.

use jiff::Timestamp;

use super::{AccountId, Agent, AgentStatus, Engine};

/// How an agent shows itself to the others.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Presence {
    /// What it was set to, or what its last activity says.
    pub status: AgentStatus,
    /// Such as `5m ago`.
    pub last_seen: String,
}

const ACTIVE_SECONDS: i64 = 300;
const AWAY_SECONDS: i64 = 1800;

impl Engine {
    /// An account's agents that are not deleted, by slug.
    #[must_use]
    pub fn roster(&self, account: AccountId) -> Vec<&Agent> {
        let mut agents: Vec<_> = (self.agents.values())
            .filter(|agent| agent.account == account && agent.deleted_at.is_none())
            .collect();
        agents.sort_by(|a, b| a.slug.cmp(&b.slug));
        agents
    }
}

impl Agent {
    /// Whether it is there. One that is set to `online` is as long as it has sent something within five minutes.
    #[must_use]
    pub fn presence(&self, now: Timestamp) -> Presence {
        let seconds = self.last_seen.map(|seen| now.duration_since(seen).as_secs());
        let status = match seconds {
            _ if self.status != AgentStatus::Online => self.status,
            Some(..=ACTIVE_SECONDS) => AgentStatus::Online,
            Some(..=AWAY_SECONDS) => AgentStatus::Away,
            _ => AgentStatus::Offline,
        };
        let last_seen = match seconds {
            None => "never".to_owned(),
            Some(..=ACTIVE_SECONDS) => "active now".to_owned(),
            Some(seconds @ ..3600) => format!("{}m ago", seconds / 60),
            Some(seconds @ ..86_400) => format!("{}h ago", seconds / 3600),
            Some(seconds) => format!("{}d ago", seconds / 86_400),
        };
        Presence { status, last_seen }
    }
}
