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
    let (width, order, text) = match bytes {
        [0xff, 0xfe, 0, 0, text @ ..] => (4, Endian::Little, text),
        [0, 0, 0xfe, 0xff, text @ ..] => (4, Endian::Big, text),
        [0xff, 0xfe, text @ ..] => (2, Endian::Little, text),
        [0xfe, 0xff, text @ ..] => (2, Endian::Big, text),
        [0xef, 0xbb, 0xbf, text @ ..] => return Ok(text.into()),
        // Without a mark: every JSON text begins with an ASCII character, and that tells where its zeros are.
        [0, 0, _, _, ..] => (4, Endian::Big, bytes),
        [0, _, _, _, ..] | [0, _] => (2, Endian::Big, bytes),
        [_, 0, 0, 0, ..] => (4, Endian::Little, bytes),
        [_, 0, _, _, ..] | [_, 0] => (2, Endian::Little, bytes),
        _ => return Ok(bytes.into()),
    };
    decode_units(text, width, order)
        .map(Cow::Owned)
        .ok_or(CanonicalError::Encoding)
}

/// Which byte of a unit comes first.
enum Endian {
    Big,
    Little,
}

/// The text of UTF-16 or UTF-32, in units of two or four bytes.
fn decode_units(bytes: &[u8], width: usize, order: Endian) -> Option<Vec<u8>> {
    if bytes.len() % width != 0 {
        return None;
    }
    let mut text = Vec::with_capacity(bytes.len());
    // The first half of a surrogate pair, of which the second may follow.
    let mut first_half: Option<u32> = None;
    for unit in bytes.chunks_exact(width) {
        let unit = match order {
            Endian::Big => unit.iter().fold(0, |unit, byte| unit << 8 | u32::from(*byte)),
            Endian::Little => unit.iter().rfold(0, |unit, byte| unit << 8 | u32::from(*byte)),
        };
        let char = match (first_half.take(), unit) {
            (Some(first), 0xdc00..0xe000) => {
                text.truncate(text.len() - 3);
                0x1_0000 + ((first & 0x3ff) << 10 | unit & 0x3ff)
            }
            _ => unit,
        };
        if width == 2 && matches!(unit, 0xd800..0xdc00) {
            first_half = Some(unit);
        }
        if char > 0x0010_ffff {
            return None;
        }
        push_char(&mut text, char);
    }
    Some(text)
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
        Some(char) if char.is_ascii() => text.push(char as u8),
        Some(char) => text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        None => {
            let [_, _, high, low] = char.to_be_bytes();
            text.extend_from_slice(&[0xe0 | high >> 4, 0x80 | (high & 0xf) << 2 | low >> 6, 0x80 | low & 0x3f]);
        }
    }
}
