//! `/v1/auth`, `/v1/usage` and `/v1/alerts`.

use jiff::civil::Date;

use super::{Call, Detail, Reply, errors::error, validation, values};
use crate::{
    engine::{Account, AccountId},
    json::{Json, Writer},
    time,
};

/// What the server reports where this one has no limit.
const PLENTY: u32 = 1_000_000;

impl Call<'_> {
    fn row(&self, id: AccountId) -> Result<&Account, Reply> {
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
            .str("plan", "free")
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

    pub(super) fn get_usage(&mut self) -> Result<Reply, Reply> {
        let id = self.account()?;
        let now = self.now();
        let today = jiff::tz::Offset::UTC.to_datetime(now).date();
        let (start, end) = (today.first_of_month(), today.last_of_month());
        let period = |extra: Option<i64>| {
            let writer = Writer::object()
                .str("start", &start.to_string())
                .str("end", &end.to_string());
            match extra {
                Some(days) => writer.int("days_remaining", days).finish(),
                None => writer.finish(),
            }
        };
        let used = self.engine.monthly_usage(now, id);
        let (reported, succeeded) = self.engine.outcome_counts(id);
        let requests = self.engine.requests_in_window(now, id);
        let account = self.row(id)?;
        let (limits, cues) = (account.limits, u32::try_from(account.open_cues()).unwrap_or(u32::MAX));
        let cue_limit = limits.cues.unwrap_or(PLENTY);
        let cues = Writer::object()
            .int("used", cues)
            .int("active", cues)
            .int("limit", cue_limit)
            .int("remaining", cue_limit.saturating_sub(cues))
            .int("percent_used", percent(cues, cue_limit))
            .finish();
        let outcomes = Writer::object()
            .count("reported", reported)
            .count("succeeded", succeeded)
            .count("failed", reported - succeeded)
            .finish();
        let rate = Writer::object()
            .int("requests_per_minute", limits.requests_per_minute.unwrap_or(PLENTY))
            .count("current_usage", requests)
            .finish();
        let body = Writer::object()
            .str("plan", "free")
            .raw("billing_period", &period(Some((end.day() - today.day()).into())))
            .raw("period", &period(None))
            .raw("cues", &cues)
            .raw(
                "executions",
                &executions(used, limits.monthly_executions.unwrap_or(PLENTY), today),
            )
            .raw("outcomes", &outcomes)
            .raw("rate_limit", &rate)
            .str("upgrade_url", "https://dashboard.cueapi.ai/billing");
        Ok(Reply::ok(body.finish()))
    }

    pub(super) fn list_alerts(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let query = self.query();
        let since = query.get("since").map(|since| values::datetime(&Json::from(since)));
        let since = match since.transpose() {
            Ok(since) => since.map(|(at, _)| at),
            Err(message) => {
                return Err(validation(&[Detail {
                    field: "query.since".into(),
                    message,
                }]));
            }
        };
        let (limit, offset) = query.window(("limit", 20), "offset")?;
        let kind = query.text("alert_type").filter(|kind| !kind.is_empty());
        if kind
            .as_deref()
            .is_some_and(|kind| !matches!(kind, "outcome_timeout" | "verification_failed" | "consecutive_failures"))
        {
            return Err(error(400, "invalid_filter", "Invalid alert_type"));
        }
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
                .str("severity", "warning")
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
}

/// Whole percents, rounded down.
fn percent(used: u32, limit: u32) -> u32 {
    u32::try_from((u64::from(used) * 100).checked_div(limit.into()).unwrap_or(0)).unwrap_or(u32::MAX)
}

fn executions(used: u32, limit: u32, today: Date) -> String {
    // One decimal, as Python's round() gives it; an integer 0 where there is nothing to divide by.
    let share = if limit == 0 {
        Json::Int(0)
    } else {
        Json::Float((f64::from(used) * 1000.0 / f64::from(limit)).round_ties_even() / 10.0)
    };
    let (days, day) = (
        u64::from(today.days_in_month().unsigned_abs()),
        u64::from(today.day().unsigned_abs()),
    );
    let projected = rounded(u64::from(used) * days, day);
    Writer::object()
        .int("used", used)
        .int("limit", limit)
        .int("remaining", limit.saturating_sub(used))
        .int("percent_used", percent(used, limit))
        .json("percentage", &share)
        .int("projected_month_end", projected)
        .bool("will_exceed_limit", projected > limit)
        .finish()
}

/// A quotient as Python's `round` gives it: a half goes to the even side.
fn rounded(dividend: u64, divisor: u64) -> u32 {
    let (whole, rest) = (dividend / divisor.max(1), dividend % divisor.max(1));
    let up = rest * 2 > divisor || (rest * 2 == divisor && whole % 2 == 1);
    u32::try_from(whole + u64::from(up)).unwrap_or(u32::MAX)
}
