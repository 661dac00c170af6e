//! What a scan has written, and in what order it belongs.

use alloc::vec::Vec;
use core::mem;

use super::order::{Object, Stretch, Unsorted};
use super::{offset, push_short};

/// The canonical form, but for the order of members in long objects.
pub(super) struct Written<'a> {
    pub(super) text: &'a mut Vec<u8>,
    pub(super) unsorted: &'a Unsorted,
}

impl Written<'_> {
    /// The canonical form.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    pub(super) fn into_bytes(self) -> Vec<u8> {
        if self.unsorted.members.is_empty() {
            mem::take(self.text)
        } else {
            self.sorted()
        }
    }

    #[cold]
    fn sorted(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.text.len());
        self.pieces(|text, length| push_short(&mut bytes, text, length));
        bytes
    }

    /// Hands out the canonical form piece by piece.
    pub(super) fn stream(&self, mut sink: impl FnMut(&[u8])) {
        self.pieces(|text, length| sink(&text[..length]));
    }

    /// Hands out the pieces with what follows them, and their lengths.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    fn pieces(&self, mut sink: impl FnMut(&[u8], usize)) {
        let mut stretch = Stretch {
            start: 0,
            end: offset(self.text.len()),
        };
        // The members yet to come of the object that we are in, and the same of the objects around it, with what is left of
        // each after the object in it.
        let mut members = [].iter();
        let mut around = Vec::new();
        let mut next = 0;
        loop {
            let object = self.first_unsorted(&stretch, &mut next);
            let end = object.map_or(stretch.end, |object| object.stretch.start);
            sink(&self.text[stretch.start as usize..], (end - stretch.start) as usize);
            if let Some(object) = object {
                let rest = Stretch {
                    start: object.stretch.end,
                    end: stretch.end,
                };
                around.push((members, rest));
                members = self.unsorted.members[object.members.start as usize..object.members.end as usize].iter();
            } else if members.len() > 0 {
                sink(b", ", 2);
            }
            stretch = if let Some(member) = members.next() {
                *member
            } else if let Some((members_around, rest)) = around.pop() {
                members = members_around;
                rest
            } else {
                return;
            };
        }
    }

    /// The first object in a stretch whose members are out of order. `next` is where it is looked for first: behind the one that was
    /// found before, where it mostly is.
    fn first_unsorted(&self, stretch: &Stretch, next: &mut usize) -> Option<&Object> {
        let objects = &self.unsorted.objects;
        let is_before = |object: &Object| object.stretch.start <= stretch.start;
        let (before, behind) = objects.split_at(*next);
        if !before.last().is_none_or(is_before) || behind.first().is_some_and(is_before) {
            *next = objects.partition_point(is_before);
        }
        let object = objects.get(*next).filter(|object| object.stretch.start < stretch.end)?;
        *next += 1;
        Some(object)
    }
}
