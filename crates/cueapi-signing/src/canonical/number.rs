//! Numbers: integers of any length as they are, floats in their shortest spelling, both as Python writes them.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::convert::Infallible;

use super::edits::Edits;
use super::{CanonicalError, MAX_INTEGER_DIGITS};

/// Reads the number that begins at `at`; returns where it ends.
///
/// Like Python's scanner, this stops before a point or an `e` that no digit follows; nothing may stand there.
#[inline]
pub(super) fn read(source: &[u8], at: usize, edits: &mut Edits) -> Result<usize, CanonicalError> {
    let byte = |at: usize| source.get(at).copied().unwrap_or(0);
    let skip_digits = |at: usize| at + source[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();

    let digits = at + usize::from(byte(at) == b'-');
    let integer_end = match byte(digits) {
        b'0' => digits + 1,
        b'1'..=b'9' => skip_digits(digits + 1),
        b'I' if source[at..].starts_with(b"-Infinity") => return Ok(at + "-Infinity".len()),
        _ => return Err(CanonicalError::Syntax),
    };
    let mut end = integer_end;
    if byte(end) == b'.' && byte(end + 1).is_ascii_digit() {
        end = skip_digits(end + 1);
    }
    let fraction_end = end;
    if matches!(byte(end), b'e' | b'E') {
        let exponent = end + 1 + usize::from(matches!(byte(end + 1), b'+' | b'-'));
        if byte(exponent).is_ascii_digit() {
            end = skip_digits(exponent);
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
    if !canonical {
        let Ok(_) = edits.replace(at, |out| {
            write(number, end != integer_end, out);
            Ok::<_, Infallible>(end)
        });
    }
    Ok(end)
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
fn write(number: &[u8], float: bool, out: &mut Vec<u8>) {
    if float {
        out.extend_from_slice(spell(parse(number)).as_bytes());
    } else {
        // Of integers, only minus zero changes.
        out.push(b'0');
    }
}

/// Spells a float as Python's `repr` does.
fn spell(float: f64) -> String {
    if float.is_infinite() {
        return String::from(if float > 0.0 { "Infinity" } else { "-Infinity" });
    }
    let scientific = shortest(float);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = mantissa.split_at(usize::from(mantissa.starts_with('-')));
    let digits = mantissa.replacen('.', "", 1);
    match exponent {
        0..16 => {
            let integer = exponent.unsigned_abs() as usize + 1;
            let (integer, fraction) = match digits.split_at_checked(integer) {
                Some((integer, fraction)) => (integer, if fraction.is_empty() { "0" } else { fraction }),
                None => (&*format!("{digits:0<integer$}"), "0"),
            };
            format!("{sign}{integer}.{fraction}")
        }
        -4..0 => {
            let zeros = exponent.unsigned_abs() as usize - 1;
            format!("{sign}0.{:0<zeros$}{digits}", "")
        }
        _ => format!(
            "{sign}{mantissa}e{}{:02}",
            if exponent < 0 { '-' } else { '+' },
            exponent.unsigned_abs()
        ),
    }
}

/// The fewest digits that read back as the same float, in scientific notation: `-1.234e-5`.
fn shortest(float: f64) -> String {
    let shortest = format!("{float:e}");
    let digits = shortest
        .bytes()
        .take_while(|byte| *byte != b'e')
        .filter(u8::is_ascii_digit)
        .count();
    // When two spellings of that many digits are equally near, Rust takes the greater one and Python the even one, which is how
    // Rust rounds to a given precision. Up to 15 digits, there are no two.
    if digits > 15 {
        let nearest = format!("{float:.0$e}", digits - 1);
        if nearest.parse() == Ok(float) {
            return nearest;
        }
    }
    shortest
}

/// The float nearest to a JSON number.
fn parse(number: &[u8]) -> f64 {
    // As long as this, an exponent that core's parser cuts off at 65,536 outweighs all digits.
    let short = (number.len() <= 64).then(|| String::from_utf8_lossy(number));
    short
        .unwrap_or_else(|| shorten(number).into())
        .parse()
        .unwrap_or_default()
}

/// Digits that can decide how a double is rounded; beyond them it only matters whether there is something.
const SIGNIFICANT_DIGITS: usize = 800;

/// A number of moderate length that rounds to the same float.
fn shorten(number: &[u8]) -> String {
    let (sign, number) = number.split_at(usize::from(number.starts_with(b"-")));
    let at = number
        .iter()
        .position(|byte| matches!(byte, b'e' | b'E'))
        .unwrap_or(number.len());
    let (mantissa, exponent) = number.split_at(at);
    let integer = mantissa.iter().position(|byte| *byte == b'.').unwrap_or(mantissa.len());

    let digits = || mantissa.iter().filter(|byte| **byte != b'.');
    let zeros = digits().take_while(|digit| **digit == b'0').count();
    let mut significant: String = digits()
        .skip(zeros)
        .take(SIGNIFICANT_DIGITS)
        .map(|digit| char::from(*digit))
        .collect();
    if digits().skip(zeros + SIGNIFICANT_DIGITS).any(|digit| *digit != b'0') {
        significant.push('1');
    }
    let shift = to_i64(exponent.get(1..).unwrap_or_default()) + signed(integer) - signed(zeros);
    format!(
        "{}0.{significant}e{}",
        if sign.is_empty() { "" } else { "-" },
        shift.clamp(-9_999, 9_999)
    )
}

/// An exponent; one of more digits than a text can make up for is cut off.
fn to_i64(exponent: &[u8]) -> i64 {
    let (sign, digits) = match exponent {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] | digits => (1, digits),
    };
    let number = digits.iter().fold(0_i64, |number, digit| {
        (number * 10 + i64::from(digit - b'0')).min(1 << 40)
    });
    sign * number
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
