//! Arbitrary JSON, kept as the exact text it came in.

use std::fmt;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

/// Arbitrary JSON as text: what a cue delivers with each execution, and what an outcome carries as metadata.
///
/// The text is kept as it was written, so integers beyond 64 bits and the spelling of floats survive, and nothing is
/// decoded that nobody reads. `Debug` shows the length only. Two payloads are equal when their texts are equal, byte
/// by byte; to compare what they mean, compare what [`parse`](Self::parse) makes of them.
///
/// It decodes through `serde_json` only, and not from inside a `#[serde(flatten)]`ed or untagged type: such types
/// decode into an intermediate form first, where the text is lost.
///
/// ```
/// use cueapi_types::Payload;
///
/// #[derive(serde::Deserialize)]
/// struct Job { rows: u128 }
///
/// let payload = Payload::from_json(r#"{"rows": 1180591620717411303424}"#)?;
/// assert_eq!(payload.parse::<Job>()?.rows, 1 << 70);
/// assert_eq!(format!("{payload:?}"), "Payload(32 bytes)");
/// # Ok::<(), cueapi_types::PayloadError>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Payload(Box<RawValue>);

impl Payload {
    /// Serialises any value.
    ///
    /// ```
    /// use cueapi_types::Payload;
    ///
    /// assert_eq!(Payload::new(&[1, 2])?.as_str(), "[1,2]");
    /// # Ok::<(), cueapi_types::PayloadError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the value's own `Serialize` fails, or a map's keys cannot be strings.
    pub fn new<T: Serialize + ?Sized>(value: &T) -> Result<Self, PayloadError> {
        serde_json::value::to_raw_value(value)
            .map(Self)
            .map_err(|error| PayloadError::json("cannot be serialised", &error))
    }

    /// Serialises a value that becomes a JSON object, which is what cues and outcomes take.
    ///
    /// ```
    /// use cueapi_types::Payload;
    /// use serde_json::json;
    ///
    /// assert_eq!(Payload::object(&json!({"task": "sync"}))?.as_str(), r#"{"task":"sync"}"#);
    /// let error = Payload::object(&[1, 2]).unwrap_err();
    /// assert_eq!(error.to_string(), "the payload must be a JSON object, this is an array");
    /// # Ok::<(), cueapi_types::PayloadError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and for a value that becomes anything else than an object: the error says what.
    pub fn object<T: Serialize + ?Sized>(value: &T) -> Result<Self, PayloadError> {
        let payload = Self::new(value)?;
        match payload.kind() {
            "an object" => Ok(payload),
            other => Err(PayloadError::new(format!("must be a JSON object, this is {other}"))),
        }
    }

    /// Takes JSON text as it is.
    ///
    /// ```
    /// use cueapi_types::Payload;
    ///
    /// assert_eq!(Payload::from_json(r#"{"ratio": 1.50}"#)?.as_str(), r#"{"ratio": 1.50}"#);
    /// assert!(Payload::from_json("{").is_err());
    /// # Ok::<(), cueapi_types::PayloadError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When it is not one JSON value: the error says where it stops being one.
    pub fn from_json(text: impl Into<String>) -> Result<Self, PayloadError> {
        let mut text = text.into();
        // A RawValue has no white space around it.
        let trimmed = text.trim_matches([' ', '\t', '\n', '\r']);
        if trimmed.len() != text.len() {
            text = trimmed.to_owned();
        }
        RawValue::from_string(text)
            .map(Self)
            .map_err(|error| PayloadError::json("is not JSON", &error))
    }

    /// Decodes the payload into a type of yours.
    ///
    /// ```
    /// use cueapi_types::Payload;
    ///
    /// let payload = Payload::from_json(r#"{"task": "sync"}"#)?;
    /// let task: serde_json::Value = payload.parse()?;
    /// assert_eq!(task["task"], "sync");
    /// # Ok::<(), cueapi_types::PayloadError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the JSON does not fit the type; [`PayloadError::detail`] says how.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, PayloadError> {
        serde_json::from_str(self.as_str())
            .map_err(|error| PayloadError::json("does not fit the type asked for", &error))
    }

    /// The JSON text.
    ///
    /// ```
    /// use cueapi_types::Payload;
    ///
    /// assert_eq!(Payload::default().as_str(), "{}");
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    #[expect(
        clippy::expect_used,
        reason = "callers pass JSON that is well formed by construction"
    )]
    fn well_formed(json: String) -> Self {
        Self(RawValue::from_string(json).expect("well-formed JSON"))
    }

    /// What kind of JSON value this is, with its article; its first byte tells.
    fn kind(&self) -> &'static str {
        match self.as_str().as_bytes().first() {
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            _ => "a number",
        }
    }
}

impl Default for Payload {
    /// The empty object, `{}`.
    fn default() -> Self {
        Self::well_formed("{}".to_owned())
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Payload {}

impl From<serde_json::Value> for Payload {
    fn from(value: serde_json::Value) -> Self {
        Self::well_formed(value.to_string())
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.as_str().len())
    }
}

/// Why a value could not become a [`Payload`], or a payload a value.
///
/// Neither `Display` nor `Debug` quotes the payload.
#[derive(Clone, PartialEq, Eq)]
pub struct PayloadError {
    message: Box<str>,
    detail: Option<Box<str>>,
}

impl PayloadError {
    fn new(message: String) -> Self {
        Self {
            message: message.into(),
            detail: None,
        }
    }

    pub(crate) fn json(what: &str, error: &serde_json::Error) -> Self {
        let mut message = what.to_owned();
        // Serialising has no place to tell.
        if error.line() > 0 {
            message.push_str(&format!(" (line {} column {})", error.line(), error.column()));
        }
        Self {
            message: message.into(),
            detail: Some(error.to_string().into()),
        }
    }

    /// What the JSON library says, where it was the JSON library that refused. It may quote parts of the payload, so
    /// think before you log it.
    ///
    /// ```
    /// use cueapi_types::Payload;
    ///
    /// let error = Payload::from_json(r#"{"pin": "1234"}"#)?.parse::<Vec<u8>>().unwrap_err();
    /// assert_eq!(error.to_string(), "the payload does not fit the type asked for (line 1 column 0)");
    /// assert!(error.detail().unwrap().contains("expected a sequence"));
    /// # Ok::<(), cueapi_types::PayloadError>(())
    /// ```
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the payload {}", self.message)
    }
}

impl fmt::Debug for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PayloadError")
            .field("message", &self.message)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for PayloadError {}
