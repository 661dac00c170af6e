//! The ASCII-escaped form: every character from DEL on written as `\uXXXX`, as Python's `json.dumps` does.
//!
//! CueAPI signs this form of an event-subscription delivery and sends the unescaped one. The escaping streams: it holds back
//! at most the bytes of one character, so a body may be cut anywhere.

use core::{iter, str};

/// Escapes a text that arrives in pieces.
#[derive(Clone, Default)]
pub(crate) struct Escaper {
    /// The beginning of a character whose end has not arrived; `pending` bytes of it.
    head: [u8; 4],
    pending: usize,
    /// Whether the text so far ends in an unpaired backslash.
    backslash: bool,
}

/// The text has no escaped form that would mean the same: it is not UTF-8, or a backslash stands before a character that
/// would become an escape (`\é` would turn into the text `\\u00e9` of something else).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unescapable;

/// Whether `bytes` differ from their escaped form.
pub(crate) fn differs(bytes: &[u8]) -> bool {
    !is_plain(bytes)
}

/// Whether the escaped form of `bytes` is `escaped`.
#[cfg(feature = "alloc")]
pub(crate) fn is_escaped_form(bytes: &[u8], mut escaped: &[u8]) -> bool {
    let (mut escaper, mut same) = (Escaper::default(), true);
    let pushed = escaper.push(bytes, &mut |piece| match escaped.strip_prefix(piece) {
        Some(rest) => escaped = rest,
        None => same = false,
    });
    pushed.is_ok() && escaper.finish().is_ok() && same && escaped.is_empty()
}

impl Escaper {
    /// Hands the escaped form of `chunk` to `sink`, in as many pieces as it takes.
    pub(crate) fn push(&mut self, mut chunk: &[u8], sink: &mut dyn FnMut(&[u8])) -> Result<(), Unescapable> {
        while self.pending > 0 {
            let Some((&next, rest)) = chunk.split_first() else {
                return Ok(());
            };
            chunk = rest;
            self.head[self.pending] = next;
            self.pending += 1;
            let head = self.head;
            match str::from_utf8(&head[..self.pending]) {
                Ok(char) => {
                    self.pending = 0;
                    self.text(char, sink)?;
                }
                Err(error) if error.error_len().is_some() => return Err(Unescapable),
                Err(_) => {}
            }
        }
        let (text, tail) = match str::from_utf8(chunk) {
            Ok(text) => (text, &[][..]),
            Err(error) if error.error_len().is_some() => return Err(Unescapable),
            Err(error) => {
                let (text, tail) = chunk.split_at(error.valid_up_to());
                (str::from_utf8(text).map_err(|_| Unescapable)?, tail)
            }
        };
        self.head[..tail.len()].copy_from_slice(tail);
        self.pending = tail.len();
        self.text(text, sink)
    }

    /// Says whether the text was complete.
    pub(crate) fn finish(&self) -> Result<(), Unescapable> {
        if self.pending == 0 { Ok(()) } else { Err(Unescapable) }
    }

    /// Takes note of a piece that is its own escaped form.
    pub(crate) fn skip(&mut self, plain: &[u8]) {
        let backslashes = plain.iter().rev().take_while(|byte| **byte == b'\\').count();
        let goes_on = self.backslash && backslashes == plain.len();
        self.backslash = (backslashes % 2 == 1) ^ goes_on;
    }

    fn text(&mut self, text: &str, sink: &mut dyn FnMut(&[u8])) -> Result<(), Unescapable> {
        let mut escapes = Escapes::default();
        for (plain, special) in segments(text) {
            self.skip(plain.as_bytes());
            escapes.plain(plain, sink);
            if let Some(char) = special {
                if self.backslash {
                    return Err(Unescapable);
                }
                escapes.push(char, sink);
            }
        }
        escapes.flush(sink);
        Ok(())
    }
}

/// Hands the escaped form of a whole text to `sink`.
pub(crate) fn escape(text: &str, sink: &mut dyn FnMut(&[u8])) {
    let mut escapes = Escapes::default();
    for (plain, special) in segments(text) {
        escapes.plain(plain, sink);
        if let Some(char) = special {
            escapes.push(char, sink);
        }
    }
    escapes.flush(sink);
}

/// Escapes one after the other, in one piece: a sink takes as long for six bytes as for fifty.
struct Escapes {
    bytes: [u8; Self::LENGTH],
    length: usize,
}

impl Default for Escapes {
    fn default() -> Self {
        Self {
            bytes: [0; Self::LENGTH],
            length: 0,
        }
    }
}

impl Escapes {
    const LENGTH: usize = 192;

    /// Adds one character as one or two `\uXXXX`.
    fn push(&mut self, char: char, sink: &mut dyn FnMut(&[u8])) {
        for unit in char.encode_utf16(&mut [0; 2]) {
            if self.length == Self::LENGTH {
                self.flush(sink);
            }
            let end = self.length + 6;
            self.bytes[self.length..end].copy_from_slice(&unicode_escape(*unit));
            self.length = end;
        }
    }

    /// Hands out what there is, and a text that stays as it is.
    fn plain(&mut self, plain: &str, sink: &mut dyn FnMut(&[u8])) {
        if !plain.is_empty() {
            self.flush(sink);
            sink(plain.as_bytes());
        }
    }

    fn flush(&mut self, sink: &mut dyn FnMut(&[u8])) {
        if self.length > 0 {
            sink(&self.bytes[..self.length]);
            self.length = 0;
        }
    }
}

/// Cuts a text into stretches that stay as they are, each with the character after it that does not.
fn segments(mut text: &str) -> impl Iterator<Item = (&str, Option<char>)> {
    iter::from_fn(move || {
        let (plain, rest) = text
            .split_at_checked(plain_prefix(text.as_bytes()))
            .filter(|_| !text.is_empty())?;
        let mut rest = rest.chars();
        let special = rest.next();
        text = rest.as_str();
        Some((plain, special))
    })
}

/// `\uXXXX` of one UTF-16 code unit, in lower-case hex.
pub(crate) fn unicode_escape(unit: u16) -> [u8; 6] {
    let digit = |shift: u16| b"0123456789abcdef"[usize::from(unit >> shift & 0xf)];
    [b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]
}

/// How many bytes at the beginning stay as they are.
fn plain_prefix(bytes: &[u8]) -> usize {
    const STEP: usize = 32;
    let whole: usize = bytes
        .chunks_exact(STEP)
        .take_while(|step| is_plain(step))
        .map(<[u8]>::len)
        .sum();
    whole + bytes[whole..].iter().take_while(|byte| **byte < 0x7f).count()
}

/// Branchless over the whole slice, so that it compiles to vector instructions.
fn is_plain(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |plain, byte| plain & (*byte < 0x7f))
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::*;

    fn escaped<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Result<String, Unescapable> {
        let (mut escaper, mut out) = (Escaper::default(), Vec::new());
        for chunk in chunks {
            escaper.push(chunk, &mut |bytes| out.extend_from_slice(bytes))?;
        }
        escaper.finish()?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn characters_from_del_on_become_utf_16_escapes() {
        assert_eq!(
            escaped(["{\"é\": \"😀\u{7f}\u{80}\u{2028}~\\n\"}".as_bytes()]).unwrap(),
            r#"{"\u00e9": "\ud83d\ude00\u007f\u0080\u2028~\n"}"#
        );
    }

    #[test]
    fn a_text_may_be_cut_anywhere() {
        let text = r#"a\\é\n😀"#;
        let whole = escaped([text.as_bytes()]).unwrap();
        for cut in 0..=text.len() {
            let (left, right) = text.as_bytes().split_at(cut);
            assert_eq!(escaped([left, right]).unwrap(), whole);
        }
        assert_eq!(escaped(text.as_bytes().chunks(1)).unwrap(), whole);
    }

    #[test]
    fn a_text_that_would_change_its_meaning_has_no_escaped_form() {
        for wrong in [
            &b"\xff"[..],
            b"a\xe2\x82",
            b"\xed\xa0\x80",
            "\\é".as_bytes(),
            "\\\\\\é".as_bytes(),
            b"\\\x7f",
        ] {
            assert_eq!(escaped([wrong]), Err(Unescapable), "{wrong:x?}");
            assert_eq!(escaped(wrong.chunks(1)), Err(Unescapable), "{wrong:x?}");
        }
        assert_eq!(escaped(["\\\\é".as_bytes()]).unwrap(), "\\\\\\u00e9");
        assert_eq!(
            escaped(["\\\\é".as_bytes(), "\\\\é".as_bytes()]).unwrap(),
            "\\\\\\u00e9\\\\\\u00e9"
        );
    }

    #[test]
    fn only_what_needs_escaping_differs() {
        assert!(!differs(b"{\"a\": \"\\u00e9 ~\"}\n"));
        assert!(differs("é".as_bytes()));
        assert!(differs(b"\x7f"));
        assert!(!differs(b""));
    }
}
