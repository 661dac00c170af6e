//! An outcome as a server shows it inside an execution.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Length;
use crate::{Open, Payload, Timestamp};

/// The outcome that stands on an execution.
///
/// Self-hosted servers show success, result, error, metadata and the time; the evidence is stored and not shown. The
/// hosted service shows it. `Debug` shows the lengths of result and error, and nothing of the metadata.
///
/// ```
/// use cueapi_types::RecordedOutcome;
///
/// let outcome: RecordedOutcome = serde_json::from_str(
///     r#"{"success":true,"result":"done","error":null,"metadata":null,"recorded_at":"2026-11-23T20:41:11.420844Z"}"#,
/// )?;
/// assert_eq!(outcome.success, Some(true));
/// assert_eq!(outcome.result.as_deref(), Some("done"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RecordedOutcome {
    /// Whether the work succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success: Option<bool>,
    /// What the work returned.
    pub result: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// What else was reported.
    pub metadata: Option<Payload>,
    /// When the server recorded it.
    #[serde(default)]
    pub recorded_at: Open<Timestamp>,
    /// The id of the result in the reporter's system. Hosted service only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Where the result can be seen. Hosted service only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_url: Option<String>,
    /// A short opaque reference. Hosted service only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_ref: Option<String>,
    /// What kind of result it is. Hosted service only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_type: Option<String>,
    /// A short summary for people. Hosted service only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// What the work made: any JSON; the hosted service documents texts (ids, URLs) and objects. Hosted service only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifacts: Option<Vec<Payload>>,
    /// How the evidence was judged. Hosted service only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_state: Option<String>,
    /// Assertions that were made. Hosted service only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assertions: Option<Payload>,
}

impl fmt::Debug for RecordedOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedOutcome")
            .field("success", &self.success)
            .field("result", &self.result.as_deref().map(Length))
            .field("error", &self.error.as_deref().map(Length))
            .field("metadata", &self.metadata)
            .field("recorded_at", &self.recorded_at)
            .field("external_id", &self.external_id)
            .field("result_url", &self.result_url)
            .field("result_ref", &self.result_ref)
            .field("result_type", &self.result_type)
            .field("summary", &self.summary)
            .field("artifacts", &self.artifacts)
            .field("validation_state", &self.validation_state)
            .field("assertions", &self.assertions)
            .finish()
    }
}
