//! The answer to a report.

use serde::{Deserialize, Serialize};

use crate::{ExecutionId, OutcomeState};

/// The server's answer to an outcome that it recorded.
///
/// ```
/// use cueapi_types::{OutcomeReceipt, OutcomeState};
///
/// let receipt: OutcomeReceipt = serde_json::from_str(
///     r#"{"execution_id":"098ad45c","outcome_recorded":true,"outcome_state":"verified_success","reason":null}"#,
/// )?;
/// assert_eq!(receipt.outcome_state, Some(OutcomeState::VerifiedSuccess));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OutcomeReceipt {
    /// The execution.
    pub execution_id: ExecutionId,
    /// True.
    pub outcome_recorded: bool,
    /// What the server made of the outcome. Unknown where the receipt is [`reconciled`](Self::reconciled) and the server
    /// does not show it.
    pub outcome_state: Option<OutcomeState>,
    /// Why, where there is something to say.
    pub reason: Option<String>,
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
    /// assert!(receipt.outcome_recorded && receipt.reconciled);
    /// ```
    #[must_use]
    pub fn reconciled(execution_id: ExecutionId, outcome_state: Option<OutcomeState>) -> Self {
        Self {
            execution_id,
            outcome_recorded: true,
            outcome_state,
            reason: None,
            reconciled: true,
        }
    }
}
