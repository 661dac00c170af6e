//! What can be a secret, and what it looks like when something else was passed in its place.
//!
//! `cueapi-core` has the same rule for API keys (`auth.rs`); `tests/tests/secrets.rs` holds both to it.

use crate::SecretError;

const PREFIX: &str = "whsec_";
const API_KEY_PREFIX: &str = "cue_sk_";

/// The secret without the white space around it, such as the line end of the file that it was read from.
pub(crate) fn read(secret: &[u8]) -> Result<&[u8], SecretError> {
    let text = core::str::from_utf8(secret)
        .map_err(|_| SecretError::Unprintable)?
        .trim();
    if text.is_empty() {
        Err(SecretError::Empty)
    } else if is_quoted(text) {
        Err(SecretError::Quoted)
    } else if is_prefixed(text) {
        Err(SecretError::Prefixed)
    } else if text.starts_with(API_KEY_PREFIX) {
        Err(SecretError::ApiKey)
    } else if !is_printable(text) {
        Err(SecretError::Unprintable)
    } else if text.len() <= PREFIX.len() {
        Err(SecretError::TooShort)
    } else {
        Ok(text.as_bytes())
    }
}

fn is_quoted(text: &str) -> bool {
    let quote = |byte: Option<&u8>| matches!(byte, Some(b'"' | b'\'' | b'`'));
    quote(text.as_bytes().first()) || quote(text.as_bytes().last())
}

/// Whether something stands before the secret: `Bearer `, or the name of the variable that it is the value of.
fn is_prefixed(text: &str) -> bool {
    let is_name = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    };
    let scheme = text
        .split_once(char::is_whitespace)
        .is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    // Base64 ends in `=`, and has none elsewhere.
    let variable = text
        .split_once('=')
        .is_some_and(|(name, value)| is_name(name) && !value.trim_start_matches('=').is_empty());
    let inside = [PREFIX, API_KEY_PREFIX]
        .iter()
        .any(|prefix| text.rfind(prefix).is_some_and(|at| at > 0));
    scheme || variable || inside
}

/// Whether every character can be seen. CueAPI's own secrets are ASCII; who runs a server may have chosen another one.
fn is_printable(text: &str) -> bool {
    let ascii_only = text.starts_with(PREFIX);
    text.chars().all(|char| match char {
        '\0'..='\x7f' => char.is_ascii_graphic(),
        // Soft hyphen, zero-width characters, marks of direction, byte-order mark.
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => false,
        _ => !ascii_only && !char.is_whitespace() && !char.is_control(),
    })
}
