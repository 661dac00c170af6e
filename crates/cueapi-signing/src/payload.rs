//! What can be handed over as a body: bytes, a text, or a parsed value.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A body, in the form in which a framework left it.
///
/// Bytes may be in any encoding that JSON may have; a text is what it is, and in it a byte-order mark is a mistake.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Payload<'a> {
    /// The body as it was received.
    Bytes(&'a [u8]),
    /// The body, decoded.
    Text(&'a str),
    /// The body, parsed.
    ///
    /// What a parser loses cannot be signed: integers beyond 64 bits and the difference between lone surrogates, for instance.
    /// Hand over the bytes where you can.
    #[cfg(feature = "json")]
    Json(&'a serde_json::Value),
}

impl<'a> Payload<'a> {
    /// The bytes, if there are any.
    pub(crate) fn as_bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Text(text) => Some(text.as_bytes()),
            #[cfg(feature = "json")]
            Self::Json(_) => None,
        }
    }
}

/// Shows what it is, and not what is in it: payloads do not belong in logs.
impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            #[cfg(feature = "json")]
            Self::Json(_) => f.write_str("Json(..)"),
        }
    }
}

impl<'a> From<&'a [u8]> for Payload<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Payload<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Payload<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<&'a str> for Payload<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Payload<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

#[cfg(feature = "json")]
impl<'a> From<&'a serde_json::Value> for Payload<'a> {
    fn from(value: &'a serde_json::Value) -> Self {
        Self::Json(value)
    }
}
