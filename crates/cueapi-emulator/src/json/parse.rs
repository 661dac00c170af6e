//! The grammar of `json.loads`: JSON, plus `NaN` and `Infinity`, plus half surrogate pairs, minus very deep nesting.

use std::{borrow::Cow, collections::HashMap, fmt};

use super::Json;

/// Python stops at about a thousand frames; some of them are taken when the body is read.
const MAX_DEPTH: usize = 960;
/// `sys.int_info.default_max_str_digits`.
const MAX_DIGITS: usize = 4300;
/// Objects up to this size are searched for a repeated key one by one.
const SMALL_OBJECT: usize = 16;

/// Why a text could not be read as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseError {
    /// Not JSON.
    Syntax,
    /// Something that Python's decoder fails on with another error than "not JSON".
    Unreadable,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "the text is not JSON",
            Self::Unreadable => {
                "the text is not UTF-8, UTF-16 or UTF-32, nests too deeply or holds too long an integer"
            }
        })
    }
}

impl std::error::Error for ParseError {}

pub(super) fn parse(bytes: &[u8]) -> Result<Json, ParseError> {
    let text = decoded(bytes).ok_or(ParseError::Unreadable)?;
    let text = &*text;
    let mut parser = Parser { text, at: 0 };
    parser.skip_space();
    let value = parser.value(0)?;
    parser.skip_space();
    if parser.at == text.len() {
        Ok(value)
    } else {
        Err(ParseError::Syntax)
    }
}

/// The text of a body, in the encoding in which it begins: every JSON text begins with an ASCII character, which tells
/// where its zeros are.
fn decoded(bytes: &[u8]) -> Option<Cow<'_, str>> {
    match bytes {
        [0xff, 0xfe, 0, 0, rest @ ..] => utf32(rest, u32::from_le_bytes),
        [0, 0, 0xfe, 0xff, rest @ ..] => utf32(rest, u32::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => std::str::from_utf8(rest).ok().map(Cow::from),
        [0, 0, _, _, ..] => utf32(bytes, u32::from_be_bytes),
        [0, _, _, _, ..] | [0, _] => utf16(bytes, u16::from_be_bytes),
        [_, 0, 0, 0, ..] => utf32(bytes, u32::from_le_bytes),
        [_, 0, _, _, ..] | [_, 0] => utf16(bytes, u16::from_le_bytes),
        _ => std::str::from_utf8(bytes).ok().map(Cow::from),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<Cow<'static, str>> {
    let mut text = String::with_capacity(bytes.len());
    for character in char::decode_utf16(units(bytes, unit)?) {
        push(
            &mut text,
            character.map_or_else(|lone| lone.unpaired_surrogate().into(), u32::from),
        )?;
    }
    Some(text.into())
}

fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Option<Cow<'static, str>> {
    let mut text = String::with_capacity(bytes.len() / 2);
    for character in units(bytes, unit)? {
        push(&mut text, character)?;
    }
    Some(text.into())
}

/// `None` when there is a part of one at the end.
fn units<const N: usize, T>(bytes: &[u8], unit: fn([u8; N]) -> T) -> Option<impl Iterator<Item = T>> {
    let chunks = bytes.chunks_exact(N);
    let whole = chunks.remainder().is_empty();
    whole.then(|| chunks.filter_map(move |chunk| chunk.try_into().ok().map(unit)))
}

/// Half a surrogate pair is written as its escape, which says the same within a string, and is as wrong outside of one.
fn push(text: &mut String, character: u32) -> Option<()> {
    match char::from_u32(character) {
        Some(character) => text.push(character),
        None if character < 0x1_0000 => text.push_str(&format!("\\u{character:04x}")),
        None => return None,
    }
    Some(())
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn value(&mut self, depth: usize) -> Result<Json, ParseError> {
        if depth > MAX_DEPTH {
            return Err(ParseError::Unreadable);
        }
        match self.peek().ok_or(ParseError::Syntax)? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string().map(|text| text.map_or(Json::LoneSurrogate, Json::Str)),
            b'n' if self.word("null") => Ok(Json::Null),
            b't' if self.word("true") => Ok(Json::Bool(true)),
            b'f' if self.word("false") => Ok(Json::Bool(false)),
            b'N' if self.word("NaN") => Ok(Json::Float(f64::NAN)),
            b'I' if self.word("Infinity") => Ok(Json::Float(f64::INFINITY)),
            b'-' if self.word("-Infinity") => Ok(Json::Float(f64::NEG_INFINITY)),
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(ParseError::Syntax),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, ParseError> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.word("]") {
            return Ok(Json::Array(items));
        }
        loop {
            self.skip_space();
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.word("]") {
                return Ok(Json::Array(items));
            }
            if !self.word(",") {
                return Err(ParseError::Syntax);
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, ParseError> {
        self.at += 1;
        let mut members = Members::default();
        self.skip_space();
        if self.word("}") {
            return Ok(Json::Object(Vec::new()));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(ParseError::Syntax);
            }
            let key = self.string()?;
            self.skip_space();
            if !self.word(":") {
                return Err(ParseError::Syntax);
            }
            self.skip_space();
            let value = self.value(depth + 1)?;
            match key {
                Some(key) => members.insert(key, value),
                // No name that anything looks up; the value keeps that the object cannot be stored.
                None => members.insert("\u{fffd}".into(), Json::LoneSurrogate),
            }
            self.skip_space();
            if self.word("}") {
                return Ok(Json::Object(members.list));
            }
            if !self.word(",") {
                return Err(ParseError::Syntax);
            }
        }
    }

    /// `None` for a string with half a surrogate pair.
    fn string(&mut self) -> Result<Option<Box<str>>, ParseError> {
        self.at += 1;
        let mut out = String::new();
        let mut whole = true;
        loop {
            let rest = self.rest();
            let plain = rest
                .bytes()
                .position(|b| b == b'"' || b == b'\\' || b < 0x20)
                .ok_or(ParseError::Syntax)?;
            out.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(whole.then(|| out.into()));
                }
                Some(b'\\') => match self.escape()? {
                    Some(character) => out.push(character),
                    None => whole = false,
                },
                _ => return Err(ParseError::Syntax),
            }
        }
    }

    fn escape(&mut self) -> Result<Option<char>, ParseError> {
        let letter = self
            .text
            .as_bytes()
            .get(self.at + 1)
            .copied()
            .ok_or(ParseError::Syntax)?;
        self.at += 2;
        Ok(Some(match letter {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex4().ok_or(ParseError::Syntax)?;
                if (0xd800..0xdc00).contains(&first) && self.rest().starts_with("\\u") {
                    let before = self.at;
                    self.at += 2;
                    let second = self.hex4().ok_or(ParseError::Syntax)?;
                    if (0xdc00..0xe000).contains(&second) {
                        return Ok(char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)));
                    }
                    self.at = before;
                }
                return Ok(char::from_u32(first));
            }
            _ => return Err(ParseError::Syntax),
        }))
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    fn number(&mut self) -> Result<Json, ParseError> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
        let sign = usize::from(bytes.first() == Some(&b'-'));
        let whole = match bytes.get(sign) {
            Some(b'0') => 1,
            Some(b'1'..=b'9') => digits(sign),
            _ => return Err(ParseError::Syntax),
        };
        let integer_end = sign + whole;
        let mut end = integer_end;
        if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
            end += 1 + digits(end + 1);
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let signed = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let count = digits(end + 1 + signed);
            if count > 0 {
                end += 1 + signed + count;
            }
        }
        self.at += end;
        let text = rest.get(..end).unwrap_or_default();
        if end != integer_end {
            return text.parse().map(Json::Float).map_err(|_| ParseError::Syntax);
        }
        if whole > MAX_DIGITS {
            return Err(ParseError::Unreadable);
        }
        Ok(text.parse().map_or_else(|_| Json::BigInt(text.into()), Json::Int))
    }
}

#[derive(Default)]
struct Members {
    list: Vec<(Box<str>, Json)>,
    index: HashMap<Box<str>, usize>,
}

impl Members {
    fn insert(&mut self, key: Box<str>, value: Json) {
        let found = if self.list.len() <= SMALL_OBJECT {
            self.list.iter().position(|(name, _)| *name == key)
        } else {
            if self.index.is_empty() {
                self.index = self
                    .list
                    .iter()
                    .enumerate()
                    .map(|(at, (name, _))| (name.clone(), at))
                    .collect();
            }
            self.index.get(&key).copied()
        };
        if let Some(slot) = found.and_then(|at| self.list.get_mut(at)) {
            slot.1 = value;
            return;
        }
        if !self.index.is_empty() {
            self.index.insert(key.clone(), self.list.len());
        }
        self.list.push((key, value));
    }
}
