//! What the refusal of a repeat says of the attempt before it, where the error code alone does not say it.

use cueapi_types::{
    ApiError, Execution, ExecutionId, OutcomeReceipt, OutcomeState, RecordedOutcome, VerificationReceipt,
};

use crate::{
    api::executions::{MarkVerified, ReportOutcome},
    endpoint::{FromResponse, Settled},
    http::Response,
};

/// How to find out from an execution what became of an operation.
pub(crate) struct ReadBack<'a, T> {
    pub(crate) execution: &'a ExecutionId,
    pub(crate) judge: Box<dyn FnOnce(Execution) -> Judgement<T> + 'a>,
}

/// Whose write stands on the server.
pub(crate) enum Judgement<T> {
    /// Ours: equal in everything that the server shows.
    Ours(T),
    /// Somebody else's.
    Theirs(Box<RecordedOutcome>),
    /// There is none, or the server does not show it.
    Unknown,
}

/// Whether the outcome that the server keeps is the one that was reported.
pub(crate) fn outcome<'a>(report: &'a ReportOutcome, _: &ApiError) -> Settled<'a, OutcomeReceipt> {
    Settled::read_back(&report.execution_id, |execution| {
        let is_whole = execution.outcome.is_some();
        let success = execution.reported_success();
        match execution
            .outcome
            .or_else(|| only_success(execution.outcome_state.as_ref(), success))
        {
            None => Judgement::Unknown,
            Some(recorded) if report.outcome.matches(&recorded) => {
                Judgement::Ours(OutcomeReceipt::reconciled(execution.id, execution.outcome_state))
            }
            // What else was reported is not shown.
            Some(_) if !is_whole && success == Some(report.outcome.is_success()) => Judgement::Unknown,
            Some(recorded) => Judgement::Theirs(Box::new(recorded)),
        }
    })
}

/// The outcome of an execution that shows no more of it than whether it is a success, as the hosted service is documented to
/// do; none where the deadline passed without a report.
fn only_success(state: Option<&OutcomeState>, success: Option<bool>) -> Option<RecordedOutcome> {
    let success = success.filter(|_| state != Some(&OutcomeState::Unknown))?;
    serde_json::from_value(serde_json::json!({ "success": success })).ok()
}

/// Whether the outcome is in the state that the verification was to bring about.
///
/// A self-hosted server names the state in its refusal and does not show it in the execution; the hosted service is
/// documented to show it there.
pub(crate) fn verification<'a>(verify: &'a MarkVerified, refusal: &ApiError) -> Settled<'a, VerificationReceipt> {
    let [wanted, other] = match verify.valid {
        true => [OutcomeState::VerifiedSuccess, OutcomeState::VerificationFailed],
        false => [OutcomeState::VerificationFailed, OutcomeState::VerifiedSuccess],
    };
    let names = |state: &OutcomeState| refusal.message.contains(state.as_str());
    if names(&other) {
        return Settled::unknown();
    }
    let receipt = receipt(verify, &wanted);
    if names(&wanted) {
        return receipt.map_or_else(Settled::unknown, Settled::done);
    }
    Settled::read_back(&verify.execution_id, move |execution| match receipt {
        Some(receipt) if execution.outcome_state == Some(wanted) => Judgement::Ours(receipt),
        _ => Judgement::Unknown,
    })
}

/// What the server answered to the attempt that it carried out.
fn receipt(verify: &MarkVerified, state: &OutcomeState) -> Option<VerificationReceipt> {
    let answer = serde_json::json!({
        "execution_id": verify.execution_id,
        "outcome_state": state,
        "valid": verify.valid,
        "reason": verify.reason,
    });
    VerificationReceipt::from_response(&Response::new(answer.to_string().into())).ok()
}
