//! Mailboxes: what an agent has got, and what it has sent.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{AccountId, DeliveryState, Engine, Message, Page, Refusal, agents::AgentKey, messages::MessageKey};

/// Which messages of a mailbox a list is about; what is `None` does not filter.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "each field is the query parameter of its name")]
pub struct MailFilter {
    /// The `state` parameter. Without it, an inbox leaves out what is acknowledged or expired.
    pub states: Option<Vec<DeliveryState>>,
    /// Created after this.
    pub since: Option<Timestamp>,
    pub thread_id: Option<Box<str>>,
    /// The id or address of the agent on the other side.
    pub counterpart: Option<Box<str>>,
}

impl Engine {
    /// Fetches an agent's inbox, newest first; works for a deleted agent, too.
    ///
    /// What is queued and due becomes delivered, whatever else the filter says, except that it may name a counterpart and
    /// that its states must include `queued`.
    ///
    /// # Errors
    ///
    /// 400 `invalid_agent_address`, 404 `agent_not_found`, also for the counterpart.
    pub fn read_inbox(
        &mut self,
        now: Timestamp,
        account: AccountId,
        agent: &str,
        filter: &MailFilter,
        limit: usize,
        offset: usize,
    ) -> Result<Page<&Message>, Refusal> {
        let (agent, counterpart) = self.mailbox(account, agent, filter)?;
        if filter
            .states
            .as_ref()
            .is_none_or(|states| states.contains(&DeliveryState::Queued))
        {
            self.hand_over(now, agent, counterpart);
        }
        Ok(self.inbox_rows(now, agent, counterpart, filter).page(limit, offset))
    }

    /// Counts what [`Engine::read_inbox`] would list, and changes nothing.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn count_inbox(
        &self,
        now: Timestamp,
        account: AccountId,
        agent: &str,
        filter: &MailFilter,
    ) -> Result<usize, Refusal> {
        let (agent, counterpart) = self.mailbox(account, agent, filter)?;
        Ok(self.inbox_rows(now, agent, counterpart, filter).0.len())
    }

    /// What an agent has sent, newest first, also what is not due yet.
    ///
    /// # Errors
    ///
    /// As [`Engine::read_inbox`].
    pub fn list_sent(
        &self,
        account: AccountId,
        agent: &str,
        filter: &MailFilter,
        limit: usize,
        offset: usize,
    ) -> Result<Page<&Message>, Refusal> {
        let (agent, counterpart) = self.mailbox(account, agent, filter)?;
        let rows = self.rows(&self.mail.sent, agent, |message| {
            message.account == account
                && counterpart.is_none_or(|other| message.to == other)
                && filter.matches(message, |_| true)
        });
        Ok(rows.page(limit, offset))
    }

    /// The agent, and whom the filter names.
    fn mailbox(
        &self,
        account: AccountId,
        agent: &str,
        filter: &MailFilter,
    ) -> Result<(AgentKey, Option<AgentKey>), Refusal> {
        let agent = self.agent_key(account, agent, true)?;
        let counterpart = filter.counterpart.as_deref();
        let counterpart = counterpart.map(|other| self.anyones_agent_key(other)).transpose()?;
        Ok((agent, counterpart))
    }

    fn hand_over(&mut self, now: Timestamp, agent: AgentKey, counterpart: Option<AgentKey>) {
        let keys = self.mail.inbox.range((agent, 0)..=(agent, MessageKey::MAX));
        for (_, key) in keys {
            let Some(message) = self.messages.get(key) else {
                continue;
            };
            let from_other = counterpart.is_none_or(|other| message.from == other);
            if message.state != DeliveryState::Queued || !from_other || !message.is_due(now) {
                continue;
            }
            if let Some(message) = self.messages.get_mut(key) {
                message.state = DeliveryState::Delivered;
                message.delivered_at = Some(now);
                self.under_way.remove(key);
            }
        }
    }

    fn inbox_rows(
        &self,
        now: Timestamp,
        agent: AgentKey,
        counterpart: Option<AgentKey>,
        filter: &MailFilter,
    ) -> Rows<'_> {
        let open = |state| !matches!(state, DeliveryState::Acked | DeliveryState::Expired);
        self.rows(&self.mail.inbox, agent, |message| {
            message.is_due(now)
                && counterpart.is_none_or(|other| message.from == other)
                && filter.matches(message, open)
        })
    }

    fn rows(
        &self,
        mailbox: &BTreeSet<(AgentKey, MessageKey)>,
        agent: AgentKey,
        suits: impl Fn(&Message) -> bool,
    ) -> Rows<'_> {
        let keys = mailbox.range((agent, 0)..=(agent, MessageKey::MAX)).rev();
        let rows = keys.filter_map(|(_, key)| self.messages.get(key));
        Rows(rows.filter(|message| suits(message)).collect())
    }
}

struct Rows<'a>(Vec<&'a Message>);

impl<'a> Rows<'a> {
    fn page(self, limit: usize, offset: usize) -> Page<&'a Message> {
        Page {
            total: self.0.len(),
            items: self.0.into_iter().skip(offset).take(limit).collect(),
        }
    }
}

impl MailFilter {
    fn matches(&self, message: &Message, by_default: impl Fn(DeliveryState) -> bool) -> bool {
        let state = match &self.states {
            Some(states) => states.contains(&message.state),
            None => by_default(message.state),
        };
        state
            && self.since.is_none_or(|since| message.created_at > since)
            && self
                .thread_id
                .as_ref()
                .is_none_or(|thread| message.thread_id == *thread)
    }
}
