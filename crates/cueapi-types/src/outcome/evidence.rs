//! The evidence for an outcome: what verification looks at.

use serde::Serialize;
use serde_json::{Map, Value};

use super::RecordedOutcome;

/// The evidence for an outcome: references into your own system, and what the work made.
///
/// ```
/// use cueapi_types::{Artifact, Evidence};
///
/// let evidence = Evidence::new()
///     .external_id("lead-batch-2026-04-19")
///     .artifact(Artifact::new("leads.csv", "https://my-app.example.com/leads.csv"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Evidence {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) external_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) result_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) result_ref: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) result_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) summary: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) artifacts: Vec<Artifact>,
}

impl Evidence {
    /// No evidence yet.
    ///
    /// ```
    /// use cueapi_types::Evidence;
    ///
    /// assert_eq!(Evidence::new(), Evidence::default());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The id of the result in your system, up to 255 characters.
    ///
    /// ```
    /// # use cueapi_types::Evidence;
    /// let evidence = Evidence::new().external_id("lead-batch-2026-04-19");
    /// ```
    #[must_use]
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.external_id = Some(id.into());
        self
    }

    /// Where the result can be seen: an `http` or `https` URL of up to 2,083 characters.
    ///
    /// ```
    /// # use cueapi_types::Evidence;
    /// let evidence = Evidence::new().result_url("https://my-app.example.com/batches/7842");
    /// ```
    #[must_use]
    pub fn result_url(mut self, url: impl Into<String>) -> Self {
        self.result_url = Some(url.into());
        self
    }

    /// A short opaque reference, up to 255 characters.
    ///
    /// ```
    /// # use cueapi_types::Evidence;
    /// let evidence = Evidence::new().result_ref("batch-id:7842");
    /// ```
    #[must_use]
    pub fn result_ref(mut self, reference: impl Into<String>) -> Self {
        self.result_ref = Some(reference.into());
        self
    }

    /// What kind of result it is, up to 50 characters, such as `report`.
    ///
    /// ```
    /// # use cueapi_types::Evidence;
    /// let evidence = Evidence::new().result_type("lead-batch");
    /// ```
    #[must_use]
    pub fn result_type(mut self, kind: impl Into<String>) -> Self {
        self.result_type = Some(kind.into());
        self
    }

    /// A short summary for people, up to 500 characters.
    ///
    /// ```
    /// # use cueapi_types::Evidence;
    /// let evidence = Evidence::new().summary("Generated 47 leads");
    /// ```
    #[must_use]
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.summary = Some(summary.into());
        self
    }

    /// Adds something that the work made.
    ///
    /// ```
    /// # use cueapi_types::{Artifact, Evidence};
    /// let evidence = Evidence::new().artifact(Artifact::new("leads.csv", "https://my-app.example.com/leads.csv"));
    /// ```
    #[must_use]
    pub fn artifact(mut self, artifact: impl Into<Artifact>) -> Self {
        self.artifacts.push(artifact.into());
        self
    }

    /// This evidence, with what the other has set in its place.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.artifacts.extend(other.artifacts);
        Self {
            external_id: other.external_id.or(self.external_id),
            result_url: other.result_url.or(self.result_url),
            result_ref: other.result_ref.or(self.result_ref),
            result_type: other.result_type.or(self.result_type),
            summary: other.summary.or(self.summary),
            artifacts: self.artifacts,
        }
    }

    /// Whether what a server shows does not speak against this evidence. A self-hosted server shows none of it. The URL
    /// is left out: servers normalise it.
    pub(super) fn matches(&self, shown: &RecordedOutcome) -> bool {
        fn fits(ours: Option<&String>, shown: Option<&String>) -> bool {
            shown.is_none() || ours == shown
        }
        fits(self.external_id.as_ref(), shown.external_id.as_ref())
            && fits(self.result_ref.as_ref(), shown.result_ref.as_ref())
            && fits(self.result_type.as_ref(), shown.result_type.as_ref())
            && fits(self.summary.as_ref(), shown.summary.as_ref())
    }
}

/// Something that the work made: a name, where it is, and whatever else you want to say about it.
///
/// ```
/// use cueapi_types::Artifact;
///
/// let artifact = Artifact::new("leads.csv", "https://my-app.example.com/leads.csv").with("rows", 47);
/// assert_eq!(
///     serde_json::to_string(&artifact)?,
///     r#"{"name":"leads.csv","rows":47,"url":"https://my-app.example.com/leads.csv"}"#,
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Artifact {
    members: Map<String, Value>,
}

impl Artifact {
    /// An artifact by its name and URL.
    ///
    /// ```
    /// # use cueapi_types::Artifact;
    /// let artifact = Artifact::new("leads.csv", "https://my-app.example.com/leads.csv");
    /// ```
    pub fn new(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self { members: Map::new() }
            .with("name", name.into())
            .with("url", url.into())
    }

    /// Adds a member; servers store any.
    ///
    /// ```
    /// # use cueapi_types::Artifact;
    /// let artifact = Artifact::new("leads.csv", "https://my-app.example.com/leads.csv").with("rows", 47);
    /// ```
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.members.insert(key.into(), value.into());
        self
    }
}

impl From<Map<String, Value>> for Artifact {
    /// An artifact of another shape than name and URL.
    fn from(members: Map<String, Value>) -> Self {
        Self { members }
    }
}

impl std::fmt::Debug for Artifact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Artifact")
            .field("name", &self.members.get("name"))
            .finish_non_exhaustive()
    }
}
