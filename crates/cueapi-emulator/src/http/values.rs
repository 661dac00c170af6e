//! Single values, with pydantic's coercions and in its words.

use jiff::{Timestamp, tz::Offset};
use strum::EnumMessage as _;
use url::Url;

use crate::json::Json;

const NOT_A_STRING: &str = "Input should be a valid string";
pub(super) const NOT_UNICODE: &str = "Input should be a valid string, unable to parse raw data as a unicode string";
const MAX_URL: usize = 2083;

/// How many characters a text may have.
#[derive(Clone, Copy)]
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

pub(super) fn expected<T>(choices: &[(&str, T)]) -> String {
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
        Json::Float(number) if number.fract() == 0.0 => Ok(digits(&format!("{number:.0}"))),
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
    let value = match value {
        Json::Int(value) => *value,
        Json::BigInt(digits) if digits.starts_with('-') => i64::MIN,
        _ => i64::MAX,
    };
    if value < low {
        return Err(format!("Input should be greater than or equal to {low}"));
    }
    if value > high {
        return Err(format!("Input should be less than or equal to {high}"));
    }
    Ok(value)
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

/// Here, too, the crate is the one that pydantic uses.
pub(super) fn datetime(value: &Json) -> Result<(Timestamp, Option<Offset>), String> {
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
                .and_then(|parsed| moment(&parsed, Some(Offset::UTC)));
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
                .and_then(|parsed| moment(&parsed, None));
        }
        Json::LoneSurrogate => return Err(NOT_UNICODE.into()),
        _ => return Err("Input should be a valid datetime".into()),
    };
    if number.is_nan() {
        return Err("Input should be a valid datetime, NaN values not permitted".into());
    }
    let parsed = speedate::DateTime::from_float_with_config(number, &config);
    let parsed = parsed.map_err(|error| format!("Input should be a valid datetime, {}", documentation(&error)))?;
    moment(&parsed, Some(Offset::UTC))
}

fn parse_error(error: &speedate::ParseError) -> String {
    format!("Input should be a valid datetime or date, {}", documentation(error))
}

fn documentation(error: &speedate::ParseError) -> &'static str {
    error.get_documentation().unwrap_or_default()
}

fn moment(parsed: &speedate::DateTime, default: Option<Offset>) -> Result<(Timestamp, Option<Offset>), String> {
    let offset = parsed
        .time
        .tz_offset
        .and_then(|seconds| Offset::from_seconds(seconds).ok())
        .or(default);
    let small = |number: u8| i8::try_from(number).unwrap_or(i8::MAX);
    let civil = i16::try_from(parsed.date.year)
        .ok()
        .and_then(|year| jiff::civil::Date::new(year, small(parsed.date.month), small(parsed.date.day)).ok())
        .and_then(|date| {
            let time = &parsed.time;
            let nanos = i32::try_from(time.microsecond).ok()?.checked_mul(1000)?;
            Some(date.at(small(time.hour), small(time.minute), small(time.second), nanos))
        })
        .and_then(|civil| offset.unwrap_or(Offset::UTC).to_timestamp(civil).ok());
    civil
        .map(|at| (at, offset))
        .ok_or_else(|| "Input should be a valid datetime".into())
}
