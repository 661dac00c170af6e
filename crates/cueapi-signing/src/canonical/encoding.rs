//! Which encoding a body is in, and its text in UTF-8.
//!
//! As in Python, surrogates that stand alone pass through every encoding. The text is therefore in *generalised* UTF-8, in
//! which they are written as three bytes like their neighbours; two that stand side by side are not joined.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::CanonicalError;

/// The text of `bytes` in generalised UTF-8, without a byte-order mark.
///
/// A text that is in UTF-8 already is passed on as it is, unchecked.
#[inline]
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, [u8]>, CanonicalError> {
    let decoded = match bytes {
        [0xff, 0xfe, 0, 0, rest @ ..] => utf32(rest, u32::from_le_bytes),
        [0, 0, 0xfe, 0xff, rest @ ..] => utf32(rest, u32::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => return Ok(rest.into()),
        // Without a mark: every JSON text begins with an ASCII character, and that tells where its zeros are.
        [0, 0, _, _, ..] => utf32(bytes, u32::from_be_bytes),
        [0, _, _, _, ..] | [0, _] => utf16(bytes, u16::from_be_bytes),
        [_, 0, 0, 0, ..] => utf32(bytes, u32::from_le_bytes),
        [_, 0, _, _, ..] | [_, 0] => utf16(bytes, u16::from_le_bytes),
        _ => return Ok(bytes.into()),
    };
    decoded.map(Cow::Owned).ok_or(CanonicalError::Encoding)
}

/// Whether `text` is generalised UTF-8.
pub(super) fn is_valid(mut text: &[u8]) -> bool {
    loop {
        match core::str::from_utf8(text) {
            Ok(_) => return true,
            // The only other thing that is allowed is a surrogate.
            Err(error) => match text.get(error.valid_up_to()..).and_then(split_char) {
                Some((_, rest)) => text = rest,
                None => return false,
            },
        }
    }
}

/// The first character or surrogate of a text, and what comes after it.
pub(super) fn split_char(text: &[u8]) -> Option<(u32, &[u8])> {
    let (&first, rest) = text.split_first()?;
    let (bits, length, least) = match first {
        0x00..=0x7f => (u32::from(first), 0, 0),
        0xc2..=0xdf => (u32::from(first & 0x1f), 1, 0x80),
        0xe0..=0xef => (u32::from(first & 0x0f), 2, 0x800),
        0xf0..=0xf4 => (u32::from(first & 0x07), 3, 0x1_0000),
        _ => return None,
    };
    let (tail, rest) = rest.split_at_checked(length)?;
    let char = tail.iter().try_fold(bits, |bits, byte| {
        (byte & 0xc0 == 0x80).then(|| bits << 6 | u32::from(byte & 0x3f))
    })?;
    (least..=0x0010_ffff).contains(&char).then_some((char, rest))
}

/// Appends a character or a surrogate to a text.
pub(super) fn push_char(text: &mut Vec<u8>, char: u32) {
    match char::from_u32(char) {
        Some(char) => text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        None => {
            let [_, _, high, low] = char.to_be_bytes();
            text.extend_from_slice(&[0xe0 | high >> 4, 0x80 | (high & 0xf) << 2 | low >> 6, 0x80 | low & 0x3f]);
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<Vec<u8>> {
    let units = bytes.chunks_exact(2);
    if !units.remainder().is_empty() {
        return None;
    }
    let mut text = Vec::with_capacity(bytes.len());
    for char in char::decode_utf16(units.map(|bytes| unit([bytes[0], bytes[1]]))) {
        push_char(
            &mut text,
            char.map_or_else(|lone| lone.unpaired_surrogate().into(), u32::from),
        );
    }
    Some(text)
}

fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Option<Vec<u8>> {
    let units = bytes.chunks_exact(4);
    if !units.remainder().is_empty() {
        return None;
    }
    let mut text = Vec::with_capacity(bytes.len() / 2);
    for unit in units.map(|bytes| unit([bytes[0], bytes[1], bytes[2], bytes[3]])) {
        if unit > 0x0010_ffff {
            return None;
        }
        push_char(&mut text, unit);
    }
    Some(text)
}
