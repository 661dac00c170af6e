//! What a cue asks of an outcome before it counts as verified.

use serde::{Deserialize, Serialize};

use crate::open_enum::open_enum;

/// What a cue asks of its executions' outcomes.
///
/// ```
/// use cueapi_types::{Verification, VerificationMode};
///
/// let verification = Verification::from(VerificationMode::RequireExternalId);
/// assert_eq!(serde_json::to_string(&verification)?, r#"{"mode":"require_external_id"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Verification {
    /// Which evidence is asked for.
    #[serde(default, deserialize_with = "crate::open::null_is_default")]
    pub mode: VerificationMode,
    /// Assertions that an outcome must make. Hosted service only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_assertions: Option<crate::Payload>,
}

impl From<VerificationMode> for Verification {
    fn from(mode: VerificationMode) -> Self {
        Self {
            mode,
            required_assertions: None,
        }
    }
}

open_enum! {
    /// Which evidence a successful outcome must carry. A reported failure is never judged.
    ///
    /// ```
    /// use cueapi_types::VerificationMode;
    ///
    /// assert_eq!(VerificationMode::Manual.as_str(), "manual");
    /// ```
    #[derive(Default)]
    pub enum VerificationMode {
        /// None: the outcome's state is `reported_success`. Also clears the verification of a cue in an update.
        #[default]
        None = "none",
        /// An `external_id`: `verified_success` with one, `verification_failed` without.
        RequireExternalId = "require_external_id",
        /// A `result_url`: `verified_success` with one, `verification_failed` without.
        RequireResultUrl = "require_result_url",
        /// At least one artifact: `verified_success` with one, `verification_failed` without.
        RequireArtifacts = "require_artifacts",
        /// A person's word: `verification_pending` until somebody marks it verified or not.
        Manual = "manual",
    }
}
