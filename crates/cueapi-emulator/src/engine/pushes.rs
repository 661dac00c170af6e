//! Pushing messages to the recipient's URL.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, tz::Offset};
use serde::{Deserialize, Serialize};

use super::{
    AttemptResult, Delivery, DeliveryKind, DeliveryState, Engine, Message, Moment, deliveries::Target,
    executions::STALE, messages::MessageKey, timers::Timer,
};
use crate::{json::Json, time};

/// How far the pushing of a message has come.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Push {
    attempts: u32,
    /// When the attempt that is under way began.
    pub(super) since: Option<Timestamp>,
    /// When the next one is due.
    pub(super) next: Option<Timestamp>,
}

/// The pauses after the first three attempts; the fourth is the last.
const DELAYS: [SignedDuration; 3] = [
    SignedDuration::from_secs(60),
    SignedDuration::from_secs(300),
    SignedDuration::from_secs(900),
];

impl Engine {
    /// A message to an agent with a URL is pushed when it is due.
    pub(super) fn queue_push(&mut self, now: Timestamp, key: MessageKey) {
        let Some(message) = self.messages.get_mut(&key) else {
            return;
        };
        if self
            .agents
            .get(&message.to)
            .is_none_or(|agent| agent.webhook_url.is_none())
        {
            return;
        }
        let due = message.send_at.map_or(now, Moment::due);
        message.push = Some(Push {
            next: Some(due),
            ..Push::default()
        });
        self.under_way.insert(key);
        self.timers.set(due, Timer::Push(key));
    }

    pub(super) fn push_message(&mut self, now: Timestamp, key: MessageKey) {
        let Some(message) = self.messages.get_mut(&key) else {
            return;
        };
        let waits = matches!(message.state, DeliveryState::Queued | DeliveryState::RetryReady);
        let Some(push) = message
            .push
            .as_mut()
            .filter(|push| waits && push.next.is_some_and(|at| at <= now))
        else {
            return;
        };
        let recipient = self.agents.get(&message.to);
        let Some((url, secret)) =
            recipient.and_then(|agent| agent.webhook_url.clone().zip(agent.webhook_secret.clone()))
        else {
            // The URL is gone: the message waits in the inbox.
            message.push = None;
            message.state = DeliveryState::Queued;
            self.under_way.remove(&key);
            return;
        };
        message.state = DeliveryState::Delivering;
        push.attempts += 1;
        push.since = Some(now);
        push.next = None;
        let attempt = push.attempts;
        self.timers
            .set(now.saturating_add(STALE).unwrap_or(now), Timer::StalePush(key));
        let Some(message) = self.messages.get(&key) else { return };
        let (message_id, body) = (message.id.clone(), self.push_body(message));
        let headers = vec![
            ("X-CueAPI-Event-Type", "message.created".to_owned()),
            ("X-CueAPI-Message-Id", message_id.to_string()),
            ("X-CueAPI-Agent-Id", message.to_agent_id.to_string()),
            ("X-CueAPI-Thread-Id", message.thread_id.to_string()),
            ("X-CueAPI-Attempt", attempt.to_string()),
        ];
        let id = self.await_result(Target::Message { key, attempt });
        self.ready.push_back(Delivery {
            id,
            kind: DeliveryKind::Message { message_id, attempt },
            method: "POST".into(),
            url,
            headers,
            overrides: Vec::new(),
            body,
            secret: Some(secret),
            timeout: Duration::from_secs(30),
        });
    }

    fn push_body(&self, message: &Message) -> String {
        let user = self.account(message.account).map_or("", |account| &*account.slug);
        let end = |key, id: &str| {
            let slug = self.agents.get(&key).map_or("", |agent| &*agent.slug);
            // Both with the sender's user, as the server has it.
            Json::object([("agent_id", id.into()), ("slug", format!("{slug}@{user}").into())])
        };
        let body = Json::object([
            ("id", (&*message.id).into()),
            ("from", end(message.from, &message.from_agent_id)),
            ("to", end(message.to, &message.to_agent_id)),
            ("thread_id", (&*message.thread_id).into()),
            ("reply_to", message.reply_to.as_deref().into()),
            ("subject", message.subject.as_deref().into()),
            ("body", (&*message.body).into()),
            ("priority", u32::from(message.priority).into()),
            ("expects_reply", message.expects_reply.into()),
            ("reply_to_agent_id", message.reply_to_agent_id.as_deref().into()),
            ("metadata", message.metadata.clone()),
            ("created_at", time::with_offset(message.created_at, Offset::UTC).into()),
        ]);
        body.to_canonical()
    }

    /// The result of an attempt. One that comes after the message has been fetched, read or acknowledged says nothing new.
    pub(super) fn pushed(&mut self, now: Timestamp, key: MessageKey, attempt: u32, result: &AttemptResult) {
        let Some(message) = self.messages.get_mut(&key) else {
            return;
        };
        let Some(push) = message.push.as_mut().filter(|push| push.attempts == attempt) else {
            return;
        };
        if message.state != DeliveryState::Delivering {
            return;
        }
        push.since = None;
        if matches!(result, AttemptResult::Status(200..300)) {
            message.state = DeliveryState::Delivered;
            message.delivered_at = Some(now);
            self.under_way.remove(&key);
            return;
        }
        match pause(attempt, result) {
            Some(pause) => self.push_again(now.saturating_add(pause).unwrap_or(Timestamp::MAX), key),
            None => self.push_failed(now, key),
        }
    }

    /// An attempt of which nothing was heard for 300 seconds is made again at once.
    pub(super) fn recover_push(&mut self, now: Timestamp, key: MessageKey) {
        let Some(message) = self.messages.get(&key) else { return };
        let Some(push) = message.push.filter(|_| message.state == DeliveryState::Delivering) else {
            return;
        };
        if push.since.is_none_or(|since| now.duration_since(since) < STALE) {
            return;
        }
        if push.attempts <= u32::try_from(DELAYS.len()).unwrap_or(u32::MAX) {
            self.push_again(now, key);
        } else {
            self.push_failed(now, key);
        }
    }

    fn push_again(&mut self, at: Timestamp, key: MessageKey) {
        let Some(message) = self.messages.get_mut(&key) else {
            return;
        };
        message.state = DeliveryState::RetryReady;
        if let Some(push) = &mut message.push {
            push.next = Some(at);
        }
        self.timers.set(at, Timer::Push(key));
    }

    fn push_failed(&mut self, now: Timestamp, key: MessageKey) {
        let Some(message) = self.messages.get_mut(&key) else {
            return;
        };
        message.state = DeliveryState::Failed;
        message.failed_at = Some(now);
        self.under_way.remove(&key);
    }
}

/// How long to wait before the next attempt; `None` when there is none.
fn pause(attempt: u32, result: &AttemptResult) -> Option<SignedDuration> {
    let own = usize::try_from(attempt)
        .ok()
        .and_then(|attempt| DELAYS.get(attempt.checked_sub(1)?))?;
    match result {
        AttemptResult::Later { after, .. } => Some((*own).max(*after)),
        AttemptResult::Status(408 | 429 | 500..) => Some(*own),
        AttemptResult::Status(_) => None,
        AttemptResult::Timeout | AttemptResult::Connect | AttemptResult::Failed(_) => Some(*own),
    }
}
