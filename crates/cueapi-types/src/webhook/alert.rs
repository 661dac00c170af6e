//! The body that goes to an account's alert webhook.

use serde::{Deserialize, Serialize};

use crate::{AlertId, CueId, ExecutionId, Payload, Timestamp, open_enum::open_enum};

/// The body of an alert delivery: something went wrong that nobody may have noticed. It is sent once, and not again when
/// that fails.
///
/// ```
/// use cueapi_types::{AlertNotice, AlertType};
///
/// let alert: AlertNotice = serde_json::from_str(
///     r#"{"alert_id":"35d6b5a2-7f3c-4a4c-b094-9d12052ac47b","alert_type":"consecutive_failures","severity":"warning",
///         "message":"3 failures in a row","cue_id":"cue_qtxw2tu73d55","execution_id":null,"metadata":{"consecutive_failures":3},
///         "created_at":"2026-11-23T20:51:16.919950+00:00"}"#,
/// )?;
/// assert_eq!(alert.alert_type, AlertType::ConsecutiveFailures);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AlertNotice {
    /// The alert.
    pub alert_id: AlertId,
    /// What it is about.
    pub alert_type: AlertType,
    /// How bad it is.
    pub severity: AlertSeverity,
    /// The same for people.
    pub message: String,
    /// The execution that it is about, where it is about one.
    pub execution_id: Option<ExecutionId>,
    /// The cue that it is about, where it is about one.
    pub cue_id: Option<CueId>,
    /// When it was raised.
    pub created_at: Timestamp,
    /// Details, another set for each type of alert.
    #[serde(default, deserialize_with = "crate::open::null_is_default")]
    pub metadata: Payload,
}

open_enum! {
    /// What an alert is about.
    ///
    /// Self-hosted servers and the hosted service have different words for failures in a row. Each word is a variant, so
    /// that it goes back unchanged; [`is_failures_in_a_row`](Self::is_failures_in_a_row) is true of both.
    ///
    /// ```
    /// use cueapi_types::AlertType;
    ///
    /// assert_eq!(AlertType::VerificationFailed.as_str(), "verification_failed");
    /// ```
    pub enum AlertType {
        /// An outcome was reported as a success, but lacked the evidence that its cue asks for. *Self-hosted.*
        VerificationFailed = "verification_failed",
        /// Three executions of a cue in a row have failed. *Self-hosted.*
        ConsecutiveFailures = "consecutive_failures",
        /// As many executions of a cue in a row have failed as `CueAlerts::consecutive_failures` says. *Hosted.*
        ConsecutiveFailure = "consecutive_failure",
        /// A cue has not fired for as many of its intervals as `CueAlerts::missed_window_multiplier` says. *Hosted.*
        MissedWindow = "missed_window",
        /// No outcome was reported in time.
        OutcomeTimeout = "outcome_timeout",
    }
}

impl AlertType {
    /// Returns whether the alert is about failures in a row, in the word of either kind of server.
    ///
    /// ```
    /// use cueapi_types::AlertType;
    ///
    /// assert!(AlertType::from("consecutive_failures").is_failures_in_a_row()); // self-hosted
    /// assert!(AlertType::from("consecutive_failure").is_failures_in_a_row()); // hosted
    /// ```
    #[must_use]
    pub fn is_failures_in_a_row(&self) -> bool {
        matches!(self, Self::ConsecutiveFailures | Self::ConsecutiveFailure)
    }
}

open_enum! {
    /// How bad it is.
    ///
    /// ```
    /// use cueapi_types::AlertSeverity;
    ///
    /// assert_eq!(AlertSeverity::from("warning"), AlertSeverity::Warning);
    /// ```
    pub enum AlertSeverity {
        /// Look at it.
        Warning = "warning",
        /// Look at it now (hosted service).
        High = "high",
    }
}
