//! How much an outcome may hold, and what to do about more.

use std::fmt;

use super::Outcome;
use crate::{Payload, PayloadError};

/// What CueAPI servers accept in an outcome. Texts are counted in Unicode characters.
///
/// The limits are those of a self-hosted server, observed on a running one. It answers a longer text with 422, or, where
/// its database is narrower than its own check, with 500. The hosted service's documentation has the same limits for
/// summary, external id, result type and metadata, and none for the others. So a call sends what is longer, and
/// [`Outcome::check`] and [`Outcome::truncated`] are there for callers that want to fit both.
///
/// ```
/// use cueapi_types::limits;
///
/// assert_eq!(limits::RESULT, 2000);
/// ```
pub mod limits {
    /// Characters of a result. *Self-hosted.*
    pub const RESULT: usize = 2000;
    /// Characters of an error. *Self-hosted.*
    pub const ERROR: usize = 2000;
    /// Characters of a summary.
    pub const SUMMARY: usize = 500;
    /// Characters of an external id. The server's check lets 500 pass, its database holds 255.
    pub const EXTERNAL_ID: usize = 255;
    /// Characters of a result reference. *Self-hosted.* The server's check lets 500 pass, its database holds 255.
    pub const RESULT_REF: usize = 255;
    /// Characters of a result type. The server's check lets 100 pass, its database holds 50.
    pub const RESULT_TYPE: usize = 50;
    /// Characters of a result URL. *Self-hosted.*
    pub const RESULT_URL: usize = 2083;
    /// Bytes of the metadata, as Python writes JSON: a space after every comma and colon, non-ASCII escaped.
    pub const METADATA_BYTES: usize = 10_240;
}

impl Outcome {
    /// Cuts every text to its limit, on a character boundary. Metadata and the result URL stay as they are: a part of
    /// them would say something else.
    ///
    /// ```
    /// use cueapi_types::{Outcome, limits};
    ///
    /// let outcome = Outcome::success().result("é".repeat(3000));
    /// assert!(outcome.check().is_err());
    /// assert!(outcome.truncated().check().is_ok());
    /// ```
    #[must_use]
    pub fn truncated(mut self) -> Self {
        cut(&mut self.result, limits::RESULT);
        cut(&mut self.error, limits::ERROR);
        cut(&mut self.evidence.summary, limits::SUMMARY);
        cut(&mut self.evidence.external_id, limits::EXTERNAL_ID);
        cut(&mut self.evidence.result_ref, limits::RESULT_REF);
        cut(&mut self.evidence.result_type, limits::RESULT_TYPE);
        self
    }

    /// Says what a server would refuse.
    ///
    /// ```
    /// use cueapi_types::Outcome;
    ///
    /// let error = Outcome::success().result_type("a".repeat(51)).check().unwrap_err();
    /// assert_eq!(error.to_string(), "the outcome's result_type has 51 characters, the server accepts 50");
    /// ```
    ///
    /// # Errors
    ///
    /// Names the first thing that is too large, or says why the metadata could not be serialised.
    pub fn check(&self) -> Result<(), OutcomeError> {
        for (field, limit, text) in [
            ("result", limits::RESULT, &self.result),
            ("error", limits::ERROR, &self.error),
            ("summary", limits::SUMMARY, &self.evidence.summary),
            ("external_id", limits::EXTERNAL_ID, &self.evidence.external_id),
            ("result_ref", limits::RESULT_REF, &self.evidence.result_ref),
            ("result_type", limits::RESULT_TYPE, &self.evidence.result_type),
            ("result_url", limits::RESULT_URL, &self.evidence.result_url),
        ] {
            let actual = text.as_deref().map_or(0, |text| text.chars().count());
            if actual > limit {
                return Err(OutcomeError(Problem::TooLong { field, limit, actual }));
            }
        }
        match &self.metadata {
            Some(Err(error)) => Err(error.clone().into()),
            Some(Ok(metadata)) => {
                let actual = python_length(metadata);
                if actual > limits::METADATA_BYTES {
                    return Err(OutcomeError(Problem::MetadataTooLarge { actual }));
                }
                Ok(())
            }
            None => Ok(()),
        }
    }
}

fn cut(text: &mut Option<String>, limit: usize) {
    if let Some(text) = text {
        if let Some((end, _)) = text.char_indices().nth(limit) {
            text.truncate(end);
        }
    }
}

/// Why a server would refuse an [`Outcome`]. It never quotes what the outcome says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeError(Problem);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    TooLong {
        field: &'static str,
        limit: usize,
        actual: usize,
    },
    MetadataTooLarge {
        actual: usize,
    },
    Metadata(PayloadError),
}

impl OutcomeError {
    /// The field that is not acceptable, by its name on the wire.
    ///
    /// ```
    /// use cueapi_types::Outcome;
    ///
    /// let error = Outcome::failure("x".repeat(2001)).check().unwrap_err();
    /// assert_eq!(error.field(), "error");
    /// ```
    #[must_use]
    pub fn field(&self) -> &'static str {
        match self.0 {
            Problem::TooLong { field, .. } => field,
            Problem::MetadataTooLarge { .. } | Problem::Metadata(_) => "metadata",
        }
    }
}

impl From<PayloadError> for OutcomeError {
    fn from(error: PayloadError) -> Self {
        Self(Problem::Metadata(error))
    }
}

impl fmt::Display for OutcomeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Problem::TooLong { field, limit, actual } => {
                write!(
                    f,
                    "the outcome's {field} has {actual} characters, the server accepts {limit}"
                )
            }
            Problem::MetadataTooLarge { actual } => write!(
                f,
                "the outcome's metadata is {actual} bytes, the server accepts {}: send a reference instead of the data",
                limits::METADATA_BYTES
            ),
            Problem::Metadata(error) => write!(f, "the outcome's metadata cannot be sent: {error}"),
        }
    }
}

impl std::error::Error for OutcomeError {}

/// The length of a payload as Python's `json.dumps` writes it, which is what the server measures.
fn python_length(payload: &Payload) -> usize {
    let Ok(value) = payload.parse() else {
        // Nested deeper than a parser goes: as good a measure as there is.
        return payload.as_str().len();
    };
    value_length(&value)
}

fn value_length(value: &serde_json::Value) -> usize {
    use serde_json::Value;
    let separators = |count: usize| 2 + 2 * count.saturating_sub(1);
    match value {
        Value::Null | Value::Bool(true) => 4,
        Value::Bool(false) => 5,
        Value::Number(number) => number_length(number),
        Value::String(text) => string_length(text),
        Value::Array(items) => separators(items.len()) + items.iter().map(value_length).sum::<usize>(),
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| string_length(key) + 2 + value_length(value);
            separators(members.len()) + members.iter().map(member).sum::<usize>()
        }
    }
}

fn string_length(text: &str) -> usize {
    let escaped = |c: char| match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        ' '..='~' => 1,
        _ => 6 * c.len_utf16(),
    };
    2 + text.chars().map(escaped).sum::<usize>()
}

/// Python writes a float with its shortest digits, in fixed notation from 1e-4 up to 1e16.
fn number_length(number: &serde_json::Number) -> usize {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else {
        return number.to_string().len();
    };
    let scientific = format!("{:e}", float.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = mantissa.len() - usize::from(mantissa.contains('.'));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let magnitude = exponent.unsigned_abs() as usize;
    let length = match exponent {
        0..16 if digits <= magnitude + 1 => magnitude + 1 + 2,
        0..16 => digits + 1,
        -4..0 => 1 + magnitude + digits,
        _ => mantissa.len() + 2 + exponent.unsigned_abs().to_string().len().max(2),
    };
    length + usize::from(float.is_sign_negative())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_python_json_dumps() {
        // len(json.dumps(json.loads(text)))
        for (text, length) in [
            ("{}", 2),
            (r#"{"a":1,"b":[1,2,{"c":null}],"d":{}}"#, 43),
            (r#"{"é":"😀\u0000\n\/"}"#, 35),
            (r#"{"f":1e16}"#, 12),
            (r#"{"f":1e15}"#, 25),
            (r#"{"f":0.0001}"#, 13),
            (r#"{"f":0.00001}"#, 12),
            (r#"{"f":-2.5}"#, 11),
            (r#"{"f":1.5e300}"#, 15),
            (r#"{"f":123.456}"#, 14),
            (r#"{"f":-0.0}"#, 11),
            (r#"{"t":true,"f":false}"#, 23),
        ] {
            assert_eq!(python_length(&Payload::from_json(text).unwrap()), length, "{text}");
        }
    }
}
