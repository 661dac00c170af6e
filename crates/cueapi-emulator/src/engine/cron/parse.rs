//! The grammar of an expression.

use super::{
    Cron,
    fields::{Days, Field, Nth, Weekdays},
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Minute,
    Hour,
    Day,
    Month,
    Weekday,
    Second,
    Year,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Minute,
        Self::Hour,
        Self::Day,
        Self::Month,
        Self::Weekday,
        Self::Second,
        Self::Year,
    ];

    const fn range(self) -> (i16, i16) {
        match self {
            Self::Minute | Self::Second => (0, 59),
            Self::Hour => (0, 23),
            Self::Day => (1, 31),
            Self::Month => (1, 12),
            Self::Weekday => (0, 6),
            Self::Year => (1970, 2099),
        }
    }

    fn name(self, text: &str) -> Option<i16> {
        const MONTHS: [&str; 12] = [
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ];
        const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
        let (names, first): (&[&str], i16) = match self {
            Self::Month => (&MONTHS, 1),
            Self::Weekday => (&DAYS, 0),
            _ => return None,
        };
        let at = names.iter().position(|name| *name == text)?;
        Some(first + i16::try_from(at).ok()?)
    }

    /// A number or a name. Sunday may be 7.
    fn value(self, text: &str) -> Option<i16> {
        match self.name(text).or_else(|| number(text))? {
            7 if self == Self::Weekday => Some(0),
            value => Some(value),
        }
    }

    fn contains(self, value: i16) -> bool {
        let (low, high) = self.range();
        (low..=high).contains(&value)
    }
}

pub(super) fn parse(expression: &str) -> Option<Cron> {
    let text = expression.to_lowercase();
    let text = match &*text {
        "@midnight" | "@daily" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        "@weekly" => "0 0 * * 0",
        "@monthly" => "0 0 1 * *",
        "@yearly" | "@annually" => "0 0 1 1 *",
        other => other,
    };
    let fields: Vec<&str> = text
        .split(|c: char| c.is_ascii_whitespace() || c == '\u{b}')
        .filter(|field| !field.is_empty())
        .collect();
    if !(5..=7).contains(&fields.len()) {
        return None;
    }
    let mut parsed = Vec::with_capacity(7);
    for (kind, text) in Kind::ALL.into_iter().zip(&fields) {
        parsed.push(Parts::read(kind, text)?);
    }
    let mut parts = parsed.into_iter();
    let (minute, hour, mut day, month, mut weekday) = (
        parts.next()?,
        parts.next()?,
        parts.next()?,
        parts.next()?,
        parts.next()?,
    );
    // All 31 days, or all 7, are only then "any" when the other field has a star in it.
    let starred = |at: usize| fields.get(at).is_some_and(|field| field.contains('*') || *field == "?");
    day.collapse(31, starred(4));
    weekday.collapse(7, starred(2));
    if !weekday.nth.is_empty() && weekday.mixes_nth() {
        return None;
    }
    let plain = |mut parts: Parts, all: u32| {
        parts.collapse(all, true);
        parts.set
    };
    Some(Cron {
        minutes: plain(minute, 60),
        hours: plain(hour, 24),
        days: Days {
            set: day.set,
            last: day.last,
            nearest_weekday: day.nearest_weekday,
        },
        months: plain(month, 12),
        weekdays: Weekdays {
            set: weekday.set,
            nth: weekday.nth,
        },
        seconds: parts.next().map(|second| plain(second, 60)),
        years: parts.next().map(|year| plain(year, 130)),
    })
}

/// What one field has been found to say.
struct Parts {
    kind: Kind,
    set: Field,
    last: bool,
    nearest_weekday: Option<i8>,
    nth: Vec<(i16, Nth)>,
}

impl Parts {
    fn read(kind: Kind, text: &str) -> Option<Self> {
        let mut parts = Self {
            kind,
            set: Field::empty(kind.range()),
            last: false,
            nearest_weekday: None,
            nth: Vec::new(),
        };
        if text.contains('?') {
            // It stands for a star, and only in the two day fields.
            if text != "?" || !matches!(kind, Kind::Day | Kind::Weekday) {
                return None;
            }
            parts.set.allow_any();
            return Some(parts);
        }
        let items: Vec<&str> = text.split(',').collect();
        for item in &items {
            parts.item(item, items.len() == 1)?;
        }
        Some(parts)
    }

    fn item(&mut self, item: &str, alone: bool) -> Option<()> {
        match self.kind {
            Kind::Weekday => {
                if let Some((days, nth)) = item.split_once('#') {
                    let nth = number(nth).filter(|nth| (1..=5).contains(nth))?;
                    return self.nth_weekdays(days, Nth::From(i8::try_from(nth).ok()?));
                }
                if let Some(day) = item.strip_prefix('l').filter(|day| !day.is_empty()) {
                    number(day)?;
                    return self.nth_weekdays(day, Nth::Last);
                }
            }
            Kind::Day => {
                let day = item
                    .strip_suffix('w')
                    .or_else(|| item.strip_prefix('w'))
                    .filter(|day| number(day).is_some());
                if let Some(day) = day.and_then(number) {
                    if !alone || !self.kind.contains(day) {
                        return None;
                    }
                    self.nearest_weekday = i8::try_from(day).ok();
                    self.set.insert(day);
                    return Some(());
                }
                if item == "l" {
                    self.last = true;
                    return Some(());
                }
            }
            _ => {}
        }
        for value in self.values(item)? {
            self.set.insert(value);
        }
        Some(())
    }

    fn nth_weekdays(&mut self, days: &str, nth: Nth) -> Option<()> {
        let range = days.split_once('-');
        if range.is_some_and(|(low, high)| self.kind.name(low).is_none() || self.kind.name(high).is_none()) {
            return None;
        }
        if days == "*" || days.contains('/') {
            return None;
        }
        for day in self.values(days)? {
            self.set.insert(day);
            self.nth.push((day, nth));
        }
        Some(())
    }

    /// `*`, `5`, `1-5`, `*/2`, `1-5/2`, `5/2`.
    fn values(&mut self, item: &str) -> Option<Vec<i16>> {
        let kind = self.kind;
        let (lowest, highest) = kind.range();
        if item == "*" {
            self.set.allow_any();
            return Some(Vec::new());
        }
        let (base, step) = match item.split_once('/') {
            Some((base, step)) => (base, number(step).filter(|step| *step > 0)?),
            None => (item, 1),
        };
        let stepped = item.contains('/');
        let values = match base.split_once('-') {
            None if base == "*" => steps(lowest, highest, step),
            None if stepped => {
                let low = kind.value(base)?;
                if low > highest {
                    return None;
                }
                steps(low, highest, step)
            }
            None => vec![kind.value(base)?],
            Some((low, high)) => {
                let high = if kind == Kind::Day && high == "l" { "31" } else { high };
                let (low, high) = (kind.value(low)?, kind.value(high)?);
                if low.max(high) > highest {
                    return None;
                }
                range(kind, low, high, step)
            }
        };
        values.iter().all(|value| kind.contains(*value)).then_some(values)
    }

    /// A field that lists everything is a star, where that makes no other difference.
    fn collapse(&mut self, all: u32, allowed: bool) {
        let others = u32::from(self.last);
        if allowed && self.set.len() + others == all && !self.last {
            self.set.allow_any();
        }
    }

    fn mixes_nth(&self) -> bool {
        let (low, high) = self.kind.range();
        let literal = (low..=high)
            .any(|day| !self.set.is_any() && self.set.has(day) && !self.nth.iter().any(|(nth, _)| *nth == day));
        literal && self.set.len() != 7
    }
}

/// A range that runs backwards goes over the end of the field and on from its start; one of a single value, such as
/// `Jan-Jan`, is the whole field.
fn range(kind: Kind, low: i16, high: i16, step: i16) -> Vec<i16> {
    let (lowest, highest) = kind.range();
    if low == high {
        return steps(lowest, highest, step);
    }
    if low < high {
        return steps(low, high, step);
    }
    let mut values = steps(low, highest, step);
    let last = values.last().copied().unwrap_or(low);
    let left = highest - last;
    let over = (last - lowest).saturating_add(step) > highest - lowest + 1 && left < step;
    let skip = if over { step - left } else { 0 };
    values.extend(steps(lowest.saturating_add(skip), high, step));
    values
}

fn steps(low: i16, high: i16, step: i16) -> Vec<i16> {
    (low..=high).step_by(usize::try_from(step).unwrap_or(1)).collect()
}

/// Decimal digits, as many as there are: what does not fit is out of every range anyway.
fn number(text: &str) -> Option<i16> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(i16::MAX))
}
