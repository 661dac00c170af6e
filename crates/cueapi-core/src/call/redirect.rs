//! Where a redirect points to, said without anything of it that may be secret.

use ::http::{
    Uri,
    header::{HeaderValue, LOCATION},
};

use crate::error::Refusal;

/// Explains a response that redirects; none of these is followed, since the API key would go along.
///
/// Only scheme, host and port of the target are shown, and a prefix of its path where the rest is the path that was asked
/// for: the rest of a URL may hold tokens.
pub(super) fn explain(refusal: &Refusal, base: &str, asked: &Uri) -> Option<String> {
    if !matches!(refusal.status().as_u16(), 300..=303 | 305..=308) {
        return None;
    }
    let place = (refusal.headers().get(LOCATION))
        .and_then(|location| target(location, base))
        .and_then(|target| Some((origin(&target)?, target)));
    let Some((origin, target)) = place else {
        return Some("the server redirects, without saying where to: check the base URL".to_owned());
    };
    let own = base.parse::<Uri>().ok()?;
    let route = asked
        .path()
        .strip_prefix(own.path().trim_end_matches('/'))
        .unwrap_or_default();
    Some(match target.path().strip_suffix(route) {
        Some(prefix) if !route.is_empty() && prefix.len() <= 200 && format!("{origin}{prefix}") != base => {
            format!("the base URL redirects to {origin}{prefix}: set the base URL to that")
        }
        _ => format!(
            "the server redirects to {origin}, and no redirect is followed because the API key would go along: \
             check the base URL, and whether something before the server wants a login"
        ),
    })
}

/// The target as an absolute URL, as far as it is shown: without query and fragment, and without a path that is not one.
fn target(location: &HeaderValue, base: &str) -> Option<Uri> {
    let (scheme, rest) = base.split_once("://")?;
    let location = String::from_utf8_lossy(location.as_bytes());
    let location = location.split(['?', '#']).next()?.trim();
    let is_absolute =
        (location.split_once("://")).is_some_and(|(scheme, _)| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let absolute = match location {
        _ if location.starts_with("//") => format!("{scheme}:{location}"),
        _ if is_absolute => location.to_owned(),
        _ => {
            let authority = rest.split('/').next()?;
            format!("{scheme}://{authority}/{}", location.trim_start_matches('/'))
        }
    };
    let server = || absolute.splitn(4, '/').take(3).collect::<Vec<_>>().join("/").parse();
    absolute.parse().or_else(|_| server()).ok()
}

/// Scheme, host and port, without credentials.
fn origin(uri: &Uri) -> Option<String> {
    let host = uri.host().filter(|host| host.len() <= 200)?;
    let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{host}{port}", uri.scheme_str()?))
}
