//! The plan of an account, in both forms that servers give it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The plan of an account: `free`, `pro` or `scale`.
///
/// Servers write its name; an earlier edition of the hosted service's documentation shows an object with the name and
/// the interval at which it is paid.
///
/// ```
/// use cueapi_types::Plan;
///
/// let plan: Plan = serde_json::from_str(r#""pro""#)?;
/// let paid: Plan = serde_json::from_str(r#"{"name":"pro","interval":"monthly"}"#)?;
/// assert_eq!(plan.name(), paid.name());
/// assert_eq!((plan.interval(), paid.interval()), (None, Some("monthly")));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Plan(Value);

impl Plan {
    /// Its name; `None` where the server gives none that can be read.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.as_str().or_else(|| self.0.get("name")?.as_str())
    }

    /// How it is paid, `monthly` or `annual`, where the server says so.
    #[must_use]
    pub fn interval(&self) -> Option<&str> {
        self.0.get("interval")?.as_str()
    }
}

/// Its name.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name().unwrap_or_default())
    }
}
