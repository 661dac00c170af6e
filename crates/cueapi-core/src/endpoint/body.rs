//! Request bodies, and what the server cannot store.

use bytes::Bytes;
use memchr::memchr2;
use serde::Serialize;

use crate::error::BuildError;

/// Every server refuses larger requests with 413, unread: a self-hosted one takes 1 MiB, the hosted service 2 MB.
const MAX_BYTES: usize = 2 << 20;

/// The body of a request.
///
/// ```
/// use cueapi_core::endpoint::Body;
///
/// let body = Body::json(&["a", "b"])?;
/// assert_eq!(format!("{body:?}"), "Json(9 bytes)"); // what is in it is not shown
/// assert!(Body::json("x".repeat(2 << 20).as_str()).is_err());
/// # Ok::<(), cueapi_core::BuildError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// No body and no content type.
    Empty,
    /// JSON text.
    Json(Bytes),
}

impl Body {
    /// Serialises a body and refuses, before anything is sent, what a CueAPI server answers with 413 or 500:
    /// more than 2 MiB (2,097,152 bytes), U+0000, unpaired surrogates, numbers beyond a double's range.
    ///
    /// # Errors
    ///
    /// Says which of these it was and where in the body.
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Self, BuildError> {
        let bytes = serde_json::to_vec(value)
            .map_err(|error| BuildError::new("the body cannot be serialised").with_source(error))?;
        if bytes.len() > MAX_BYTES {
            return Err(BuildError::new(format!(
                "the request body is {} bytes, no server accepts more than {MAX_BYTES}: send a reference instead of the data",
                bytes.len()
            )));
        }
        storable(&bytes)?;
        Ok(Self::Json(bytes.into()))
    }

    /// `{}`, for an operation that takes a body and no argument.
    pub(crate) fn empty_object() -> Self {
        Self::Json(Bytes::from_static(b"{}"))
    }

    /// What is sent.
    pub(crate) fn bytes(&self) -> Bytes {
        match self {
            Self::Empty => Bytes::new(),
            Self::Json(bytes) => bytes.clone(),
        }
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Json(bytes) => write!(f, "Json({} bytes)", bytes.len()),
        }
    }
}

/// Looks at JSON text (already known to be well formed) for what the server's database cannot hold.
fn storable(text: &[u8]) -> Result<(), BuildError> {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at = match byte {
            b'"' => storable_string(text, at + 1)?,
            b'-' | b'0'..=b'9' => storable_number(text, at)?,
            _ => at + 1,
        };
    }
    Ok(())
}

/// `at` is the first byte of the string's contents; returns the byte after its closing quote.
fn storable_string(text: &[u8], mut at: usize) -> Result<usize, BuildError> {
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let Some(length) = memchr2(b'"', b'\\', rest) else {
            return Ok(text.len());
        };
        at += length;
        if text.get(at) == Some(&b'"') {
            return Ok(at + 1);
        }
        at += match escaped_unit(text, at) {
            None => 2,
            Some(0) => return Err(refuse(text, at, "contains U+0000, which the server cannot store")),
            Some(0xd800..=0xdbff) if matches!(escaped_unit(text, at + 6), Some(0xdc00..=0xdfff)) => 12,
            Some(0xd800..=0xdfff) => {
                return Err(refuse(
                    text,
                    at,
                    "contains an unpaired surrogate, which the server cannot store",
                ));
            }
            Some(_) => 6,
        };
    }
}

/// The UTF-16 unit of the `\uXXXX` at this place, if there is one.
fn escaped_unit(text: &[u8], at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Returns the byte after the number that starts at `at`.
fn storable_number(text: &[u8], at: usize) -> Result<usize, BuildError> {
    let rest = text.get(at..).unwrap_or_default();
    let length = rest
        .iter()
        .position(|byte| !matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'))
        .unwrap_or(rest.len());
    let number = &rest[..length];
    // An integer of any length is kept exactly; only a float becomes a double on the server.
    if number.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
        let value: Option<f64> = std::str::from_utf8(number).ok().and_then(|number| number.parse().ok());
        if value.is_none_or(f64::is_infinite) {
            return Err(refuse(text, at, "is a number beyond the range of a double"));
        }
    }
    Ok(at + length)
}

fn refuse(text: &[u8], at: usize, what: &str) -> BuildError {
    BuildError::new(format!("{} {what}", cueapi_types::json_path::at(text, at)))
}

#[cfg(test)]
mod tests {
    use cueapi_types::Payload;
    use serde_json::json;

    use super::*;

    fn message(json: &str) -> String {
        Body::json(&Payload::from_json(json).unwrap()).unwrap_err().to_string()
    }

    #[test]
    fn what_the_server_cannot_store_is_refused_with_its_place() {
        assert_eq!(
            message(r#"{"name":"a\u0000"}"#),
            "$.name contains U+0000, which the server cannot store"
        );
        assert_eq!(
            message(r#"{"a":[1,{"b":"\ud83d"}]}"#),
            "$.a[1].b contains an unpaired surrogate, which the server cannot store"
        );
        assert_eq!(
            message(r#"{"a":"\ude00\ud83d"}"#),
            "$.a contains an unpaired surrogate, which the server cannot store"
        );
        assert_eq!(
            message(r#"{"a":[1,-1e400]}"#),
            "$.a[1] is a number beyond the range of a double"
        );
    }

    #[test]
    fn what_only_looks_like_it_passes() {
        for json in [
            r#"{"a":"\\u0000"}"#,
            r#"{"a":"\ud83d\ude00"}"#,
            r#"{"1e400":"1e400"}"#,
            r#"{"a":1e-400}"#,
        ] {
            Body::json(&Payload::from_json(json).unwrap()).unwrap();
        }
        let long = format!("{{\"a\":{}}}", "9".repeat(500));
        Body::json(&Payload::from_json(&long).unwrap()).unwrap();
    }

    #[test]
    fn a_body_may_be_a_mebibyte_and_no_more() {
        let fits = "x".repeat(MAX_BYTES - 2);
        assert!(Body::json(&json!(fits)).is_ok());
        assert!(Body::json(&json!(format!("{fits}x"))).is_err());
    }
}
