//! A text whose form on the wire is not documented.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::{
    endpoint::{DecodeError, FromResponse},
    http::Response,
};

/// A text about an account, for the memory of an agent. *Hosted.*
///
/// The documentation of the hosted service does not show the form of this answer. A JSON string is taken for the text that
/// it stands for, anything else as it is. `Debug` shows the length only.
///
/// ```
/// use cueapi_core::testing::{self, ReplayClient, json, response};
///
/// let account = ReplayClient::new([json(200, r#""3 of 10 cues""#), response(200, "3 of 10 cues")]).client().account();
/// for _ in 0..2 {
///     assert_eq!(testing::run(account.memory_block().send())?.as_str(), "3 of 10 cues");
/// }
/// # Ok::<(), cueapi_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct MemoryBlock(String);

impl MemoryBlock {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromResponse for MemoryBlock {
    fn from_response(response: &Response) -> Result<Self, DecodeError> {
        let body =
            std::str::from_utf8(response.body()).map_err(|_| DecodeError::new("the memory block is not UTF-8"))?;
        Ok(Self(serde_json::from_str(body).unwrap_or_else(|_| body.to_owned())))
    }
}

impl Serialize for MemoryBlock {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Debug for MemoryBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryBlock({} bytes)", self.0.len())
    }
}
