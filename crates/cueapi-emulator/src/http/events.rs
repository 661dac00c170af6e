//! `/v1/agents/{ref}/events`: what has happened, and what is about to.

use jiff::{SignedDuration, Timestamp, tz::Offset};

use super::{Call, Reply, values::Length};
use crate::{
    engine::{AccountId, Engine, Event, EventQuery},
    json::Writer,
    time,
};

/// How long a request waits for an event.
const HOLD: SignedDuration = SignedDuration::from_secs(30);

/// A request for events that waits until there is one.
#[derive(Debug)]
pub(crate) struct Hold {
    account: AccountId,
    agent: String,
    query: EventQuery,
    until: Timestamp,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Hold {
    /// When it is answered at the latest.
    pub(crate) fn until(&self) -> Timestamp {
        self.until
    }

    /// The answer, when there is an event or its time is over; or else the same request.
    pub(crate) fn ask(self, engine: &mut Engine, now: Timestamp) -> Reply {
        let events = match engine.pull_events(self.account, &self.agent, &self.query) {
            Ok(events) if events.is_empty() && now < self.until => return Reply::Hold(Box::new(self)),
            events => events,
        };
        let mut reply = events.map_or_else(Reply::from, |events| page(&events, self.query.limit));
        for (name, value) in self.headers {
            reply.add(name, value);
        }
        reply
    }
}

impl Call<'_> {
    pub(super) fn pull_events(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let query = self.query();
        let mut parameters = query.parameters();
        let since = parameters.count("since");
        let limit = parameters.int("limit", 100, 1, 1000);
        let event_type = parameters.text("event_type", Length::up_to(255));
        let waits = parameters.only("wait", "long");
        parameters.finish()?;
        self.engine.agent(account, self.parameter(), false)?;
        query.filter("event_type")?;
        let (since, now) = (since?, self.now());
        let hold = Hold {
            account,
            agent: self.parameter().to_owned(),
            query: EventQuery {
                since: since.unsigned_abs(),
                limit: usize::try_from(limit).unwrap_or(usize::MAX),
                event_type,
            },
            until: if waits {
                now.saturating_add(HOLD).unwrap_or(now)
            } else {
                now
            },
            headers: Vec::new(),
        };
        Ok(hold.ask(self.engine, now))
    }
}

fn page(events: &[&Event], limit: usize) -> Reply {
    let cursor = events.last().and_then(|last| i64::try_from(last.id).ok());
    let body = Writer::object()
        .list("events", events.iter().map(|event| view(event)))
        .opt_int("next_cursor", cursor)
        .bool("has_more", events.len() == limit);
    Reply::ok(body.finish())
}

fn view(event: &Event) -> String {
    Writer::object()
        .int("id", i64::try_from(event.id).unwrap_or(i64::MAX))
        .str("event_type", event.event_type.as_str())
        .str("recipient_agent_id", &event.recipient_agent_id)
        .json("payload", &event.payload)
        .str("emitted_at", &time::with_offset(event.emitted_at, Offset::UTC))
        .finish()
}
