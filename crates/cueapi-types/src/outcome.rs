//! What became of an execution: reported once, with the evidence for it.

mod check;
mod evidence;
mod receipt;
mod recorded;

use std::fmt;

use serde::{Serialize, Serializer, ser};

pub use self::{
    check::{OutcomeError, limits},
    evidence::{Artifact, Evidence},
    receipt::OutcomeReceipt,
    recorded::RecordedOutcome,
};
use crate::{Payload, PayloadError};

/// The report on an execution: success or failure, a result, and evidence.
///
/// A server keeps the first outcome of an execution and refuses every later one. It *refuses* texts that are too long
/// (the [`limits`]); [`truncated`](Self::truncated) cuts them and [`check`](Self::check) names the first one.
/// `Debug` shows the lengths of result and error, and nothing of the metadata.
///
/// ```
/// use cueapi_types::{Artifact, Outcome};
/// use serde_json::json;
///
/// let outcome = Outcome::success()
///     .summary("Generated 47 leads")
///     .external_id("lead-batch-2026-04-19")
///     .artifact(Artifact::new("leads.csv", "https://my-app.example.com/leads.csv"))
///     .metadata(&json!({"agent": "lead-finder-v3"}));
/// assert!(outcome.check().is_ok());
/// ```
#[derive(Clone, PartialEq)]
pub struct Outcome {
    success: bool,
    result: Option<String>,
    error: Option<String>,
    /// What went wrong with the metadata stays here until the outcome is checked or sent.
    metadata: Option<Result<Payload, PayloadError>>,
    evidence: Evidence,
}

impl Outcome {
    /// The work succeeded.
    ///
    /// ```
    /// use cueapi_types::Outcome;
    ///
    /// assert_eq!(serde_json::to_string(&Outcome::success())?, r#"{"success":true}"#);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn success() -> Self {
        Self {
            success: true,
            result: None,
            error: None,
            metadata: None,
            evidence: Evidence::default(),
        }
    }

    /// The work failed, and why.
    ///
    /// ```
    /// use cueapi_types::Outcome;
    ///
    /// let outcome = Outcome::failure("the upstream API answered 503");
    /// assert!(!outcome.is_success());
    /// ```
    pub fn failure(error: impl Into<String>) -> Self {
        Self {
            success: false,
            error: Some(error.into()),
            ..Self::success()
        }
    }

    /// The same work as a failure: keeps the evidence and the metadata, drops the result.
    ///
    /// ```
    /// # use cueapi_types::Outcome;
    /// let outcome = Outcome::success().result("done").external_id("batch-7").into_failure("upload failed");
    /// let expected = Outcome::failure("upload failed").external_id("batch-7");
    /// assert_eq!(outcome, expected);
    /// ```
    #[must_use]
    pub fn into_failure(self, error: impl Into<String>) -> Self {
        Self {
            success: false,
            result: None,
            error: Some(error.into()),
            ..self
        }
    }

    /// What the work returned, in free text. *Self-hosted:* up to 2,000 characters. *Hosted:* no limit is documented.
    ///
    /// ```
    /// # use cueapi_types::Outcome;
    /// let outcome = Outcome::success().result("Processed 47 records");
    /// ```
    #[must_use]
    pub fn result(mut self, result: impl Into<String>) -> Self {
        self.result = Some(result.into());
        self
    }

    /// Anything else about the run, as a JSON object of up to 10,240 bytes.
    ///
    /// A value that cannot be serialised, or not to an object, makes [`check`](Self::check) fail, and a call that
    /// reports this outcome before it is sent.
    ///
    /// ```
    /// # use cueapi_types::Outcome;
    /// # use serde_json::json;
    /// let outcome = Outcome::success().metadata(&json!({"model": "v3", "tokens": 1200}));
    /// assert!(Outcome::success().metadata("text").check().is_err());
    /// ```
    #[must_use]
    pub fn metadata<T: Serialize + ?Sized>(mut self, metadata: &T) -> Self {
        self.metadata = Some(Payload::object(metadata));
        self
    }

    /// Takes over what the evidence has set; artifacts are added to those that are there.
    ///
    /// ```
    /// # use cueapi_types::{Evidence, Outcome};
    /// let outcome = Outcome::success().evidence(Evidence::new().external_id("batch-7842"));
    /// ```
    #[must_use]
    pub fn evidence(mut self, evidence: Evidence) -> Self {
        self.evidence = self.evidence.and(evidence);
        self
    }

    /// A short summary for people, up to 500 characters.
    ///
    /// ```
    /// # use cueapi_types::Outcome;
    /// let outcome = Outcome::success().summary("Generated 47 leads");
    /// ```
    #[must_use]
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.evidence = self.evidence.summary(summary);
        self
    }

    /// The id of the result in your system, up to 255 characters.
    ///
    /// ```
    /// # use cueapi_types::Outcome;
    /// let outcome = Outcome::success().external_id("lead-batch-2026-04-19");
    /// ```
    #[must_use]
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.evidence = self.evidence.external_id(id);
        self
    }

    /// Where the result can be seen: an `http` or `https` URL. *Self-hosted:* up to 2,083 characters.
    ///
    /// ```
    /// # use cueapi_types::Outcome;
    /// let outcome = Outcome::success().result_url("https://my-app.example.com/batches/7842");
    /// ```
    #[must_use]
    pub fn result_url(mut self, url: impl Into<String>) -> Self {
        self.evidence = self.evidence.result_url(url);
        self
    }

    /// A short opaque reference. *Self-hosted:* up to 255 characters. The hosted service takes one in evidence only.
    ///
    /// ```
    /// # use cueapi_types::Outcome;
    /// let outcome = Outcome::success().result_ref("batch-id:7842");
    /// ```
    #[must_use]
    pub fn result_ref(mut self, reference: impl Into<String>) -> Self {
        self.evidence = self.evidence.result_ref(reference);
        self
    }

    /// What kind of result it is, up to 50 characters, such as `report`.
    ///
    /// ```
    /// # use cueapi_types::Outcome;
    /// let outcome = Outcome::success().result_type("lead-batch");
    /// ```
    #[must_use]
    pub fn result_type(mut self, kind: impl Into<String>) -> Self {
        self.evidence = self.evidence.result_type(kind);
        self
    }

    /// Adds something that the work made.
    ///
    /// ```
    /// # use cueapi_types::{Artifact, Outcome};
    /// let outcome = Outcome::success().artifact(Artifact::new("leads.csv", "https://my-app.example.com/leads.csv"));
    /// ```
    #[must_use]
    pub fn artifact(mut self, artifact: impl Into<Artifact>) -> Self {
        self.evidence = self.evidence.artifact(artifact);
        self
    }

    /// Whether it reports success.
    ///
    /// ```
    /// # use cueapi_types::Outcome;
    /// assert!(Outcome::success().is_success());
    /// ```
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.success
    }

    /// Whether what a server shows of an outcome can be what it made of this one: equal in success, result, error and
    /// metadata, and in the evidence wherever the server shows any.
    ///
    /// Metadata are compared by meaning, since a server stores them in a form of its own: the order of keys and the
    /// spelling of numbers do not count.
    ///
    /// ```
    /// use cueapi_types::{Outcome, RecordedOutcome};
    ///
    /// let shown: RecordedOutcome = serde_json::from_str(r#"{"success":true,"result":"done","error":null}"#)?;
    /// assert!(Outcome::success().result("done").matches(&shown));
    /// assert!(!Outcome::success().result("done!").matches(&shown));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn matches(&self, shown: &RecordedOutcome) -> bool {
        shown.success.is_none_or(|success| success == self.success)
            && self.result == shown.result
            && self.error == shown.error
            && same_json(self.metadata_shown(), shown.metadata.as_ref())
            && self.evidence.matches(shown)
    }

    /// A server keeps `{}` as it is, and shows no metadata where none were sent.
    fn metadata_shown(&self) -> Option<&Payload> {
        self.metadata.as_ref().and_then(|metadata| metadata.as_ref().ok())
    }
}

fn same_json(ours: Option<&Payload>, theirs: Option<&Payload>) -> bool {
    let value = |payload: &Payload| payload.parse::<serde_json::Value>().ok();
    match (ours, theirs) {
        (None, None) => true,
        (Some(ours), Some(theirs)) => match (value(ours), value(theirs)) {
            (Some(ours), Some(theirs)) => same_value(&ours, &theirs),
            _ => false,
        },
        _ => false,
    }
}

/// As `==`, but 1e16 is 10000000000000000.
fn same_value(ours: &serde_json::Value, theirs: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Number, Object};
    match (ours, theirs) {
        (Number(ours), Number(theirs)) => ours == theirs || ours.as_f64() == theirs.as_f64(),
        (Array(ours), Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same_value(ours, theirs))
        }
        (Object(ours), Object(theirs)) => {
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .all(|(key, ours)| theirs.get(key).is_some_and(|theirs| same_value(ours, theirs)))
        }
        _ => ours == theirs,
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            success: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            result: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            error: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            metadata: Option<&'a Payload>,
            #[serde(flatten)]
            evidence: &'a Evidence,
        }
        Wire {
            success: self.success,
            result: self.result.as_deref(),
            error: self.error.as_deref(),
            metadata: match &self.metadata {
                Some(Err(error)) => return Err(ser::Error::custom(OutcomeError::from(error.clone()))),
                Some(Ok(metadata)) => Some(metadata),
                None => None,
            },
            evidence: &self.evidence,
        }
        .serialize(serializer)
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("success", &self.success)
            .field("result", &self.result.as_deref().map(Length))
            .field("error", &self.error.as_deref().map(Length))
            .field("metadata", &self.metadata)
            .field("evidence", &self.evidence)
            .finish()
    }
}

/// Stands in `Debug` output for a text that may hold what does not belong into a log.
struct Length<'a>(&'a str);

impl fmt::Debug for Length<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} characters", self.0.chars().count())
    }
}
