//! Sending events to the webhooks of subscriptions.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp, tz::Offset};

use super::{
    AttemptResult, Delivery, DeliveryKind, Engine, Event, Subscription, agents::AgentKey, deliveries::Target,
    events::EventKey, subscriptions::SubscriptionKey, timers::Timer,
};
use crate::{
    json::{Dump, Json},
    time,
};

/// What is under way to webhooks; nothing to be stored.
#[derive(Debug, Default)]
pub(super) struct Publishing {
    /// Subscriptions with a request that has not been answered: they have one at a time.
    busy: HashSet<SubscriptionKey>,
    /// When an agent's urgent events were last sent.
    urgent: HashMap<AgentKey, Timestamp>,
    /// The last event that a subscription has got while urgent ones before it were put off.
    ahead: HashMap<SubscriptionKey, EventKey>,
}

/// A batch of events that is under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch {
    subscription: SubscriptionKey,
    /// The last event after which none before it is missing, if there is one.
    complete_to: Option<EventKey>,
    /// Its last event, when urgent ones were put off, for which there is a timer.
    ahead: Option<EventKey>,
}

const MAX_BATCH: usize = 50;
/// Events of messages of this priority are sent at most every two seconds.
const URGENT: u8 = 4;
const DEBOUNCE: SignedDuration = SignedDuration::from_secs(2);
/// The server's poll cycle.
const RETRY: SignedDuration = SignedDuration::from_secs(5);
/// From so many failures on, each one makes a pause.
const PATIENCE: u32 = 10;
const PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// What can be sent of the events that a webhook has not got.
struct Draft {
    events: Vec<Json>,
    /// The first and the last of them.
    range: (EventKey, EventKey),
    urgent: bool,
    complete_to: Option<EventKey>,
}

impl Engine {
    pub(super) fn publish(&mut self, now: Timestamp, key: SubscriptionKey) {
        let Some(row) = self.subscriptions.get(&key) else {
            return;
        };
        let waits = [row.paused_until, row.retry_at]
            .iter()
            .flatten()
            .any(|until| *until > now);
        if row.detached_at.is_some() || waits || self.publishing.busy.contains(&key) {
            return;
        }
        let (id, agent, Some(webhook)) = (row.id, row.agent, row.webhook.clone()) else {
            return;
        };
        let last = self.publishing.urgent.get(&agent);
        let quiet_until = last
            .and_then(|last| last.saturating_add(DEBOUNCE).ok())
            .filter(|until| *until > now);
        let (draft, put_off) = self.draft(row, quiet_until.is_some());
        if let Some(until) = quiet_until.filter(|_| put_off) {
            self.timers.set(until, Timer::Publish(key));
        }
        let Some(draft) = draft else { return };
        let ahead = put_off.then_some(draft.range.1);
        if ahead.is_some() && self.publishing.ahead.get(&key).copied() >= ahead {
            return;
        }
        let delivery_id = format!("dlv_{id}_{}_{}", draft.range.0, draft.range.1);
        let headers = vec![("X-CueAPI-Event-Count", draft.events.len().to_string())];
        let body = Json::object([
            ("delivery_id", delivery_id.as_str().into()),
            ("subscription_id", id.to_string().into()),
            ("events", Json::Array(draft.events)),
        ]);
        // Not the canonical form: what is signed is ASCII, what is sent is not.
        let body = body.to_python(Dump {
            spaces: true,
            sorted: true,
            ascii: false,
        });
        if draft.urgent {
            self.publishing.urgent.insert(agent, now);
        }
        self.publishing.busy.insert(key);
        let id = self.await_result(Target::Batch(Batch {
            subscription: key,
            complete_to: draft.complete_to,
            ahead,
        }));
        self.ready.push_back(Delivery {
            id,
            kind: DeliveryKind::Subscription {
                delivery_id: delivery_id.into(),
            },
            method: "POST".into(),
            url: webhook.url,
            headers,
            overrides: Vec::new(),
            body,
            secret: Some(webhook.secret),
            timeout: Duration::from_secs(30),
        });
    }

    /// The next events, without urgent ones while it is `quiet`, and whether any of these were put off.
    fn draft(&self, row: &Subscription, quiet: bool) -> (Option<Draft>, bool) {
        let put_off = |event: &&Event| quiet && event.priority == Some(URGENT);
        let all: Vec<&Event> = self
            .events_after(row.agent, row.last_dispatched_event_id.unwrap_or(0))
            .filter(|event| event.event_type == row.event_type)
            .take(MAX_BATCH)
            .collect();
        let events: Vec<&Event> = all.iter().copied().filter(|event| !put_off(event)).collect();
        let complete_to = all
            .iter()
            .take_while(|event| !put_off(event))
            .last()
            .map(|event| event.id);
        let range = events
            .first()
            .zip(events.last())
            .map(|(first, last)| (first.id, last.id));
        let draft = range.map(|range| Draft {
            range,
            urgent: events.iter().any(|event| event.priority == Some(URGENT)),
            events: events.iter().map(|event| shown(event)).collect(),
            complete_to,
        });
        (draft, events.len() < all.len())
    }

    pub(super) fn published(&mut self, now: Timestamp, batch: Batch, result: &AttemptResult) {
        let key = batch.subscription;
        self.publishing.busy.remove(&key);
        let Some(subscription) = self.subscriptions.get_mut(&key) else {
            return;
        };
        if matches!(result, AttemptResult::Status(200..300)) {
            if let Some(event) = batch.complete_to {
                subscription.last_dispatched_event_id = subscription.last_dispatched_event_id.max(Some(event));
                subscription.acknowledge(event);
            }
            subscription.last_dispatched_at = Some(now);
            subscription.consecutive_failures = 0;
            subscription.paused_until = None;
            subscription.retry_at = None;
            match batch.ahead {
                Some(event) => self.publishing.ahead.insert(key, event),
                None => self.publishing.ahead.remove(&key),
            };
            // More may have come meanwhile.
            self.timers.set(now, Timer::Publish(key));
            return;
        }
        subscription.consecutive_failures = subscription.consecutive_failures.saturating_add(1);
        let retry_at = now.saturating_add(RETRY).unwrap_or(now);
        subscription.retry_at = Some(retry_at);
        let mut next = retry_at;
        if subscription.consecutive_failures >= PATIENCE {
            next = now.saturating_add(PAUSE).unwrap_or(now);
            subscription.paused_until = Some(next);
        }
        self.timers.set(next, Timer::Publish(key));
    }
}

fn shown(event: &Event) -> Json {
    Json::object([
        ("id", i64::try_from(event.id).unwrap_or(i64::MAX).into()),
        ("event_type", event.event_type.as_str().into()),
        ("payload", event.payload.clone()),
        ("emitted_at", time::with_offset(event.emitted_at, Offset::UTC).into()),
    ])
}
