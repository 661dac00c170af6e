//! Subscriptions: which events of an agent are sent where, or are waited for.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    AccountId, Engine, EventType, Refusal, Uuid, agents::AgentKey, cue::debug_without_contents, events::EventKey,
    timers::Timer,
};

pub(super) type SubscriptionKey = u64;

/// A subscription as the server keeps it.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Subscription {
    /// Its id.
    pub id: Uuid,
    /// Whose events it is about.
    pub subscriber_agent_id: Box<str>,
    pub(super) agent: AgentKey,
    /// Which events.
    pub event_type: EventType,
    /// Where they go; `None` when they are fetched.
    pub webhook: Option<SubscriptionWebhook>,
    /// Whether events carry the text of messages.
    pub inline_body: bool,
    /// The last event that was delivered.
    pub last_dispatched_event_id: Option<u64>,
    /// When that was.
    pub last_dispatched_at: Option<Timestamp>,
    /// The last event that is done with.
    pub last_acked_event_id: Option<u64>,
    /// Deliveries that have failed since the last one that did not.
    pub consecutive_failures: u32,
    /// Nothing is sent until then.
    pub paused_until: Option<Timestamp>,
    /// When the next delivery is tried after one that failed.
    pub(super) retry_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was ended.
    pub detached_at: Option<Timestamp>,
}

/// Where a subscription's events are sent.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SubscriptionWebhook {
    /// The whole URL, of which the API shows the origin only.
    pub url: Box<str>,
    /// What deliveries are signed with.
    pub secret: Box<str>,
}

/// A subscription to make.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the request's of its name, unchecked")]
pub struct Subscribe {
    pub event_type: Box<str>,
    pub delivery_target: DeliveryTarget,
    pub webhook_url: Option<Box<str>>,
    pub inline_body: bool,
}

/// How events get to their subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryTarget {
    /// They are fetched.
    Pull,
    /// They are sent to a URL.
    Webhook,
}

debug_without_contents! {
    Subscription { id, subscriber_agent_id, event_type, last_dispatched_event_id, last_acked_event_id, paused_until },
    SubscriptionWebhook {},
    Subscribe { event_type, delivery_target, inline_body },
}

impl Subscription {
    /// `pull` or `webhook`.
    #[must_use]
    pub fn delivery_target(&self) -> &'static str {
        match self.webhook {
            Some(_) => "webhook",
            None => "pull",
        }
    }

    pub(super) fn acknowledge(&mut self, event: EventKey) {
        self.last_acked_event_id = self.last_acked_event_id.max(Some(event));
    }
}

impl Engine {
    /// Subscribes an agent. A webhook gets a secret, and all that is kept first.
    ///
    /// # Errors
    ///
    /// 400 `invalid_agent_address`, `unknown_event_type`, `invalid_delivery_target`, `invalid_webhook_url`; 404
    /// `agent_not_found`; a 500 when there is such a subscription already.
    pub fn subscribe(
        &mut self,
        now: Timestamp,
        account: AccountId,
        agent: &str,
        subscribe: Subscribe,
    ) -> Result<&Subscription, Refusal> {
        let agent = self.agent_key(account, agent, false)?;
        let known = EventType::ALL
            .into_iter()
            .find(|known| known.as_str() == &*subscribe.event_type);
        let event_type = known.ok_or_else(|| unknown_type(&subscribe.event_type))?;
        let url = self.target(&subscribe)?;
        let target = url.is_some();
        if (self.subscriptions_of(agent))
            .any(|(_, row)| row.event_type == event_type && row.webhook.is_some() == target)
        {
            return Err(Refusal::Internal);
        }
        let webhook = url.map(|url| SubscriptionWebhook {
            url,
            secret: self.ids.hex("whsec_", 4),
        });
        let key = self.next_key();
        let subscription = Subscription {
            id: self.ids.uuid(),
            subscriber_agent_id: self
                .agents
                .get(&agent)
                .map(|agent| agent.id.clone())
                .unwrap_or_default(),
            agent,
            event_type,
            webhook,
            inline_body: subscribe.inline_body,
            last_dispatched_event_id: None,
            last_dispatched_at: None,
            last_acked_event_id: None,
            consecutive_failures: 0,
            paused_until: None,
            retry_at: None,
            created_at: now,
            detached_at: None,
        };
        self.subscriptions.insert(key, subscription);
        self.agent_subscriptions.insert((agent, key));
        self.timers.set(now, Timer::Publish(key));
        self.subscriptions.get(&key).ok_or(Refusal::Internal)
    }

    fn target(&self, subscribe: &Subscribe) -> Result<Option<Box<str>>, Refusal> {
        let url = subscribe.webhook_url.as_ref().filter(|url| !url.is_empty());
        let refused = |message: &str| Err(Refusal::api(400, "invalid_delivery_target", message));
        match (subscribe.delivery_target, url) {
            (DeliveryTarget::Webhook, Some(url)) => {
                self.check_url(Some(url), "invalid_webhook_url")?;
                Ok(Some(url.clone()))
            }
            (DeliveryTarget::Webhook, None) => refused("delivery_target='webhook' requires webhook_url"),
            (DeliveryTarget::Pull, None) => Ok(None),
            (DeliveryTarget::Pull, Some(_)) => refused("delivery_target='pull' must not include webhook_url"),
        }
    }

    /// An agent's active subscriptions, oldest first.
    ///
    /// # Errors
    ///
    /// 400 `invalid_agent_address`, 404 `agent_not_found`.
    pub fn list_subscriptions(&self, account: AccountId, agent: &str) -> Result<Vec<&Subscription>, Refusal> {
        let agent = self.agent_key(account, agent, false)?;
        Ok(self
            .subscriptions_of(agent)
            .map(|(_, subscription)| subscription)
            .collect())
    }

    /// Every subscription, ended ones included, oldest first.
    #[must_use]
    pub fn subscriptions(&self) -> impl DoubleEndedIterator<Item = &Subscription> {
        self.subscriptions.values()
    }

    /// Notes up to which event a subscription is done; a step back changes nothing, nor does an unknown id.
    ///
    /// # Errors
    ///
    /// As [`Engine::list_subscriptions`].
    pub fn ack_subscription(&mut self, account: AccountId, agent: &str, id: Uuid, event: u64) -> Result<(), Refusal> {
        if let Some(subscription) = self.active_subscription(account, agent, id)? {
            subscription.acknowledge(event);
        }
        Ok(())
    }

    /// Ends a subscription; an unknown id is ended already.
    ///
    /// # Errors
    ///
    /// As [`Engine::list_subscriptions`].
    pub fn unsubscribe(&mut self, now: Timestamp, account: AccountId, agent: &str, id: Uuid) -> Result<(), Refusal> {
        if let Some(subscription) = self.active_subscription(account, agent, id)? {
            subscription.detached_at = Some(now);
        }
        Ok(())
    }

    fn active_subscription(
        &mut self,
        account: AccountId,
        agent: &str,
        id: Uuid,
    ) -> Result<Option<&mut Subscription>, Refusal> {
        let agent = self.agent_key(account, agent, false)?;
        let key = self
            .subscriptions_of(agent)
            .find(|(_, row)| row.id == id)
            .map(|(key, _)| key);
        Ok(key.and_then(|key| self.subscriptions.get_mut(&key)))
    }

    /// An agent's subscriptions that have not been ended.
    fn subscriptions_of(&self, agent: AgentKey) -> impl Iterator<Item = (SubscriptionKey, &Subscription)> {
        let keys = self
            .agent_subscriptions
            .range((agent, 0)..=(agent, SubscriptionKey::MAX));
        keys.filter_map(|(_, key)| Some((*key, self.subscriptions.get(key)?)))
            .filter(|(_, subscription)| subscription.detached_at.is_none())
    }

    pub(super) fn wants_bodies(&self, agent: AgentKey, event_type: EventType) -> bool {
        self.subscriptions_of(agent)
            .any(|(_, row)| row.event_type == event_type && row.inline_body)
    }

    /// A new event is sent at once to whoever subscribes to its type.
    pub(super) fn wake_subscriptions(&mut self, now: Timestamp, agent: AgentKey, event_type: EventType) {
        let rows = self
            .subscriptions_of(agent)
            .filter(|(_, row)| row.event_type == event_type);
        let keys: Vec<_> = rows.map(|(key, _)| key).collect();
        for key in keys {
            self.timers.set(now, Timer::Publish(key));
        }
    }

    pub(super) fn acknowledge_pulled(&mut self, agent: AgentKey, event: EventKey) {
        let pulls = self.subscriptions_of(agent).filter(|(_, row)| row.webhook.is_none());
        let keys: Vec<_> = pulls.map(|(key, _)| key).collect();
        for key in keys {
            if let Some(subscription) = self.subscriptions.get_mut(&key) {
                subscription.acknowledge(event);
            }
        }
    }
}

fn unknown_type(given: &str) -> Refusal {
    let known = EventType::ALL.map(|known| format!("'{known}'")).join(", ");
    let message = format!("event_type '{given}' not in v0.1 registry. Known types: [{known}]");
    Refusal::api(400, "unknown_event_type", message)
}
