//! Whether the outcome that a server keeps is the one that was reported.

use cueapi_types::OutcomeReceipt;

use crate::{
    api::executions::ReportOutcome,
    endpoint::{Judgement, ReadBack},
};

/// For a report that is refused because an outcome is recorded, after an attempt whose fate is unknown.
pub(crate) fn outcome(report: &ReportOutcome) -> Option<ReadBack<'_, OutcomeReceipt>> {
    Some(ReadBack {
        execution: &report.execution_id,
        judge: Box::new(|execution| match execution.outcome {
            None => Judgement::Nobodys,
            Some(recorded) if report.outcome.matches(&recorded) => {
                Judgement::Ours(OutcomeReceipt::reconciled(execution.id, execution.outcome_state))
            }
            Some(recorded) => Judgement::Theirs(Box::new(recorded)),
        }),
    })
}
