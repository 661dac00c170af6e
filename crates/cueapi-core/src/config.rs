//! What every request of a client has in common: base URL, headers, limits.

use std::{fmt, time::Duration};

use ::http::{
    HeaderMap, HeaderValue, Uri,
    header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, USER_AGENT},
};

use crate::{auth::ApiKey, error::BuildError, retry::RetryPolicy};

/// The hosted service.
pub(crate) const DEFAULT_BASE_URL: &str = "https://api.cueapi.ai";

/// The fixed part of every request of a client.
pub(crate) struct Config {
    base: String,
    /// Every header that the client adds, its key among them.
    headers: HeaderMap,
}

/// What can be set for a client and for a single call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallOptions {
    pub(crate) attempt_timeout: Duration,
    pub(crate) max_response_bytes: usize,
    pub(crate) retry: RetryPolicy,
    pub(crate) verify_body: bool,
    pub(crate) total_timeout: Option<Duration>,
    /// In place of `retry`, for what the server keeps once.
    pub(crate) report_retry: RetryPolicy,
}

impl Default for CallOptions {
    fn default() -> Self {
        Self {
            attempt_timeout: Duration::from_secs(30),
            // A page of a hundred cues can carry a hundred payloads of a mebibyte; more than that is no answer of CueAPI.
            max_response_bytes: 128 << 20,
            retry: RetryPolicy::default(),
            verify_body: false,
            total_timeout: None,
            report_retry: RetryPolicy::reports(),
        }
    }
}

impl Config {
    pub(crate) fn new(
        key: &ApiKey,
        base_url: &str,
        user_agent: Option<&str>,
        https_only: bool,
    ) -> Result<Self, BuildError> {
        let user_agent = match user_agent {
            None => HeaderValue::from_static(concat!("cueapi-rust/", env!("CARGO_PKG_VERSION"))),
            Some(text) => HeaderValue::from_str(text)
                .map_err(|_| BuildError::new("the user agent is no header value: use visible ASCII characters"))?,
        };
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(USER_AGENT, user_agent);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        // Without this header, any coding is allowed.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(authorization) = key.authorization()? {
            headers.insert(AUTHORIZATION, authorization);
        }
        let base = base(base_url)?;
        if https_only && !base.to_ascii_lowercase().starts_with("https://") {
            return Err(BuildError::new(
                "the base URL is not https, and this client is to use nothing else: see https_only",
            ));
        }
        Ok(Self { base, headers })
    }

    /// Scheme, authority and prefix, without a slash at the end.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Fails where the operation needs a key and the client has none.
    pub(crate) fn check_key(&self) -> Result<(), BuildError> {
        if self.headers.contains_key(AUTHORIZATION) {
            return Ok(());
        }
        Err(BuildError::new(
            "this client was built without an API key, and the operation needs one: see ApiKey::none",
        ))
    }

    /// What every request carries; the key only where the operation asks for it.
    pub(crate) fn headers(&self, authenticated: bool) -> HeaderMap {
        let mut headers = self.headers.clone();
        if !authenticated {
            headers.remove(AUTHORIZATION);
        }
        headers
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

/// Checks a base URL and brings it to one form: with or without slashes at the end, with or without `/v1`.
fn base(url: &str) -> Result<String, BuildError> {
    const SHAPE: &str = "give the server's absolute URL, such as https://api.cueapi.ai or http://localhost:8000";
    let refuse = |what: &str| Err(BuildError::new(format!("the base URL {what}: {SHAPE}")));

    let url = url.trim();
    let Ok(uri) = url.parse::<Uri>() else {
        return refuse("is not a URL");
    };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return refuse("is not absolute");
    };
    if !matches!(scheme, "http" | "https") {
        return refuse("is neither http nor https");
    }
    if authority.as_str().contains('@') {
        return refuse("has credentials in it, which would show up in logs");
    }
    if uri.query().is_some() || url.contains('#') {
        return refuse("has a query or a fragment");
    }
    let prefix = uri.path().trim_end_matches('/');
    let prefix = prefix.strip_suffix("/v1").unwrap_or(prefix).trim_end_matches('/');
    Ok(format!("{scheme}://{authority}{prefix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_may_be_written_in_the_usual_ways() {
        for (given, used) in [
            ("https://api.cueapi.ai", "https://api.cueapi.ai"),
            ("https://api.cueapi.ai/", "https://api.cueapi.ai"),
            ("https://api.cueapi.ai/v1", "https://api.cueapi.ai"),
            ("https://api.cueapi.ai/v1//", "https://api.cueapi.ai"),
            (" http://[::1]:8000/ ", "http://[::1]:8000"),
            ("http://localhost:8000/cue/api/v1/", "http://localhost:8000/cue/api"),
            ("HTTP://LOCALHOST", "http://LOCALHOST"),
        ] {
            assert_eq!(base(given).unwrap(), used, "{given}");
        }
    }

    #[test]
    fn a_base_url_that_cannot_work_says_so_at_once() {
        for given in [
            "",
            "api.cueapi.ai",
            "/v1",
            "ftp://a",
            "https://",
            "https://u:p@a",
            "https://a?x=1",
            "https://a#b",
            "https://a b",
        ] {
            let message = base(given).unwrap_err().to_string();
            assert!(
                message.starts_with("the base URL ") && message.contains("https://api.cueapi.ai"),
                "{given}: {message}"
            );
            assert!(!message.contains("u:p"), "{message}");
        }
    }
}
