//! `/v1/agents/roster`: everybody at a glance, with a version.

use sha2::{Digest as _, Sha256};

use super::{Call, Reply};
use crate::{
    engine::{Agent, AgentStatus},
    json::{Json, Writer},
    time,
};

impl Call<'_> {
    pub(super) fn roster(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let now = self.now();
        let agents: Vec<_> = (self.engine.roster(account).into_iter())
            .map(|agent| entry(agent, now))
            .collect();
        let hash = Sha256::digest(agents.concat().as_bytes());
        let digits: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let etag = format!("W/\"{digits}\"");
        if self.header("if-none-match").is_some_and(|known| known.trim() == etag) {
            return Ok(Reply::Empty {
                status: 304,
                headers: vec![("etag", etag)],
            });
        }
        let body = Writer::object()
            .str("generated_at", &time::z(now))
            .list("agents", agents);
        let mut reply = Reply::ok(body.finish());
        reply.add("etag", etag);
        reply.add("cache-control", "private, max-age=300".into());
        Ok(reply)
    }
}

fn entry(agent: &Agent, now: jiff::Timestamp) -> String {
    let presence = agent.presence(now);
    let contact = if agent.webhook_url.is_some() { "sync" } else { "async" };
    Writer::object()
        .str("name", &agent.slug)
        .str("display_name", &agent.display_name)
        .opt_str("description", agent.metadata.get("description").and_then(Json::as_str))
        .bool("online", presence.status == AgentStatus::Online)
        .str("last_seen_relative", &presence.last_seen)
        .str("preferred_contact", contact)
        .str("status", presence.status.as_str())
        .finish()
}
