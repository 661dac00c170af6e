//! JSON as the server's Python reads, stores and writes it.
//!
//! A CueAPI server parses with `json.loads`, keeps payloads in Postgres JSONB and writes with two different encoders.
//! Each step changes spellings in its own way (`1e16` comes back as `10000000000000000`, `-0.0` as `0.0`, keys in
//! another order), and receivers sign what arrives. So the emulator has a value type of its own: integers of any size,
//! floats as doubles, keys in order.

mod parse;
mod saved;
mod stored;
mod write;

pub use self::parse::ParseError;

/// A JSON value that keeps what Python keeps: integer digits, the difference of `1` and `1.0`, and key order.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// An integer that fits 64 bits.
    Int(i64),
    /// The digits of an integer that does not, with its sign.
    BigInt(Box<str>),
    /// A number with a fraction or an exponent. `NaN` and `Infinity` can be read, as Python does, but not stored.
    Float(f64),
    /// A string.
    Str(Box<str>),
    /// A string with half a surrogate pair in it: Python reads one, and fails to store it.
    LoneSurrogate,
    /// `[…]`
    Array(Vec<Json>),
    /// `{…}`, in order; of a repeated key the last value stands in the first one's place.
    Object(Vec<(Box<str>, Json)>),
}

impl Json {
    /// Reads one value the way `json.loads` does.
    ///
    /// ```
    /// use cueapi_emulator::json::Json;
    ///
    /// let value = Json::parse(br#"{"n": 18446744073709551616, "n": 1.50}"#)?;
    /// assert_eq!(value.to_compact(), r#"{"n":1.5}"#);
    /// # Ok::<(), cueapi_emulator::json::ParseError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ParseError::Syntax`] for what is not JSON, [`ParseError::Unreadable`] for what Python's decoder fails on in
    /// another way: text in no encoding that it knows, integers of more than 4,300 digits, about a thousand levels of nesting.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        parse::parse(text)
    }

    /// The member of an object, or `None`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(name, _)| &**name == key).map(|(_, value)| value)
    }

    /// The text of a string, or `None`.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        let Self::Str(text) = self else { return None };
        Some(text)
    }

    /// The value as a JSONB column gives it back: keys by length, then bytes; decimal numbers written out.
    ///
    /// `None` when the column cannot hold it: `NaN`, `Infinity`, half a surrogate pair.
    #[must_use]
    pub fn stored(&self) -> Option<Self> {
        stored::stored(self)
    }

    /// Whether a NUL character is in any string or key; Postgres text cannot hold one.
    #[must_use]
    pub fn contains_nul(&self) -> bool {
        match self {
            Self::Str(text) => text.contains('\0'),
            Self::Array(items) => items.iter().any(Self::contains_nul),
            Self::Object(members) => members
                .iter()
                .any(|(key, value)| key.contains('\0') || value.contains_nul()),
            _ => false,
        }
    }

    /// The text of a response body: no spaces, characters as they are.
    #[must_use]
    pub fn to_compact(&self) -> String {
        let mut out = String::new();
        write::compact(self, &mut out);
        out
    }

    /// Python's `json.dumps(value, sort_keys=True)`, which is what webhooks carry and what their signature covers.
    #[must_use]
    pub fn to_canonical(&self) -> String {
        self.to_python(Dump {
            spaces: true,
            sorted: true,
            ascii: true,
        })
    }

    pub(crate) fn to_python(&self, style: Dump) -> String {
        let mut out = String::new();
        write::python(self, style, &mut out);
        out
    }

    pub(crate) fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Object(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }
}

/// The arguments of `json.dumps`.
#[derive(Clone, Copy)]
pub(crate) struct Dump {
    pub(crate) spaces: bool,
    pub(crate) sorted: bool,
    pub(crate) ascii: bool,
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Str(text.into())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Str(text.into())
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u32> for Json {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<u16> for Json {
    fn from(value: u16) -> Self {
        Self::Int(value.into())
    }
}

impl<T: Into<Self>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

pub(crate) use self::write::Writer;
