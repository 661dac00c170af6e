//! Where two JSON values do not say the same.

use std::fmt;

use cueapi_types::Timestamp;
use serde_json::Value;

/// A place where what came back is not what was captured. Its text quotes nothing that was captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The place, as in `$.cues[0].status`.
    pub at: String,
    /// What is wrong there.
    pub what: What,
}

/// What is wrong at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// The SDK has no field for it.
    Unknown,
    /// The SDK has a field for it, and nothing is in it.
    Lost,
    /// Another value came back.
    Changed,
    /// Something came back that was not there.
    Added,
    /// It does not decode at all.
    Refused(String),
}

impl Difference {
    pub(super) fn new(at: &str, what: What) -> Self {
        Self {
            at: at.to_owned(),
            what,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.what {
            What::Unknown => "unknown: the SDK has no field for it",
            What::Lost => "lost",
            What::Changed => "changed",
            What::Added => "added",
            What::Refused(why) => why,
        };
        write!(f, "{}: {what}", self.at)
    }
}

/// All places where what came back is not what was captured.
///
/// A member that is null is as good as one that is missing, and so is one with nothing in it that was missing before;
/// timestamps are the instants that they name, and numbers are the numbers that they spell.
#[must_use]
pub fn differences(captured: &Value, again: &Value) -> Vec<Difference> {
    let mut differences = Vec::new();
    compare(captured, again, "$", &mut differences);
    differences
}

fn compare(captured: &Value, again: &Value, at: &str, out: &mut Vec<Difference>) {
    match (captured, again) {
        (Value::Object(captured), Value::Object(again)) => {
            for (key, value) in captured {
                let at = format!("{at}.{key}");
                match again.get(key) {
                    Some(again) => compare(value, again, &at, out),
                    None if value.is_null() => {}
                    None => out.push(Difference::new(&at, What::Unknown)),
                }
            }
            let added = again
                .iter()
                .filter(|(key, value)| !captured.contains_key(*key) && !is_nothing(value));
            out.extend(added.map(|(key, _)| Difference::new(&format!("{at}.{key}"), What::Added)));
        }
        (Value::Array(captured), Value::Array(again)) => {
            for (index, value) in captured.iter().enumerate() {
                let at = format!("{at}[{index}]");
                match again.get(index) {
                    Some(again) => compare(value, again, &at, out),
                    None => out.push(Difference::new(&at, What::Lost)),
                }
            }
            let added = captured.len()..again.len();
            out.extend(added.map(|index| Difference::new(&format!("{at}[{index}]"), What::Added)));
        }
        (Value::Number(a), Value::Number(b)) if a == b || a.as_f64() == b.as_f64() => {}
        (Value::String(a), Value::String(b)) if instant(a).is_some() && instant(a) == instant(b) => {}
        (Value::Null, again) if is_nothing(again) => {}
        _ if captured == again => {}
        (_, Value::Null) => out.push(Difference::new(at, What::Lost)),
        _ => out.push(Difference::new(at, What::Changed)),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(true) | Value::String(_) => false,
    }
}

/// As the models read it: without an offset it is in UTC.
fn instant(text: &str) -> Option<Timestamp> {
    serde_json::from_value(Value::from(text)).ok()
}
