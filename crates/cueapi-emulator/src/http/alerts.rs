//! `/v1/alerts`, and the secret that signs alerts on their way.

use super::{Call, Reply, errors::error};
use crate::{engine::SEVERITY, json::Writer, time};

impl Call<'_> {
    pub(super) fn list_alerts(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let query = self.query();
        let mut parameters = query.parameters();
        let since = parameters.datetime("since");
        let (limit, offset) = parameters.window(("limit", 20, 100), "offset");
        parameters.finish()?;
        let kind = query.text("alert_type").filter(|kind| !kind.is_empty());
        if kind
            .as_deref()
            .is_some_and(|kind| !matches!(kind, "outcome_timeout" | "verification_failed" | "consecutive_failures"))
        {
            let known = "consecutive_failures, outcome_timeout, verification_failed";
            let message = format!("alert_type must be one of: {known}");
            return Err(error(400, "invalid_filter", &message));
        }
        let offset = offset?;
        let all: Vec<_> = (self.engine.alerts(account))
            .filter(|alert| kind.as_deref().is_none_or(|kind| alert.alert_type.as_str() == kind))
            .filter(|alert| since.is_none_or(|since| alert.created_at >= since))
            .collect();
        let rows = all.iter().skip(offset).take(limit).map(|alert| {
            Writer::object()
                .str("id", &alert.id.to_string())
                .str("cue_id", &alert.cue_id)
                .str("execution_id", &alert.execution_id.to_string())
                .str("alert_type", alert.alert_type.as_str())
                .str("severity", SEVERITY)
                .str("message", &alert.message)
                .json("metadata", &alert.metadata)
                .bool("acknowledged", false)
                .str("created_at", &time::z(alert.created_at))
                .finish()
        });
        let body = Writer::object()
            .list("alerts", rows)
            .count("total", all.len())
            .count("limit", limit)
            .count("offset", offset);
        Ok(Reply::ok(body.finish()))
    }

    pub(super) fn get_alert_webhook_secret(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let secret = self.engine.alert_webhook_secret(account);
        Ok(Reply::ok(
            Writer::object().str("alert_webhook_secret", &secret).finish(),
        ))
    }

    pub(super) fn regenerate_alert_webhook_secret(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        self.confirmed()?;
        let secret = self.engine.rotate_alert_webhook_secret(account);
        Ok(Reply::ok(
            Writer::object()
                .str("alert_webhook_secret", &secret)
                .bool("previous_secret_revoked", true)
                .finish(),
        ))
    }
}
