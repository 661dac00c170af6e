//! Headers of one operation.

use ::http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::BuildError;

/// Writes the headers that belong to one operation.
#[derive(Debug, Default)]
pub struct HeaderBuilder {
    headers: HeaderMap,
    error: Option<BuildError>,
}

impl HeaderBuilder {
    /// Adds a header with text in it, encoded as the server decodes it: ISO 8859-1.
    ///
    /// A text that cannot be a header value unchanged (other characters, control characters, white space at an end)
    /// makes the call fail before anything is sent.
    pub fn text(&mut self, name: &'static str, value: &str) -> &mut Self {
        let bytes: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
        let value = bytes
            .filter(|_| value.trim_matches([' ', '\t']) == value)
            .and_then(|bytes| HeaderValue::from_bytes(&bytes).ok());
        match value {
            Some(value) => {
                self.headers.insert(HeaderName::from_static(name), value);
            }
            None => {
                self.error.get_or_insert_with(|| {
                    BuildError::new(format!(
                        "the value of the header {name} cannot be sent: use ISO 8859-1 characters, \
                         no control characters, no white space at its ends"
                    ))
                });
            }
        }
        self
    }

    pub(crate) fn finish(self) -> Result<HeaderMap, BuildError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.headers),
        }
    }
}
