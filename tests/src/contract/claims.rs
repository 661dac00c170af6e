//! Claims by workers, and the heartbeats that keep them.

use cueapi_core::types::{Cue, ExecutionStatus, Payload};
use serde_json::{Value, json};

use super::{
    Row, Suite,
    check::{Stop, fail, holds, refused, same},
};

impl<P: FnMut(&Row)> Suite<'_, P> {
    pub(super) async fn claims(&mut self) {
        let area = "claims";
        self.check(
            area,
            "a pending execution can be claimed, with the cue's payload",
            async |s| {
                let (cue, execution) = s.pending().await?;
                let claimable = s
                    .client
                    .executions()
                    .list_claimable()
                    .task(name(&cue))
                    .await?
                    .executions;
                let [only] = &*claimable else {
                    return Err(fail("one execution for the task", format!("{claimable:?}")));
                };
                same("execution", &execution, &only.execution_id)?;
                same(
                    "cue",
                    (Some(&cue.id), &cue.name),
                    (only.cue_id.as_ref(), &only.cue_name),
                )?;
                let payload: Value = serde_json::from_str(only.payload.as_ref().map_or("null", Payload::as_str))?;
                same("payload", json!({"task": cue.name, "n": 1}), payload)?;
                same("attempt", 0, only.attempt.clone())?;
                Ok("one, and the right one".to_owned())
            },
        )
        .await;
        self.check(area, "a claim gives a lease and takes the execution", async |s| {
            let (_, execution) = s.pending().await?;
            let claim = s.client.executions().claim(&execution, "contract").await?;
            same(
                "claimed",
                (Some(true), &execution),
                (claim.claimed, &claim.execution_id),
            )?;
            holds(
                claim.lease_seconds.known().is_none_or(|seconds| seconds > 0),
                "a lease",
                &claim.lease_seconds,
            )?;
            let taken = s.client.executions().get(&execution).await?;
            same("status", Some(ExecutionStatus::Delivering), taken.status)?;
            same("attempts", 1, taken.attempts)?;
            holds(taken.started_at.known().is_some(), "a start", taken.started_at)?;
            Ok(format!("{} s", claim.lease_seconds))
        })
        .await;
        self.check(area, "an execution is claimed once", async |s| {
            let (_, execution) = s.claimed("contract").await?;
            refused(
                s.client.executions().claim(&execution, "another").await,
                409,
                "claim_failed",
            )
        })
        .await;
        self.check(area, "what does not exist is not claimed", async |s| {
            let unknown = "00000000-0000-4000-8000-000000000000";
            refused(
                s.client.executions().claim(unknown, "contract").await,
                409,
                "claim_failed",
            )
        })
        .await;
        self.check(area, "the next execution of a task is found and claimed", async |s| {
            let (cue, execution) = s.pending().await?;
            let next = async || s.client.executions().claim_next("contract").task(name(&cue)).await;
            let claimed = next().await?.map(|claimed| claimed.execution.execution_id);
            same("claimed", Some(execution), claimed)?;
            let again = next().await?;
            holds(again.is_none(), "nothing more", &again)?;
            Ok("one, and then none".to_owned())
        })
        .await;
        self.check(area, "whatever waits longest can be claimed", async |s| {
            let (_, execution) = s.pending().await?;
            let waiting = s.client.executions().list_claimable().await?.executions;
            if waiting.iter().any(|waiting| waiting.execution_id != execution) {
                let reason = "others' work is waiting, and would be taken";
                return Err(Stop::Skip(reason.to_owned()));
            }
            let claim = s.client.executions().claim_oldest("contract").await?;
            same("claimed", execution, claim.execution_id)?;
            refused(
                s.client.executions().claim_oldest("contract").await,
                409,
                "claim_failed",
            )
        })
        .await;

        let area = "heartbeats";
        self.check(area, "a heartbeat of the owner extends the lease", async |s| {
            let (_, execution) = s.claimed("contract").await?;
            let beat = s.client.executions().heartbeat(&execution).worker("contract").await?;
            same("acknowledged", true, beat.is_acknowledged())?;
            Ok(format!("until {}", beat.lease_extended_until))
        })
        .await;
        self.check(area, "a heartbeat of another worker is refused", async |s| {
            let (_, execution) = s.claimed("contract").await?;
            let another = s.client.executions().heartbeat(&execution).worker("another").await;
            refused(another, 403, "not_execution_owner")
        })
        .await;
        self.check(area, "what nobody claimed has no heartbeat", async |s| {
            let (_, execution) = s.pending().await?;
            refused(
                s.client.executions().heartbeat(&execution).await,
                409,
                "execution_not_claiming",
            )
        })
        .await;
    }
}

fn name(cue: &Cue) -> &str {
    cue.name.as_deref().unwrap_or_default()
}
