//! The answer to a report.

use serde::{Deserialize, Serialize};

use super::RecordedOutcome;
use crate::{ExecutionId, OutcomeState};

/// The server's answer to an outcome that it recorded.
///
/// A self-hosted server says that it recorded it, and what it made of it. The hosted service is documented to show the
/// outcome itself. The methods read both.
///
/// ```
/// use cueapi_types::{OutcomeReceipt, OutcomeState};
///
/// let self_hosted: OutcomeReceipt = serde_json::from_str(
///     r#"{"execution_id":"098ad45c","outcome_recorded":true,"outcome_state":"verified_success","reason":null}"#,
/// )?;
/// assert_eq!(self_hosted.outcome_state, Some(OutcomeState::VerifiedSuccess));
///
/// let hosted: OutcomeReceipt = serde_json::from_str(
///     r#"{"execution_id":"098ad45c","outcome":{"success":true,"result":"done","recorded_at":"2026-03-13T09:00:00Z"}}"#,
/// )?;
/// assert!(self_hosted.is_recorded() && hosted.is_recorded());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OutcomeReceipt {
    /// The execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<ExecutionId>,
    /// True. Self-hosted servers only; see [`is_recorded`](Self::is_recorded).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome_recorded: Option<bool>,
    /// What the server made of the outcome. Unknown where the receipt is [`reconciled`](Self::reconciled) and the server
    /// does not show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome_state: Option<OutcomeState>,
    /// Why, where there is something to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The outcome as it was recorded. Hosted service only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<RecordedOutcome>,
    /// Whether success was reported. Hosted service only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome_success: Option<bool>,
    /// Whether the server's own answer was lost, and this receipt was made after reading the execution back: the outcome
    /// that stands there is the one that was reported. Not a field of the wire.
    #[serde(skip)]
    pub reconciled: bool,
}

impl OutcomeReceipt {
    /// The receipt for a report that turned out to be recorded when the execution was read back.
    ///
    /// ```
    /// use cueapi_types::OutcomeReceipt;
    ///
    /// let receipt = OutcomeReceipt::reconciled("098ad45c".into(), None);
    /// assert!(receipt.is_recorded() && receipt.reconciled);
    /// ```
    #[must_use]
    pub fn reconciled(execution_id: ExecutionId, outcome_state: Option<OutcomeState>) -> Self {
        Self {
            execution_id: Some(execution_id),
            outcome_recorded: Some(true),
            outcome_state,
            reconciled: true,
            ..Self::default()
        }
    }

    /// Whether the outcome stands: a server that answers with success has recorded it, unless it says that it has not.
    ///
    /// ```
    /// use cueapi_types::OutcomeReceipt;
    ///
    /// let refused: OutcomeReceipt = serde_json::from_str(r#"{"outcome_recorded":false}"#)?;
    /// assert!(!refused.is_recorded());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.outcome_recorded != Some(false)
    }
}
