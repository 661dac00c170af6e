//! The first pass: reads a JSON text, and notes what has to change.
//!
//! The grammar is that of Python's `json` module. There is no recursion, so that no text can exhaust the stack.

use alloc::vec::Vec;
use core::mem;

use super::edits::Edits;
use super::order::{Object, Order};
use super::plan::Plan;
use super::{CanonicalError, MAX_DEPTH, MAX_LENGTH, encoding, number, string};

/// Scans a text in generalised UTF-8.
pub(super) fn scan(text: &[u8]) -> Result<Plan<'_>, CanonicalError> {
    if text.len() > MAX_LENGTH {
        return Err(CanonicalError::TooLong);
    }
    // Python decodes the whole text before it looks at it, so what is wrong with the encoding comes first.
    Scanner::new(text).run().map_err(|error| {
        if encoding::is_valid(text) {
            error
        } else {
            CanonicalError::Encoding
        }
    })
}

struct Scanner<'a> {
    source: &'a [u8],
    edits: Edits,
    order: Order<'a>,
    /// What we are directly in, and what that is in.
    container: Container,
    around: Vec<Container>,
}

enum Container {
    Document,
    Array,
    Object(Object),
}

impl<'a> Scanner<'a> {
    fn new(source: &'a [u8]) -> Self {
        Self {
            source,
            edits: Edits::new(source),
            order: Order::new(source),
            container: Container::Document,
            around: Vec::new(),
        }
    }

    fn run(mut self) -> Result<Plan<'a>, CanonicalError> {
        let mut at = self.drop_space(0);
        // Whether what comes next is a member, that is, a key before a value.
        let mut member = false;
        loop {
            if member {
                at = self.key(at)?;
            }
            at = match self.byte(at) {
                b'"' => string::read(self.source, at + 1, &mut self.edits)?.end,
                b'{' => {
                    let object = self.order.open(at);
                    self.enter(Container::Object(object))?;
                    at = self.drop_space(at + 1);
                    member = self.byte(at) != b'}';
                    if member {
                        continue;
                    }
                    at
                }
                b'[' => {
                    self.enter(Container::Array)?;
                    at = self.drop_space(at + 1);
                    member = false;
                    if self.byte(at) != b']' {
                        continue;
                    }
                    at
                }
                b'-' | b'0'..=b'9' => number::read(self.source, at, &mut self.edits)?,
                b'n' => self.literal(at, b"null")?,
                b't' => self.literal(at, b"true")?,
                b'f' => self.literal(at, b"false")?,
                b'N' => self.literal(at, b"NaN")?,
                b'I' => self.literal(at, b"Infinity")?,
                _ => return Err(CanonicalError::Syntax),
            };
            // A value has ended; so may have containers around it.
            loop {
                match (self.byte(at), &self.container) {
                    (b',', Container::Object(_)) => {
                        self.order.end_member(at);
                        at = self.separator(at);
                        member = true;
                        break;
                    }
                    (b',', Container::Array) => {
                        at = self.separator(at);
                        member = false;
                        break;
                    }
                    (b'}', Container::Object(object)) => {
                        self.order.close(object, at, self.edits.len());
                        self.leave();
                        at += 1;
                    }
                    (b']', Container::Array) => {
                        self.leave();
                        at += 1;
                    }
                    (byte, _) if is_space(byte) => at = self.drop_space(at),
                    (_, Container::Document) if at == self.source.len() => {
                        return Ok(Plan {
                            source: self.source,
                            edits: self.edits,
                            sorted: self.order.finish(),
                        });
                    }
                    _ => return Err(CanonicalError::Syntax),
                }
            }
        }
    }

    fn enter(&mut self, container: Container) -> Result<(), CanonicalError> {
        if self.around.len() == MAX_DEPTH {
            return Err(CanonicalError::TooDeep);
        }
        self.around.push(mem::replace(&mut self.container, container));
        Ok(())
    }

    fn leave(&mut self) {
        self.container = self.around.pop().unwrap_or(Container::Document);
    }

    /// Reads a key and its colon; returns where the value begins.
    #[inline(always)]
    fn key(&mut self, mut at: usize) -> Result<usize, CanonicalError> {
        if self.byte(at) != b'"' {
            return Err(CanonicalError::Syntax);
        }
        let edits = self.edits.len();
        let key = string::read(self.source, at + 1, &mut self.edits)?;
        if let Container::Object(object) = &mut self.container {
            self.order.begin_member(object, at + 1..key.end - 1, key.plain, edits);
        }
        at = key.end;
        if self.byte(at) != b':' {
            at = self.drop_space(at);
            if self.byte(at) != b':' {
                return Err(CanonicalError::Syntax);
            }
        }
        Ok(self.separator(at))
    }

    fn literal(&mut self, at: usize, literal: &[u8]) -> Result<usize, CanonicalError> {
        if !self.source[at..].starts_with(literal) {
            return Err(CanonicalError::Syntax);
        }
        Ok(at + literal.len())
    }

    /// Passes a comma or a colon, and sees to it that exactly one space follows.
    #[inline(always)]
    fn separator(&mut self, at: usize) -> usize {
        let at = at + 1;
        match self.byte(at) {
            b'!'.. => {
                self.edits.insert_space(at);
                at
            }
            b' ' if self.byte(at + 1) > b' ' => at + 1,
            // Spaces, or what cannot come after a comma or a colon.
            _ => self.replace_space(at, b" "),
        }
    }

    /// Passes white space where the canonical form has none.
    #[inline]
    fn drop_space(&mut self, at: usize) -> usize {
        if is_space(self.byte(at)) {
            self.replace_space(at, b"")
        } else {
            at
        }
    }

    #[cold]
    fn replace_space(&mut self, at: usize, by: &[u8]) -> usize {
        let end = at + self.source[at..].iter().take_while(|byte| is_space(**byte)).count();
        self.edits.replace(at..end, |out| out.extend_from_slice(by));
        end
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
