//! Agents: who sends and gets messages, how they are addressed, and what can be done with them.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    AccountId, Engine, Page, Refusal,
    cue::{debug_without_contents, names},
    events::EventKey,
    slug,
};
use crate::json::Json;

pub(super) type AgentKey = u64;

names! {
    /// Whether an agent is there.
    AgentStatus {
        /// It is there. As a setting: the roster tells by its activity.
        Online = "online",
        /// It is not.
        Offline = "offline",
        /// It is not, but will be back.
        Away = "away",
    }
}

impl AgentStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Online, Self::Offline, Self::Away];
}

/// An agent as the server keeps it.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Agent {
    /// `agt_` and twelve characters.
    pub id: Box<str>,
    /// Whose it is.
    pub account: AccountId,
    /// The part of its address before the `@`; unique within the account, deleted agents included.
    pub slug: Box<str>,
    /// The name for people.
    pub display_name: Box<str>,
    /// Where messages are pushed to.
    pub webhook_url: Option<Box<str>>,
    /// What they are signed with; there is one as soon as there is a URL.
    pub webhook_secret: Option<Box<str>>,
    /// As the database gives it back: see [`Json::stored`].
    pub metadata: Json,
    /// What it was set to, which is not what the roster shows.
    pub status: AgentStatus,
    /// When it last sent a message.
    pub last_seen: Option<Timestamp>,
    /// The last event that is in a digest.
    pub(super) digested_event: EventKey,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// An agent to make.
#[derive(Clone)]
pub struct CreateAgent {
    /// The name for people.
    pub display_name: Box<str>,
    /// The part of its address before the `@`; without one, the name suggests it.
    pub slug: Option<Box<str>>,
    /// Where messages are pushed to.
    pub webhook_url: Option<Box<str>>,
    /// An object; its `description` stands in the roster.
    pub metadata: Json,
}

/// A change of an agent; what is `None` stays.
#[derive(Clone, Default)]
#[expect(missing_docs, reason = "each field is the one of CreateAgent or Agent")]
pub struct PatchAgent {
    pub display_name: Option<Box<str>>,
    /// `Some(None)` takes the URL away, and the secret with it.
    pub webhook_url: Option<Option<Box<str>>>,
    pub status: Option<AgentStatus>,
    pub metadata: Option<Json>,
}

debug_without_contents! {
    Agent { id, slug, status, last_seen, deleted_at },
    CreateAgent { slug },
    PatchAgent { status },
}

impl CreateAgent {
    /// An agent with nothing but a name.
    #[must_use]
    pub fn new(display_name: &str) -> Self {
        Self {
            display_name: display_name.into(),
            slug: None,
            webhook_url: None,
            metadata: Json::Object(Vec::new()),
        }
    }
}

const RESERVED: [&str; 6] = ["admin", "api", "auth", "billing", "system", "support"];

impl Engine {
    /// Makes an agent. One with a webhook URL gets a secret.
    ///
    /// # Errors
    ///
    /// `reserved_slug`, `invalid_callback_url`, `slug_taken`; a 500 for an empty URL and for what the database does not
    /// take.
    pub fn create_agent(&mut self, now: Timestamp, account: AccountId, create: CreateAgent) -> Result<&Agent, Refusal> {
        let CreateAgent {
            display_name,
            slug,
            webhook_url,
            metadata,
        } = create;
        if slug.as_deref().is_some_and(|slug| RESERVED.contains(&slug)) {
            return Err(Refusal::api(400, "reserved_slug", "slug is reserved"));
        }
        if webhook_url.as_deref() == Some("") {
            return Err(Refusal::Internal);
        }
        self.check_url(webhook_url.as_deref(), "invalid_callback_url")?;
        let slug = match slug {
            Some(slug) if self.agent_slugs.contains_key(&(account, slug.clone())) => {
                let message = format!("slug '{slug}' already in use for this user");
                return Err(Refusal::api(409, "slug_taken", message));
            }
            Some(slug) => slug,
            None => self.free_slug(account, &display_name),
        };
        check_text(&display_name)?;
        let metadata = stored(&metadata)?;
        let webhook_secret = webhook_url.as_ref().map(|_| self.ids.hex("whsec_", 4));
        let key = self.next_key();
        let id = self.ids.short("agt_");
        self.agent_ids.insert(id.clone(), key);
        self.agent_slugs.insert((account, slug.clone()), key);
        let agent = Agent {
            id,
            account,
            slug,
            display_name,
            webhook_url,
            webhook_secret,
            metadata,
            status: AgentStatus::Online,
            last_seen: None,
            digested_event: 0,
            deleted_at: None,
            created_at: now,
            updated_at: now,
        };
        self.agents.insert(key, agent);
        self.agents.get(&key).ok_or(Refusal::Internal)
    }

    /// What the name suggests, with a suffix when that is taken or reserved.
    fn free_slug(&mut self, account: AccountId, name: &str) -> Box<str> {
        let base = slug::derive(name, "agent");
        let mut slug: Box<str> = base.as_str().into();
        while RESERVED.contains(&&*slug) || self.agent_slugs.contains_key(&(account, slug.clone())) {
            let suffix = self.ids.hex("", 1);
            slug = slug::with_suffix(&base, suffix.get(..4).unwrap_or_default()).into();
        }
        slug
    }

    /// An account's agent, by id or address.
    ///
    /// # Errors
    ///
    /// 400 `invalid_agent_address`, 404 `agent_not_found`.
    pub fn agent(&self, account: AccountId, reference: &str, include_deleted: bool) -> Result<&Agent, Refusal> {
        let key = self.agent_key(account, reference, include_deleted)?;
        self.agents.get(&key).ok_or(Refusal::Internal)
    }

    pub(super) fn agent_key(
        &self,
        account: AccountId,
        reference: &str,
        include_deleted: bool,
    ) -> Result<AgentKey, Refusal> {
        self.find_agent(reference, |agent| {
            agent.account == account && (include_deleted || agent.deleted_at.is_none())
        })
    }

    /// Anybody's agent, unless it is deleted.
    pub(super) fn anyones_agent_key(&self, reference: &str) -> Result<AgentKey, Refusal> {
        self.find_agent(reference, |agent| agent.deleted_at.is_none())
    }

    fn find_agent(&self, reference: &str, suits: impl Fn(&Agent) -> bool) -> Result<AgentKey, Refusal> {
        let malformed = |message| Err(Refusal::api(400, "invalid_agent_address", message));
        let key = match reference.split_once('@') {
            _ if reference.starts_with("agt_") => self.agent_ids.get(reference),
            None => return malformed("address must be opaque ID (agt_xxx) or slug-form (agent_slug@user_slug)"),
            Some(("", _) | (_, "")) => return malformed("slug-form address must be 'agent_slug@user_slug'"),
            Some((agent, user)) => self
                .account_by_slug(user)
                .and_then(|account| self.agent_slugs.get(&(account, agent.into()))),
        };
        check_text(reference)?;
        key.copied()
            .filter(|key| self.agents.get(key).is_some_and(suits))
            .ok_or_else(|| Refusal::api(404, "agent_not_found", format!("agent {reference} not found")))
    }

    /// An account's agents, newest first.
    #[must_use]
    pub fn list_agents(
        &self,
        account: AccountId,
        status: Option<AgentStatus>,
        include_deleted: bool,
        limit: usize,
        offset: usize,
    ) -> Page<&Agent> {
        let all: Vec<_> = (self.agents.values().rev())
            .filter(|agent| agent.account == account && (include_deleted || agent.deleted_at.is_none()))
            .filter(|agent| status.is_none_or(|status| agent.status == status))
            .collect();
        Page {
            total: all.len(),
            items: all.into_iter().skip(offset).take(limit).collect(),
        }
    }

    /// Changes an agent. A first URL makes a secret, another URL keeps it.
    ///
    /// # Errors
    ///
    /// As [`Engine::agent`]; 400 `invalid_callback_url`, also for an empty URL; a 500 for what the database does not take.
    pub fn patch_agent(
        &mut self,
        now: Timestamp,
        account: AccountId,
        reference: &str,
        patch: PatchAgent,
    ) -> Result<&Agent, Refusal> {
        let key = self.agent_key(account, reference, false)?;
        let PatchAgent {
            display_name,
            webhook_url,
            status,
            metadata,
        } = patch;
        self.check_url(
            webhook_url.as_ref().and_then(|url| url.as_deref()),
            "invalid_callback_url",
        )?;
        if let Some(name) = &display_name {
            check_text(name)?;
        }
        let metadata = metadata.as_ref().map(stored).transpose()?;
        let fresh_secret = self.ids.hex("whsec_", 4);
        let agent = self.agents.get_mut(&key).ok_or(Refusal::Internal)?;
        if let Some(name) = display_name {
            agent.display_name = name;
        }
        if let Some(url) = webhook_url {
            agent.webhook_secret = url
                .as_ref()
                .map(|_| agent.webhook_secret.take().unwrap_or(fresh_secret));
            agent.webhook_url = url;
        }
        agent.status = status.unwrap_or(agent.status);
        if let Some(metadata) = metadata {
            agent.metadata = metadata;
        }
        agent.updated_at = now;
        self.agents.get(&key).ok_or(Refusal::Internal)
    }

    /// Deletes an agent: it can no longer be written to, and its slug stays taken.
    ///
    /// # Errors
    ///
    /// As [`Engine::agent`]; also when it is deleted already.
    pub fn delete_agent(&mut self, now: Timestamp, account: AccountId, reference: &str) -> Result<(), Refusal> {
        let key = self.agent_key(account, reference, false)?;
        let agent = self.agents.get_mut(&key).ok_or(Refusal::Internal)?;
        agent.deleted_at = Some(now);
        agent.updated_at = now;
        Ok(())
    }

    /// Replaces the secret that an agent's pushes are signed with, also those that are under way.
    ///
    /// # Errors
    ///
    /// As [`Engine::agent`]; 409 `no_webhook_url`.
    pub fn rotate_agent_secret(&mut self, account: AccountId, reference: &str) -> Result<Box<str>, Refusal> {
        let key = self.agent_key(account, reference, false)?;
        let secret = self.ids.hex("whsec_", 4);
        let agent = self.agents.get_mut(&key).ok_or(Refusal::Internal)?;
        if agent.webhook_url.is_none() {
            return Err(Refusal::api(
                409,
                "no_webhook_url",
                "Set webhook_url before rotating the secret",
            ));
        }
        if let Some(old) = agent.webhook_secret.replace(secret.clone()) {
            self.replaced_secrets.insert(secret.clone(), old);
        }
        Ok(secret)
    }
}

/// Postgres text holds no NUL.
pub(super) fn check_text(text: &str) -> Result<(), Refusal> {
    if text.contains('\0') {
        Err(Refusal::Internal)
    } else {
        Ok(())
    }
}

pub(super) fn stored(value: &Json) -> Result<Json, Refusal> {
    value
        .stored()
        .filter(|stored| !stored.contains_nul())
        .ok_or(Refusal::Internal)
}
