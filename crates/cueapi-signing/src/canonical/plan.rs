//! The second pass: writes the canonical form, as the first pass has planned it.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::edits::{Buffer, Edits, Pieces, Sink};
use super::offset;
use super::order::{Placed, Sorted, Stretch};

/// A text, and what stands between it and its canonical form.
pub(super) struct Plan<'a> {
    pub(super) source: &'a [u8],
    pub(super) edits: Edits,
    pub(super) sorted: Sorted,
}

impl<'a> Plan<'a> {
    /// The canonical form; the text itself when it is in that form already.
    pub(super) fn to_bytes(&self) -> Cow<'a, [u8]> {
        if self.edits.len() == 0 && self.sorted.members.is_empty() {
            return self.source.into();
        }
        let mut buffer = Buffer::new(self.source.len() + self.edits.growth());
        self.write(&mut buffer);
        buffer.finish().into()
    }

    /// Hands out the canonical form piece by piece.
    pub(super) fn stream(&self, sink: impl FnMut(&[u8])) {
        self.write(&mut Pieces(sink));
    }

    fn write(&self, sink: &mut impl Sink) {
        let mut stretch = Stretch {
            start: 0,
            end: offset(self.source.len()),
            edits: 0,
            objects: 0,
        };
        // The members yet to come of the object that we are in, and the same of the objects around it, with what is left of
        // each after the object in it.
        let mut members = [].iter();
        let mut around = Vec::new();
        loop {
            let object = self.first_unsorted(&stretch);
            let end = object.map_or(stretch.end, |object| object.start + 1);
            self.edits.write(self.source, stretch.start..end, stretch.edits, sink);
            if let Some(object) = object {
                around.push((
                    members,
                    Stretch {
                        end: stretch.end,
                        ..object.rest
                    },
                ));
                members = self.sorted.members[object.members.start as usize..object.members.end as usize].iter();
            } else if members.len() > 0 {
                sink.push(*b", ");
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

    /// The first object in a stretch whose members are out of order.
    #[inline]
    fn first_unsorted(&self, stretch: &Stretch) -> Option<&Placed> {
        let objects = self.sorted.objects.get(stretch.objects as usize..)?;
        objects
            .iter()
            .take_while(|object| object.start < stretch.end)
            .find(|object| !object.members.is_empty())
    }
}
