//! Request bodies and queries, checked the way pydantic checks them: same coercions, same messages, same order.

use jiff::{Timestamp, tz::Offset};
use strum::EnumMessage as _;
use url::Url;

use super::errors::Detail;
use crate::json::Json;

/// What a JSON request body came as.
pub(super) enum Body {
    /// Nothing, or `null`.
    Absent,
    /// JSON.
    Json(Json),
    /// Bytes that are not said to be JSON.
    Opaque,
}

pub(super) const NOT_A_MODEL: &str = "Input should be a valid dictionary or object to extract fields from";
const NOT_A_STRING: &str = "Input should be a valid string";
const NOT_UNICODE: &str = "Input should be a valid string, unable to parse raw data as a unicode string";
const MAX_URL: usize = 2083;

/// What is wrong with a request.
#[derive(Default)]
pub(super) struct Problems {
    /// What the answer lists.
    pub(super) details: Vec<Detail>,
    /// A text that passes every check and that no database can store.
    pub(super) unstorable: bool,
}

/// The members of one object, read one after another; what is wrong with them gathers in `problems`.
pub(super) struct Form<'a> {
    members: &'a [(Box<str>, Json)],
    at: String,
    problems: &'a mut Problems,
    seen: Vec<&'static str>,
}

impl<'a> Form<'a> {
    /// The object that a body must be.
    pub(super) fn body(body: &'a Body, problems: &'a mut Problems) -> Option<Self> {
        match body {
            Body::Json(Json::Object(members)) => Some(Self {
                members,
                at: "body".into(),
                problems,
                seen: Vec::new(),
            }),
            Body::Absent | Body::Json(Json::Null) => {
                problems.details.push(Detail {
                    field: "body".into(),
                    message: "Field required".into(),
                });
                None
            }
            Body::Json(_) | Body::Opaque => {
                problems.details.push(Detail {
                    field: "body".into(),
                    message: NOT_A_MODEL.into(),
                });
                None
            }
        }
    }

    fn fail(&mut self, name: &str, message: impl Into<String>) {
        self.problems.details.push(Detail {
            field: format!("{}.{name}", self.at),
            message: message.into(),
        });
    }

    fn find(&mut self, name: &'static str) -> Option<&'a Json> {
        self.seen.push(name);
        self.members
            .iter()
            .find(|(key, _)| &**key == name)
            .map(|(_, value)| value)
    }

    /// A member that is there and not null.
    fn given(&mut self, name: &'static str) -> Option<&'a Json> {
        self.find(name).filter(|value| **value != Json::Null)
    }

    fn required(&mut self, name: &'static str) -> Option<&'a Json> {
        let value = self.find(name);
        if value.is_none() {
            self.fail(name, "Field required");
        }
        value
    }

    fn check<T>(&mut self, name: &str, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.fail(name, message)).ok()
    }

    /// A text with half a surrogate pair passes, unless its length must be counted.
    fn text<'v>(&mut self, name: &str, value: &'v Json, limits: Length) -> Option<&'v str> {
        if *value == Json::LoneSurrogate && limits.max == usize::MAX {
            self.problems.unstorable = true;
            return Some("");
        }
        self.check(name, text(value, limits))
    }

    pub(super) fn required_str(&mut self, name: &'static str, limits: Length) -> Option<&'a str> {
        let value = self.required(name)?;
        self.text(name, value, limits)
    }

    pub(super) fn str_or(&mut self, name: &'static str, default: &'a str) -> Option<&'a str> {
        match self.find(name) {
            Some(value) => self.text(name, value, Length::ANY),
            None => Some(default),
        }
    }

    pub(super) fn opt_str(&mut self, name: &'static str, limits: Length) -> Option<&'a str> {
        let value = self.given(name)?;
        self.text(name, value, limits)
    }

    pub(super) fn required_bool(&mut self, name: &'static str) -> Option<bool> {
        let value = self.required(name)?;
        self.check(name, boolean(value))
    }

    pub(super) fn bool_or(&mut self, name: &'static str, default: bool) -> Option<bool> {
        match self.find(name) {
            Some(value) => self.check(name, boolean(value)),
            None => Some(default),
        }
    }

    pub(super) fn int_or(&mut self, name: &'static str, default: i64, low: i64, high: i64) -> Option<i64> {
        match self.find(name) {
            Some(value) => self.check(name, integer(value).and_then(|value| between(&value, low, high))),
            None => Some(default),
        }
    }

    pub(super) fn ints_or(&mut self, name: &'static str, default: Vec<Json>) -> Option<Vec<Json>> {
        let Some(value) = self.find(name) else {
            return Some(default);
        };
        let items = self.check(name, list(value))?;
        let before = self.problems.details.len();
        let numbers = items.iter().enumerate();
        let numbers = numbers
            .filter_map(|(at, item)| self.check(&format!("{name}.{at}"), integer(item)))
            .collect();
        (self.problems.details.len() == before).then_some(numbers)
    }

    pub(super) fn opt_strs(&mut self, name: &'static str) -> Option<Vec<Box<str>>> {
        let value = self.given(name)?;
        let items = self.check(name, list(value))?;
        let items = items.iter().enumerate();
        Some(
            items
                .filter_map(|(at, item)| self.text(&format!("{name}.{at}"), item, Length::ANY).map(Into::into))
                .collect(),
        )
    }

    pub(super) fn opt_list(&mut self, name: &'static str) -> Option<&'a [Json]> {
        let value = self.given(name)?;
        self.check(name, list(value))
    }

    pub(super) fn opt_dict(&mut self, name: &'static str) -> Option<&'a Json> {
        let value = self.given(name)?;
        self.check(name, dict(value).map(|_| value))
    }

    /// An object of strings.
    pub(super) fn opt_str_dict(&mut self, name: &'static str) -> Option<Json> {
        let value = self.given(name)?;
        let members = self.check(name, dict(value))?;
        for (key, value) in members {
            self.text(&format!("{name}.{key}"), value, Length::ANY);
        }
        Some(value.clone())
    }

    pub(super) fn opt_url(&mut self, name: &'static str) -> Option<Box<str>> {
        let value = self.given(name)?;
        self.check(name, url(value))
    }

    /// A moment, and the offset in which it was given, if it was.
    pub(super) fn opt_datetime(&mut self, name: &'static str) -> Option<(Timestamp, Option<Offset>)> {
        let value = self.given(name)?;
        self.check(name, datetime(value))
    }

    pub(super) fn truthy(&mut self, name: &'static str) -> bool {
        match self.find(name) {
            None | Some(Json::Null | Json::Bool(false) | Json::Int(0)) => false,
            Some(Json::Float(number)) => *number != 0.0,
            Some(Json::Str(text)) => !text.is_empty(),
            Some(Json::Array(items)) => !items.is_empty(),
            Some(Json::Object(members)) => !members.is_empty(),
            Some(_) => true,
        }
    }

    /// One of a few texts.
    pub(super) fn choice<T: Copy>(&mut self, name: &'static str, choices: &[(&str, T)]) -> Choice<T> {
        let Some(value) = self.find(name) else {
            return Choice::Absent;
        };
        if let Some((_, choice)) = choices.iter().find(|(text, _)| value.as_str() == Some(text)) {
            return Choice::Given(*choice);
        }
        if *value == Json::Null {
            return Choice::Null;
        }
        self.fail(
            name,
            if *value == Json::LoneSurrogate {
                NOT_UNICODE.into()
            } else {
                expected(choices)
            },
        );
        Choice::Wrong
    }

    pub(super) fn fail_choice<T>(&mut self, name: &'static str, choices: &[(&str, T)]) {
        self.fail(name, expected(choices));
    }

    /// A member that is an object of its own; `None` also when something in it is wrong.
    pub(super) fn opt_form<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Form<'_>) -> Option<T>,
    ) -> Option<T> {
        let value = self.given(name)?;
        self.form(name, value, read)
    }

    pub(super) fn required_form<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Form<'_>) -> Option<T>,
    ) -> Option<T> {
        let value = self.required(name)?;
        self.form(name, value, read)
    }

    fn form<T>(&mut self, name: &str, value: &Json, read: impl FnOnce(&mut Form<'_>) -> Option<T>) -> Option<T> {
        let Json::Object(members) = value else {
            self.fail(name, NOT_A_MODEL);
            return None;
        };
        let at = format!("{}.{name}", self.at);
        read(&mut Form {
            members,
            at,
            problems: self.problems,
            seen: Vec::new(),
        })
    }

    /// Refuses members that nothing has asked for.
    pub(super) fn forbid_extra(&mut self) {
        for (key, _) in self.members {
            if !self.seen.contains(&&**key) {
                self.fail(key, "Extra inputs are not permitted");
            }
        }
    }

    pub(super) fn has_errors(&self) -> bool {
        !self.problems.details.is_empty()
    }

    /// A complaint about the object as a whole.
    pub(super) fn reject(&mut self, message: &str) {
        self.problems.details.push(Detail {
            field: self.at.clone(),
            message: format!("Value error, {message}"),
        });
    }
}

pub(super) enum Choice<T> {
    Absent,
    Null,
    Given(T),
    Wrong,
}

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

fn text(value: &Json, limits: Length) -> Result<&str, String> {
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

fn boolean(value: &Json) -> Result<bool, String> {
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

fn list(value: &Json) -> Result<&[Json], String> {
    let Json::Array(items) = value else {
        return Err("Input should be a valid list".into());
    };
    Ok(items)
}

fn dict(value: &Json) -> Result<&[(Box<str>, Json)], String> {
    let Json::Object(members) = value else {
        return Err("Input should be a valid dictionary".into());
    };
    Ok(members)
}

/// pydantic parses with the same crate, so the words are the same, too.
fn url(value: &Json) -> Result<Box<str>, String> {
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
