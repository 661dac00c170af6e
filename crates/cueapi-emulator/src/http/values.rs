//! Single values, with pydantic's coercions and in its words.

use jiff::{civil, tz::Offset};
use strum::EnumMessage as _;
use url::Url;

use crate::{engine::Moment, json::Json};

const NOT_A_STRING: &str = "Input should be a valid string";
pub(super) const NOT_UNICODE: &str = "Input should be a valid string, unable to parse raw data as a unicode string";
const MAX_URL: usize = 2083;

/// How many characters a text may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Length {
    pub(super) min: usize,
    pub(super) max: usize,
}

impl Length {
    pub(super) const ANY: Self = Self::up_to(usize::MAX);

    pub(super) const fn up_to(max: usize) -> Self {
        Self { min: 0, max }
    }

    pub(super) const fn between(min: usize, max: usize) -> Self {
        Self { min, max }
    }
}

fn expected<T>(choices: &[(&str, T)]) -> String {
    let mut text = String::from("Input should be ");
    for (at, (choice, _)) in choices.iter().enumerate() {
        let separator = if at == 0 {
            ""
        } else if at + 1 == choices.len() {
            " or "
        } else {
            ", "
        };
        text.push_str(&format!("{separator}'{choice}'"));
    }
    text
}

pub(super) fn choice<T: Copy>(value: &Json, choices: &[(&str, T)]) -> Result<T, String> {
    let known = choices.iter().find(|(text, _)| value.as_str() == Some(text));
    known.map(|(_, choice)| *choice).ok_or_else(|| match value {
        Json::LoneSurrogate => NOT_UNICODE.into(),
        _ => expected(choices),
    })
}

pub(super) fn text(value: &Json, limits: Length) -> Result<&str, String> {
    let text = match value {
        Json::Str(text) => &**text,
        Json::LoneSurrogate => return Err(NOT_UNICODE.into()),
        _ => return Err(NOT_A_STRING.into()),
    };
    let count = text.chars().count();
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    if count < limits.min {
        return Err(format!(
            "String should have at least {} character{}",
            limits.min,
            plural(limits.min)
        ));
    }
    if count > limits.max {
        return Err(format!(
            "String should have at most {} character{}",
            limits.max,
            plural(limits.max)
        ));
    }
    Ok(text)
}

pub(super) fn boolean(value: &Json) -> Result<bool, String> {
    const UNCLEAR: &str = "Input should be a valid boolean, unable to interpret input";
    match value {
        Json::Bool(value) => Ok(*value),
        Json::Int(0) => Ok(false),
        Json::Int(1) => Ok(true),
        Json::Float(number) if *number == 0.0 => Ok(false),
        Json::Float(number) if *number == 1.0 => Ok(true),
        Json::Str(text) => match &*text.to_ascii_lowercase() {
            "true" | "t" | "yes" | "y" | "on" | "1" => Ok(true),
            "false" | "f" | "no" | "n" | "off" | "0" => Ok(false),
            _ => Err(UNCLEAR.into()),
        },
        Json::Int(_) => Err(UNCLEAR.into()),
        Json::LoneSurrogate => Err(NOT_UNICODE.into()),
        _ => Err("Input should be a valid boolean".into()),
    }
}

/// The number as an `Int` or `BigInt`.
pub(super) fn integer(value: &Json) -> Result<Json, String> {
    match value {
        Json::Int(_) | Json::BigInt(_) => Ok(value.clone()),
        Json::Bool(value) => Ok(Json::Int((*value).into())),
        Json::Float(number) if !number.is_finite() => Err("Input should be a finite number".into()),
        // More than 64 bits are fine in an integer, and too much in a float without a fraction.
        Json::Float(number) if number.fract() == 0.0 => format!("{number:.0}")
            .parse()
            .map(Json::Int)
            .map_err(|_| "Unable to parse input string as an integer, exceeded maximum size".into()),
        Json::Float(_) => Err("Input should be a valid integer, got a number with a fractional part".into()),
        Json::Str(text) => integer_text(text)
            .ok_or_else(|| "Input should be a valid integer, unable to parse string as an integer".into()),
        Json::LoneSurrogate => Err(NOT_UNICODE.into()),
        _ => Err("Input should be a valid integer".into()),
    }
}

/// `5`, ` +5 `, `1_000`, `5.00`.
fn integer_text(text: &str) -> Option<Json> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || !fraction.bytes().all(|b| b == b'0') {
        return None;
    }
    let (sign, whole) = match whole.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", whole.strip_prefix('+').unwrap_or(whole)),
    };
    let groups_are_digits = whole
        .split('_')
        .all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()));
    groups_are_digits.then(|| {
        let plain = whole.replace('_', "");
        let plain = plain.trim_start_matches('0');
        digits(&format!("{sign}{}", if plain.is_empty() { "0" } else { plain }))
    })
}

fn digits(text: &str) -> Json {
    text.parse().map_or_else(|_| Json::BigInt(text.into()), Json::Int)
}

pub(super) fn between(value: &Json, low: i64, high: i64) -> Result<i64, String> {
    match at_least(value, low)? {
        Some(value) if value <= high => Ok(value),
        _ => Err(format!("Input should be less than or equal to {high}")),
    }
}

/// A number without an upper limit; `None` for one that no column holds.
pub(super) fn at_least(value: &Json, low: i64) -> Result<Option<i64>, String> {
    let value = match value {
        Json::Int(value) => Some(*value),
        Json::BigInt(digits) if digits.starts_with('-') => Some(i64::MIN),
        _ => None,
    };
    match value {
        Some(value) if value < low => Err(format!("Input should be greater than or equal to {low}")),
        value => Ok(value),
    }
}

pub(super) fn list(value: &Json) -> Result<&[Json], String> {
    let Json::Array(items) = value else {
        return Err("Input should be a valid list".into());
    };
    Ok(items)
}

pub(super) fn dict(value: &Json) -> Result<&[(Box<str>, Json)], String> {
    let Json::Object(members) = value else {
        return Err("Input should be a valid dictionary".into());
    };
    Ok(members)
}

/// pydantic parses with the same crate, so the words are the same, too.
pub(super) fn url(value: &Json) -> Result<Box<str>, String> {
    let text = match value {
        Json::Str(text) if text.is_empty() => return Err("Input should be a valid URL, input is empty".into()),
        Json::Str(text) => &**text,
        Json::LoneSurrogate => return Err(NOT_UNICODE.into()),
        _ => return Err("URL input should be a string or URL".into()),
    };
    if text.chars().count() > MAX_URL {
        return Err(format!("URL should have at most {MAX_URL} characters"));
    }
    let url = Url::parse(text).map_err(|error| format!("Input should be a valid URL, {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("URL scheme should be 'http' or 'https'".into());
    }
    Ok(String::from(url).into())
}

/// A moment as it was given.
#[derive(Clone, Copy)]
pub(super) struct Given {
    local: civil::DateTime,
    /// Its distance from UTC, where it says one.
    pub(super) offset: Option<Offset>,
}

impl Given {
    /// The moment, in UTC where nothing else was said; `None` for one that Python cannot convert to UTC.
    pub(super) fn moment(self) -> Option<Moment> {
        Moment::shown(self.local, self.offset.unwrap_or(Offset::UTC))
    }
}

/// Here, too, the crate is the one that pydantic uses.
pub(super) fn datetime(value: &Json) -> Result<Given, String> {
    let config = speedate::DateTimeConfigBuilder::new()
        .time_config(
            speedate::TimeConfigBuilder::new()
                .microseconds_precision_overflow_behavior(speedate::MicrosecondsPrecisionOverflowBehavior::Truncate)
                .build(),
        )
        .build();
    let number = match value {
        Json::Int(number) => {
            let parsed = speedate::DateTime::from_timestamp_with_config(*number, 0, &config);
            return parsed
                .map_err(|error| parse_error(&error))
                .and_then(|parsed| given(&parsed, Some(Offset::UTC)));
        }
        Json::BigInt(digits) => digits.parse().unwrap_or(f64::NAN),
        Json::Float(number) => *number,
        Json::Str(text) => {
            let parsed = speedate::DateTime::parse_str_with_config(text, &config).or_else(|_| {
                let time = speedate::Time {
                    hour: 0,
                    minute: 0,
                    second: 0,
                    microsecond: 0,
                    tz_offset: None,
                };
                speedate::Date::parse_str(text).map(|date| speedate::DateTime { date, time })
            });
            return parsed
                .map_err(|error| parse_error(&error))
                .and_then(|parsed| given(&parsed, None));
        }
        Json::LoneSurrogate => return Err(NOT_UNICODE.into()),
        _ => return Err("Input should be a valid datetime".into()),
    };
    if number.is_nan() {
        return Err("Input should be a valid datetime, NaN values not permitted".into());
    }
    let parsed = speedate::DateTime::from_float_with_config(number, &config);
    let parsed = parsed.map_err(|error| format!("Input should be a valid datetime, {}", documentation(&error)))?;
    given(&parsed, Some(Offset::UTC))
}

fn parse_error(error: &speedate::ParseError) -> String {
    format!("Input should be a valid datetime or date, {}", documentation(error))
}

fn documentation(error: &speedate::ParseError) -> &'static str {
    error.get_documentation().unwrap_or_default()
}

fn given(parsed: &speedate::DateTime, default: Option<Offset>) -> Result<Given, String> {
    let small = |number: u8| i8::try_from(number).unwrap_or(i8::MAX);
    let speedate::Date { year, month, day } = parsed.date;
    if year == 0 {
        return Err("Input should be a valid datetime, year 0 is out of range".into());
    }
    let date = i16::try_from(year)
        .ok()
        .and_then(|year| civil::Date::new(year, small(month), small(day)).ok());
    let time = &parsed.time;
    let nanos = i32::try_from(time.microsecond).unwrap_or_default().saturating_mul(1000);
    let time_of_day = civil::Time::new(small(time.hour), small(time.minute), small(time.second), nanos).ok();
    let local = date.zip(time_of_day).map(|(date, time)| date.to_datetime(time));
    let offset = time.tz_offset.and_then(|seconds| Offset::from_seconds(seconds).ok());
    let local = local.ok_or("Input should be a valid datetime")?;
    Ok(Given {
        local,
        offset: offset.or(default),
    })
}
