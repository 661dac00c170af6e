//! The two encoders of the server: the one of responses, and `json.dumps`.

use std::fmt::Write as _;

use super::{Dump, Json};

/// As responses are written: no spaces, UTF-8, exponents without padding (`1e-7`).
pub(super) fn compact(value: &Json, out: &mut String) {
    match value {
        Json::Null | Json::LoneSurrogate => out.push_str("null"),
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Int(value) => {
            _ = write!(out, "{value}");
        }
        Json::BigInt(digits) => out.push_str(digits),
        Json::Float(value) => float(*value, false, out),
        Json::Str(text) => string(text, false, out),
        Json::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                compact(item, out);
            }
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (at, (key, value)) in members.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                string(key, false, out);
                out.push(':');
                compact(value, out);
            }
            out.push('}');
        }
    }
}

/// As `json.dumps` writes.
pub(super) fn python(value: &Json, style: Dump, out: &mut String) {
    let (comma, colon) = if style.spaces { (", ", ": ") } else { (",", ":") };
    match value {
        Json::Float(value) => float(*value, true, out),
        Json::Str(text) => string(text, style.ascii, out),
        Json::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push_str(comma);
                }
                python(item, style, out);
            }
            out.push(']');
        }
        Json::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            if style.sorted {
                members.sort_by(|(a, _), (b, _)| a.cmp(b));
            }
            out.push('{');
            for (at, (key, value)) in members.into_iter().enumerate() {
                if at > 0 {
                    out.push_str(comma);
                }
                string(key, style.ascii, out);
                out.push_str(colon);
                python(value, style, out);
            }
            out.push('}');
        }
        other => compact(other, out),
    }
}

/// The shortest digits that read back as the same double, in Python's `repr` or in the response encoder's spelling.
///
/// Both write plain decimals from 1e-4 (responses: 1e-5) up to below 1e16; they differ in the exponent: `1e-07` against `1e-7`.
fn float(value: f64, python: bool, out: &mut String) {
    if !value.is_finite() {
        let text = if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        };
        out.push_str(if python { text } else { "null" });
        return;
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let smallest = if python { -4 } else { -5 };
    if value == 0.0 || (smallest..16).contains(&exponent) {
        _ = write!(out, "{value}");
        if value.fract() == 0.0 {
            out.push_str(".0");
        }
    } else if python {
        let sign = if exponent < 0 { '-' } else { '+' };
        _ = write!(out, "{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    } else {
        _ = write!(out, "{mantissa}e{exponent}");
    }
}

fn string(text: &str, ascii: bool, out: &mut String) {
    out.push('"');
    let mut plain = 0;
    for (at, character) in text.char_indices() {
        let escape = match character {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\0'..='\u{1f}' => "",
            _ if ascii && !(' '..='~').contains(&character) => "",
            _ => continue,
        };
        out.push_str(text.get(plain..at).unwrap_or_default());
        plain = at + character.len_utf8();
        if escape.is_empty() {
            for unit in character.encode_utf16(&mut [0; 2]) {
                _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(text.get(plain..).unwrap_or_default());
    out.push('"');
}

/// Writes a response object member by member, in the order of the calls.
pub(crate) struct Writer {
    out: String,
    first: bool,
}

impl Writer {
    pub(crate) fn object() -> Self {
        Self {
            out: String::from("{"),
            first: true,
        }
    }

    fn key(&mut self, key: &str) -> &mut String {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        self.out.push('"');
        self.out.push_str(key);
        self.out.push_str("\":");
        &mut self.out
    }

    pub(crate) fn str(mut self, key: &str, value: &str) -> Self {
        string(value, false, self.key(key));
        self
    }

    pub(crate) fn opt_str(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.str(key, value),
            None => self.raw(key, "null"),
        }
    }

    pub(crate) fn bool(self, key: &str, value: bool) -> Self {
        self.raw(key, if value { "true" } else { "false" })
    }

    pub(crate) fn int(mut self, key: &str, value: impl Into<i64>) -> Self {
        let value = value.into();
        _ = write!(self.key(key), "{value}");
        self
    }

    pub(crate) fn opt_int(self, key: &str, value: Option<impl Into<i64>>) -> Self {
        match value {
            Some(value) => self.int(key, value),
            None => self.raw(key, "null"),
        }
    }

    pub(crate) fn count(mut self, key: &str, value: usize) -> Self {
        _ = write!(self.key(key), "{value}");
        self
    }

    pub(crate) fn json(mut self, key: &str, value: &Json) -> Self {
        compact(value, self.key(key));
        self
    }

    /// A member whose value is written already.
    pub(crate) fn raw(mut self, key: &str, value: &str) -> Self {
        self.key(key).push_str(value);
        self
    }

    pub(crate) fn list(mut self, key: &str, items: impl IntoIterator<Item = String>) -> Self {
        let out = self.key(key);
        out.push('[');
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            out.push_str(&item);
        }
        out.push(']');
        self
    }

    pub(crate) fn finish(mut self) -> String {
        self.out.push('}');
        self.out
    }
}
