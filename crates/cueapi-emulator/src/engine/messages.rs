//! Messages: what one agent writes to another, and how far it has come.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    AccountId, Engine, Moment, Refusal,
    account::{Month, month},
    agents::{AgentKey, check_text},
    cue::{debug_without_contents, names},
    pushes::Push,
};
use crate::json::Json;

pub(super) type MessageKey = u64;

names! {
    /// How far a message has come.
    DeliveryState {
        /// Nobody has fetched it, and it has not been pushed.
        Queued = "queued",
        /// It is being pushed.
        Delivering = "delivering",
        /// A push has failed and will be tried again.
        RetryReady = "retry_ready",
        /// It was pushed, or fetched with the inbox.
        Delivered = "delivered",
        /// It was marked as read.
        Read = "read",
        /// Nothing leads here.
        Claimed = "claimed",
        /// It was acknowledged.
        Acked = "acked",
        /// Nothing leads here: the server's expiry job never runs.
        Expired = "expired",
        /// It was pushed in vain.
        Failed = "failed",
    }
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Delivering,
        Self::RetryReady,
        Self::Delivered,
        Self::Read,
        Self::Claimed,
        Self::Acked,
        Self::Expired,
        Self::Failed,
    ];
}

/// A message as the server keeps it.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Message {
    /// `msg_` and twelve characters.
    pub id: Box<str>,
    /// The sender's account.
    pub account: AccountId,
    /// The sender.
    pub from_agent_id: Box<str>,
    /// The recipient.
    pub to_agent_id: Box<str>,
    pub(super) from: AgentKey,
    pub(super) to: AgentKey,
    /// The id of the message that began the conversation.
    pub thread_id: Box<str>,
    /// The message that this one answers.
    pub reply_to: Option<Box<str>>,
    /// What it is about.
    pub subject: Option<Box<str>>,
    /// The text.
    pub body: Box<str>,
    /// 1 to 5, perhaps lower than what was asked for.
    pub priority: u8,
    /// Whether the sender waits for an answer.
    pub expects_reply: bool,
    /// Who should get the answer, where that is not the sender.
    pub reply_to_agent_id: Option<Box<str>>,
    /// How far it has come.
    pub state: DeliveryState,
    /// As the database gives it back: see [`Json::stored`].
    pub metadata: Json,
    /// What its sender recognises it by when it is sent again.
    pub idempotency_key: Option<Box<str>>,
    /// A hash of what must be the same then.
    pub(super) fingerprint: Box<str>,
    /// By what its sender knows the whole exchange.
    pub correlation_id: Option<Box<str>>,
    /// When it becomes due, where that was still to come.
    pub send_at: Option<Moment>,
    /// When it was sent.
    pub created_at: Timestamp,
    /// When it was pushed or first fetched.
    pub delivered_at: Option<Timestamp>,
    /// When it was marked as read.
    pub read_at: Option<Timestamp>,
    /// When it was acknowledged.
    pub acked_at: Option<Timestamp>,
    /// When the last push failed.
    pub failed_at: Option<Timestamp>,
    /// There is one when the recipient had a URL when the message was sent.
    pub(super) push: Option<Push>,
}

debug_without_contents! {
    Message { id, state, priority, created_at, delivered_at },
}

impl Message {
    /// When it would expire.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        let month = SignedDuration::from_hours(30 * 24);
        self.created_at.saturating_add(month).unwrap_or(Timestamp::MAX)
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.send_at.is_none_or(|at| at <= now)
    }
}

/// Where messages are found; follows from the rows.
#[derive(Debug, Default)]
pub(super) struct MailIndex {
    pub(super) ids: HashMap<Box<str>, MessageKey>,
    keys: HashMap<(AccountId, Box<str>), MessageKey>,
    pub(super) inbox: BTreeSet<(AgentKey, MessageKey)>,
    pub(super) sent: BTreeSet<(AgentKey, MessageKey)>,
    months: HashMap<(AccountId, Month), u32>,
}

impl MailIndex {
    pub(super) fn insert(&mut self, key: MessageKey, message: &Message) {
        self.ids.insert(message.id.clone(), key);
        if let Some(text) = &message.idempotency_key {
            self.keys.insert((message.account, text.clone()), key);
        }
        self.inbox.insert((message.to, key));
        self.sent.insert((message.from, key));
        *self
            .months
            .entry((message.account, month(message.created_at)))
            .or_default() += 1;
    }

    pub(super) fn with_idempotency_key(&self, account: AccountId, key: &str) -> Option<MessageKey> {
        self.keys.get(&(account, key.into())).copied()
    }

    pub(super) fn sent_in_month(&self, account: AccountId, now: Timestamp) -> u32 {
        self.months.get(&(account, month(now))).copied().unwrap_or(0)
    }
}

impl Engine {
    /// Every message, oldest first.
    #[must_use]
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.values()
    }

    /// A message, when the account's agent has sent it or got it.
    ///
    /// # Errors
    ///
    /// 404 `message_not_found`.
    pub fn message(&self, account: AccountId, id: &str) -> Result<&Message, Refusal> {
        let (_, message) = self.visible_message(account, id)?.ok_or_else(|| not_found(id))?;
        Ok(message)
    }

    pub(super) fn visible_message(
        &self,
        account: AccountId,
        id: &str,
    ) -> Result<Option<(MessageKey, &Message)>, Refusal> {
        check_text(id)?;
        let found = (self.mail.ids.get(id)).and_then(|key| Some((*key, self.messages.get(key)?)));
        Ok(found.filter(|(_, message)| {
            let recipient = self.agents.get(&message.to).map(|agent| agent.account);
            message.account == account || recipient == Some(account)
        }))
    }

    /// Marks a message as read; the first time stays.
    ///
    /// # Errors
    ///
    /// 404 `message_not_found`; 409 `invalid_state_transition` once it is acknowledged.
    pub fn mark_read(&mut self, now: Timestamp, account: AccountId, id: &str) -> Result<&Message, Refusal> {
        self.advance_message(account, id, "read", |message| {
            message.state = DeliveryState::Read;
            message.read_at.get_or_insert(now);
        })
    }

    /// Acknowledges a message; the first time stays.
    ///
    /// # Errors
    ///
    /// 404 `message_not_found`.
    pub fn ack_message(&mut self, now: Timestamp, account: AccountId, id: &str) -> Result<&Message, Refusal> {
        self.advance_message(account, id, "acked", |message| {
            message.state = DeliveryState::Acked;
            message.acked_at.get_or_insert(now);
        })
    }

    fn advance_message(
        &mut self,
        account: AccountId,
        id: &str,
        to: &str,
        change: impl FnOnce(&mut Message),
    ) -> Result<&Message, Refusal> {
        let (key, _) = self.visible_message(account, id)?.ok_or_else(|| not_found(id))?;
        let message = self.messages.get_mut(&key).ok_or(Refusal::Internal)?;
        let state = message.state.as_str();
        let terminal = matches!(message.state, DeliveryState::Acked | DeliveryState::Expired);
        if terminal && state != to {
            let text = format!("cannot mark {to} on terminal state '{state}'");
            return Err(Refusal::api(409, "invalid_state_transition", text));
        }
        change(message);
        self.under_way.remove(&key);
        self.messages.get(&key).ok_or(Refusal::Internal)
    }
}

fn not_found(id: &str) -> Refusal {
    Refusal::api(404, "message_not_found", format!("message {id} not found"))
}
