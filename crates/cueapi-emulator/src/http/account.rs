//! `/v1/auth`, as far as it needs a key.

use jiff::tz::Offset;

use super::{Call, Reply, errors::error, values::Length};
use crate::{
    engine::{Account, AccountId, PatchAccount},
    json::Writer,
    time,
};

/// What the server reports where this one has no limit.
pub(super) const PLENTY: u32 = 1_000_000;

impl Call<'_> {
    pub(super) fn row(&self, id: AccountId) -> Result<&Account, Reply> {
        self.engine.account(id).ok_or(Reply::Crash)
    }

    /// A destructive call must say so.
    pub(super) fn confirmed(&self) -> Result<(), Reply> {
        if self.header("x-confirm-destructive").as_deref() == Some("true") {
            return Ok(());
        }
        let message = "This action is destructive. Set X-Confirm-Destructive: true header to confirm.";
        Err(error(400, "confirmation_required", message))
    }

    pub(super) fn get_me(&mut self) -> Result<Reply, Reply> {
        let id = self.account()?;
        let used = self.engine.monthly_usage(self.now(), id);
        let active = self.engine.list_cues(id, Some("active"), 0, 0).total;
        let account = self.row(id)?;
        let limits = account.limits;
        let body = Writer::object()
            .str("email", &account.email)
            .str("plan", limits.plan.as_str())
            .count("active_cues", active)
            .int("active_cue_limit", limits.cues.unwrap_or(PLENTY))
            .int("executions_this_month", used)
            .int("monthly_execution_limit", limits.monthly_executions.unwrap_or(PLENTY))
            .int("rate_limit_per_minute", limits.requests_per_minute.unwrap_or(PLENTY))
            .bool("has_webhook_secret", true)
            .str("api_key_prefix", account.api_key.get(..12).unwrap_or_default())
            .str("slug", &account.slug);
        Ok(Reply::ok(body.finish()))
    }

    pub(super) fn get_key(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        Ok(Reply::ok(
            Writer::object().str("api_key", &self.row(account)?.api_key).finish(),
        ))
    }

    pub(super) fn regenerate_key(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        self.confirmed()?;
        let key = self.engine.rotate_api_key(self.exchange.now, account);
        Ok(Reply::ok(
            Writer::object()
                .str("api_key", &key)
                .bool("previous_key_revoked", true)
                .finish(),
        ))
    }

    pub(super) fn get_webhook_secret(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        Ok(Reply::ok(
            Writer::object()
                .str("webhook_secret", &self.row(account)?.webhook_secret)
                .finish(),
        ))
    }

    pub(super) fn regenerate_webhook_secret(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        self.confirmed()?;
        let secret = self.engine.rotate_webhook_secret(account);
        Ok(Reply::ok(
            Writer::object()
                .str("webhook_secret", &secret)
                .bool("previous_secret_revoked", true)
                .finish(),
        ))
    }

    pub(super) fn patch_me(&mut self) -> Result<Reply, Reply> {
        let (id, body) = self.authenticated_body()?;
        let patch = self.form(&body, |form| {
            Some(PatchAccount {
                email: form.opt_str("email", Length::ANY).map(Into::into),
                alert_webhook_url: form.opt_str("alert_webhook_url", Length::ANY).map(Into::into),
            })
        })?;
        self.engine.patch_account(id, patch)?;
        let updated_at = time::with_offset(self.now(), Offset::UTC);
        Ok(Reply::ok(Writer::object().str("updated_at", &updated_at).finish()))
    }

    pub(super) fn refresh_session(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        self.session_of(account)
    }

    pub(super) fn session_of(&self, id: AccountId) -> Result<Reply, Reply> {
        let token = self.engine.session_token(self.now(), id).ok_or(Reply::Crash)?;
        Ok(Reply::ok(
            Writer::object()
                .str("session_token", &token)
                .str("email", &self.row(id)?.email)
                .finish(),
        ))
    }
}
