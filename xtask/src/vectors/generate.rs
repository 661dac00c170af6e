//! Random texts for the differential test: JSON in every spelling that anybody could think of, and what is left of it after a
//! few bytes have been changed.

use fastrand::Rng;

use super::oracle::{Asks, Kind};

/// A text, and what is asked about it.
pub(super) struct Question {
    pub(super) kind: Kind,
    pub(super) text: Vec<u8>,
}

impl Asks for Question {
    fn kind(&self) -> Kind {
        self.kind
    }
}

impl AsRef<[u8]> for Question {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

/// An endless stream of questions; the same for the same seed.
pub(super) fn questions(seed: u64, corpus: Vec<Vec<u8>>) -> impl Iterator<Item = Question> + Send {
    let mut rng = Rng::with_seed(seed);
    std::iter::repeat_with(move || {
        let mut text = match rng.u8(..20) {
            0 | 1 if !corpus.is_empty() => corpus[rng.usize(..corpus.len())].clone(),
            2 => deep(&mut rng),
            3 => crowded(&mut rng),
            _ => {
                let mut writer = Writer {
                    rng: &mut rng,
                    text: String::new(),
                };
                writer.document();
                writer.text.into_bytes()
            }
        };
        if rng.u8(..6) == 0 {
            text = encode(&mut rng, &text);
        }
        if rng.u8(..4) == 0 {
            for _ in 0..rng.usize(1..4) {
                mutate(&mut rng, &mut text);
            }
        }
        let kind = match rng.u8(..4) {
            0 if std::str::from_utf8(&text).is_ok() => Kind::Text,
            1 if std::str::from_utf8(&text).is_ok() => Kind::Utf8,
            _ => Kind::Bytes,
        };
        Question { kind, text }
    })
}

struct Writer<'r> {
    rng: &'r mut Rng,
    text: String,
}

impl Writer<'_> {
    fn document(&mut self) {
        self.space();
        self.value(4);
        self.space();
    }

    fn value(&mut self, depth: u8) {
        match self.rng.u8(..if depth == 0 { 14 } else { 26 }) {
            0..=3 => self.string(),
            4..=6 => self.integer(),
            7..=9 => self.float(),
            10 => self.text.push_str("null"),
            11 => self.text.push_str(if self.rng.bool() { "true" } else { "false" }),
            12 => {
                let odd = [
                    "NaN",
                    "Infinity",
                    "-Infinity",
                    "-0",
                    "-0.0",
                    "0.0",
                    "0e0",
                    "-NaN",
                    "nan",
                    "+1",
                    "01",
                    "1.",
                    ".5",
                ];
                self.text.push_str(odd[self.rng.usize(..odd.len())]);
            }
            13 => self.text.push('0'),
            14..=17 => self.list('[', ']', depth, Self::value),
            _ => self.list('{', '}', depth, Self::member),
        }
    }

    fn list(&mut self, open: char, close: char, depth: u8, item: fn(&mut Self, u8)) {
        self.text.push(open);
        self.space();
        for index in 0..self.rng.usize(..7) {
            if index > 0 {
                self.separator(',');
            }
            item(self, depth - 1);
        }
        self.space();
        self.text.push(close);
    }

    fn member(&mut self, depth: u8) {
        // Few enough that keys meet, and many of them prefixes of others.
        const KEYS: [&str; 24] = [
            "",
            "a",
            "b",
            "ab",
            "abc",
            "abcdefgh",
            "abcdefgh1",
            "abcdefgh2",
            "abcdefghi",
            "\\u0061",
            "\\u0000",
            "a\\u0000",
            "é",
            "\\u00e9",
            "\\ud83d\\ude00",
            "😀",
            "\\ud83d",
            "\\ude00",
            "\u{e000}",
            "\u{ffff}",
            "\\/",
            "\\\"",
            "z\u{7f}",
            "execution_id",
        ];
        if self.rng.u8(..5) == 0 {
            self.string();
        } else {
            let key = KEYS[self.rng.usize(..KEYS.len())];
            self.text.push('"');
            self.text.push_str(key);
            self.text.push('"');
        }
        self.separator(':');
        self.value(depth);
    }

    fn separator(&mut self, separator: char) {
        self.space();
        self.text.push(separator);
        match self.rng.u8(..3) {
            0 => self.text.push(' '),
            1 => self.space(),
            _ => {}
        }
    }

    fn space(&mut self) {
        while self.rng.u8(..6) == 0 {
            self.text
                .push(*self.rng.choice(&[' ', ' ', '\n', '\t', '\r']).unwrap_or(&' '));
        }
    }

    fn string(&mut self) {
        self.text.push('"');
        // One in many contains raw control characters, which are an error.
        let controls = self.rng.u8(..250) == 0;
        // The members of long objects are moved in another way than those of short ones.
        if self.rng.u16(..1000) == 0 {
            self.text.push_str(&"x".repeat(self.rng.usize(4000..5000)));
        }
        for _ in 0..if self.rng.u8(..10) == 0 {
            self.rng.usize(..80)
        } else {
            self.rng.usize(..12)
        } {
            match self.rng.u8(..16) {
                0 => self.escape(),
                1 => self.unicode_escape(),
                2 => self.text.push(self.rng.char('\u{7f}'..='\u{a0}')),
                3 => self.text.push(self.rng.char('\u{80}'..='\u{ffff}')),
                4 => self.text.push(self.rng.char('\u{10000}'..='\u{10ffff}')),
                5 if controls => self.text.push(self.rng.char('\0'..=' ')),
                _ => {
                    let plain = self.rng.char(' '..='~');
                    if plain != '"' && plain != '\\' {
                        self.text.push(plain);
                    }
                }
            }
        }
        self.text.push('"');
    }

    fn escape(&mut self) {
        self.text.push('\\');
        let legal = self.rng.u8(..250) > 0;
        let escape = if legal {
            *self.rng.choice(b"\"\\/bfnrt").unwrap_or(&b'n')
        } else {
            self.rng.u8(b' '..=b'~')
        };
        self.text.push(escape.into());
    }

    fn unicode_escape(&mut self) {
        let unit = match self.rng.u8(..8) {
            0 => self.rng.u16(..),
            1 => self.rng.u16(..0x20),
            2 => self.rng.u16(0x20..0x80),
            3 => self.rng.u16(0xd800..0xdc00),
            4 => self.rng.u16(0xdc00..0xe000),
            5 => *self.rng.choice(&[0x22, 0x5c, 0x2f, 0x7f, 0x7e, 0x20]).unwrap_or(&0),
            _ => {
                let high = self.rng.u16(0xd800..0xdc00);
                self.push_unit(high);
                self.rng.u16(0xdc00..0xe000)
            }
        };
        self.push_unit(unit);
    }

    fn push_unit(&mut self, unit: u16) {
        for char in format!("\\u{unit:04x}").chars().enumerate() {
            match char {
                (2.., digit) if self.rng.bool() => self.text.push(digit.to_ascii_uppercase()),
                (_, char) => self.text.push(char),
            }
        }
    }

    fn integer(&mut self) {
        self.sign();
        let digits = match self.rng.u16(..400) {
            0 => self.rng.usize(4295..4305),
            1..40 => self.rng.usize(1..60),
            _ => self.rng.usize(1..10),
        };
        self.digits(digits, false);
    }

    fn float(&mut self) {
        match self.rng.u8(..10) {
            // Any double at all, as Rust and as C would write it.
            0 | 1 => {
                let bits = f64::from_bits(self.rng.u64(..));
                if bits.is_finite() {
                    let spelled = if self.rng.bool() {
                        format!("{bits:e}")
                    } else {
                        format!("{bits:.17e}")
                    };
                    self.text.push_str(&spelled);
                } else {
                    self.text.push_str("1e999");
                }
            }
            // Around the places where Python changes its notation.
            2 | 3 => {
                self.sign();
                let digits = self.rng.usize(1..19);
                self.digits(digits, false);
                let exponent = self.rng.i32(-30..30);
                self.text.push_str(&format!("e{exponent}"));
            }
            4 => self.long_float(),
            // What people write.
            _ => {
                self.sign();
                let (integer, fraction) = (self.rng.usize(1..12), self.rng.usize(1..12));
                self.digits(integer, false);
                self.text.push('.');
                self.digits(fraction, true);
                if self.rng.u8(..3) == 0 {
                    let exponent = *self
                        .rng
                        .choice(&["e", "E", "e+", "E-", "e-", "e0", "e+00"])
                        .unwrap_or(&"e");
                    self.text.push_str(exponent);
                    let digits = self.rng.usize(1..4);
                    self.digits(digits, true);
                }
            }
        }
    }

    /// More digits than a double holds, often right between two doubles.
    fn long_float(&mut self) {
        self.sign();
        match self.rng.u8(..4) {
            0 => {
                let (mantissa, shift) = (self.rng.u64(1 << 52..1 << 53), self.rng.u32(1..70));
                let halfway = (u128::from(mantissa) << shift) + (1 << (shift - 1));
                self.text.push_str(&halfway.to_string());
                self.text.push_str(
                    self.rng
                        .choice(&[".0", ".5", ".50000000000000000000000000001", "e0"])
                        .unwrap_or(&".0"),
                );
            }
            1 => {
                let (zeros, digits) = (self.rng.usize(..500), self.rng.usize(1..40));
                self.text.push_str("0.");
                self.text.push_str(&"0".repeat(zeros));
                self.digits(digits, true);
                let exponent = self.rng.usize(..600);
                self.text.push_str(&format!("e{exponent}"));
            }
            2 => {
                let (digits, zeros) = (self.rng.usize(1..40), self.rng.usize(..500));
                self.digits(digits, false);
                self.text.push_str(&"0".repeat(zeros));
                let exponent = self.rng.usize(..600);
                self.text.push_str(&format!("e-{exponent}"));
            }
            _ => {
                let digits = self.rng.usize(1..1200);
                self.text.push_str("0.");
                self.digits(digits, true);
            }
        }
    }

    fn sign(&mut self) {
        if self.rng.u8(..4) == 0 {
            self.text.push('-');
        }
    }

    fn digits(&mut self, count: usize, leading_zero: bool) {
        for index in 0..count {
            let least = u8::from(index == 0 && !leading_zero && count > 1);
            self.text.push((b'0' + self.rng.u8(least..10)).into());
        }
    }
}

/// Containers nested about as deep as is allowed.
fn deep(rng: &mut Rng) -> Vec<u8> {
    let depth = if rng.u8(..4) == 0 {
        rng.usize(985..1005)
    } else {
        rng.usize(1..60)
    };
    let mut text = Vec::new();
    let mut closing = Vec::new();
    for _ in 0..depth {
        let (open, close): (&[u8], &[u8]) = match rng.u8(..4) {
            0 => (b"{\"b\":", b",\"a\":1}"),
            1 => (b"{\"a\": ", b"}"),
            2 => (b"[0,", b" ]"),
            _ => (b"[", b"]"),
        };
        text.extend_from_slice(open);
        closing.push(close);
    }
    text.push(b'1');
    closing.iter().rev().for_each(|close| text.extend_from_slice(close));
    text
}

/// An object with so many members that it is sorted in another way than a small one.
fn crowded(rng: &mut Rng) -> Vec<u8> {
    let mut writer = Writer {
        rng,
        text: String::from("{"),
    };
    for index in 0..writer.rng.usize(25..80) {
        if index > 0 {
            writer.separator(',');
        }
        let key = writer.rng.u16(..200);
        let prefix = ["", "key", "long_prefix_", "é"][writer.rng.usize(..4)];
        writer.text.push_str(&format!("\"{prefix}{key}\""));
        writer.separator(':');
        writer.value(1);
    }
    writer.text.push('}');
    writer.text.into_bytes()
}

/// The text in another encoding, with or without a byte-order mark; as it is when it is not UTF-8.
fn encode(rng: &mut Rng, text: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(text) else {
        return text.to_vec();
    };
    let mark = if rng.bool() { "\u{feff}" } else { "" };
    let text = format!("{mark}{text}");
    // Now and then a surrogate stands alone.
    let lone = |rng: &mut Rng| (rng.u8(..200) == 0).then(|| rng.u16(0xd800..0xe000));
    match rng.u8(..6) {
        0 => text
            .encode_utf16()
            .flat_map(|unit| lone(rng).unwrap_or(unit).to_le_bytes())
            .collect(),
        1 => text
            .encode_utf16()
            .flat_map(|unit| lone(rng).unwrap_or(unit).to_be_bytes())
            .collect(),
        2 => text
            .chars()
            .flat_map(|char| lone(rng).map_or(char.into(), u32::from).to_le_bytes())
            .collect(),
        3 => text
            .chars()
            .flat_map(|char| lone(rng).map_or(char.into(), u32::from).to_be_bytes())
            .collect(),
        4 => surrogates_as_utf8(&text),
        _ => text.into_bytes(),
    }
}

/// CESU-8: the halves of surrogate pairs as if they were characters.
fn surrogates_as_utf8(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for unit in text.encode_utf16() {
        match char::from_u32(unit.into()) {
            Some(char) => bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
            None => {
                let [high, low] = unit.to_be_bytes();
                bytes.extend_from_slice(&[0xe0 | high >> 4, 0x80 | (high & 0xf) << 2 | low >> 6, 0x80 | low & 0x3f]);
            }
        }
    }
    bytes
}

fn mutate(rng: &mut Rng, text: &mut Vec<u8>) {
    if text.is_empty() {
        return text.push(rng.u8(..));
    }
    let at = rng.usize(..text.len());
    match rng.u8(..8) {
        0 => text[at] ^= 1 << rng.u8(..8),
        1 => text[at] = rng.u8(..),
        2 => drop(text.remove(at)),
        3 => text.insert(at, rng.u8(..)),
        4 => text.insert(at, *rng.choice(b"{}[]\",:\\ 0123456789.eE+-tfnuNI\n/").unwrap_or(&b' ')),
        5 => text.truncate(at),
        6 => {
            let end = rng.usize(at..=text.len().min(at + 20));
            let piece = text[at..end].to_vec();
            let to = rng.usize(..=text.len());
            text.splice(to..to, piece);
        }
        _ => {
            let other = rng.usize(..text.len());
            text.swap(at, other);
        }
    }
}
