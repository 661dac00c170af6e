//! The account that the key belongs to, its sessions and its usage.

use cueapi_core::types::{Outcome, Plan};
use http::Method;

use super::{
    Row, ServerKind, Suite,
    check::{Stop, fail, holds, refused, same},
    wire::error,
};

impl<P: FnMut(&Row)> Suite<'_, P> {
    pub(super) async fn account(&mut self) {
        let area = "account";
        self.check(area, "a key shows whose it is", async |s| {
            let account = s.client.account().get().await?;
            let email = account.email.as_deref().unwrap_or_default();
            holds(email.contains('@'), "an address", email)?;
            let plan = account.plan.as_ref().and_then(Plan::name).unwrap_or_default();
            holds(!plan.is_empty(), "a plan", &account)?;
            let prefix = account.api_key_prefix.clone().unwrap_or_default();
            holds(prefix.starts_with("cue_sk_"), "the key's prefix", &prefix)?;
            Ok(format!("on the plan {plan}"))
        })
        .await;
        self.check(area, "an update with nothing in it is refused", async |s| {
            refused(s.client.account().update().await, 422, "no_fields")
        })
        .await;
        self.check(area, "an update says when it was made", async |s| {
            let email = s.client.account().get().await?.email.unwrap_or_default();
            let update = s.client.account().update().email(&email).await?;
            same("address", Some(email), s.client.account().get().await?.email)?;
            Ok(update.updated_at.to_string())
        })
        .await;
        self.check(area, "a key that the server has kept can be fetched", async |s| {
            let Some(key) = s.client.account().key().await?.api_key else {
                return Err(Stop::Skip("it has not kept the key".to_owned()));
            };
            s.client_with(key.expose())?.account().get().await?;
            Ok("and works".to_owned())
        })
        .await;
        self.check(area, "a session stands in for a key", async |s| {
            let session = match s.client.account().refresh_session().await {
                Err(error) if error.status().is_some_and(|status| status.as_u16() == 503) => {
                    return Err(Stop::Skip("it has no sessions".to_owned()));
                }
                session => session?,
            };
            let account = s.client.account().get().await?;
            let by_session = s.client_with(session.session_token.expose())?.account().get().await?;
            same("address", account.email, by_session.email)?;
            Ok("the same account".to_owned())
        })
        .await;
        self.check(area, "a session token that is none is refused", async |s| {
            refused(
                s.client_with("no-session")?.account().get().await,
                401,
                "invalid_session",
            )
        })
        .await;
        self.usage().await;
    }

    async fn usage(&mut self) {
        let area = "usage";
        self.check(area, "a new cue counts", async |s| {
            let used = async || {
                let cues = s.client.usage().get().await?.cues;
                cues.and_then(|cues| cues.counted())
                    .ok_or_else(|| fail("cues.used", "nothing"))
            };
            let before = used().await?;
            s.worker_cue().await?;
            same("cues in use", before + 1, used().await?)?;
            Ok(format!("{before}, then one more"))
        })
        .await;
        self.check(area, "an outcome counts", async |s| {
            let count = async || {
                let outcomes = s.client.usage().get().await?.outcomes;
                let reported = outcomes.as_ref().and_then(|outcomes| outcomes.reported.known());
                reported
                    .zip(outcomes.and_then(|outcomes| outcomes.failed.known()))
                    .ok_or_else(|| fail("outcomes.reported and failed", "nothing"))
            };
            let (reported, failed) = count().await?;
            let (_, execution) = s.claimed("contract").await?;
            let outcome = Outcome::failure("on purpose");
            s.client.executions().report_outcome(&execution, outcome).await?;
            let after = count().await?;
            same("reported", reported + 1, after.0)?;
            // Failed are runs without an outcome, too: there can be one that ends meanwhile.
            holds(after.1 > failed, "more that failed", after.1)?;
            Ok(format!("{reported}, then one more"))
        })
        .await;
        self.check(area, "what is left is the limit less what is used", async |s| {
            let usage = s.client.usage().get().await?;
            let Some(executions) = usage.executions.as_ref() else {
                return Err(fail("executions", "nothing"));
            };
            let left = executions
                .limit
                .known()
                .zip(executions.used.known())
                .map(|(limit, used)| limit.saturating_sub(used));
            same("left", left, executions.remaining.known())?;
            Ok(format!("{left:?}"))
        })
        .await;
        self.check(area, "the calls of the last minute are counted", async |s| {
            let usage = s.client.usage().get().await?.rate_limit;
            let current = usage.and_then(|usage| usage.current_usage.known());
            holds(current.is_some_and(|calls| calls > 0), "some calls", current)?;
            Ok(format!("{current:?}"))
        })
        .await;
        self.check(area, "a method that usage has not is refused", async |s| {
            if s.kind == ServerKind::Hosted {
                return Err(Stop::Skip("known of self-hosted servers only".to_owned()));
            }
            let response = s.request(Method::POST, "/v1/usage", &[], "").await?;
            same("status", 405, response.status().as_u16())?;
            same("code", "http_error", error(&response)?.code.as_str())?;
            Ok("405 http_error".to_owned())
        })
        .await;
    }
}
