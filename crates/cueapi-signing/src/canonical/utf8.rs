//! The canonical form with characters as they are: what CueAPI sends to event subscriptions.

use alloc::vec::Vec;

use super::CanonicalError;
use super::string::next_char;

/// Replaces the escapes of characters from DEL on, in a text in canonical form, by the characters.
pub(super) fn unescape(canonical: &[u8]) -> Result<Vec<u8>, CanonicalError> {
    let mut out = Vec::with_capacity(canonical.len());
    let mut rest = canonical;
    while let Some(backslash) = rest.iter().position(|byte| *byte == b'\\') {
        let (plain, escape) = rest.split_at(backslash);
        out.extend_from_slice(plain);
        let (char, after) = next_char(escape).ok_or(CanonicalError::Syntax)?;
        if char < 0x7f {
            out.extend_from_slice(&escape[..escape.len() - after.len()]);
        } else {
            let char = char::from_u32(char).ok_or(CanonicalError::LoneSurrogate)?;
            out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    Ok(out)
}
