//! Numbers: integers of any length as they are, floats in their shortest spelling, both as Python writes them.

use alloc::vec::Vec;

use super::float::{self, Budget, Decimal};
use super::{CanonicalError, MAX_INTEGER_DIGITS, SHORT, push_short};

/// Reads the number that begins at `at`, and writes it; returns where it ends.
///
/// Like Python's scanner, this stops before a point or an `e` that no digit follows; nothing may stand there.
#[inline]
pub(super) fn copy(source: &[u8], at: usize, out: &mut Vec<u8>, budget: &mut Budget) -> Result<usize, CanonicalError> {
    let byte = |at: usize| source.get(at).copied().unwrap_or(0);

    let digits = at + usize::from(byte(at) == b'-');
    let integer_end = match byte(digits) {
        b'0' => digits + 1,
        b'1'..=b'9' => skip_digits(source, digits + 1),
        b'I' if source[at..].starts_with(b"-Infinity") => {
            out.extend_from_slice(b"-Infinity");
            return Ok(at + "-Infinity".len());
        }
        _ => return Err(CanonicalError::Syntax),
    };
    let mut end = integer_end;
    if byte(end) == b'.' && byte(end + 1).is_ascii_digit() {
        end = skip_digits(source, end + 1);
    }
    let fraction_end = end;
    if matches!(byte(end), b'e' | b'E') {
        let exponent = end + 1 + usize::from(matches!(byte(end + 1), b'+' | b'-'));
        if byte(exponent).is_ascii_digit() {
            end = skip_digits(source, exponent);
        }
    }

    let number = &source[at..end];
    let canonical = if end == integer_end {
        if end - digits > MAX_INTEGER_DIGITS {
            return Err(CanonicalError::IntegerTooLong);
        }
        number != b"-0"
    } else {
        end == fraction_end && is_canonical(&source[digits..integer_end], &source[integer_end + 1..end])
    };
    if canonical {
        push_short(out, &source[at..], end - at);
    } else {
        write(number, end != integer_end, out, budget)?;
    }
    Ok(end)
}

/// Passes digits, eight at a time: how many there are is what a processor cannot predict.
#[inline]
fn skip_digits(source: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    while let Some(chunk) = source.get(at..).and_then(|rest| rest.first_chunk()) {
        // Digits become numbers up to 9, to which so much can be added without reaching the highest bit.
        let value = u64::from_le_bytes(*chunk) ^ (ONES * 0x30);
        let others = (value.wrapping_add(ONES * (0x80 - 10)) | value) & (ONES * 0x80);
        if others != 0 {
            return at + others.trailing_zeros() as usize / 8;
        }
        at += chunk.len();
    }
    at + source[at..].iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Whether Python spells a decimal fraction so. It does when there are no superfluous zeros, when the fraction is not so small
/// or so great that it would have an exponent, and when there are so few digits that every double keeps them apart.
fn is_canonical(integer: &[u8], fraction: &[u8]) -> bool {
    let superfluous_zero = fraction.len() > 1 && fraction.last() == Some(&b'0');
    // From 0.00001 on: 1e-05.
    let small = integer == b"0" && fraction.starts_with(b"0000");
    !superfluous_zero && !small && integer.len() + fraction.len() <= 15
}

#[cold]
fn write(number: &[u8], float: bool, out: &mut Vec<u8>, budget: &mut Budget) -> Result<(), CanonicalError> {
    if !float {
        // Of integers, only minus zero changes.
        out.push(b'0');
        return Ok(());
    }
    let unsigned = number.strip_prefix(b"-").unwrap_or(number);
    if unsigned.len() < number.len() {
        out.push(b'-');
    }
    match float::shortest(unsigned, budget)? {
        Some(shortest) => write_decimal(shortest, out),
        None => out.extend_from_slice(b"Infinity"),
    }
    Ok(())
}

/// Spells a number as Python's `repr` does: with an exponent where there would be more than three zeros behind the point, or more
/// than sixteen digits before it.
fn write_decimal(decimal: Decimal, out: &mut Vec<u8>) {
    let (mut digits, length, point) = (decimal.digits, decimal.length as usize, decimal.point());
    let zeros = point.unsigned_abs() as usize;
    let before_point = match point {
        -3..=0 => 0,
        1..=16 => zeros,
        _ => 1,
    };
    // Digits before the point begin at 4, those behind it where it leaves off; the rest of the zeros is filled in.
    let mut text = [b'0'; 5 + SHORT];
    for index in (0..length).rev() {
        text[5 + index - usize::from(index < before_point)] = b"0123456789"[(digits % 10) as usize];
        digits /= 10;
    }
    let (start, end) = match point {
        -3..=0 => {
            text[4 - zeros] = b'.';
            (3 - zeros, 5 + length)
        }
        1..=16 => {
            text[4 + before_point] = b'.';
            (4, 5 + length.max(before_point + 1))
        }
        _ => {
            text[5] = b'.';
            let end = if length > 1 { 5 + length } else { 5 };
            (4, write_exponent(&mut text, end, point - 1))
        }
    };
    push_short(out, &text[start..], end - start);
}

/// Writes an exponent, of at least two digits and at most three; returns where it ends.
fn write_exponent(text: &mut [u8], mut at: usize, exponent: i32) -> usize {
    let mut push = |byte| {
        text[at] = byte;
        at += 1;
    };
    push(b'e');
    push(if exponent < 0 { b'-' } else { b'+' });
    let exponent = exponent.unsigned_abs();
    for unit in [100, 10, 1] {
        if unit < 100 || exponent >= unit {
            push(b"0123456789"[(exponent / unit % 10) as usize]);
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place_is_a_digit_or_ends_the_digits() {
        for byte in 0..=u8::MAX {
            // Behind the last whole chunk too.
            for place in 0..12 {
                for next in [b'0', b'9', b'.', 0, 0xff] {
                    let mut text = [b'5'; 13];
                    (text[place], text[place + 1]) = (byte, next);
                    let end = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
                    assert_eq!(skip_digits(&text, 0), end, "{byte:#x} at {place}");
                }
            }
        }
    }
}
