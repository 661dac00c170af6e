//! What can be a secret, and what it looks like when something else was passed in its place.
//!
//! `cueapi-core` has the same rule for API keys (`auth.rs`); `tests/tests/secrets.rs` holds both to it.

use crate::SecretError;

const PREFIX: &[u8] = b"whsec_";
const API_KEY_PREFIX: &[u8] = b"cue_sk_";

/// The secret without the white space around it, such as the line end of the file that it was read from.
pub(crate) fn read(secret: &[u8]) -> Result<&[u8], SecretError> {
    let text = core::str::from_utf8(secret)
        .map_err(|_| SecretError::Unprintable)?
        .trim();
    let bytes = text.as_bytes();
    if text.is_empty() {
        Err(SecretError::Empty)
    } else if is_quoted(bytes) {
        Err(SecretError::Quoted)
    } else if is_prefixed(bytes) {
        Err(SecretError::Prefixed)
    } else if bytes.starts_with(API_KEY_PREFIX) {
        Err(SecretError::ApiKey)
    } else if !is_printable(text) {
        Err(SecretError::Unprintable)
    } else if bytes.len() <= PREFIX.len() {
        Err(SecretError::TooShort)
    } else {
        Ok(bytes)
    }
}

fn is_quoted(text: &[u8]) -> bool {
    [text.first(), text.last()]
        .iter()
        .any(|byte| matches!(byte, Some(b'"' | b'\'' | b'`')))
}

/// Whether something stands before the secret: `Bearer `, or the name of the variable that it is the value of.
fn is_prefixed(text: &[u8]) -> bool {
    let scheme = text
        .split_at_checked(7)
        .is_some_and(|(scheme, _)| scheme[..6].eq_ignore_ascii_case(b"bearer") && scheme[6].is_ascii_whitespace());
    // Base64 ends in `=`, and has none elsewhere.
    let name = text
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        .count();
    let variable = text.get(name) == Some(&b'=') && text[name..].iter().any(|byte| *byte != b'=');
    let inside = [PREFIX, API_KEY_PREFIX]
        .iter()
        .any(|prefix| (1..text.len()).any(|at| text[at..].starts_with(prefix)));
    scheme || variable || inside
}

/// Whether every character can be seen. CueAPI's own secrets are ASCII; who runs a server may have chosen another one.
fn is_printable(text: &str) -> bool {
    let ascii_only = text.as_bytes().starts_with(PREFIX);
    text.chars().all(|char| match char {
        '\0'..='\x7f' => char.is_ascii_graphic(),
        // Soft hyphen, zero-width characters, marks of direction, byte-order mark.
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => false,
        _ => !ascii_only && !char.is_whitespace() && !char.is_control(),
    })
}
