//! Events: what happened to an agent, kept for a week for whoever wants to know.

use std::{collections::BTreeSet, fmt};

use jiff::{SignedDuration, Timestamp, tz::Offset};
use serde::{Deserialize, Serialize};

use super::{
    AccountId, Engine, Refusal,
    agents::AgentKey,
    cue::{debug_without_contents, names},
    messages::MessageKey,
    timers::Timer,
};
use crate::{json::Json, time};

pub(super) type EventKey = u64;

names! {
    /// What has happened.
    EventType {
        /// A message was sent to the agent.
        MessageDelivered = "message.delivered",
        /// Messages of priority 1 and 2, gathered over ten minutes.
        MessageDigest = "message.digest",
        /// Can be subscribed to, and never happens.
        TurnPass = "turn.pass",
    }
}

impl EventType {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::MessageDelivered, Self::MessageDigest, Self::TurnPass];
}

/// An event as the server keeps it.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// Later events have higher numbers.
    pub id: u64,
    /// What has happened.
    pub event_type: EventType,
    /// To whom.
    pub recipient_agent_id: Box<str>,
    pub(super) agent: AgentKey,
    /// The details, as the database gives them back.
    pub payload: Json,
    /// The message's priority, where it is about one.
    pub(super) priority: Option<u8>,
    /// When it happened.
    pub emitted_at: Timestamp,
}

debug_without_contents! {
    Event { id, event_type, recipient_agent_id, emitted_at },
}

/// Which events to fetch.
#[derive(Debug, Clone, Default)]
pub struct EventQuery {
    /// Only those with a higher id.
    pub since: u64,
    /// How many at most.
    pub limit: usize,
    /// Only those of this type; an unknown one has none.
    pub event_type: Option<Box<str>>,
}

impl Event {
    fn is_low(&self) -> bool {
        self.priority.is_some_and(|priority| priority <= LOW)
    }

    /// When it is no longer kept.
    pub(super) fn forgotten_at(&self) -> Timestamp {
        self.emitted_at.saturating_add(RETENTION).unwrap_or(Timestamp::MAX)
    }

    /// When it goes into a digest, if it ever does.
    pub(super) fn digest_due(&self) -> Option<Timestamp> {
        self.is_low().then(|| period(self.emitted_at).1)
    }
}

const RETENTION: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The server gathers digests in periods of ten minutes.
const DIGEST_SECONDS: i64 = 600;
/// Messages up to this priority are gathered.
const LOW: u8 = 2;

impl Engine {
    /// Every event that is kept, oldest first.
    #[must_use]
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.events.values()
    }

    /// An agent's events, oldest first. Whoever fetches some has acknowledged them for the agent's pull subscriptions.
    ///
    /// # Errors
    ///
    /// 400 `invalid_agent_address`, 404 `agent_not_found`.
    pub fn pull_events(&mut self, account: AccountId, agent: &str, query: &EventQuery) -> Result<Vec<&Event>, Refusal> {
        let agent = self.agent_key(account, agent, false)?;
        let found: Vec<EventKey> = self
            .events_after(agent, query.since)
            .filter(|event| {
                query
                    .event_type
                    .as_deref()
                    .is_none_or(|kind| kind == event.event_type.as_str())
            })
            .take(query.limit)
            .map(|event| event.id)
            .collect();
        if let Some(last) = found.last() {
            self.acknowledge_pulled(agent, *last);
        }
        Ok(found.iter().filter_map(|key| self.events.get(key)).collect())
    }

    pub(super) fn events_after(&self, agent: AgentKey, id: EventKey) -> impl Iterator<Item = &Event> {
        // An event id fits 63 bits, a caller's cursor may not.
        let from = id.saturating_add(1);
        let keys = self.agent_events.range((agent, from)..=(agent, EventKey::MAX));
        keys.filter_map(|(_, key)| self.events.get(key))
    }

    /// The event of a message comes at once, also when the message is to be delivered later.
    pub(super) fn emit_delivered(&mut self, now: Timestamp, key: MessageKey) {
        let Some(message) = self.messages.get(&key) else { return };
        let (agent, priority) = (message.to, message.priority);
        let mut members = vec![
            ("message_id", (&*message.id).into()),
            ("sender_agent_id", (&*message.from_agent_id).into()),
            ("recipient_agent_id", (&*message.to_agent_id).into()),
            ("thread_id", (&*message.thread_id).into()),
            ("reply_to", message.reply_to.as_deref().into()),
            ("priority", u32::from(priority).into()),
            ("correlation_id", message.correlation_id.as_deref().into()),
            ("subject", message.subject.as_deref().into()),
        ];
        if self.wants_bodies(agent, EventType::MessageDelivered) {
            members.push(("body", (&*message.body).into()));
        }
        let payload = Json::Object(members.into_iter().map(|(key, value)| (key.into(), value)).collect());
        self.emit(now, agent, EventType::MessageDelivered, &payload, Some(priority));
        if priority <= LOW {
            self.timers.set(period(now).1, Timer::Digest(agent));
        }
    }

    /// Gathers an agent's messages of low priority since the last digest.
    pub(super) fn digest(&mut self, now: Timestamp, agent: AgentKey) {
        let digested = self.agents.get(&agent).map_or(0, |agent| agent.digested_event);
        let (end, _) = period(now);
        let events: Vec<_> = self
            .events_after(agent, digested)
            .filter(|event| event.is_low() && event.emitted_at < end)
            .collect();
        let (Some(first), Some(last)) = (events.first(), events.last()) else {
            return;
        };
        let (start, last) = (period(first.emitted_at).0, last.id);
        let moment = |at| Json::from(time::with_offset(at, Offset::UTC));
        let bundled = events.iter().map(|event| {
            let member = |name| event.payload.get(name).cloned().unwrap_or(Json::Null);
            Json::object([
                ("message_id", member("message_id")),
                ("sender_agent_id", member("sender_agent_id")),
                ("subject", member("subject")),
                ("priority", member("priority")),
                ("emitted_at", moment(event.emitted_at)),
            ])
        });
        let bundled: Vec<_> = bundled.collect();
        let Some(row) = self.agents.get_mut(&agent) else { return };
        row.digested_event = last;
        let payload = Json::object([
            ("recipient_agent_id", (&*row.id).into()),
            ("digest_period_start", moment(start)),
            ("digest_period_end", moment(end)),
            ("bundle_count", i64::try_from(bundled.len()).unwrap_or(i64::MAX).into()),
            ("bundled_messages", Json::Array(bundled)),
        ]);
        self.emit(now, agent, EventType::MessageDigest, &payload, None);
    }

    fn emit(&mut self, now: Timestamp, agent: AgentKey, event_type: EventType, payload: &Json, priority: Option<u8>) {
        let Some(payload) = payload.stored() else { return };
        let recipient_agent_id = self
            .agents
            .get(&agent)
            .map(|agent| agent.id.clone())
            .unwrap_or_default();
        let id = self.next_key();
        let event = Event {
            id,
            event_type,
            recipient_agent_id,
            agent,
            payload,
            priority,
            emitted_at: now,
        };
        self.timers.set(event.forgotten_at(), Timer::Forget(id));
        self.agent_events.insert((agent, id));
        self.events.insert(id, event);
        self.wake_subscriptions(now, agent, event_type);
    }

    pub(super) fn forget_event(&mut self, key: EventKey) {
        if let Some(event) = self.events.remove(&key) {
            self.agent_events.remove(&(event.agent, key));
        }
    }
}

/// Beginning and end of the ten minutes that a moment is in.
fn period(moment: Timestamp) -> (Timestamp, Timestamp) {
    let start = moment.as_second().div_euclid(DIGEST_SECONDS) * DIGEST_SECONDS;
    let at = |second| Timestamp::from_second(second).unwrap_or(moment);
    (at(start), at(start + DIGEST_SECONDS))
}

/// Where an agent's events are found; follows from the rows.
pub(super) type EventIndex = BTreeSet<(AgentKey, EventKey)>;
