//! Strings: from any spelling to the one that Python writes.

use alloc::vec::Vec;
use core::ops::Range;

use super::encoding::{push_char, split_char};
use super::{CanonicalError, push_short};
use crate::ascii::unicode_escape;

/// A string that has been read.
pub(super) struct Read {
    /// Where in the source the string ends, behind its closing quote.
    pub(super) end: usize,
    /// Whether the source spells it as it is: printable ASCII without escapes.
    pub(super) plain: bool,
}

/// Reads the string whose opening quote stands at `at`, and writes it.
#[cfg_attr(not(target_family = "wasm"), inline(always))]
pub(super) fn copy(source: &[u8], at: usize, out: &mut Vec<u8>) -> Result<Read, CanonicalError> {
    let end = skip_plain(source, at + 1);
    if source.get(end) != Some(&b'"') {
        return copy_other(source, at..end, out);
    }
    push_short(out, &source[at..], end + 1 - at);
    Ok(Read {
        end: end + 1,
        plain: true,
    })
}

/// Appends the value of a string that has been read to `text`, in generalised UTF-8.
pub(super) fn decode(mut string: &[u8], text: &mut Vec<u8>) {
    loop {
        let plain = skip_plain(string, 0);
        push_short(text, string, plain);
        let Some((char, rest)) = next_char(&string[plain..]) else {
            return;
        };
        push_char(text, char);
        string = rest;
    }
}

/// Writes a string whose beginning is plain.
#[cold]
fn copy_other(source: &[u8], mut plain: Range<usize>, out: &mut Vec<u8>) -> Result<Read, CanonicalError> {
    loop {
        let at = plain.end;
        out.extend_from_slice(&source[plain]);
        let rest = &source[at..];
        if rest.first() == Some(&b'"') {
            out.push(b'"');
            return Ok(Read {
                end: at + 1,
                plain: false,
            });
        }
        let (char, mut after) = next_char(rest).ok_or(CanonicalError::Syntax)?;
        write_char(char, out);
        // Where there is one such character, there are more.
        while let Some((char, rest)) = split_char(after).filter(|(char, _)| *char > 0x7e) {
            write_other_char(char, out);
            after = rest;
        }
        let at = source.len() - after.len();
        plain = at..skip_plain(source, at);
    }
}

/// The character with which a part of a string begins, however it is spelled, and what comes after it.
pub(super) fn next_char(string: &[u8]) -> Option<(u32, &[u8])> {
    let [b'\\', escape, rest @ ..] = string else {
        return split_char(string).filter(|(char, _)| *char >= 0x20 && *char != u32::from(b'\\'));
    };
    let char = match escape {
        b'"' | b'\\' | b'/' => *escape,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => return unicode(string),
        _ => return None,
    };
    Some((char.into(), rest))
}

/// The character that begins with a `\uXXXX`, which may be the first half of a surrogate pair.
fn unicode(string: &[u8]) -> Option<(u32, &[u8])> {
    let (first, rest) = unit(string)?;
    // Only two escapes are joined, and not what merely looks like the halves of a pair.
    match (first, unit(rest)) {
        (0xd800..0xdc00, Some((second @ 0xdc00..0xe000, rest))) => {
            Some((0x1_0000 + ((first - 0xd800) << 10 | (second - 0xdc00)), rest))
        }
        _ => Some((first, rest)),
    }
}

/// The UTF-16 code unit of the `\uXXXX` with which a part of a string begins.
fn unit(string: &[u8]) -> Option<(u32, &[u8])> {
    let (escape, rest) = string.split_at_checked(6)?;
    let hex = escape.strip_prefix(b"\\u")?;
    let unit = hex
        .iter()
        .try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))?;
    Some((unit, rest))
}

/// Writes one character as Python does.
fn write_char(char: u32, out: &mut Vec<u8>) {
    let short = match char {
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0c => b'f',
        0x0d => b'r',
        0x22 => b'"',
        0x5c => b'\\',
        _ => return write_other_char(char, out),
    };
    out.extend_from_slice(&[b'\\', short]);
}

fn write_other_char(char: u32, out: &mut Vec<u8>) {
    if let Ok(byte @ 0x20..=0x7e) = u8::try_from(char) {
        out.push(byte);
    } else if let Ok(unit) = u16::try_from(char) {
        out.extend_from_slice(&unicode_escape(unit));
    } else if let Some(char) = char::from_u32(char) {
        for unit in char.encode_utf16(&mut [0; 2]) {
            out.extend_from_slice(&unicode_escape(*unit));
        }
    }
}

/// Passes printable ASCII up to the first quote, backslash or other byte; returns where that is.
///
/// Works in steps that are longer than most keys, because a loop that runs once is one that a processor predicts.
#[inline]
fn skip_plain(source: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = source.get(at..).and_then(|rest| rest.first_chunk()) {
        let marks = mark_chunk(*chunk);
        if marks != 0 {
            return at + marks.trailing_zeros() as usize / 8;
        }
        at += chunk.len();
    }
    at + source[at..]
        .iter()
        .take_while(|byte| mark_special(u64::from(**byte)) & 0x80 == 0)
        .count()
}

/// Marks what is not plain in a chunk: the lowest mark stands in the highest bit of the first such byte.
#[inline]
fn mark_chunk(chunk: [u8; 16]) -> u128 {
    let [a, b, c, d, e, f, g, h, high @ ..] = chunk;
    let low = mark_special(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    u128::from(mark_special(u64::from_le_bytes(high))) << 64 | u128::from(low)
}

/// Marks the bytes of a word that are not plain in their highest bits; exact up to and including the first mark.
#[inline]
fn mark_special(word: u64) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    // A subtraction borrows into the highest bit of the bytes that are too small. Flipping a bit moves the quote right below
    // 0x21, where the control characters are.
    let quote_or_control = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
    let del = word.wrapping_add(ONES);
    (quote_or_control | backslash | del | word) & (ONES * 0x80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place_is_plain_or_special() {
        for byte in 0..=u8::MAX {
            let plain = (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\';
            // Behind the last whole chunk too.
            for place in 0..20 {
                for others in [b' ', b'!', b'#', b'[', b']', b'~'] {
                    let mut text = [others; 20];
                    text[place] = byte;
                    let end = if plain { text.len() } else { place };
                    assert_eq!(skip_plain(&text, 0), end, "{byte:#x} at {place}");
                }
            }
        }
    }

    #[test]
    fn what_follows_the_first_special_byte_does_not_matter() {
        for special in [0, 0x1f, b'"', b'\\', 0x7f, 0x80, 0xff] {
            for next in 0..=u8::MAX {
                let mut chunk = [b'a'; 16];
                (chunk[6], chunk[7], chunk[8]) = (special, next, next);
                assert_eq!(skip_plain(&chunk, 0), 6);
            }
        }
    }
}
