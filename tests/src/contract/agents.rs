//! Agents: their addresses, their secrets, and the roster.

use cueapi_core::{
    Conditional, ConfirmDestructive,
    types::{Agent, AgentStatus},
};

use super::{
    Row, Suite,
    check::{Stop, fail, holds, reached, refused, same},
};

/// A public address, to which nothing is sent.
const URL: &str = "https://example.com/contract";

impl<P: FnMut(&Row)> Suite<'_, P> {
    pub(super) async fn agents(&mut self) {
        let area = "agents";
        self.check(area, "an agent is found by its id and by its address", async |s| {
            let agent = s.agent().await?;
            let Some(user) = s.client.account().get().await?.slug else {
                return Err(Stop::Skip(
                    "the account has no slug, so its agents have no address".to_owned(),
                ));
            };
            let address = format!("{}@{user}", slug(&agent));
            same("by id", &agent.id, &s.client.agents().get(&agent.id).await?.id)?;
            same(
                "by address",
                &agent.id,
                &s.client.agents().get(address.as_str()).await?.id,
            )?;
            Ok(address)
        })
        .await;
        self.check(area, "a slug alone is no address", async |s| {
            let agent = s.agent().await?;
            let found = s.client.agents().get(slug(&agent)).await;
            refused(found, 400, "invalid_agent_address")
        })
        .await;
        self.check(area, "what is changed is changed, and the rest stays", async |s| {
            let agent = s.agent().await?;
            let changed = s.client.agents().update(&agent.id).status(AgentStatus::Away).await?;
            same("status", Some(AgentStatus::Away), changed.status)?;
            same("name", &agent.display_name, &changed.display_name)?;
            let mut listed = s.client.agents().list().status(AgentStatus::Away).limit(100).pager();
            while let Some(row) = listed.next().await.transpose()? {
                if row.id == agent.id {
                    return Ok("away, and listed as such".to_owned());
                }
            }
            Err(fail("the agent in the list", "not there"))
        })
        .await;
        self.check(area, "a slug stays taken when its agent is deleted", async |s| {
            let agent = s.agent().await?;
            s.client.agents().delete(&agent.id).await?;
            refused(s.client.agents().get(&agent.id).await, 404, "agent_not_found")?;
            let kept = s.client.agents().get(&agent.id).include_deleted(true).await?;
            holds(kept.deleted_at.known().is_some(), "a time of deletion", &kept)?;
            let again = s.client.agents().create("again").slug(slug(&agent)).await;
            refused(again, 409, "slug_taken")
        })
        .await;
        self.check(area, "a reserved slug is refused", async |s| {
            refused(s.client.agents().create("x").slug("admin").await, 400, "reserved_slug")
        })
        .await;
        self.check(area, "a webhook URL comes with a secret and takes it away", async |s| {
            let (agent, agents) = (s.agent().await?.id, s.client.agents());
            let updated = reached(agents.update(&agent).webhook_url(URL).await)?;
            same("secret in the answer", true, updated.webhook_secret.is_none())?;
            let secret = agents.webhook_secret(&agent).await?.webhook_secret;
            let other = agents.regenerate_webhook_secret(&agent, ConfirmDestructive).await?;
            holds(other.webhook_secret != secret, "another secret", "the same")?;
            agents.update(&agent).clear_webhook_url().await?;
            refused(agents.webhook_secret(&agent).await, 404, "no_webhook_secret")?;
            let regenerated = agents.regenerate_webhook_secret(&agent, ConfirmDestructive).await;
            refused(regenerated, 409, "no_webhook_url")
        })
        .await;
        self.check(area, "the roster is not sent again to whoever has it", async |s| {
            let agent = s.agent().await?;
            let first = s.client.agents().roster().await?;
            let Conditional::Modified {
                value,
                etag: Some(etag),
            } = first
            else {
                return Err(fail("a roster with an ETag", format!("{first:?}")));
            };
            let entry = value.agents.iter().find(|entry| entry.name == slug(&agent));
            let entry = entry.ok_or_else(|| fail("the agent in the roster", "not there"))?;
            same("online", Some(false), entry.online)?;
            let again = s.client.agents().roster().if_none_match(&etag).await?;
            holds(again.value().is_none(), "nothing new", "a roster")?;
            s.agent().await?;
            let changed = s.client.agents().roster().if_none_match(&etag).await?;
            holds(
                changed.etag().is_some_and(|other| other != etag),
                "another version",
                changed.etag(),
            )?;
            Ok(etag)
        })
        .await;
    }
}

fn slug(agent: &Agent) -> &str {
    agent.slug.as_deref().unwrap_or_default()
}
