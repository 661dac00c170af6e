//! What must be true of mail at any time.

use std::collections::BTreeSet;

use cueapi_emulator::{
    engine::{DeliveryState, EventType, MailFilter, Message},
    json::Json,
};
use jiff::Timestamp;

use super::{Bystander, QUOTA, WEEK};

impl Bystander {
    pub(super) fn check(&mut self) {
        let messages: Vec<Message> = self.engine.messages().cloned().collect();
        for message in &messages {
            check_message(message);
            if let Some(before) = self.known.remove(&*message.id) {
                check_progress(&before, message);
            }
        }
        assert!(self.known.is_empty(), "no message is lost");
        let keys: BTreeSet<_> = messages
            .iter()
            .filter_map(|message| message.idempotency_key.clone())
            .collect();
        let keyed = messages
            .iter()
            .filter(|message| message.idempotency_key.is_some())
            .count();
        assert_eq!(keys.len(), keyed, "a key stands for one message");
        self.check_counts(&messages);
        self.check_events(&messages);
        self.check_subscriptions();
        self.known = messages
            .into_iter()
            .map(|message| (message.id.to_string(), message))
            .collect();
    }

    fn check_counts(&self, messages: &[Message]) {
        let everything = MailFilter {
            states: Some(DeliveryState::ALL.to_vec()),
            ..MailFilter::default()
        };
        for agent in &self.agents {
            let due = |message: &&Message| message.send_at.is_none_or(|at| at <= self.now);
            let got = messages
                .iter()
                .filter(|message| *message.to_agent_id == **agent)
                .filter(due);
            let open = got
                .clone()
                .filter(|message| message.state != DeliveryState::Acked)
                .count();
            let sent = messages
                .iter()
                .filter(|message| *message.from_agent_id == **agent)
                .count();
            let count = |filter| self.engine.count_inbox(self.now, self.account, agent, filter).unwrap();
            assert_eq!(count(&everything), got.count());
            assert_eq!(count(&MailFilter::default()), open);
            let listed = self
                .engine
                .list_sent(self.account, agent, &MailFilter::default(), 3, 0)
                .unwrap();
            assert_eq!((listed.total, listed.items.len()), (sent, sent.min(3)));
        }
        let month = |at: Timestamp| at.to_string()[..7].to_owned();
        for message in messages {
            let same = messages
                .iter()
                .filter(|other| month(other.created_at) == month(message.created_at));
            assert!(same.count() <= usize::try_from(QUOTA).unwrap(), "the quota holds");
        }
    }

    fn check_events(&self, messages: &[Message]) {
        let told: BTreeSet<_> = (self.engine.events())
            .filter(|event| event.event_type == EventType::MessageDelivered)
            .map(|event| {
                event
                    .payload
                    .get("message_id")
                    .and_then(Json::as_str)
                    .unwrap()
                    .to_owned()
            })
            .collect();
        let fresh = messages
            .iter()
            .filter(|message| self.now.duration_since(message.created_at) < WEEK);
        for message in fresh {
            assert!(told.contains(&*message.id), "each message is told of for a week");
        }
        let old = |at| self.now.duration_since(at) >= WEEK;
        assert!(
            self.engine.events().all(|event| !old(event.emitted_at)),
            "and no longer"
        );
    }

    fn check_subscriptions(&mut self) {
        for row in self.engine.subscriptions() {
            let id = row.id.to_string();
            let marks = (row.last_dispatched_event_id, row.last_acked_event_id);
            let before = self.marks.insert(id.clone(), marks).unwrap_or_default();
            assert!(
                marks.0 >= before.0 && marks.1 >= before.1,
                "a watermark never goes back"
            );
            if row.delivery_target() == "pull" {
                assert_eq!(marks.0, None);
            }
            let received = self.received.entry(id).or_default();
            let own = (self.engine.events())
                .filter(|event| {
                    event.recipient_agent_id == row.subscriber_agent_id && event.event_type == row.event_type
                })
                .filter(|event| marks.0.is_some_and(|mark| event.id <= mark));
            for event in own {
                assert!(
                    received.contains(&event.id),
                    "no event below the watermark was left out"
                );
            }
        }
    }
}

fn check_message(message: &Message) {
    let state = message.state;
    assert_eq!(message.acked_at.is_some(), state == DeliveryState::Acked);
    assert!(message.read_at.is_some() || state != DeliveryState::Read);
    assert!(message.delivered_at.is_some() || state != DeliveryState::Delivered);
    assert!(message.failed_at.is_some() || state != DeliveryState::Failed);
    assert!(!matches!(state, DeliveryState::Claimed | DeliveryState::Expired));
}

/// A state is left for a later one only, and what is noted once stays.
fn check_progress(before: &Message, after: &Message) {
    let stage = |state| match state {
        DeliveryState::Queued | DeliveryState::Delivering | DeliveryState::RetryReady => 0,
        DeliveryState::Read => 2,
        DeliveryState::Acked => 3,
        _ => 1,
    };
    let (from, to) = (stage(before.state), stage(after.state));
    assert!(
        from < to || from == to && (to == 0 || before.state == after.state),
        "{before:?} became {after:?}"
    );
    assert_eq!(before.thread_id, after.thread_id);
    for (noted, stands) in [
        (before.delivered_at, after.delivered_at),
        (before.read_at, after.read_at),
        (before.acked_at, after.acked_at),
        (before.failed_at, after.failed_at),
    ] {
        assert!(noted.is_none() || noted == stands, "{before:?} became {after:?}");
    }
}
