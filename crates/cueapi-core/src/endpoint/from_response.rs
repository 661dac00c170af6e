//! What a call returns, made of a response.

use std::fmt;

use ::http::StatusCode;
use serde::de::DeserializeOwned;

use crate::http::Response;

/// What a call returns: which responses are answers, and what they say.
///
/// Whatever serde decodes is such an output: every success is an answer, its body is the JSON. Implement it for a route
/// whose status or headers say something that its body does not, as [`Conditional`](crate::Conditional) does.
///
/// ```
/// use cueapi_core::endpoint::{DecodeError, FromResponse};
/// use cueapi_core::http::Response;
///
/// /// A page in place of JSON.
/// struct Page(String);
///
/// impl FromResponse for Page {
///     fn from_response(response: &Response) -> Result<Self, DecodeError> {
///         let text = std::str::from_utf8(response.body()).map_err(|_| DecodeError::new("the page is not UTF-8"))?;
///         Ok(Self(text.to_owned()))
///     }
/// }
/// ```
pub trait FromResponse: Sized {
    /// Whether a response with this status is an answer, and not a refusal: 2xx, unless you say otherwise.
    #[must_use]
    fn is_answer(status: StatusCode) -> bool {
        status.is_success()
    }

    /// Decodes an answer.
    ///
    /// # Errors
    ///
    /// When it is not in the form that was expected.
    fn from_response(response: &Response) -> Result<Self, DecodeError>;
}

impl<T: DeserializeOwned> FromResponse for T {
    fn from_response(response: &Response) -> Result<Self, DecodeError> {
        crate::call::decode(response)
    }
}

/// Why an answer does not decode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError(String);

impl DecodeError {
    /// Says what is wrong. Never put a part of the body into it.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DecodeError {}
