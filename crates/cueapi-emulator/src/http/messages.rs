//! `/v1/messages`, and the mailboxes under `/v1/agents`.

use super::{Call, Query, Reply, errors::error, form::Form, values::Length};
use crate::{
    engine::{DeliveryState, Engine, MailFilter, Message, Page, Refusal, SendMessage},
    json::Writer,
    time,
};

const REPLY_PATTERN: &str = "^msg_[a-z0-9]{12}$";
const PREVIEW: usize = 200;

impl Call<'_> {
    pub(super) fn send_message(&mut self) -> Result<Reply, Reply> {
        let (account, body) = self.authenticated_body()?;
        let send = self.form(&body, read_message)?;
        let (from, key) = (self.header("x-cueapi-from-agent"), self.header("idempotency-key"));
        let now = self.now();
        let sent = self
            .engine
            .send_message(now, account, from.as_deref(), key.as_deref(), send)?;
        let (message, is_new, downgraded) = (sent.message.clone(), sent.is_new, sent.is_downgraded);
        let status = if is_new { 201 } else { 200 };
        let mut reply = Reply::json(status, view(self.engine, &message));
        if is_new && downgraded {
            reply.add("x-cueapi-priority-downgraded", "true".into());
        }
        Ok(reply)
    }

    pub(super) fn get_message(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let message = self.engine.message(account, self.parameter())?;
        Ok(Reply::ok(view(self.engine, message)))
    }

    pub(super) fn read_message(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let id = self.parameter().to_owned();
        let message = self.engine.mark_read(self.exchange.now, account, &id)?;
        let body = Writer::object()
            .str("delivery_state", message.state.as_str())
            .opt_str("read_at", message.read_at.map(time::z).as_deref())
            .opt_str("acked_at", None);
        Ok(Reply::ok(body.finish()))
    }

    pub(super) fn ack_message(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let id = self.parameter().to_owned();
        let message = self.engine.ack_message(self.exchange.now, account, &id)?;
        let body = Writer::object()
            .str("delivery_state", message.state.as_str())
            .opt_str("read_at", None)
            .opt_str("acked_at", message.acked_at.map(time::z).as_deref());
        Ok(Reply::ok(body.finish()))
    }

    pub(super) fn read_inbox(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let MailQuery {
            filter,
            limit,
            offset,
            count_only,
        } = read_query(&self.query())?;
        let (agent, now) = (self.parameter().to_owned(), self.now());
        if count_only {
            return Ok(count(self.engine.count_inbox(now, account, &agent, &filter)?));
        }
        let offset = offset?;
        let page = self.engine.read_inbox(now, account, &agent, &filter, limit, offset)?;
        let page = Page {
            items: page.items.into_iter().cloned().collect(),
            total: page.total,
        };
        Ok(list(
            self.engine,
            &page.items.iter().collect::<Vec<_>>(),
            page.total,
            limit,
            offset,
        ))
    }

    pub(super) fn list_sent(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let MailQuery {
            filter,
            limit,
            offset,
            count_only,
        } = read_query(&self.query())?;
        let agent = self.parameter();
        if count_only {
            return Ok(count(self.engine.list_sent(account, agent, &filter, 0, 0)?.total));
        }
        let offset = offset?;
        let page = self.engine.list_sent(account, agent, &filter, limit, offset)?;
        Ok(list(self.engine, &page.items, page.total, limit, offset))
    }
}

fn count(count: usize) -> Reply {
    Reply::ok(Writer::object().count("count", count).finish())
}

fn list(engine: &Engine, messages: &[&Message], total: usize, limit: usize, offset: usize) -> Reply {
    let body = Writer::object()
        .list("messages", messages.iter().map(|message| view(engine, message)))
        .count("total", total)
        .count("limit", limit)
        .count("offset", offset);
    Reply::ok(body.finish())
}

fn view(engine: &Engine, message: &Message) -> String {
    let user = engine
        .account(message.account)
        .map(|account| account.user_id.to_string());
    let preview: String = message.body.chars().take(PREVIEW).collect();
    let moment = |at: Option<jiff::Timestamp>| at.map(time::z);
    Writer::object()
        .str("id", &message.id)
        .str("user_id", &user.unwrap_or_default())
        .str("from_agent_id", &message.from_agent_id)
        .str("to_agent_id", &message.to_agent_id)
        .str("thread_id", &message.thread_id)
        .opt_str("reply_to", message.reply_to.as_deref())
        .opt_str("subject", message.subject.as_deref())
        .str("body", &message.body)
        .str("preview", &preview)
        .int("priority", message.priority)
        .bool("expects_reply", message.expects_reply)
        .opt_str("reply_to_agent_id", message.reply_to_agent_id.as_deref())
        .str("delivery_state", message.state.as_str())
        .json("metadata", &message.metadata)
        .opt_str("idempotency_key", message.idempotency_key.as_deref())
        .str("created_at", &time::z(message.created_at))
        .opt_str("delivered_at", moment(message.delivered_at).as_deref())
        .opt_str("read_at", moment(message.read_at).as_deref())
        .opt_str("acked_at", moment(message.acked_at).as_deref())
        .opt_str("failed_at", moment(message.failed_at).as_deref())
        .opt_str("send_at", message.send_at.map(time::z).as_deref())
        .str("expires_at", &time::z(message.expires_at()))
        .opt_str("correlation_id", message.correlation_id.as_deref())
        .int("dispatch_priority_bucket", message.priority)
        .opt_str("message_dispatch_error", None)
        .finish()
}

fn read_message(form: &mut Form<'_>) -> Option<SendMessage> {
    let to = form.required_str("to", Length::between(1, usize::MAX));
    let body = form.required_str("body", Length::between(1, 32_768));
    let subject = form.opt_str("subject", Length::up_to(255));
    let reply_to = form.opt_pattern("reply_to", Length::ANY, REPLY_PATTERN, is_message_id);
    let priority = form.int_or("priority", 3, 1, 5);
    let expects_reply = form.bool_or("expects_reply", false);
    let reply_to_agent = form.opt_str("reply_to_agent", Length::between(1, usize::MAX));
    let metadata = form.dict_or_empty("metadata");
    let correlation_id = form.opt_str("correlation_id", Length::up_to(255));
    let send_at = form.opt_datetime("send_at").map(|(at, given)| (at, given.offset));
    form.forbid_extra();
    Some(SendMessage {
        to: to?.into(),
        body: body?.into(),
        subject: subject.map(Into::into),
        reply_to: reply_to.map(Into::into),
        priority: u8::try_from(priority?).ok()?,
        expects_reply: expects_reply?,
        reply_to_agent: reply_to_agent.map(Into::into),
        metadata: metadata?,
        correlation_id: correlation_id.map(Into::into),
        send_at,
    })
}

/// What [`REPLY_PATTERN`] says.
fn is_message_id(text: &str) -> bool {
    text.strip_prefix("msg_")
        .is_some_and(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

struct MailQuery {
    filter: MailFilter,
    limit: usize,
    offset: Result<usize, Refusal>,
    count_only: bool,
}

fn read_query(query: &Query) -> Result<MailQuery, Reply> {
    let mut parameters = query.parameters();
    let since = parameters.datetime("since");
    let (limit, offset) = parameters.window(("limit", 50, 200), "offset");
    let count_only = parameters.bool("count_only");
    parameters.finish()?;
    let given = |name: &str| query.get(name).filter(|text| !text.is_empty());
    let states = query.get("state").map(|list| {
        let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
        names.map(state).collect::<Result<Vec<_>, _>>()
    });
    Ok(MailQuery {
        filter: MailFilter {
            states: states.transpose()?,
            since,
            thread_id: query.filter("thread_id")?.map(Into::into),
            counterpart: given("counterpart").map(Into::into),
        },
        limit,
        offset,
        count_only,
    })
}

fn state(name: &str) -> Result<DeliveryState, Reply> {
    let known = DeliveryState::ALL.into_iter().find(|state| state.as_str() == name);
    known.ok_or_else(|| {
        let mut valid = DeliveryState::ALL.map(DeliveryState::as_str);
        valid.sort_unstable();
        let valid = valid.map(|name| format!("'{name}'")).join(", ");
        error(
            400,
            "invalid_state_filter",
            &format!("unknown state '{name}'. Valid: [{valid}]"),
        )
    })
}
