//! Firing by hand, and replays.

use std::time::Duration;

use cueapi_core::types::{CueStatus, ExecutionStatus, Outcome, Schedule, Transport, TriggeredBy};
use cueapi_signing::{SignatureHeaders, Verifier};
use http::Method;
use serde_json::{Value, json};

use super::{
    Row, Suite,
    check::{Checked, Stop, fail, holds, refused, same},
    subject::Subject,
};

impl<P: FnMut(&Row)> Suite<'_, P> {
    pub(super) async fn firing(&mut self) {
        let area = "firing";
        self.check(
            area,
            "firing makes a pending execution and leaves the schedule alone",
            async |s| {
                let cue = s.worker_cue().await?;
                let fired = s.client.cues().fire(&cue.id).await?;
                same("status", Some(ExecutionStatus::Pending), fired.status)?;
                same("trigger", Some(TriggeredBy::ManualFire), fired.triggered_by)?;
                let execution = s.client.executions().get(&fired.id).await?;
                same("cue", Some(&cue.id), execution.cue_id.as_ref())?;
                same("attempts", 0, execution.attempts)?;
                let after = s.client.cues().get(&cue.id).await?;
                same("next run", cue.next_run, after.next_run)?;
                same("firings by schedule", 0, after.fired_count)?;
                Ok(fired.id.to_string())
            },
        )
        .await;
        self.check(area, "a paused cue can be fired", async |s| {
            let cue = s.worker_cue().await?;
            s.client.cues().pause(&cue.id).await?;
            s.client.cues().fire(&cue.id).await?;
            same(
                "status",
                Some(CueStatus::Paused),
                s.client.cues().get(&cue.id).await?.status,
            )?;
            Ok("fired, and still paused".to_owned())
        })
        .await;
        self.check(area, "firing for later is scheduled for then", async |s| {
            let cue = s.worker_cue().await?;
            let at = s.later();
            let fired = s.client.cues().fire(&cue.id).send_at(at).await?;
            same("scheduled for", at, fired.scheduled_for)?;
            Ok(at.to_string())
        })
        .await;
        self.check(area, "a cue that is not there is not fired", async |s| {
            refused(s.client.cues().fire("cue_000000000000").await, 404, "cue_not_found")
        })
        .await;
        self.check(
            area,
            "a fired webhook is delivered, signed with the account's secret",
            echo,
        )
        .await;

        let area = "replay";
        self.check(area, "a finished execution is replayed as a new one", async |s| {
            let (cue, execution) = s.claimed("contract").await?;
            s.client
                .executions()
                .report_outcome(&execution, Outcome::success())
                .await?;
            let replayed = s.client.executions().replay(&execution).await?;
            holds(replayed.id != execution, "a new execution", &replayed)?;
            same("cue", Some(cue.id), replayed.cue_id)?;
            same("status", Some(ExecutionStatus::Pending), replayed.status)?;
            same("replay of", Some(execution), replayed.replayed_from)?;
            same("trigger", Some(TriggeredBy::Replay), replayed.triggered_by)?;
            Ok(replayed.id.to_string())
        })
        .await;
        self.check(area, "an execution that is not finished is not replayed", async |s| {
            let (_, execution) = s.pending().await?;
            refused(
                s.client.executions().replay(&execution).await,
                409,
                "execution_in_flight",
            )
        })
        .await;
    }
}

/// Has a webhook delivered to the server's own echo, the one receiver that is in reach of every server.
async fn echo(s: &Subject) -> Checked {
    let path = format!("/v1/echo/{}", s.name());
    let waiting = s.request(Method::GET, &path, &[], "").await?;
    if !waiting.status().is_success() {
        return Err(Stop::Skip(
            "it has no echo, and no other receiver is in its reach".to_owned(),
        ));
    }
    let callback = cueapi_core::types::Callback::new(format!("{}{path}", s.base_url()));
    let create = s
        .client
        .cues()
        .create(s.name(), Schedule::at(s.later()), Transport::Webhook(callback));
    let cue = match create.payload(&json!({"text": "é", "n": 1.0})).await {
        Ok(cue) => s.keep(cue),
        Err(error)
            if error
                .api()
                .is_some_and(|api| api.code.as_str() == "invalid_callback_url") =>
        {
            return Err(Stop::Skip(
                "it does not deliver to its own address, and no other receiver is in its reach".to_owned(),
            ));
        }
        Err(error) => return Err(error.into()),
    };
    let secret = s.client.webhook_secret().get().await?.webhook_secret;
    s.client.cues().fire(&cue.id).await?;
    for _ in 0..60 {
        let echoed: Value = serde_json::from_slice(s.request(Method::GET, &path, &[], "").await?.body())?;
        if echoed["status"] != "delivered" {
            tokio::time::sleep(Duration::from_millis(500)).await;
            continue;
        }
        let header = |name: &str| echoed["headers"][name].as_str().unwrap_or_default().to_owned();
        let (signature, timestamp) = (header("x-cueapi-signature"), header("x-cueapi-timestamp"));
        let body = echoed["payload"].to_string();
        // The echo has parsed the body and written it anew, so only its canonical form is what was signed.
        let verifier = Verifier::new(secret.expose())
            .map_err(|error| fail("a secret", error.to_string()))?
            .canonical();
        let verified = verifier.verify_now(body.as_bytes(), SignatureHeaders::new(&signature, &timestamp));
        return match verified {
            Ok(_) => Ok("delivered and verified".to_owned()),
            Err(error) => Err(fail("a signature of the account's secret", error.to_string())),
        };
    }
    Err(fail("a delivery", "none in 30 s"))
}
