//! Random messages, subscriptions and clock jumps, after each of which nothing must be lost or go backwards.

mod books;

use std::collections::{BTreeMap, BTreeSet};

use cueapi_emulator::{
    engine::{
        AccountId, AttemptResult, CreateAgent, Delivery, DeliveryKind, DeliveryState, DeliveryTarget, Engine,
        EventQuery, EventType, Limits, MailFilter, Message, PatchAgent, SendMessage, Subscribe,
    },
    json::Json,
};
use jiff::{SignedDuration, Timestamp, tz::Offset};
use proptest::prelude::*;

use super::restart::a_restart_changes_nothing;

#[derive(Debug, Clone)]
enum Command {
    Send {
        from: usize,
        to: usize,
        priority: u8,
        key: Option<u8>,
        send_in: i64,
        reply: Option<usize>,
    },
    Read(usize),
    Ack(usize),
    Inbox {
        agent: usize,
        state: usize,
        counterpart: Option<usize>,
    },
    Pull {
        agent: usize,
        since: usize,
        limit: usize,
    },
    Subscribe {
        agent: usize,
        digest: bool,
        webhook: bool,
        inline_body: bool,
    },
    Unsubscribe(usize),
    AckEvent {
        subscription: usize,
        event: usize,
    },
    SetUrl {
        agent: usize,
        given: bool,
    },
    Advance {
        seconds: i64,
        answers: u64,
    },
}

const AGENTS: usize = 3;
const QUOTA: u32 = 60;
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

fn command() -> impl Strategy<Value = Command> {
    use Command::*;
    let agent = || 0..AGENTS;
    let send = (
        agent(),
        agent(),
        1..=5_u8,
        prop::option::weighted(0.3, 0..4_u8),
        -100..4000_i64,
        prop::option::weighted(0.2, 0..40_usize),
    );
    prop_oneof![
        8 => send.prop_map(|(from, to, priority, key, send_in, reply)| Send { from, to, priority, key, send_in, reply }),
        2 => (0..40_usize).prop_map(Read),
        1 => (0..40_usize).prop_map(Ack),
        2 => (agent(), 0..20_usize, prop::option::weighted(0.3, agent()))
            .prop_map(|(agent, state, counterpart)| Inbox { agent, state, counterpart }),
        2 => (agent(), 0..20_usize, 1..10_usize).prop_map(|(agent, since, limit)| Pull { agent, since, limit }),
        3 => (agent(), any::<bool>(), any::<bool>(), any::<bool>())
            .prop_map(|(agent, digest, webhook, inline_body)| Subscribe { agent, digest, webhook, inline_body }),
        1 => (0..8_usize).prop_map(Unsubscribe),
        1 => (0..8_usize, 0..40_usize).prop_map(|(subscription, event)| AckEvent { subscription, event }),
        1 => (agent(), any::<bool>()).prop_map(|(agent, given)| SetUrl { agent, given }),
        6 => (prop_oneof![0..5_i64, 0..1000_i64, 0..200_000_i64], any::<u64>())
            .prop_map(|(seconds, answers)| Advance { seconds, answers }),
    ]
}

/// The engine, and what a bystander has noted about it.
struct Bystander {
    engine: Engine,
    account: AccountId,
    now: Timestamp,
    agents: Vec<String>,
    known: BTreeMap<String, Message>,
    pushes: BTreeMap<String, u32>,
    /// The watermarks of each subscription.
    marks: BTreeMap<String, (Option<u64>, Option<u64>)>,
    /// The events that each subscription has got.
    received: BTreeMap<String, BTreeSet<u64>>,
    /// What is counted by the hour is forgotten in a restart.
    urgent: bool,
}

impl Bystander {
    fn new(urgent: bool) -> Self {
        let mut engine = Engine::new(5);
        let now = "2026-03-06T22:00:00Z".parse().unwrap();
        let limits = Limits::unlimited().monthly_messages(Some(QUOTA));
        let account = engine.open_account(now, "a@example.com", limits);
        let agents = (0..AGENTS).map(|n| {
            let mut create = CreateAgent::new("Agent");
            create.webhook_url = (n > 0).then(|| "http://127.0.0.1:9/".into());
            engine.create_agent(now, account, create).unwrap().id.to_string()
        });
        let agents = agents.collect();
        Self {
            engine,
            account,
            now,
            agents,
            known: BTreeMap::new(),
            pushes: BTreeMap::new(),
            marks: BTreeMap::new(),
            received: BTreeMap::new(),
            urgent,
        }
    }

    fn message(&self, nth: usize) -> String {
        let mut newest = self.engine.messages().rev();
        newest
            .nth(nth)
            .map_or_else(String::new, |message| message.id.to_string())
    }

    fn carry_out(&mut self, command: Command) {
        let (account, now) = (self.account, self.now);
        match command {
            Command::Send {
                from,
                to,
                priority,
                key,
                send_in,
                reply,
            } => {
                let mut send = SendMessage::new(&self.agents[to], &format!("from {from}"));
                send.priority = if self.urgent { priority } else { priority.min(3) };
                send.reply_to = reply.map(|nth| self.message(nth).into());
                send.send_at =
                    (send_in > 0).then(|| ((now + SignedDuration::from_secs(send_in)).into(), Some(Offset::UTC)));
                let key = key.map(|key| format!("key-{key}"));
                let before = self.engine.messages().count();
                let sent = self
                    .engine
                    .send_message(now, account, Some(&self.agents[from]), key.as_deref(), send);
                let new = sent.map_or(0, |sent| usize::from(sent.is_new));
                assert_eq!(
                    self.engine.messages().count(),
                    before + new,
                    "a message is made or found"
                );
            }
            Command::Read(nth) => drop(self.engine.mark_read(now, account, &self.message(nth)).map(|_| ())),
            Command::Ack(nth) => drop(self.engine.ack_message(now, account, &self.message(nth)).map(|_| ())),
            Command::Inbox {
                agent,
                state,
                counterpart,
            } => {
                let filter = MailFilter {
                    states: DeliveryState::ALL.get(state).map(|state| vec![*state]),
                    counterpart: counterpart.map(|agent| self.agents[agent].as_str().into()),
                    ..MailFilter::default()
                };
                let page = self
                    .engine
                    .read_inbox(now, account, &self.agents[agent], &filter, 5, 0)
                    .unwrap();
                assert!(page.items.iter().all(|message| message.state != DeliveryState::Queued));
            }
            Command::Pull { agent, since, limit } => self.pull(agent, since, limit),
            Command::Subscribe {
                agent,
                digest,
                webhook,
                inline_body,
            } => {
                let event_type = if digest {
                    EventType::MessageDigest
                } else {
                    EventType::MessageDelivered
                };
                let subscribe = Subscribe {
                    event_type: event_type.as_str().into(),
                    delivery_target: if webhook {
                        DeliveryTarget::Webhook
                    } else {
                        DeliveryTarget::Pull
                    },
                    webhook_url: webhook.then(|| "http://127.0.0.1:9/events".into()),
                    inline_body,
                };
                let agent = self.agents[agent].clone();
                drop(self.engine.subscribe(now, account, &agent, subscribe).map(|_| ()));
            }
            Command::Unsubscribe(nth) => {
                let row = self.engine.subscriptions().rev().nth(nth);
                if let Some((agent, id)) = row.map(|row| (row.subscriber_agent_id.clone(), row.id)) {
                    self.engine.unsubscribe(now, account, &agent, id).unwrap();
                }
            }
            Command::AckEvent { subscription, event } => {
                let event = self.engine.events().nth(event).map_or(0, |event| event.id);
                let row = self.engine.subscriptions().rev().nth(subscription);
                if let Some((agent, id)) = row.map(|row| (row.subscriber_agent_id.clone(), row.id)) {
                    self.engine.ack_subscription(account, &agent, id, event).unwrap();
                }
            }
            Command::SetUrl { agent, given } => {
                let patch = PatchAgent {
                    webhook_url: Some(given.then(|| "http://127.0.0.1:9/other".into())),
                    ..PatchAgent::default()
                };
                let agent = self.agents[agent].clone();
                self.engine.patch_agent(now, account, &agent, patch).unwrap();
            }
            Command::Advance { seconds, answers } => self.advance(SignedDuration::from_secs(seconds), answers),
        }
    }

    fn pull(&mut self, agent: usize, since: usize, limit: usize) {
        let since = self.engine.events().nth(since).map_or(0, |event| event.id);
        let agent = self.agents[agent].clone();
        let query = EventQuery {
            since,
            limit,
            event_type: None,
        };
        let kept = self
            .engine
            .events()
            .filter(|event| event.id > since && *event.recipient_agent_id == *agent);
        let expected: Vec<_> = kept.map(|event| event.id).take(limit).collect();
        let pulled = self.engine.pull_events(self.account, &agent, &query).unwrap();
        let pulled: Vec<_> = pulled.iter().map(|event| event.id).collect();
        assert_eq!(pulled, expected, "events come in order, none is left out");
    }

    fn advance(&mut self, by: SignedDuration, mut answers: u64) {
        let end = self.now + by;
        while let Some(due) = self.engine.next_due().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            while let Some(delivery) = self.engine.poll(self.now) {
                answers = answers.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let result = match answers % 8 {
                    0..=3 => AttemptResult::Status(200),
                    4 => AttemptResult::Status(500),
                    5 => AttemptResult::Status(404),
                    6 => AttemptResult::Timeout,
                    // Its answer is lost.
                    _ if matches!(delivery.kind, DeliveryKind::Message { .. }) => {
                        self.note(&delivery, None);
                        continue;
                    }
                    _ => AttemptResult::Connect,
                };
                self.note(&delivery, Some(&result));
                self.engine.delivered(self.now, delivery.id, result);
            }
        }
        self.now = end;
    }

    fn note(&mut self, delivery: &Delivery, result: Option<&AttemptResult>) {
        match &delivery.kind {
            DeliveryKind::Message { message_id, attempt } => {
                let pushes = self.pushes.entry(message_id.to_string()).or_default();
                *pushes += 1;
                assert!(
                    *pushes == *attempt && *attempt <= 4,
                    "attempt {attempt} is number {pushes}"
                );
                let message = self.engine.message(self.account, message_id).unwrap();
                assert!(message.send_at.is_none_or(|at| at <= self.now), "not before its time");
            }
            DeliveryKind::Subscription { .. } => {
                let body = Json::parse(delivery.body.as_bytes()).unwrap();
                let Some(Json::Array(events)) = body.get("events") else {
                    panic!("no events")
                };
                let ids = events.iter().map(|event| match event.get("id") {
                    Some(Json::Int(id)) => id.unsigned_abs(),
                    _ => panic!("no id"),
                });
                let ids: Vec<_> = ids.collect();
                assert!(ids.len() <= 50 && ids.windows(2).all(|pair| pair[0] < pair[1]));
                if result.and_then(AttemptResult::status) == Some(200) {
                    let subscription = body.get("subscription_id").and_then(Json::as_str).unwrap();
                    self.received.entry(subscription.to_owned()).or_default().extend(ids);
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_message_is_lost_and_nothing_goes_backwards(commands in prop::collection::vec(command(), 1..150)) {
        let mut bystander = Bystander::new(true);
        for command in commands {
            bystander.carry_out(command);
            bystander.check();
        }
    }

    #[test]
    fn mail_goes_on_after_a_restart_as_if_there_had_been_none(
        commands in prop::collection::vec(command(), 1..60),
        pause in 1..20_usize,
    ) {
        let step = |bystander: &mut Bystander, command| {
            bystander.carry_out(command);
            bystander.check();
        };
        a_restart_changes_nothing(|| Bystander::new(false), |bystander| &mut bystander.engine, step, commands, pause);
    }
}
