//! Outcomes: what a worker or receiver says came of an execution, written once, and whether it is believed.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    AccountId, CueStatus, Engine, ExecutionStatus, Refusal, Transport, Uuid, VerificationMode,
    cue::{debug_without_contents, names},
    executions::{ExecutionKey, LiveClaim},
};
use crate::json::{Dump, Json};

names! {
    /// What the outcome of an execution amounts to.
    OutcomeState {
        /// Success, and nobody asks for proof.
        ReportedSuccess = "reported_success",
        /// Failure.
        ReportedFailure = "reported_failure",
        /// Somebody must look at it.
        VerificationPending = "verification_pending",
        /// Proven, or confirmed by somebody.
        VerifiedSuccess = "verified_success",
        /// Not proven, or rejected by somebody.
        VerificationFailed = "verification_failed",
    }
}

/// An outcome as it is reported.
#[derive(Clone, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is the one of the request body")]
pub struct OutcomeReport {
    pub success: bool,
    pub result: Option<String>,
    pub error: Option<String>,
    pub metadata: Option<Json>,
    pub external_id: Option<String>,
    pub result_url: Option<String>,
    pub result_ref: Option<String>,
    pub result_type: Option<String>,
    pub summary: Option<String>,
    pub artifacts: Option<Vec<Json>>,
}

/// An outcome as it stands.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Outcome {
    /// What was reported, with evidence that was added later.
    pub report: OutcomeReport,
    /// When it was reported.
    pub recorded_at: Timestamp,
    /// Why somebody rejected it.
    pub rejection: Option<String>,
}

/// Evidence to add to an outcome; what is `None` stays.
#[derive(Clone, Default)]
#[expect(missing_docs, reason = "each field is the one of the request body")]
pub struct EvidencePatch {
    pub external_id: Option<String>,
    pub result_url: Option<String>,
    pub result_ref: Option<String>,
    pub result_type: Option<String>,
    pub summary: Option<String>,
    pub artifacts: Option<Vec<Json>>,
    /// Kept apart from the outcome's own, where nothing shows it: it need only be storable.
    pub metadata: Option<Json>,
}

/// How executions have turned out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutcomeCounts {
    /// Those that have an outcome.
    pub reported: usize,
    /// Those whose outcome is success.
    pub succeeded: usize,
    /// Those whose outcome is failure, and those that failed or were missed without one.
    pub failed: usize,
}

debug_without_contents! {
    OutcomeReport { success },
    Outcome { report, recorded_at },
    EvidencePatch {},
}

const MAX_METADATA: usize = 10_240;

impl Engine {
    /// Records the outcome of an execution, whatever its status and whoever did the work.
    ///
    /// # Errors
    ///
    /// 404 `execution_not_found`, 400 `metadata_too_large`, 409 `outcome_already_recorded`, also for the same outcome
    /// again; a 500 for texts that are longer than the server's columns.
    pub fn report_outcome(
        &mut self,
        now: Timestamp,
        account: AccountId,
        id: &str,
        mut report: OutcomeReport,
    ) -> Result<(Uuid, OutcomeState), Refusal> {
        let key = self.execution_key(account, id)?;
        let (execution, cue) = self.execution_and_cue(key).ok_or(Refusal::Internal)?;
        if let Some(metadata) = &report.metadata {
            let ascii = Dump {
                spaces: true,
                sorted: false,
                ascii: true,
            };
            if metadata.to_python(ascii).len() > MAX_METADATA {
                return Err(Refusal::api(
                    400,
                    "metadata_too_large",
                    "Outcome metadata must be under 10KB",
                ));
            }
        }
        if execution.outcome.is_some() {
            let message = "Outcome has already been recorded for this execution";
            return Err(Refusal::api(409, "outcome_already_recorded", message));
        }
        report.check_columns()?;
        report.metadata = report.metadata.map(|value| storable(&value)).transpose()?;
        report.artifacts = report.artifacts.as_deref().map(all_storable).transpose()?;
        let state = report.state(cue.verification);
        let (transport, cue_key, once, id) = (cue.transport, execution.cue, cue.is_once(), execution.id);
        let (success, error) = (report.success, report.error.clone());

        let execution = self.executions.get_mut(&key).ok_or(Refusal::Internal)?;
        execution.outcome = Some(Box::new(Outcome {
            report,
            recorded_at: now,
            rejection: None,
        }));
        execution.outcome_state = Some(state);
        execution.updated_at = now;
        if transport == Transport::Worker {
            if success {
                execution.status = ExecutionStatus::Success;
                execution.delivered_at = Some(now);
            } else {
                execution.status = ExecutionStatus::Failed;
                execution.error_message = error;
            }
            self.claimable
                .remove(&(execution.account, execution.scheduled_for, key));
            if let Some(cue) = self.cues.get_mut(&cue_key) {
                cue.last_run = Some(now);
                cue.run_count = cue.run_count.saturating_add(1);
                cue.updated_at = now;
            }
            if once {
                self.set_cue_status(
                    cue_key,
                    if success {
                        CueStatus::Completed
                    } else {
                        CueStatus::Failed
                    },
                );
            }
        }
        self.raise_alerts(now, key, success, state);
        Ok((id, state))
    }

    fn raise_alerts(&mut self, now: Timestamp, key: ExecutionKey, success: bool, state: OutcomeState) {
        if state == OutcomeState::VerificationFailed {
            self.alert_verification_failed(now, key);
        }
        if !success {
            self.alert_consecutive_failures(now, key);
        }
    }

    /// Confirms an outcome, or rejects it.
    ///
    /// # Errors
    ///
    /// 404 `execution_not_found`; 409 `invalid_state` without an outcome, or when it has been decided already.
    pub fn verify(
        &mut self,
        now: Timestamp,
        account: AccountId,
        id: &str,
        valid: bool,
        reason: Option<&str>,
    ) -> Result<(Uuid, OutcomeState), Refusal> {
        let key = self.execution_key(account, id)?;
        let execution = self.executions.get_mut(&key).ok_or(Refusal::Internal)?;
        let (outcome, state) = match (&mut execution.outcome, execution.outcome_state) {
            (
                Some(outcome),
                Some(OutcomeState::ReportedSuccess | OutcomeState::ReportedFailure | OutcomeState::VerificationPending),
            ) => (outcome, &mut execution.outcome_state),
            (_, state) => {
                let state = state.map_or("None", OutcomeState::as_str);
                return Err(Refusal::api(
                    409,
                    "invalid_state",
                    format!("Cannot verify from state '{state}'"),
                ));
            }
        };
        if reason.is_some_and(|reason| reason.contains('\0')) {
            return Err(Refusal::Internal);
        }
        let new = if valid {
            OutcomeState::VerifiedSuccess
        } else {
            OutcomeState::VerificationFailed
        };
        *state = Some(new);
        if !valid {
            outcome.rejection = reason.map(|reason| reason.chars().take(500).collect());
        }
        execution.updated_at = now;
        Ok((execution.id, new))
    }

    /// Asks for somebody to look at an outcome, from any state.
    ///
    /// # Errors
    ///
    /// 404 (as `http_error`) for an unknown execution; 409 `no_outcome`.
    pub fn verification_pending(&mut self, now: Timestamp, account: AccountId, id: &str) -> Result<Uuid, Refusal> {
        let key = match self.execution_key(account, id) {
            Err(Refusal::Api { .. }) => return Err(Refusal::api(404, "http_error", "Not Found")),
            found => found?,
        };
        let execution = self.executions.get_mut(&key).ok_or(Refusal::Internal)?;
        if execution.outcome.is_none() {
            return Err(Refusal::api(409, "no_outcome", "No outcome recorded yet"));
        }
        execution.outcome_state = Some(OutcomeState::VerificationPending);
        execution.updated_at = now;
        Ok(execution.id)
    }

    /// Adds evidence to an outcome. What the outcome amounts to is not looked at again.
    ///
    /// # Errors
    ///
    /// 404 `execution_not_found`, 409 `no_outcome`; a 500 for texts that are longer than the server's columns.
    pub fn append_evidence(
        &mut self,
        now: Timestamp,
        account: AccountId,
        id: &str,
        patch: EvidencePatch,
    ) -> Result<(Uuid, OutcomeState), Refusal> {
        let key = self.execution_key(account, id)?;
        let execution = self.executions.get_mut(&key).ok_or(Refusal::Internal)?;
        let (Some(outcome), Some(state)) = (&mut execution.outcome, execution.outcome_state) else {
            return Err(Refusal::api(
                409,
                "no_outcome",
                "Report outcome first before appending evidence",
            ));
        };
        let mut report = outcome.report.clone();
        let EvidencePatch {
            external_id,
            result_url,
            result_ref,
            result_type,
            summary,
            artifacts,
            metadata,
        } = patch;
        report.external_id = external_id.or(report.external_id);
        report.result_url = result_url.or(report.result_url);
        report.result_ref = result_ref.or(report.result_ref);
        report.result_type = result_type.or(report.result_type);
        report.summary = summary
            .map(|summary| summary.chars().take(500).collect())
            .or(report.summary);
        report.artifacts = artifacts.as_deref().map(all_storable).transpose()?.or(report.artifacts);
        metadata.as_ref().map(storable).transpose()?;
        report.check_columns()?;
        outcome.report = report;
        execution.updated_at = now;
        Ok((execution.id, state))
    }

    /// Notes that a live session attends to an execution. The first token stays; the same one again is fine.
    ///
    /// # Errors
    ///
    /// 404 `execution_not_found`, 409 `already_attested`; a 500 for a token of more than 128 characters.
    pub fn live_claim(
        &mut self,
        now: Timestamp,
        account: AccountId,
        id: &str,
        token: &str,
    ) -> Result<(Uuid, Timestamp), Refusal> {
        let key = self.execution_key(account, id)?;
        let execution = self.executions.get_mut(&key).ok_or(Refusal::Internal)?;
        if let Some(LiveClaim { token: holder, at }) = &execution.live_claim {
            if **holder == *token {
                return Ok((execution.id, *at));
            }
            let message = "Execution already has a live-claim attestation from a different session token";
            return Err(Refusal::api(409, "already_attested", message));
        }
        if token.contains('\0') || token.chars().count() > 128 {
            return Err(Refusal::Internal);
        }
        execution.live_claim = Some(LiveClaim {
            token: token.into(),
            at: now,
        });
        execution.updated_at = now;
        let id = execution.id;
        self.note_live_claim(now, account, token);
        Ok((id, now))
    }

    /// How an account's executions have turned out.
    #[must_use]
    pub fn outcome_counts(&self, account: AccountId) -> OutcomeCounts {
        let mut counts = OutcomeCounts::default();
        for row in self.executions.values().filter(|row| row.account == account) {
            let ended_badly = matches!(row.status, ExecutionStatus::Failed | ExecutionStatus::Missed);
            match &row.outcome {
                Some(outcome) => {
                    counts.reported += 1;
                    counts.succeeded += usize::from(outcome.report.success);
                    counts.failed += usize::from(!outcome.report.success);
                }
                None => counts.failed += usize::from(ended_badly),
            }
        }
        counts
    }
}

impl OutcomeReport {
    fn state(&self, mode: Option<VerificationMode>) -> OutcomeState {
        let given = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
        let proven = match mode {
            _ if !self.success => return OutcomeState::ReportedFailure,
            None | Some(VerificationMode::None) => return OutcomeState::ReportedSuccess,
            Some(VerificationMode::Manual) => return OutcomeState::VerificationPending,
            Some(VerificationMode::RequireExternalId) => given(&self.external_id),
            Some(VerificationMode::RequireResultUrl) => given(&self.result_url),
            Some(VerificationMode::RequireArtifacts) => self.artifacts.as_ref().is_some_and(|all| !all.is_empty()),
        };
        if proven {
            OutcomeState::VerifiedSuccess
        } else {
            OutcomeState::VerificationFailed
        }
    }

    /// The request's limits are wider than the server's columns.
    fn check_columns(&self) -> Result<(), Refusal> {
        let limits = [
            (&self.result, usize::MAX),
            (&self.error, usize::MAX),
            (&self.external_id, 255),
            (&self.result_url, usize::MAX),
            (&self.result_ref, 255),
            (&self.result_type, 50),
            (&self.summary, 500),
        ];
        let fits = |(text, limit): (&Option<String>, usize)| {
            text.as_ref()
                .is_none_or(|text| !text.contains('\0') && text.chars().count() <= limit)
        };
        if limits.into_iter().all(fits) {
            Ok(())
        } else {
            Err(Refusal::Internal)
        }
    }
}

fn all_storable(values: &[Json]) -> Result<Vec<Json>, Refusal> {
    values.iter().map(storable).collect()
}

fn storable(value: &Json) -> Result<Json, Refusal> {
    value
        .stored()
        .filter(|value| !value.contains_nul())
        .ok_or(Refusal::Internal)
}
