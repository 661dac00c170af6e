//! The two spellings of a moment in CueAPI's answers, and one that it was given in.

use jiff::{Timestamp, tz::Offset};

/// `2026-11-23T20:29:41.239848Z`; the fraction has six digits or is absent.
pub(crate) fn z(moment: Timestamp) -> String {
    let mut text = digits(moment, Offset::UTC);
    text.push('Z');
    text
}

/// `2029-12-31T22:00:00+00:00`, or in another offset.
pub(crate) fn with_offset(moment: Timestamp, offset: Offset) -> String {
    let mut text = digits(moment, offset);
    let seconds = offset.seconds();
    let (sign, rest) = if seconds < 0 { ('-', -seconds) } else { ('+', seconds) };
    text.push_str(&format!("{sign}{:02}:{:02}", rest / 3600, rest / 60 % 60));
    text
}

fn digits(moment: Timestamp, offset: Offset) -> String {
    let at = offset.to_datetime(moment);
    let mut text = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    );
    let micros = at.subsec_nanosecond() / 1000;
    if micros != 0 {
        text.push_str(&format!(".{micros:06}"));
    }
    text
}
