//! Where a redirect points to, said without anything of it that may be secret.

use ::http::{Uri, header::LOCATION};

use crate::error::Refusal;

/// Explains a response that redirects; none of these is followed, since the API key would go along.
///
/// Only scheme, host and port of the target are shown, and a prefix of its path where the rest is the path that was asked
/// for: the rest of a URL may hold tokens.
pub(super) fn explain(refusal: &Refusal, base: &str, asked: &Uri) -> Option<String> {
    if !matches!(refusal.status().as_u16(), 300..=303 | 305..=308) {
        return None;
    }
    let Some(target) = refusal.header(LOCATION).and_then(|location| target(location, base)) else {
        return Some("the server redirects, without saying where to: check the base URL".to_owned());
    };
    let own = base.parse::<Uri>().ok()?;
    let route = asked
        .path()
        .strip_prefix(own.path().trim_end_matches('/'))
        .unwrap_or_default();
    let origin = origin(&target)?;
    Some(match target.path().strip_suffix(route) {
        Some(prefix) if !route.is_empty() && format!("{origin}{prefix}") != base => {
            format!("the base URL redirects to {origin}{prefix}: set the base URL to that")
        }
        _ => format!(
            "the server redirects to {origin}, and no redirect is followed because the API key would go along: \
             check the base URL, and whether something before the server wants a login"
        ),
    })
}

/// The target as an absolute URL.
fn target(location: &str, base: &str) -> Option<Uri> {
    let (scheme, rest) = base.split_once("://")?;
    let location = location.trim();
    let absolute = match location {
        _ if location.starts_with("//") => format!("{scheme}:{location}"),
        _ if location.contains("://") => location.to_owned(),
        _ => {
            let authority = rest.split('/').next()?;
            format!("{scheme}://{authority}/{}", location.trim_start_matches('/'))
        }
    };
    absolute.parse().ok()
}

/// Scheme, host and port, without credentials.
fn origin(uri: &Uri) -> Option<String> {
    let host = uri.host()?;
    let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{host}{port}", uri.scheme_str()?))
}
