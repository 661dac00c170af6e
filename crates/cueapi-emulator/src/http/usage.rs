//! `/v1/usage`.

use jiff::civil::Date;

use super::{Call, Reply, account::PLENTY};
use crate::json::{Json, Writer};

impl Call<'_> {
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
        let outcomes = self.engine.outcome_counts(id);
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
            .count("reported", outcomes.reported)
            .count("succeeded", outcomes.succeeded)
            .count("failed", outcomes.failed)
            .finish();
        let rate = Writer::object()
            .int("requests_per_minute", limits.requests_per_minute.unwrap_or(PLENTY))
            .count("current_usage", requests)
            .finish();
        let body = Writer::object()
            .str("plan", limits.plan.as_str())
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
