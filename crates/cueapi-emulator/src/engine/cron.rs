//! Cron expressions as the server's Python library, croniter, reads them.
//!
//! Five fields; a sixth is *seconds* and comes last, a seventh is years. When day of month and day of week are both
//! restricted, either may match. Around a change of the clocks: a run whose hour is skipped happens at the first minute
//! after the gap (but hourly expressions just skip it), and a run whose hour comes twice happens once, at its first.

mod fields;
mod parse;

use jiff::{
    SignedDuration, Timestamp, ToSpan as _,
    civil::{Date, DateTime, Time},
    tz::{AmbiguousOffset, Offset, TimeZone},
};

use self::fields::{Days, Field, Weekdays};

/// How far the library looks ahead.
const MAX_YEARS: i16 = 50;

/// A cron expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: Field,
    hours: Field,
    days: Days,
    months: Field,
    weekdays: Weekdays,
    /// `None` in an expression of five fields, which runs at second 0.
    seconds: Option<Field>,
    years: Option<Field>,
}

impl Cron {
    /// `None` for what the library rejects.
    pub(super) fn parse(expression: &str) -> Option<Self> {
        parse::parse(expression)
    }

    /// The first run after a moment; `None` when there is none within fifty years.
    pub(super) fn next_after(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        if self.days.is_any() || self.weekdays.is_any() {
            return self.next_in_zone(now, zone, Which::Both);
        }
        let by_day = self.next_in_zone(now, zone, Which::DayOfMonth);
        let by_weekday = self.next_in_zone(now, zone, Which::DayOfWeek);
        if self.days.nearest_weekday.is_some() || self.weekdays.has_nth() {
            // With `W` or `#` the two sides are not independent, and the library fails when one of them never matches.
            return Some(by_day?.min(by_weekday?));
        }
        [by_day, by_weekday].into_iter().flatten().min()
    }

    fn next_in_zone(&self, now: Timestamp, zone: &TimeZone, which: Which) -> Option<Timestamp> {
        let offset = zone.to_offset(now);
        let wall = offset.to_datetime(now);
        let mut candidate = self.next_wall(wall, which)?;
        let (mut found, mut exists) = localize(candidate, zone, now)?;
        if !exists && (found <= now || self.hours.is_any()) {
            while !exists {
                candidate = self.next_wall(candidate, which)?;
                (found, exists) = localize(candidate, zone, now)?;
            }
        }
        let shift = zone.to_offset(found).seconds() - offset.seconds();
        if shift == 0 {
            return Some(found);
        }
        // The clocks change between now and then: in the new offset there may be an earlier match.
        let shifted = wall.checked_add(SignedDuration::from_secs(shift.into())).ok()?;
        let (other, exists) = localize(self.next_wall(shifted, which)?, zone, now)?;
        Some(if exists && other > now { found.min(other) } else { found })
    }

    /// The first match on the wall clock after `from`, as if the clocks never changed.
    fn next_wall(&self, from: DateTime, which: Which) -> Option<DateTime> {
        let start = match self.seconds {
            Some(_) => from
                .checked_add(1.second())
                .ok()?
                .with()
                .subsec_nanosecond(0)
                .build()
                .ok()?,
            None => from
                .checked_add(1.minute())
                .ok()?
                .with()
                .second(0)
                .subsec_nanosecond(0)
                .build()
                .ok()?,
        };
        let last_year = start.year().checked_add(MAX_YEARS)?;
        let mut date = start.date();
        while date.year() <= last_year {
            if !self.years.as_ref().is_none_or(|years| years.has(date.year())) {
                date = Date::new(date.year() + 1, 1, 1).ok()?;
            } else if !self.months.has(date.month().into()) {
                date = date.last_of_month().tomorrow().ok()?;
            } else {
                let earliest = if date == start.date() {
                    start.time()
                } else {
                    Time::midnight()
                };
                let time = if self.day_matches(date, which) {
                    self.next_time(earliest)
                } else {
                    None
                };
                if let Some(time) = time {
                    return Some(date.to_datetime(time));
                }
                date = date.tomorrow().ok()?;
            }
        }
        None
    }

    fn day_matches(&self, date: Date, which: Which) -> bool {
        // `W` and `#` are not part of the split into two sides: they always hold.
        let day = which != Which::DayOfWeek || self.days.nearest_weekday.is_some();
        let weekday = which != Which::DayOfMonth || self.weekdays.has_nth();
        (!day || self.days.matches(date)) && (!weekday || self.weekdays.matches(date))
    }

    fn next_time(&self, earliest: Time) -> Option<Time> {
        let zero = Field::zero();
        let seconds = self.seconds.as_ref().unwrap_or(&zero);
        let (mut hour, mut minute, mut second) = (earliest.hour(), earliest.minute(), earliest.second());
        while let Some(found) = self.hours.next_from(hour) {
            if found != hour {
                (minute, second) = (0, 0);
            }
            hour = found;
            while let Some(found) = self.minutes.next_from(minute) {
                if found != minute {
                    second = 0;
                }
                minute = found;
                if let Some(second) = seconds.next_from(second) {
                    return Time::new(hour, minute, second, 0).ok();
                }
                (minute, second) = (minute + 1, 0);
            }
            (hour, minute, second) = (hour + 1, 0, 0);
        }
        None
    }
}

/// Which of the two day fields is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Both,
    DayOfMonth,
    DayOfWeek,
}

/// The moment at which a wall clock shows a time: the earlier of two, but after `now`; the end of a gap, and then `false`.
fn localize(wall: DateTime, zone: &TimeZone, now: Timestamp) -> Option<(Timestamp, bool)> {
    let at = |wall: DateTime, offset: Offset| offset.to_timestamp(wall).ok();
    let mut wall = wall;
    let mut exists = true;
    loop {
        match zone.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Unambiguous { offset } => return Some((at(wall, offset)?, exists)),
            AmbiguousOffset::Fold { before, after } => {
                let first = at(wall, before)?;
                return Some((if first > now { first } else { at(wall, after)? }, exists));
            }
            AmbiguousOffset::Gap { .. } => {
                exists = false;
                wall = wall.checked_add(1.minute()).ok()?;
            }
        }
    }
}
