//! What every request of a client has in common: base URL, headers, limits.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use ::http::{
    HeaderMap, HeaderValue, Uri,
    header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, USER_AGENT},
    uri::Authority,
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
        // Without it a proxy may choose any coding (RFC 9110, 12.5.3), and none is decoded here.
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
    if !is_plain_authority(authority) {
        return refuse("names its host or port in a way that not every HTTP client takes");
    }
    if !uri.path().split('/').all(is_plain_segment) {
        return refuse("has a path that HTTP clients rewrite ('.', '..', or characters that are not percent-encoded)");
    }
    let prefix = uri.path().trim_end_matches('/');
    let prefix = prefix.strip_suffix("/v1").unwrap_or(prefix).trim_end_matches('/');
    Ok(format!("{scheme}://{authority}{prefix}"))
}

/// Whether every HTTP client connects to the same address: a name, an IPv4 address in its usual form, or an IPv6 address
/// without a zone; then a port or none.
fn is_plain_authority(authority: &Authority) -> bool {
    let host = authority.host();
    let port = &authority.as_str()[host.len()..];
    let is_plain_port = port.is_empty() || port[1..].parse::<u16>().is_ok_and(|port| port > 0);
    let is_plain_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => is_plain_name(host) || host.parse::<Ipv4Addr>().is_ok(),
    };
    is_plain_port && is_plain_host
}

/// Whether this is a host's name, which never ends in a number: such a host is an address, possibly in an odd form.
fn is_plain_name(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| {
        let mut bytes = label.bytes();
        !label.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let last = host.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    !is_number && host.split('.').all(is_label)
}

/// Whether every HTTP client sends this segment of a path as it stands: RFC 3986's characters, and not a step upwards.
fn is_plain_segment(segment: &str) -> bool {
    let is_step = matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    let mut pieces = segment.split('%');
    let is_plain = |piece: &str| {
        piece
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte))
    };
    let starts_plain = pieces.next().is_none_or(is_plain);
    let is_escape = |piece: &str| piece.len() >= 2 && piece.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit);
    !is_step && starts_plain && pieces.all(|piece| is_escape(piece) && is_plain(piece))
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
            ("http://a-b.c_d.example.:80", "http://a-b.c_d.example.:80"),
            (
                "http://10.0.0.1/caf%C3%A9/~x;y=1,z",
                "http://10.0.0.1/caf%C3%A9/~x;y=1,z",
            ),
            ("http://[fd00:0:0::1]", "http://[fd00:0:0::1]"),
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
            "https://a/caf\u{e9}",
            "https://a/b/../c",
            "https://a/./b",
            "https://a/%2E%2e/b",
            "https://a/..",
            "https://a/%zz",
            "https://a/100%",
            "https://a/\"b\"",
            "https://a/b|c",
            "https://a/b\\c",
            "https://a/{b}",
            "https://a/b^c",
            "https://b\u{fc}cher.example",
            "http://[fe80::1%25eth0]",
            "http://[fe80::1%eth0]:8000",
            "http://[::1",
            "http://127.1",
            "http://0x7f000001",
            "http://256.0.0.1",
            "http://a..b",
            "http://a:0",
            "http://a:99999",
            "http://a:",
            "http://a%2fb",
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
