//! Points in time, read from every spelling that CueAPI servers use and written in one.

use std::{borrow::Cow, fmt, str::FromStr, time::SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A point in time, exact to the nanosecond.
///
/// Servers write two styles, `2026-11-23T20:29:41.239848Z` and `2029-12-31T22:00:00+00:00`, with 0 to 6 fraction digits,
/// and one route writes `+00:00Z`; all of them decode (up to 9 digits, `t` or a space for `T`, a lower-case `z`). A
/// timestamp without an offset decodes as UTC, which is what a server means by it. It is always written as RFC 3339 in
/// UTC, with `Z` and as many fraction digits as there are. The offset that a text came with is not kept.
///
/// This is [`jiff::Timestamp`] inside; convert with `From` to do arithmetic. jiff 1 is stable, and its types appear in
/// this crate in these conversions only.
///
/// ```
/// use cueapi_types::Timestamp;
///
/// let at = Timestamp::parse("2026-05-01T16:00:00+02:00")?;
/// assert_eq!(at.to_string(), "2026-05-01T14:00:00Z");
/// assert_eq!(at, Timestamp::from_second(1_777_644_000)?);
/// # Ok::<(), cueapi_types::TimestampError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// Reads an RFC 3339 timestamp.
    ///
    /// ```
    /// use cueapi_types::Timestamp;
    ///
    /// assert!(Timestamp::parse("2026-05-01 14:00:00.5Z").is_ok());
    /// assert!(Timestamp::parse("2026-05-01T14:00:00").is_err(), "which time zone?");
    /// ```
    ///
    /// # Errors
    ///
    /// When it is not a date and a time of day, or has no offset: a local time is a different instant in every time
    /// zone, so write `Z` or `+02:00` behind it.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        parse(text).map(Self).ok_or(TimestampError::NOT_RFC_3339)
    }

    /// The timestamp so many seconds after 1970-01-01T00:00:00Z.
    ///
    /// ```
    /// use cueapi_types::Timestamp;
    ///
    /// assert_eq!(Timestamp::from_second(0)?.to_string(), "1970-01-01T00:00:00Z");
    /// # Ok::<(), cueapi_types::TimestampError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the year would not be within -9999 to 9999.
    pub fn from_second(second: i64) -> Result<Self, TimestampError> {
        jiff::Timestamp::from_second(second)
            .map(Self)
            .map_err(|_| TimestampError::OUT_OF_RANGE)
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded towards zero.
    ///
    /// ```
    /// use cueapi_types::Timestamp;
    ///
    /// assert_eq!(Timestamp::parse("1970-01-01T00:01:00.9Z")?.as_second(), 60);
    /// # Ok::<(), cueapi_types::TimestampError>(())
    /// ```
    #[must_use]
    pub fn as_second(self) -> i64 {
        self.0.as_second()
    }
}

/// What `jiff` reads, and the oddities of CueAPI servers.
fn parse(text: &str) -> Option<jiff::Timestamp> {
    let read = |text: &str| text.parse().ok();
    read(text).or_else(|| {
        // `/health` writes an offset and a Z behind it.
        let without_z = text.strip_suffix(['Z', 'z'])?;
        without_z.ends_with("+00:00").then(|| read(without_z))?
    })
}

/// As [`parse`], and a time without an offset is UTC.
fn parse_from_server(text: &str) -> Option<jiff::Timestamp> {
    parse(text).or_else(|| {
        let local: jiff::civil::DateTime = text.parse().ok()?;
        jiff::tz::Offset::UTC.to_timestamp(local).ok()
    })
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(timestamp: jiff::Timestamp) -> Self {
        Self(timestamp)
    }
}

impl From<jiff::ZonedDateTime> for Timestamp {
    fn from(zoned: jiff::ZonedDateTime) -> Self {
        Self(zoned.into())
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0
    }
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = TimestampError;

    fn try_from(time: SystemTime) -> Result<Self, Self::Error> {
        time.try_into().map(Self).map_err(|_| TimestampError::OUT_OF_RANGE)
    }
}

impl TryFrom<Timestamp> for SystemTime {
    type Error = TimestampError;

    fn try_from(timestamp: Timestamp) -> Result<Self, Self::Error> {
        timestamp.0.try_into().map_err(|_| TimestampError::OUT_OF_RANGE)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text: Cow<'de, str> = Deserialize::deserialize(deserializer)?;
        parse_from_server(&text)
            .map(Self)
            .ok_or_else(|| de::Error::custom(TimestampError::NOT_RFC_3339))
    }
}

/// Why a text or a number is not a [`Timestamp`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampError(&'static str);

impl TimestampError {
    const NOT_RFC_3339: Self = Self("not an RFC 3339 timestamp with an offset, such as 2026-05-01T14:00:00Z");
    const OUT_OF_RANGE: Self = Self("the year of the timestamp is out of range");
}

impl fmt::Display for TimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for TimestampError {}
