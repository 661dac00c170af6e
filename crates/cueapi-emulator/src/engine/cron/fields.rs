//! The sets of values that the fields of an expression allow.

use jiff::civil::{Date, Weekday};

/// A set of small numbers: a bit each, counted from the field's lowest value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    range: (i16, i16),
    /// 192 bits: enough for the 130 years from 1970.
    bits: [u64; 3],
    any: bool,
}

impl Field {
    pub(super) fn empty(range: (i16, i16)) -> Self {
        Self {
            range,
            bits: [0; 3],
            any: false,
        }
    }

    /// Second 0, of an expression that does not name seconds.
    pub(super) fn zero() -> Self {
        Self {
            range: (0, 0),
            bits: [1, 0, 0],
            any: false,
        }
    }

    pub(super) fn insert(&mut self, value: i16) {
        if let Some((word, bit)) = self.place(value) {
            if let Some(word) = self.bits.get_mut(word) {
                *word |= bit;
            }
        }
    }

    pub(super) fn allow_any(&mut self) {
        self.any = true;
        for value in self.range.0..=self.range.1 {
            self.insert(value);
        }
    }

    pub(super) fn is_any(&self) -> bool {
        self.any
    }

    pub(super) fn len(&self) -> u32 {
        self.bits.iter().map(|word| word.count_ones()).sum()
    }

    pub(super) fn has(&self, value: i16) -> bool {
        self.any
            || self
                .place(value)
                .is_some_and(|(word, bit)| self.bits.get(word).is_some_and(|word| word & bit != 0))
    }

    /// The lowest value from `from` on, in a field of hours, minutes or seconds.
    pub(super) fn next_from(&self, from: i8) -> Option<i8> {
        let rest = self
            .bits
            .first()?
            .checked_shr(u32::try_from(from).ok()?)
            .filter(|rest| *rest != 0)?;
        from.checked_add(i8::try_from(rest.trailing_zeros()).ok()?)
    }

    fn place(&self, value: i16) -> Option<(usize, u64)> {
        let index = usize::try_from(value.checked_sub(self.range.0)?).ok()?;
        Some((index / 64, 1 << (index % 64)))
    }
}

/// The third field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Days {
    pub(super) set: Field,
    /// `L`: the last day of the month.
    pub(super) last: bool,
    /// `15W`: the weekday nearest to the 15th.
    pub(super) nearest_weekday: Option<i8>,
}

impl Days {
    pub(super) fn is_any(&self) -> bool {
        self.set.is_any()
    }

    pub(super) fn matches(&self, date: Date) -> bool {
        if let Some(day) = self.nearest_weekday {
            return date.day() == nearest_weekday(date, day);
        }
        self.set.has(date.day().into()) || (self.last && date.day() == date.days_in_month())
    }
}

fn nearest_weekday(month: Date, day: i8) -> i8 {
    let last = month.days_in_month();
    let day = day.min(last);
    let weekday = month.with().day(day).build().map_or(Weekday::Monday, Date::weekday);
    match weekday {
        Weekday::Saturday if day > 1 => day - 1,
        Weekday::Saturday => day + 2,
        Weekday::Sunday if day < last => day + 1,
        Weekday::Sunday => day - 2,
        _ => day,
    }
}

/// The fifth field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Weekdays {
    /// Sunday is 0.
    pub(super) set: Field,
    /// `1#2`: the second Monday; `L5`: the last Friday.
    pub(super) nth: Vec<(i16, Nth)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nth {
    From(i8),
    Last,
}

impl Weekdays {
    pub(super) fn is_any(&self) -> bool {
        self.set.is_any()
    }

    pub(super) fn has_nth(&self) -> bool {
        !self.nth.is_empty()
    }

    pub(super) fn matches(&self, date: Date) -> bool {
        let weekday = i16::from(date.weekday().to_sunday_zero_offset());
        if self.nth.is_empty() {
            return self.set.has(weekday);
        }
        self.nth.iter().any(|(wanted, nth)| {
            *wanted == weekday
                && match nth {
                    Nth::From(nth) => (date.day() - 1) / 7 + 1 == *nth,
                    Nth::Last => date.day() + 7 > date.days_in_month(),
                }
        })
    }
}
