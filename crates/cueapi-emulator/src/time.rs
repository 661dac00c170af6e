//! Moments, and the two spellings of one in CueAPI's answers.

use std::{cmp::Ordering, fmt};

use jiff::{SignedDuration, Timestamp, civil, tz::Offset};
use serde::{Deserialize, Serialize};

/// A moment that a caller may give, in UTC and to the end of the year 9999: a day more than a [`Timestamp`] has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(civil::DateTime);

impl Moment {
    /// Earlier than any other.
    pub(crate) const MIN: Self = Self(civil::DateTime::MIN);

    /// What a calendar and a clock show in an offset; `None` when it is the year 10000 in UTC by then.
    pub(crate) fn shown(local: civil::DateTime, offset: Offset) -> Option<Self> {
        local.checked_sub(length(offset)).ok().map(Self)
    }

    /// When it falls due: then, or as late as a [`Timestamp`] can be.
    #[must_use]
    pub fn due(self) -> Timestamp {
        Offset::UTC.to_timestamp(self.0).unwrap_or(Timestamp::MAX)
    }
}

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self(Offset::UTC.to_datetime(at))
    }
}

impl PartialEq<Timestamp> for Moment {
    fn eq(&self, other: &Timestamp) -> bool {
        *self == Self::from(*other)
    }
}

impl PartialOrd<Timestamp> for Moment {
    fn partial_cmp(&self, other: &Timestamp) -> Option<Ordering> {
        self.partial_cmp(&Self::from(*other))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}Z", self.0)
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn length(offset: Offset) -> SignedDuration {
    SignedDuration::from_secs(offset.seconds().into())
}

/// `2026-11-23T20:29:41.239848Z`; the fraction has six digits or is absent.
pub(crate) fn z(moment: impl Into<Moment>) -> String {
    let mut text = digits(moment.into(), Offset::UTC);
    text.push('Z');
    text
}

/// `2029-12-31T22:00:00+00:00`, or in another offset.
pub(crate) fn with_offset(moment: impl Into<Moment>, offset: Offset) -> String {
    let mut text = digits(moment.into(), offset);
    let seconds = offset.seconds();
    let (sign, rest) = if seconds < 0 { ('-', -seconds) } else { ('+', seconds) };
    text.push_str(&format!("{sign}{:02}:{:02}", rest / 3600, rest / 60 % 60));
    text
}

fn digits(Moment(utc): Moment, offset: Offset) -> String {
    let at = utc.checked_add(length(offset)).unwrap_or(utc);
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
