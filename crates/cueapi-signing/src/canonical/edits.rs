//! The stretches of a text that are not spelled as in the canonical form, and what stands there instead.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::offset;

/// What has to change, in the order of the text.
pub(super) struct Edits {
    /// Where the changes are. Each is a missing space or, when it is marked with [`REPLACEMENT`], a replacement.
    changes: Vec<u32>,
    replacements: Vec<Replacement>,
    /// What the replacements write, one after the other.
    pub(super) written: Vec<u8>,
}

/// Positions have 31 bits; see [`MAX_LENGTH`](super::MAX_LENGTH).
const REPLACEMENT: u32 = 1 << 31;

struct Replacement {
    start: u32,
    /// Where the text goes on.
    end: u32,
    /// What stands in between, in `written`.
    by: Range<u32>,
}

impl Edits {
    pub(super) fn new(source: &[u8]) -> Self {
        // As many as a compact text has, whose commas and colons all lack a space.
        Self {
            changes: Vec::with_capacity(source.len() / 12),
            replacements: Vec::new(),
            written: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.changes.len()
    }

    /// Puts a space before a position.
    #[inline]
    pub(super) fn insert_space(&mut self, at: usize) {
        self.changes.push(offset(at));
    }

    /// Puts what `write` writes in the place of a stretch.
    pub(super) fn replace(&mut self, stretch: Range<usize>, write: impl FnOnce(&mut Vec<u8>)) {
        let from = self.written.len();
        write(&mut self.written);
        self.replace_by_written(stretch, from);
    }

    /// Puts what has been written since `from` in the place of a stretch.
    pub(super) fn replace_by_written(&mut self, stretch: Range<usize>, from: usize) {
        let (start, end) = (offset(stretch.start), offset(stretch.end));
        let by = offset(from)..offset(self.written.len());
        self.changes.push(start | REPLACEMENT);
        self.replacements.push(Replacement { start, end, by });
    }

    /// By how much the edited text can be longer than the source, at most.
    pub(super) fn growth(&self) -> usize {
        self.changes.len() + self.written.len()
    }

    /// Writes a stretch of `source`, of whose changes the first is number `first`.
    #[inline(always)]
    pub(super) fn write(&self, source: &[u8], stretch: Range<u32>, first: u32, sink: &mut impl Sink) {
        let mut done = stretch.start;
        for change in self.changes.get(first as usize..).unwrap_or_default() {
            let at = change & !REPLACEMENT;
            if at >= stretch.end {
                break;
            }
            sink.copy(&source[done as usize..], (at - done) as usize);
            if *change == at {
                sink.push(*b" ");
                done = at;
            } else {
                let (by, end) = self.replacement(at);
                sink.copy(by, by.len());
                done = end;
            }
        }
        sink.copy(&source[done as usize..], (stretch.end - done) as usize);
    }

    /// What stands in the place of the stretch that begins at `start`, and where that ends.
    fn replacement(&self, start: u32) -> (&[u8], u32) {
        let index = self
            .replacements
            .partition_point(|replacement| replacement.start < start);
        let Replacement { end, by, .. } = &self.replacements[index];
        (&self.written[by.start as usize..by.end as usize], *end)
    }
}

/// Where the canonical form goes.
pub(super) trait Sink {
    /// Takes the first `length` bytes of a text.
    fn copy(&mut self, text: &[u8], length: usize);
    fn push<const N: usize>(&mut self, bytes: [u8; N]);
}

/// Writes into a buffer that is long enough from the beginning.
pub(super) struct Buffer {
    bytes: Vec<u8>,
    end: usize,
}

/// Most stretches are short. It is quicker to copy this much and to overwrite what was too much than to copy the right length.
const SHORT: usize = 48;

impl Buffer {
    pub(super) fn new(length: usize) -> Self {
        Self {
            bytes: vec![0; length + SHORT],
            end: 0,
        }
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.truncate(self.end);
        self.bytes
    }
}

impl Sink for Buffer {
    #[inline(always)]
    fn copy(&mut self, text: &[u8], length: usize) {
        let free = &mut self.bytes[self.end..];
        match (text.first_chunk::<SHORT>(), free.first_chunk_mut::<SHORT>()) {
            (Some(from), Some(to)) if length <= SHORT => *to = *from,
            _ => copy_long(&text[..length], free),
        }
        self.end += length;
    }

    #[inline(always)]
    fn push<const N: usize>(&mut self, bytes: [u8; N]) {
        self.bytes[self.end..][..N].copy_from_slice(&bytes);
        self.end += N;
    }
}

/// Not inline, because the compiler would make one copy of unknown length out of this and the short one.
#[inline(never)]
fn copy_long(from: &[u8], to: &mut [u8]) {
    to[..from.len()].copy_from_slice(from);
}

/// Hands every piece to a function.
pub(super) struct Pieces<F>(pub(super) F);

impl<F: FnMut(&[u8])> Sink for Pieces<F> {
    fn copy(&mut self, text: &[u8], length: usize) {
        if length > 0 {
            (self.0)(&text[..length]);
        }
    }

    fn push<const N: usize>(&mut self, bytes: [u8; N]) {
        (self.0)(&bytes);
    }
}
