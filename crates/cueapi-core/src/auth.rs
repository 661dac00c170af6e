//! The API key, kept out of every output.

use std::fmt;

use ::http::HeaderValue;

use crate::error::BuildError;

const PREFIX: &str = "cue_sk_";

/// An API key (`cue_sk_…`) or a session token.
///
/// `Debug` shows the first characters that CueAPI shows too (`cue_sk_` and five more), never the rest; there is no `Display`.
///
/// ```
/// let key = cueapi_core::ApiKey::new("cue_sk_0123456789abcdef0123456789abcdef");
/// assert_eq!(format!("{key:?}"), "ApiKey(cue_sk_01234…)");
/// ```
#[derive(Clone)]
pub struct ApiKey(Option<Box<str>>);

impl ApiKey {
    /// Takes a key as it is, but for white space around it. Whether it can be used is checked when the client is built.
    #[must_use]
    pub fn new(key: impl AsRef<str>) -> Self {
        Self(Some(key.as_ref().trim().into()))
    }

    /// No key: for a client that is to get one, by registering or by a device-code login.
    ///
    /// Such a client can call what goes without a key; everything else fails with
    /// [`Build`](crate::ErrorKind::Build) before anything is sent.
    ///
    /// ```
    /// use cueapi_core::{ApiKey, ClientBuilder, testing::{self, ReplayClient, json}};
    ///
    /// let http = ReplayClient::new([json(200, r#"{"status":"approved","api_key":"cue_sk_0123456789abcdef0123456789abcdef"}"#)]);
    /// let nobody = ClientBuilder::new(ApiKey::none(), http.clone()).build()?;
    ///
    /// let login = testing::run(nobody.login().poll("ABCD-EFGH").send())?;
    /// let key = login.api_key.unwrap();
    /// let client = ClientBuilder::new(key.expose(), http).build()?;
    /// # Ok::<(), cueapi_core::Error>(())
    /// ```
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// The key in a text of the SDK's own, which is not needed any more.
    pub(crate) fn from_text(text: String) -> Self {
        let key = Self::new(&text);
        erase(text);
        key
    }

    pub(crate) fn authorization(&self) -> Result<Option<HeaderValue>, BuildError> {
        let Some(key) = &self.0 else { return Ok(None) };
        if let Some(fault) = fault(key) {
            return Err(BuildError::new(fault));
        }
        let text = format!("Bearer {key}");
        let value = HeaderValue::from_str(&text);
        erase(text);
        let mut value = value.map_err(|_| BuildError::new("the API key is no header value: copy it again"))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

/// Why a text cannot be an API key, if it cannot.
///
/// `cueapi-signing` has the same rule for webhook secrets (`secret.rs`); `tests/tests/secrets.rs` holds both to it.
fn fault(key: &str) -> Option<&'static str> {
    let is_quote = |char| matches!(char, '"' | '\'' | '`');
    let is_name = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    };
    let scheme = (key.split_once(char::is_whitespace)).is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    // Base64 ends in `=`, and has none elsewhere.
    let variable =
        (key.split_once('=')).is_some_and(|(name, value)| is_name(name) && !value.trim_start_matches('=').is_empty());
    let inside = [PREFIX, "whsec_"]
        .iter()
        .any(|prefix| key.rfind(prefix).is_some_and(|at| at > 0));
    if key.is_empty() {
        Some("the API key is blank: pass the key that starts with cue_sk_, or set CUEAPI_API_KEY")
    } else if key.starts_with(is_quote) || key.ends_with(is_quote) {
        Some("the API key has quotes around it: pass what is between them")
    } else if scheme || variable || inside {
        Some("the API key has something before it, such as `Bearer ` or `NAME=`: pass the value alone")
    } else if key.starts_with("whsec_") {
        Some("the API key is a webhook secret: pass the key that starts with cue_sk_")
    } else if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some("the API key has a space, a control character or a character outside ASCII in it: copy it again")
    } else if key == PREFIX {
        Some("the API key ends after cue_sk_: pass all of it")
    } else {
        None
    }
}

#[cfg(not(feature = "zeroize"))]
pub(crate) use std::mem::drop as erase;

/// Overwrites a text that is no longer needed.
#[cfg(feature = "zeroize")]
pub(crate) fn erase(mut text: String) {
    zeroize::Zeroize::zeroize(&mut text);
}

#[cfg(feature = "zeroize")]
impl Drop for ApiKey {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

impl<T: AsRef<str>> From<T> for ApiKey {
    fn from(key: T) -> Self {
        Self::new(key)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(key) = &self.0 else {
            return f.write_str("ApiKey(none)");
        };
        // A session token has no part that is safe to show.
        let shown = key
            .get(..12)
            .filter(|shown| shown.starts_with(PREFIX) && key.len() >= 32)
            .unwrap_or_default();
        write!(f, "ApiKey({shown}…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_cannot_be_sent_is_refused_without_being_shown() {
        for key in [
            "",
            "  ",
            "cue_sk_a\nb",
            "cue_sk_a b",
            "cue_sk_é",
            "a\0b",
            "whsec_a",
            "cue_sk_",
        ] {
            let message = ApiKey::new(key).authorization().unwrap_err().to_string();
            assert!(message.starts_with("the API key "), "{message}");
            assert!(!message.contains("sk_a") && !message.contains('é'), "{message}");
        }
    }

    #[test]
    fn a_key_is_taken_with_the_line_end_of_the_file_it_came_from() {
        let value = ApiKey::new("cue_sk_1\n").authorization().unwrap().unwrap();
        assert_eq!(value.as_bytes(), b"Bearer cue_sk_1");
        assert_eq!(format!("{value:?}"), "Sensitive");
    }

    #[test]
    fn a_short_key_or_a_session_token_shows_nothing() {
        assert_eq!(format!("{:?}", ApiKey::new("cue_sk_1234567890")), "ApiKey(…)");
        assert_eq!(
            format!("{:?}", ApiKey::new("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln")),
            "ApiKey(…)"
        );
    }
}
