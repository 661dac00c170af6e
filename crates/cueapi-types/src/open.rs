//! Numbers and times that stay open: what a server leaves out, or writes beyond the range of a Rust type, breaks nothing.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};

use crate::Payload;

/// A number or a time in an answer.
///
/// Servers leave members out, and store values beyond the range of any Rust type: self-hosted ones take a cue for
/// `9999-12-31T23:59:59Z`, and 2^70 minutes between attempts. Such a value is kept as it came and goes back as it came,
/// so that it does not make the rest of the answer unreadable. [`known`](Self::known) is what most callers want.
///
/// ```
/// use cueapi_types::Open;
///
/// let minutes: Vec<Open<i64>> = serde_json::from_str("[5, null, 1180591620717411303424]")?;
/// assert_eq!(minutes[0].known(), Some(5));
/// assert!(minutes[1].is_missing());
/// assert_eq!((minutes[2].known(), minutes[2].to_string()), (None, "1180591620717411303424".to_owned()));
/// assert_eq!(serde_json::to_string(&minutes)?, "[5,null,1180591620717411303424]");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Open<T> {
    /// The value.
    Known(T),
    /// The server left it out, or sent `null`.
    #[default]
    Missing,
    /// The server sent something that is not a `T`, or is out of its range: what it sent.
    Unrecognized(Payload),
}

impl<T> Open<T> {
    /// The value; `None` where it is missing, and where it is not a `T`.
    ///
    /// ```
    /// use cueapi_types::Open;
    ///
    /// assert_eq!(Open::Known(5).known(), Some(5));
    /// assert_eq!(Open::<u64>::Missing.known(), None);
    /// ```
    #[must_use]
    pub fn known(&self) -> Option<T>
    where
        T: Copy,
    {
        match self {
            Self::Known(value) => Some(*value),
            Self::Missing | Self::Unrecognized(_) => None,
        }
    }

    /// Whether the server left it out, or sent `null`.
    ///
    /// ```
    /// use cueapi_types::Open;
    ///
    /// assert!(Open::<u64>::Missing.is_missing());
    /// ```
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }
}

impl<T> From<T> for Open<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl<T: PartialEq> PartialEq<T> for Open<T> {
    fn eq(&self, other: &T) -> bool {
        matches!(self, Self::Known(value) if value == other)
    }
}

/// `None` is what is missing.
impl<T: PartialEq> PartialEq<Option<T>> for Open<T> {
    fn eq(&self, other: &Option<T>) -> bool {
        match (self, other) {
            (Self::Known(value), Some(other)) => value == other,
            (Self::Missing, None) => true,
            _ => false,
        }
    }
}

/// The value, or what the server sent in its place; nothing where it is missing.
impl<T: fmt::Display> fmt::Display for Open<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(value) => value.fmt(f),
            Self::Missing => Ok(()),
            Self::Unrecognized(json) => f.pad(json.as_str().trim_matches('"')),
        }
    }
}

impl<T: Serialize> Serialize for Open<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(value) => value.serialize(serializer),
            Self::Missing => serializer.serialize_none(),
            Self::Unrecognized(json) => json.serialize(serializer),
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Open<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Some(json) = Option::<Payload>::deserialize(deserializer)? else {
            return Ok(Self::Missing);
        };
        Ok(serde_json::from_str(json.as_str()).map_or(Self::Unrecognized(json), Self::Known))
    }
}

/// For members that have to be there: serde takes a missing member for null otherwise.
pub(crate) fn required<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Open<T>, D::Error> {
    Open::deserialize(deserializer)
}

/// For members that have a default: `null` is as good as nothing.
pub(crate) fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
