//! `/v1/agents`: agents themselves.

use super::{Call, Reply, errors::error, form::Form, values::Length};
use crate::{
    engine::{Agent, AgentStatus, CreateAgent, Engine, PatchAgent, is_slug},
    json::Writer,
    time,
};

const MAX_NAME: Length = Length::between(1, 255);
pub(super) const MAX_URL: Length = Length::up_to(2048);
const SLUG_PATTERN: &str = "^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$";

impl Call<'_> {
    pub(super) fn create_agent(&mut self) -> Result<Reply, Reply> {
        let (account, body) = self.authenticated_body()?;
        let create = self.form(&body, read_create)?;
        let agent = self.engine.create_agent(self.exchange.now, account, create)?.clone();
        let body = view(self.engine, &agent, agent.webhook_secret.as_deref());
        Ok(Reply::json(201, body))
    }

    pub(super) fn list_agents(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let query = self.query();
        let mut parameters = query.parameters();
        let include_deleted = parameters.bool("include_deleted");
        let (limit, offset) = parameters.window(("limit", 50, 100), "offset");
        parameters.finish()?;
        let status = query.get("status").map(|given| {
            let known = AgentStatus::ALL.into_iter().find(|status| status.as_str() == given);
            known.ok_or_else(|| error(400, "invalid_status", "status must be one of: online, offline, away"))
        });
        let (status, offset) = (status.transpose()?, offset?);
        let page = self.engine.list_agents(account, status, include_deleted, limit, offset);
        let rows = page.items.into_iter().map(|agent| view(self.engine, agent, None));
        let body = Writer::object()
            .list("agents", rows)
            .count("total", page.total)
            .count("limit", limit)
            .count("offset", offset);
        Ok(Reply::ok(body.finish()))
    }

    pub(super) fn get_agent(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let query = self.query();
        let mut parameters = query.parameters();
        let include_deleted = parameters.bool("include_deleted");
        parameters.finish()?;
        let agent = self.engine.agent(account, self.parameter(), include_deleted)?;
        Ok(Reply::ok(view(self.engine, agent, None)))
    }

    pub(super) fn patch_agent(&mut self) -> Result<Reply, Reply> {
        let (account, body) = self.authenticated_body()?;
        let patch = self.form(&body, read_patch)?;
        let reference = self.parameter().to_owned();
        let agent = self.engine.patch_agent(self.exchange.now, account, &reference, patch)?;
        let agent = agent.clone();
        Ok(Reply::ok(view(self.engine, &agent, None)))
    }

    pub(super) fn delete_agent(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let reference = self.parameter().to_owned();
        self.engine.delete_agent(self.exchange.now, account, &reference)?;
        Ok(Reply::no_json())
    }

    pub(super) fn get_agent_secret(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let agent = self.engine.agent(account, self.parameter(), false)?;
        match &agent.webhook_secret {
            Some(secret) => Ok(Reply::ok(Writer::object().str("webhook_secret", secret).finish())),
            None => Err(error(
                404,
                "no_webhook_secret",
                "This agent has no webhook secret. Set webhook_url to mint one.",
            )),
        }
    }

    pub(super) fn regenerate_agent_secret(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        self.confirmed()?;
        let reference = self.parameter().to_owned();
        let secret = self.engine.rotate_agent_secret(account, &reference)?;
        Ok(Reply::ok(Writer::object().str("webhook_secret", &secret).finish()))
    }
}

fn view(engine: &Engine, agent: &Agent, secret: Option<&str>) -> String {
    let user = engine.account(agent.account).map(|account| account.user_id.to_string());
    Writer::object()
        .str("id", &agent.id)
        .str("user_id", &user.unwrap_or_default())
        .str("slug", &agent.slug)
        .str("display_name", &agent.display_name)
        .opt_str("webhook_url", agent.webhook_url.as_deref())
        .opt_str("webhook_secret", secret)
        .json("metadata", &agent.metadata)
        .str("status", agent.status.as_str())
        .opt_str("deleted_at", agent.deleted_at.map(time::z).as_deref())
        .str("created_at", &time::z(agent.created_at))
        .str("updated_at", &time::z(agent.updated_at))
        .finish()
}

fn read_create(form: &mut Form<'_>) -> Option<CreateAgent> {
    let slug = form.opt_pattern("slug", Length::between(1, 64), SLUG_PATTERN, is_slug);
    let display_name = form.required_str("display_name", MAX_NAME);
    let webhook_url = form.opt_str("webhook_url", MAX_URL);
    let metadata = form.dict_or_empty("metadata");
    form.forbid_extra();
    Some(CreateAgent {
        display_name: display_name?.into(),
        slug: slug.map(Into::into),
        webhook_url: webhook_url.map(Into::into),
        metadata: metadata?,
    })
}

fn read_patch(form: &mut Form<'_>) -> Option<PatchAgent> {
    let statuses = AgentStatus::ALL.map(|status| (status.as_str(), status));
    let display_name = form.opt_str("display_name", MAX_NAME).map(Into::into);
    let webhook_url = if form.is_null("webhook_url") {
        Some(None)
    } else {
        form.opt_str("webhook_url", MAX_URL).map(|url| Some(url.into()))
    };
    let status = form.opt_choice("status", &statuses);
    let metadata = form.opt_dict("metadata").cloned();
    form.forbid_extra();
    Some(PatchAgent {
        display_name,
        webhook_url,
        status,
        metadata,
    })
}
