//! Reads a JSON text, and writes its canonical form, but for the order of the members of long objects.
//!
//! The grammar is that of Python's `json` module. There is no recursion, so that no text can exhaust the stack.

use alloc::vec::Vec;

use super::float::Budget;
use super::order::{Kind, Order, SHORT_OBJECT};
use super::written::Written;
use super::{CanonicalError, MAX_DEPTH, MAX_LENGTH, SHORT, encoding, number, string};

/// Scans a text in generalised UTF-8, and hands on what was written.
#[cfg_attr(not(target_family = "wasm"), inline(always))]
pub(super) fn scan<T>(text: &[u8], then: impl FnOnce(Written<'_>) -> T) -> Result<T, CanonicalError> {
    if text.len() > MAX_LENGTH {
        return Err(CanonicalError::TooLong);
    }
    let mut scanner = Scanner::new(text);
    match scanner.run() {
        Ok(()) => Ok(then(Written {
            text: &mut scanner.out,
            unsorted: scanner.order.unsorted(),
        })),
        // Python decodes the whole text before it looks at it, so what is wrong with the encoding comes first.
        Err(_) if !encoding::is_valid(text) => Err(CanonicalError::Encoding),
        Err(error) => Err(error),
    }
}

struct Scanner<'a> {
    source: &'a [u8],
    out: Vec<u8>,
    order: Order<'a>,
    budget: Budget,
}

impl<'a> Scanner<'a> {
    #[inline]
    fn new(source: &'a [u8]) -> Self {
        Self {
            source,
            // With a space behind every comma and every colon, of which a compact text has one in six bytes or so, and with room to
            // put a short object in order.
            out: Vec::with_capacity(source.len() / 4 * 5 + 2 * source.len().min(SHORT_OBJECT) + 4 * SHORT),
            order: Order::new(source),
            budget: Budget::default(),
        }
    }

    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    fn run(&mut self) -> Result<(), CanonicalError> {
        let mut at = self.skip_space(0);
        // What we are directly in.
        let mut kind = Kind::Document;
        loop {
            if kind == Kind::Object {
                at = self.key(at)?;
            }
            at = match self.byte(at) {
                b'"' => string::copy(self.source, at, &mut self.out)?.end,
                b'{' => {
                    kind = self.enter(Kind::Object, b'{')?;
                    at = self.skip_space(at + 1);
                    if self.byte(at) != b'}' {
                        continue;
                    }
                    at
                }
                b'[' => {
                    kind = self.enter(Kind::Array, b'[')?;
                    at = self.skip_space(at + 1);
                    if self.byte(at) != b']' {
                        continue;
                    }
                    at
                }
                b'-' | b'0'..=b'9' => number::copy(self.source, at, &mut self.out, &mut self.budget)?,
                b'n' => self.literal(at, b"null")?,
                b't' => self.literal(at, b"true")?,
                b'f' => self.literal(at, b"false")?,
                b'N' => self.literal(at, b"NaN")?,
                b'I' => self.literal(at, b"Infinity")?,
                _ => return Err(CanonicalError::Syntax),
            };
            // A value has ended; so may have containers around it.
            loop {
                match (self.byte(at), kind) {
                    (b',', Kind::Object) => {
                        self.order.end_member(&self.out);
                        at = self.separator(at, *b", ");
                        break;
                    }
                    (b',', Kind::Array) => {
                        at = self.separator(at, *b", ");
                        break;
                    }
                    (bracket @ b'}', Kind::Object) | (bracket @ b']', Kind::Array) => {
                        kind = self.order.close(&mut self.out);
                        self.out.push(bracket);
                        at += 1;
                    }
                    (byte, _) if is_space(byte) => at = self.skip_space(at),
                    (_, Kind::Document) if at == self.source.len() => return Ok(()),
                    _ => return Err(CanonicalError::Syntax),
                }
            }
        }
    }

    fn enter(&mut self, kind: Kind, bracket: u8) -> Result<Kind, CanonicalError> {
        if self.order.depth() > MAX_DEPTH {
            return Err(CanonicalError::TooDeep);
        }
        self.out.push(bracket);
        self.order.open(kind, &self.out);
        Ok(kind)
    }

    /// Reads a key and its colon; returns where the value begins.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    fn key(&mut self, mut at: usize) -> Result<usize, CanonicalError> {
        if self.byte(at) != b'"' {
            return Err(CanonicalError::Syntax);
        }
        let start = self.out.len();
        let key = string::copy(self.source, at, &mut self.out)?;
        self.order.begin_member(at + 1..key.end - 1, key.plain, start);
        at = self.skip_space(key.end);
        if self.byte(at) != b':' {
            return Err(CanonicalError::Syntax);
        }
        Ok(self.separator(at, *b": "))
    }

    fn literal(&mut self, at: usize, literal: &[u8]) -> Result<usize, CanonicalError> {
        if !self.source[at..].starts_with(literal) {
            return Err(CanonicalError::Syntax);
        }
        self.out.extend_from_slice(literal);
        Ok(at + literal.len())
    }

    /// Passes a comma or a colon, and the space behind it.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    fn separator(&mut self, at: usize, separator: [u8; 2]) -> usize {
        self.out.extend_from_slice(&separator);
        self.skip_space(at + 1)
    }

    /// Passes white space, of which there is mostly none.
    #[inline]
    fn skip_space(&self, mut at: usize) -> usize {
        while self.byte(at) <= b' ' && is_space(self.byte(at)) {
            at += 1;
        }
        at
    }

    /// The byte at a position; beyond the end a zero, which no JSON text contains.
    #[inline]
    fn byte(&self, at: usize) -> u8 {
        self.source.get(at).copied().unwrap_or(0)
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
