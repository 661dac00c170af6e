//! Headers of one operation.

use ::http::{HeaderMap, HeaderName, HeaderValue};
use cueapi_types::IdempotencyKey;

use crate::error::BuildError;

/// Writes the headers that belong to one operation.
///
/// ```
/// use cueapi_core::endpoint::HeaderBuilder;
///
/// /// What an `Endpoint::headers` of your own may look like.
/// fn headers(headers: &mut HeaderBuilder) {
///     headers.text("x-cueapi-from-agent", "writer@acme");
/// }
/// # headers(&mut HeaderBuilder::default());
/// ```
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
                self.fail(BuildError::new(format!(
                    "the value of the header {name} cannot be sent: use ISO 8859-1 characters, no control characters, \
                     no white space at its ends"
                )));
            }
        }
        self
    }

    /// Adds the key that makes a repeated request recognisable: 1 to 255 characters.
    ///
    /// Without one the call fails before anything is sent. That happens on platforms where the standard library has no
    /// source of randomness to make one of (`wasm32-unknown-unknown`).
    pub fn idempotency_key(&mut self, key: Option<&IdempotencyKey>) -> &mut Self {
        match key.map(|key| (key, key.as_str().chars().count())) {
            Some((key, 1..=255)) => self.text("idempotency-key", key.as_str()),
            Some(_) => self.fail(BuildError::new("an idempotency key has 1 to 255 characters")),
            None => self.fail(BuildError::new(
                "no idempotency key can be made on this platform: give the call one of your own",
            )),
        }
    }

    fn fail(&mut self, error: BuildError) -> &mut Self {
        self.error.get_or_insert(error);
        self
    }

    pub(crate) fn finish(self) -> Result<HeaderMap, BuildError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.headers),
        }
    }
}
