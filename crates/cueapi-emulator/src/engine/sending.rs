//! Sending a message: what is checked, in the server's order, and what follows from it.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    hash::Hash,
};

use jiff::{SignedDuration, Timestamp, tz::Offset};
use sha2::{Digest as _, Sha256};

use super::{
    AccountId, DeliveryState, Engine, Message, Moment, Refusal,
    agents::{AgentKey, check_text, stored},
    cue::debug_without_contents,
    messages::MessageKey,
};
use crate::json::{Dump, Json};

/// A message to send.
#[derive(Clone)]
pub struct SendMessage {
    /// The recipient's id or address.
    pub to: Box<str>,
    /// The text: 1 to 32,768 bytes.
    pub body: Box<str>,
    /// What it is about.
    pub subject: Option<Box<str>>,
    /// The id of the message that it answers.
    pub reply_to: Option<Box<str>>,
    /// 1 to 5; what is above 3 is rationed.
    pub priority: u8,
    /// Whether the sender waits for an answer.
    pub expects_reply: bool,
    /// Who should get the answer, where that is not the sender: an id or address.
    pub reply_to_agent: Option<Box<str>>,
    /// An object of up to 10,240 bytes.
    pub metadata: Json,
    /// By what the sender knows the whole exchange.
    pub correlation_id: Option<Box<str>>,
    /// When it becomes due. Without an offset the server fails.
    pub send_at: Option<(Moment, Option<Offset>)>,
}

debug_without_contents! {
    SendMessage { to, priority, send_at },
}

impl SendMessage {
    /// A message with everything but recipient and text at its default.
    #[must_use]
    pub fn new(to: &str, body: &str) -> Self {
        Self {
            to: to.into(),
            body: body.into(),
            subject: None,
            reply_to: None,
            priority: NORMAL,
            expects_reply: false,
            reply_to_agent: None,
            metadata: Json::Object(Vec::new()),
            correlation_id: None,
            send_at: None,
        }
    }
}

/// What came of sending a message.
#[derive(Debug)]
#[non_exhaustive]
pub struct Sent<'a> {
    /// The message as it stands.
    pub message: &'a Message,
    /// Whether it was made now, and not found by its idempotency key.
    pub is_new: bool,
    /// Whether its priority was lowered to 3.
    pub is_downgraded: bool,
}

/// When messages were sent that count against a limit. Windows of minutes: nothing to be stored.
#[derive(Debug, Default)]
pub(super) struct SendingLimits {
    minute: HashMap<AccountId, VecDeque<Timestamp>>,
    urgent: HashMap<AccountId, VecDeque<Timestamp>>,
    urgent_pairs: HashMap<(AgentKey, AgentKey), VecDeque<Timestamp>>,
}

const NORMAL: u8 = 3;
const MAX_BODY: usize = 32_768;
const MAX_METADATA: usize = 10_240;
const MAX_KEY: usize = 255;
const MINUTE: SignedDuration = SignedDuration::from_secs(60);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Messages above priority 3 in an hour: of an account, and between two agents.
const URGENT: u32 = 10;
const URGENT_OF_A_PAIR: u32 = 5;

impl Engine {
    /// Sends a message, or finds the one that was sent with the same idempotency key.
    ///
    /// # Errors
    ///
    /// In the server's order: `missing_from_agent`, `agent_not_found` and `invalid_agent_address`, `invalid_idempotency_key`,
    /// `metadata_too_large`, `from_agent_not_owned`, the recipient's and the reply agent's lookup,
    /// `cross_tenant_messaging_forbidden`, `rate_limit_exceeded`, `priority_high_rate_limit`, `idempotency_key_conflict`,
    /// `quota_exceeded`, `reply_to_not_found`, and what the database does not take.
    pub fn send_message(
        &mut self,
        now: Timestamp,
        account: AccountId,
        from: Option<&str>,
        idempotency_key: Option<&str>,
        send: SendMessage,
    ) -> Result<Sent<'_>, Refusal> {
        let from = from
            .filter(|from| !from.is_empty())
            .ok_or_else(|| Refusal::api(400, "missing_from_agent", "X-Cueapi-From-Agent header is required"))?;
        let from = self.anyones_agent_key(from)?;
        if idempotency_key.is_some_and(|key| key.chars().count() > MAX_KEY) {
            let message = format!("Idempotency-Key must be ≤{MAX_KEY} characters");
            return Err(Refusal::api(400, "invalid_idempotency_key", message));
        }
        let size = plain(&send.metadata).len();
        if size > MAX_METADATA {
            let message = format!("metadata exceeds {MAX_METADATA} bytes (got {size})");
            return Err(Refusal::api(400, "metadata_too_large", message));
        }
        if self.agents.get(&from).is_none_or(|agent| agent.account != account) {
            return Err(Refusal::api(
                403,
                "from_agent_not_owned",
                "from agent is not owned by caller",
            ));
        }
        let to = self.anyones_agent_key(&send.to)?;
        let reply_to_agent = match &send.reply_to_agent {
            Some(reference) => Some(self.anyones_agent_key(reference)?),
            None => None,
        };
        if self.agents.get(&to).is_none_or(|agent| agent.account != account) {
            let message = "Authorization backend denied this message";
            return Err(Refusal::api(403, "cross_tenant_messaging_forbidden", message));
        }
        self.check_rate(now, account)?;
        let priority = self.ration(now, account, (from, to), send.priority)?;
        let is_downgraded = priority != send.priority;
        let fingerprint = self.fingerprint(to, priority, &send);
        let earlier = idempotency_key.and_then(|key| self.mail.with_idempotency_key(account, key));
        if let Some(key) = self.repeated(now, idempotency_key, earlier, &fingerprint)? {
            return self.sent(key, false, is_downgraded);
        }
        self.check_quota(now, account)?;
        let thread_id = match &send.reply_to {
            None => None,
            Some(id) => {
                let parent = self
                    .visible_message(account, id)?
                    .map(|(_, parent)| parent.thread_id.clone());
                let message = || format!("reply_to message {id} not found");
                Some(parent.ok_or_else(|| Refusal::api(404, "reply_to_not_found", message()))?)
            }
        };
        if earlier.is_some() {
            // The key's day is over, but the row that holds it is not gone.
            return Err(Refusal::Internal);
        }
        let metadata = storable(&send, idempotency_key)?;
        let reply_to_agent_id = reply_to_agent.map(|agent| self.agent_id(agent));
        let id = self.ids.short("msg_");
        let message = Message {
            account,
            from_agent_id: self.agent_id(from),
            to_agent_id: self.agent_id(to),
            from,
            to,
            thread_id: thread_id.unwrap_or_else(|| id.clone()),
            id,
            reply_to: send.reply_to,
            subject: send.subject,
            body: send.body,
            priority,
            expects_reply: send.expects_reply,
            reply_to_agent_id,
            state: DeliveryState::Queued,
            metadata,
            idempotency_key: idempotency_key.map(Into::into),
            fingerprint,
            correlation_id: send.correlation_id,
            send_at: send.send_at.map(|(at, _)| at).filter(|at| *at > now),
            created_at: now,
            delivered_at: None,
            read_at: None,
            acked_at: None,
            failed_at: None,
            push: None,
        };
        let key = self.next_key();
        self.mail.insert(key, &message);
        self.messages.insert(key, message);
        if let Some(sender) = self.agents.get_mut(&from) {
            sender.last_seen = Some(now);
        }
        self.queue_push(now, key);
        self.emit_delivered(now, key);
        self.sent(key, true, is_downgraded)
    }

    fn sent(&self, key: MessageKey, is_new: bool, is_downgraded: bool) -> Result<Sent<'_>, Refusal> {
        let message = self.messages.get(&key).ok_or(Refusal::Internal)?;
        Ok(Sent {
            message,
            is_new,
            is_downgraded,
        })
    }

    pub(super) fn agent_id(&self, key: AgentKey) -> Box<str> {
        self.agents.get(&key).map(|agent| agent.id.clone()).unwrap_or_default()
    }

    fn check_rate(&mut self, now: Timestamp, account: AccountId) -> Result<(), Refusal> {
        let limit = self
            .account(account)
            .and_then(|account| account.limits.messages_per_minute);
        let Some(limit) = limit else { return Ok(()) };
        if admit(&mut self.sending.minute, account, now, limit, MINUTE) {
            return Ok(());
        }
        Err(Refusal::OverLimit {
            status: 429,
            code: "rate_limit_exceeded",
            message: format!("Message rate limit exceeded ({limit} per minute)"),
            numbers: [("limit", limit), ("window_seconds", 60)],
        })
    }

    /// The priority that the message gets. An attempt counts, also when it turns out to be a repetition.
    fn ration(
        &mut self,
        now: Timestamp,
        account: AccountId,
        pair: (AgentKey, AgentKey),
        priority: u8,
    ) -> Result<u8, Refusal> {
        if priority <= NORMAL {
            return Ok(priority);
        }
        if !admit(&mut self.sending.urgent, account, now, URGENT, HOUR) {
            return Err(Refusal::OverLimit {
                status: 429,
                code: "priority_high_rate_limit",
                message: format!("High-priority message limit exceeded ({URGENT} per hour)"),
                numbers: [("limit", URGENT), ("window_seconds", 3600)],
            });
        }
        let granted = admit(&mut self.sending.urgent_pairs, pair, now, URGENT_OF_A_PAIR, HOUR);
        Ok(if granted { priority } else { NORMAL })
    }

    /// The earlier message that this one repeats.
    fn repeated(
        &self,
        now: Timestamp,
        idempotency_key: Option<&str>,
        earlier: Option<MessageKey>,
        fingerprint: &str,
    ) -> Result<Option<MessageKey>, Refusal> {
        let Some((key, message)) = earlier.and_then(|key| Some((key, self.messages.get(&key)?))) else {
            return Ok(None);
        };
        // An empty key is one that the server stores but does not look for: every second use of it is a conflict.
        let is_empty = idempotency_key == Some("");
        if !is_empty && now.duration_since(message.created_at) >= DAY {
            return Ok(None);
        }
        if is_empty || *message.fingerprint != *fingerprint {
            let text = format!(
                "Idempotency-Key reused with a different body. Existing message: {}",
                message.id
            );
            return Err(Refusal::api(409, "idempotency_key_conflict", text));
        }
        Ok(Some(key))
    }

    fn check_quota(&self, now: Timestamp, account: AccountId) -> Result<(), Refusal> {
        let current = self.mail.sent_in_month(account, now);
        let limit = self
            .account(account)
            .and_then(|account| account.limits.monthly_messages);
        match limit.filter(|limit| current >= *limit) {
            None => Ok(()),
            Some(limit) => Err(Refusal::OverLimit {
                status: 402,
                code: "quota_exceeded",
                message: format!("Monthly message limit reached ({limit})"),
                numbers: [("current", current), ("limit", limit)],
            }),
        }
    }

    /// What a repetition must have in common with the first message; the sender and the time are not part of it.
    fn fingerprint(&self, to: AgentKey, priority: u8, send: &SendMessage) -> Box<str> {
        let parts = Json::object([
            ("body", (&*send.body).into()),
            ("metadata", send.metadata.clone()),
            ("priority", u32::from(priority).into()),
            ("reply_to", send.reply_to.as_deref().into()),
            ("subject", send.subject.as_deref().into()),
            ("to", (&*self.agent_id(to)).into()),
        ]);
        let hash = Sha256::digest(plain(&parts).as_bytes());
        hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
    }
}

/// Python's `json.dumps(value, sort_keys=True, ensure_ascii=False)`.
fn plain(value: &Json) -> String {
    value.to_python(Dump {
        spaces: true,
        sorted: true,
        ascii: false,
    })
}

/// The metadata as they are stored, when the database takes the message at all.
fn storable(send: &SendMessage, idempotency_key: Option<&str>) -> Result<Json, Refusal> {
    let naive = send.send_at.is_some_and(|(_, offset)| offset.is_none());
    if send.body.len() > MAX_BODY || naive {
        return Err(Refusal::Internal);
    }
    let texts = [
        Some(&*send.body),
        send.subject.as_deref(),
        send.correlation_id.as_deref(),
        idempotency_key,
    ];
    for text in texts.into_iter().flatten() {
        check_text(text)?;
    }
    stored(&send.metadata)
}

/// Counts what happens now, unless the window is full. What is refused does not count.
fn admit<K: Eq + Hash>(
    windows: &mut HashMap<K, VecDeque<Timestamp>>,
    key: K,
    now: Timestamp,
    limit: u32,
    length: SignedDuration,
) -> bool {
    let window = windows.entry(key).or_default();
    while window.front().is_some_and(|first| now.duration_since(*first) >= length) {
        window.pop_front();
    }
    let free = u32::try_from(window.len()).is_ok_and(|used| used < limit);
    if free {
        window.push_back(now);
    }
    free
}
