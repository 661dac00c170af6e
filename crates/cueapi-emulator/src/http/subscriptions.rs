//! `/v1/agents/{ref}/subscriptions`.

use jiff::tz::Offset;
use url::Url;

use super::{Call, Detail, Reply, agents::MAX_URL, form::Form, uuid::uuid, validation, values::Length};
use crate::{
    engine::{DeliveryTarget, Subscribe, Subscription, Uuid},
    json::Writer,
    time,
};

impl Call<'_> {
    pub(super) fn subscribe(&mut self) -> Result<Reply, Reply> {
        let (account, body) = self.authenticated_body()?;
        let subscribe = self.form(&body, read_subscription)?;
        let agent = self.parameter().to_owned();
        let row = self.engine.subscribe(self.exchange.now, account, &agent, subscribe)?;
        let secret = row.webhook.as_ref().map(|webhook| &*webhook.secret);
        Ok(Reply::json(201, view(row, secret)))
    }

    pub(super) fn list_subscriptions(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let rows = self.engine.list_subscriptions(account, self.parameter())?;
        let rows = rows.into_iter().map(|row| view(row, None));
        Ok(Reply::ok(Writer::object().list("subscriptions", rows).finish()))
    }

    pub(super) fn ack_subscription(&mut self) -> Result<Reply, Reply> {
        let (account, body) = self.authenticated_body()?;
        let id = self.subscription_id();
        let problems = id.as_ref().err().cloned();
        let event = self.form_after(problems.into_iter().collect(), &body, |form| {
            let event = form.required_count("acked_event_id");
            form.forbid_extra();
            event
        })?;
        let agent = self.parameter().to_owned();
        if let Ok(id) = id {
            self.engine
                .ack_subscription(account, &agent, id, event.unsigned_abs())?;
        }
        Ok(Reply::ok(Writer::object().bool("acked", true).finish()))
    }

    pub(super) fn unsubscribe(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let id = self.subscription_id().map_err(|problem| validation(&[problem]))?;
        let agent = self.parameter().to_owned();
        self.engine.unsubscribe(self.exchange.now, account, &agent, id)?;
        Ok(Reply::ok(Writer::object().bool("detached", true).finish()))
    }

    fn subscription_id(&self) -> Result<Uuid, Detail> {
        uuid(self.second_parameter()).map_err(|message| Detail {
            field: "path.subscription_id".into(),
            message,
        })
    }
}

fn view(row: &Subscription, secret: Option<&str>) -> String {
    let moment = |at: Option<jiff::Timestamp>| at.map(|at| time::with_offset(at, Offset::UTC));
    let event = |id: Option<u64>| id.and_then(|id| i64::try_from(id).ok());
    Writer::object()
        .str("id", &row.id.to_string())
        .str("subscriber_agent_id", &row.subscriber_agent_id)
        .str("event_type", row.event_type.as_str())
        .str("delivery_target", row.delivery_target())
        .opt_str(
            "webhook_url",
            row.webhook.as_ref().and_then(|webhook| origin(&webhook.url)).as_deref(),
        )
        .opt_str("webhook_secret", secret)
        .bool("inline_body", row.inline_body)
        .opt_int("last_dispatched_event_id", event(row.last_dispatched_event_id))
        .opt_str("last_dispatched_at", moment(row.last_dispatched_at).as_deref())
        .opt_int("last_acked_event_id", event(row.last_acked_event_id))
        .int("consecutive_failures", row.consecutive_failures)
        .opt_str("paused_until", moment(row.paused_until).as_deref())
        .str("created_at", &time::with_offset(row.created_at, Offset::UTC))
        .opt_str("detached_at", moment(row.detached_at).as_deref())
        .finish()
}

/// The part of a URL that is shown: paths may hold secrets.
fn origin(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{}{port}", url.scheme(), url.host_str()?))
}

const TARGETS: [(&str, DeliveryTarget); 2] = [("pull", DeliveryTarget::Pull), ("webhook", DeliveryTarget::Webhook)];

fn read_subscription(form: &mut Form<'_>) -> Option<Subscribe> {
    let event_type = form.required_str("event_type", Length::between(1, 255));
    let delivery_target = form.required_choice("delivery_target", &TARGETS);
    let webhook_url = form.opt_str("webhook_url", MAX_URL);
    let inline_body = form.bool_or("inline_body", false);
    form.forbid_extra();
    Some(Subscribe {
        event_type: event_type?.into(),
        delivery_target: delivery_target?,
        webhook_url: webhook_url.map(Into::into),
        inline_body: inline_body?,
    })
}
