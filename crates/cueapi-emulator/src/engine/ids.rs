//! Ids, keys and secrets, drawn from a seed.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::random::Random;

/// An execution id: a UUID, written in lower case with hyphens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Uuid(u128);

impl Uuid {
    /// Reads what Python's `uuid.UUID(text)` reads: 32 hexadecimal digits, with hyphens anywhere, in braces, after `urn:uuid:`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.replace("urn:", "").replace("uuid:", "");
        let digits = text.trim_matches(|c| c == '{' || c == '}').replace('-', "");
        if digits.len() != 32 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        u128::from_str_radix(&digits, 16).ok().map(Self)
    }

    /// Reads what the server's database driver takes for a UUID: 32 digits in 36 characters at most.
    pub(super) fn of_column(text: &str) -> Option<Self> {
        let plain = text.len() <= 36 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        Self::parse(text).filter(|_| plain)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(n) = self;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            n >> 96,
            n >> 80 & 0xffff,
            n >> 64 & 0xffff,
            n >> 48 & 0xffff,
            n & 0xffff_ffff_ffff
        )
    }
}

impl From<Uuid> for String {
    fn from(id: Uuid) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for Uuid {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a UUID")
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Ids(Random);

impl Ids {
    pub(super) fn new(seed: u64) -> Self {
        Self(Random::new(seed))
    }

    fn next(&mut self) -> u64 {
        self.0.next()
    }

    pub(super) fn uuid(&mut self) -> Uuid {
        let random = u128::from(self.next()) << 64 | u128::from(self.next());
        Uuid(random & !(0xf << 76) & !(0b11 << 62) | 4 << 76 | 0b10 << 62)
    }

    /// `prefix` and twelve characters of `[a-z0-9]`.
    pub(super) fn short(&mut self, prefix: &str) -> Box<str> {
        const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let mut rest = self.next();
        let mut id = String::from(prefix);
        for _ in 0..12 {
            let at = usize::try_from(rest % 36).unwrap_or(0);
            id.extend(ALPHABET.get(at).map(|b| char::from(*b)));
            rest /= 36;
        }
        id.into()
    }

    /// `prefix` and `words` times 16 hexadecimal digits.
    pub(super) fn hex(&mut self, prefix: &str, words: usize) -> Box<str> {
        let mut text = String::from(prefix);
        for _ in 0..words {
            text.push_str(&format!("{:016x}", self.next()));
        }
        text.into()
    }
}
