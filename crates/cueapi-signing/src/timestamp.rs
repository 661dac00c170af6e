//! What time a delivery says it was signed, and whether that is near enough to now.
//!
//! The header is read as the reference receiver reads it, which is Python's `int()`: white space around the number, a sign,
//! underscores between digits and the decimal digits of every script are allowed. Leniency costs nothing here, because the
//! header's own bytes are what goes into the MAC.

use core::time::Duration;

use crate::VerifyError;

/// Reads the header as Unix seconds. A number that no clock reaches is [`VerifyError::Expired`], not malformed.
#[inline]
pub(crate) fn parse(header: &[u8]) -> Result<i64, VerifyError> {
    match header {
        [] => Err(VerifyError::MalformedTimestamp),
        digits if digits.len() <= 18 && digits.iter().all(u8::is_ascii_digit) => Ok(digits
            .iter()
            .fold(0, |seconds, digit| seconds * 10 + i64::from(digit - b'0'))),
        _ => parse_leniently(header),
    }
}

/// Refuses a timestamp that is more than `tolerance` away from `now`, which is the time since the Unix epoch.
#[inline]
pub(crate) fn check(seconds: i64, now: Duration, tolerance: Duration) -> Result<(), VerifyError> {
    let signed_at = Duration::from_secs(seconds.unsigned_abs());
    let distance = if seconds < 0 {
        now.checked_add(signed_at)
    } else {
        Some(now.abs_diff(signed_at))
    };
    match distance {
        Some(distance) if distance <= tolerance => Ok(()),
        _ => Err(VerifyError::Expired),
    }
}

/// The time since the Unix epoch. A clock before 1970 is no clock; every timestamp is then far from it.
#[cfg(feature = "std")]
pub(crate) fn system_clock() -> Duration {
    use std::time::SystemTime;
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

#[cold]
fn parse_leniently(header: &[u8]) -> Result<i64, VerifyError> {
    let malformed = VerifyError::MalformedTimestamp;
    let text = core::str::from_utf8(header).map_err(|_| malformed)?.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut seconds = Some(0_i64);
    let mut after_digit = false;
    for char in digits.chars() {
        if char == '_' && after_digit {
            after_digit = false;
            continue;
        }
        let digit = decimal(char).ok_or(malformed)?;
        seconds = seconds.and_then(|seconds| seconds.checked_mul(10)?.checked_add(digit));
        after_digit = true;
    }
    if !after_digit {
        return Err(malformed);
    }
    let seconds = seconds.ok_or(VerifyError::Expired)?;
    Ok(if negative { -seconds } else { seconds })
}

/// The value of a decimal digit of any script.
fn decimal(char: char) -> Option<i64> {
    if let Some(digit) = char.to_digit(10) {
        return Some(digit.into());
    }
    let after = ZEROS.partition_point(|zero| *zero <= u32::from(char));
    let zero = *ZEROS.get(after.checked_sub(1)?)?;
    let value = u32::from(char) - zero;
    (value < 10).then_some(value.into())
}

/// The zero of every run of decimal digits (general category Nd, Unicode 14) beyond ASCII; its nine successors follow it.
#[rustfmt::skip]
const ZEROS: [u32; 65] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66,
    0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810,
    0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0,
    0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0,
    0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950,
    0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec,
    0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_read_as_python_reads_an_int() {
        for (text, seconds) in [
            ("0", 0),
            ("1700000000", 1_700_000_000),
            ("0001700000000", 1_700_000_000),
            (" 1700000000\n", 1_700_000_000),
            ("\u{85}5\u{3000}", 5),
            ("+5", 5),
            ("-5", -5),
            ("1_700_000_000", 1_700_000_000),
            ("٥_٥", 55),
            ("𝟓", 5),
            ("999999999999999999", 999_999_999_999_999_999),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(parse(text.as_bytes()), Ok(seconds), "{text:?}");
        }
        for text in [
            "",
            " ",
            "+",
            "-",
            "+ 5",
            "+-5",
            "--5",
            "_5",
            "5_",
            "5__5",
            "+_5",
            "5 5",
            "0x5",
            "5.0",
            "5e9",
            "abc",
            "²",
            "\0",
            "5\0",
            "\u{200b}5",
            "\u{feff}5",
            "\u{1c}5",
        ] {
            assert_eq!(parse(text.as_bytes()), Err(VerifyError::MalformedTimestamp), "{text:?}");
        }
        assert_eq!(parse(b"17\xff"), Err(VerifyError::MalformedTimestamp));
    }

    #[test]
    fn a_number_beyond_every_clock_is_expired() {
        for text in [
            "9223372036854775808",
            "-99999999999999999999",
            "100000000000000000000000000000000000000000",
        ] {
            assert_eq!(parse(text.as_bytes()), Err(VerifyError::Expired), "{text:?}");
        }
    }

    #[test]
    fn exactly_the_tolerance_is_in_time_and_a_nanosecond_more_is_not() {
        let now = Duration::from_secs(1_000);
        let tolerance = Duration::from_secs(300);
        let nanosecond = Duration::from_nanos(1);
        assert_eq!(check(700, now, tolerance), Ok(()));
        assert_eq!(check(1_300, now, tolerance), Ok(()));
        assert_eq!(check(700, now + nanosecond, tolerance), Err(VerifyError::Expired));
        assert_eq!(check(1_300, now - nanosecond, tolerance), Err(VerifyError::Expired));
    }

    #[test]
    fn no_timestamp_or_clock_overflows() {
        for seconds in [i64::MIN, -1, 0, 1, i64::MAX] {
            for now in [Duration::ZERO, Duration::MAX] {
                let _ = check(seconds, now, Duration::MAX);
                let _ = check(seconds, now, Duration::ZERO);
            }
        }
        assert_eq!(check(i64::MIN, Duration::ZERO, Duration::MAX), Ok(()));
        assert_eq!(check(i64::MIN, Duration::MAX, Duration::MAX), Err(VerifyError::Expired));
    }
}
