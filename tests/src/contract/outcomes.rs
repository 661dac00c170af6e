//! Outcomes, evidence and verification.

use cueapi_core::types::{Artifact, Evidence, ExecutionStatus, Outcome, OutcomeState, VerificationMode};
use serde_json::{Value, json};

use super::{
    Row, Suite,
    check::{Checked, fail, refused, same},
    subject::Subject,
};

impl<P: FnMut(&Row)> Suite<'_, P> {
    pub(super) async fn outcomes(&mut self) {
        self.reports().await;
        self.verification().await;
    }

    async fn reports(&mut self) {
        let area = "outcomes";
        self.check(area, "a success is recorded with result and metadata", async |s| {
            let (_, execution) = s.claimed("contract").await?;
            let outcome = Outcome::success().result("47 é").metadata(&json!({"took": 1.5}));
            let receipt = s.client.executions().report_outcome(&execution, outcome).await?;
            same("state", Some(OutcomeState::ReportedSuccess), receipt.outcome_state)?;
            let after = s.client.executions().get(&execution).await?;
            same("status", Some(ExecutionStatus::Success), after.status)?;
            let recorded = after.outcome.ok_or_else(|| fail("an outcome", "none"))?;
            same(
                "outcome",
                (Some(true), Some("47 é")),
                (recorded.success, recorded.result.as_deref()),
            )?;
            let metadata = recorded.metadata.as_ref().map_or("null", |metadata| metadata.as_str());
            let metadata: Value = serde_json::from_str(metadata)?;
            same("metadata", json!({"took": 1.5}), metadata)?;
            Ok("reported_success".to_owned())
        })
        .await;
        self.check(area, "a failure is recorded with its error", async |s| {
            let (_, execution) = s.claimed("contract").await?;
            let receipt = s
                .client
                .executions()
                .report_outcome(&execution, Outcome::failure("no disk"))
                .await?;
            same("state", Some(OutcomeState::ReportedFailure), receipt.outcome_state)?;
            let after = s.client.executions().get(&execution).await?;
            same("status", Some(ExecutionStatus::Failed), after.status)?;
            let error = after.outcome.and_then(|outcome| outcome.error);
            same("error", Some("no disk"), error.as_deref())?;
            Ok("reported_failure".to_owned())
        })
        .await;
        self.check(area, "an outcome is written once", async |s| {
            let (_, execution) = s.claimed("contract").await?;
            s.client
                .executions()
                .report_outcome(&execution, Outcome::success())
                .await?;
            let again = s
                .client
                .executions()
                .report_outcome(&execution, Outcome::failure("late"))
                .await;
            let code = match &again {
                Err(error)
                    if error
                        .api()
                        .is_some_and(|api| api.code.as_str() == "outcome_already_reported") =>
                {
                    "outcome_already_reported"
                }
                _ => "outcome_already_recorded",
            };
            refused(again, 409, code)
        })
        .await;
        self.check(area, "an outcome is taken without a claim", async |s| {
            let (_, execution) = s.pending().await?;
            s.client
                .executions()
                .report_outcome(&execution, Outcome::success())
                .await?;
            same(
                "status",
                Some(ExecutionStatus::Success),
                s.client.executions().get(&execution).await?.status,
            )?;
            Ok("success".to_owned())
        })
        .await;
    }

    async fn verification(&mut self) {
        let area = "evidence";
        let with_id = || Outcome::success().external_id("batch-7842");
        let with_url = || Outcome::success().result_url("https://example.com/batches/7842");
        let with_artifact = || Outcome::success().artifact(Artifact::new("leads.csv", "https://example.com/leads.csv"));
        use VerificationMode::{Manual, RequireArtifacts, RequireExternalId, RequireResultUrl};
        for (statement, mode, outcome, state) in [
            (
                "an external id that is required verifies",
                RequireExternalId,
                with_id(),
                OutcomeState::VerifiedSuccess,
            ),
            (
                "a result URL that is required verifies",
                RequireResultUrl,
                with_url(),
                OutcomeState::VerifiedSuccess,
            ),
            (
                "artifacts that are required verify",
                RequireArtifacts,
                with_artifact(),
                OutcomeState::VerifiedSuccess,
            ),
            (
                "evidence that is missing fails the verification",
                RequireArtifacts,
                with_id(),
                OutcomeState::VerificationFailed,
            ),
            (
                "a manual verification waits",
                Manual,
                with_id(),
                OutcomeState::VerificationPending,
            ),
        ] {
            self.check(area, statement, async |s| {
                let cue = s.worker_cue_with(mode).await?;
                let fired = s.client.cues().fire(&cue.id).await?;
                let receipt = s.client.executions().report_outcome(&fired.id, outcome).await?;
                same("state", Some(&state), receipt.outcome_state.as_ref())?;
                Ok(state.to_string())
            })
            .await;
        }
        self.check(area, "evidence can be added afterwards", async |s| {
            let execution = reported(s).await?;
            let evidence = Evidence::new().external_id("late-1").summary("late");
            let receipt = s.client.executions().append_evidence(&execution, evidence).await?;
            same("updated", Some(true), receipt.evidence_updated)?;
            Ok("updated".to_owned())
        })
        .await;
        self.check(area, "without an outcome there is nothing to add to", async |s| {
            let (_, execution) = s.pending().await?;
            let early = s
                .client
                .executions()
                .append_evidence(&execution, Evidence::new().external_id("early"));
            refused(early.await, 409, "no_outcome")
        })
        .await;

        let area = "verify";
        self.check(area, "an outcome is verified once", async |s| {
            let execution = reported(s).await?;
            let verified = s.client.executions().mark_verified(&execution).await?;
            same("state", Some(OutcomeState::VerifiedSuccess), verified.outcome_state)?;
            refused(
                s.client.executions().mark_verified(&execution).await,
                409,
                "invalid_state",
            )
        })
        .await;
        self.check(area, "an outcome is rejected with a reason", async |s| {
            let execution = reported(s).await?;
            let reject = s
                .client
                .executions()
                .mark_verified(&execution)
                .valid(false)
                .reason("it is empty");
            let rejected = reject.await?;
            same("state", Some(OutcomeState::VerificationFailed), rejected.outcome_state)?;
            same("reason", Some("it is empty"), rejected.reason.as_deref())?;
            same(
                "status",
                Some(ExecutionStatus::Success),
                s.client.executions().get(&execution).await?.status,
            )?;
            Ok("verification_failed, and the execution is still a success".to_owned())
        })
        .await;
        self.check(area, "a verification can be reopened", async |s| {
            let execution = reported(s).await?;
            s.client.executions().mark_verified(&execution).await?;
            let pending = s.client.executions().mark_verification_pending(&execution).await?;
            same("state", Some(OutcomeState::VerificationPending), pending.outcome_state)?;
            s.client.executions().mark_verified(&execution).await?;
            Ok("pending, and verified again".to_owned())
        })
        .await;
        self.check(area, "without an outcome there is nothing to verify", async |s| {
            let (_, execution) = s.pending().await?;
            refused(
                s.client.executions().mark_verification_pending(&execution).await,
                409,
                "no_outcome",
            )?;
            refused(
                s.client.executions().mark_verified(&execution).await,
                409,
                "invalid_state",
            )
        })
        .await;
        self.check(area, "executions are found by the state of their outcome", by_state)
            .await;
    }
}

/// An execution with a successful outcome that nobody has verified.
async fn reported(s: &Subject) -> Result<cueapi_core::types::ExecutionId, super::Stop> {
    let (_, execution) = s.claimed("contract").await?;
    s.client
        .executions()
        .report_outcome(&execution, Outcome::success())
        .await?;
    Ok(execution)
}

async fn by_state(s: &Subject) -> Checked {
    let (cue, execution) = s.pending().await?;
    s.client
        .executions()
        .report_outcome(&execution, Outcome::success())
        .await?;
    let list = async |state| s.client.executions().list().cue_id(&cue.id).outcome_state(state).await;
    let (reported, failed) = (
        list(OutcomeState::ReportedSuccess).await?.total,
        list(OutcomeState::VerificationFailed).await?.total,
    );
    same(
        "(reported_success, verification_failed)",
        (Some(1), Some(0)),
        (reported.known(), failed.known()),
    )?;
    Ok("1 and 0".to_owned())
}
