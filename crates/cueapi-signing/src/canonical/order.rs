//! Member order: puts the members of an object in order when it closes.
//!
//! The text of a short object is rewritten at once, while it is still in the processor's nearest cache. A long one is not: its
//! members would be moved once for each object around them, and a hostile text could make that a thousand times. Of those, only
//! positions are sorted, and every byte is moved once, at the end.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::ops::Range;

use super::{SHORT, copy_short, offset, string};

/// How long what is written between the brackets of an object may be for it to be rewritten when it closes.
pub(super) const SHORT_OBJECT: usize = 4096;

/// How many members are sorted by comparing each with each.
const FEW: usize = 32;

/// A stretch of the text.
#[derive(Clone, Copy)]
pub(super) struct Stretch {
    pub(super) start: u32,
    pub(super) end: u32,
}

/// Keeps track of the containers that are open, and of the members of those that are objects.
pub(super) struct Order<'a> {
    keys: Keys<'a>,
    /// Members of the objects that are open, in the order of the text.
    members: Vec<Member>,
    /// The containers that we are in, the document first.
    open: Vec<Open>,
    unsorted: Unsorted,
}

/// What is out of order in a text.
pub(super) struct Unsorted {
    /// The long objects that are out of order, in the order of their beginnings.
    pub(super) objects: Vec<Object>,
    /// Their members, sorted.
    pub(super) members: Vec<Stretch>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Document,
    Array,
    Object,
}

struct Open {
    kind: Kind,
    /// Where it begins, behind its bracket.
    start: u32,
    /// The number of its first member in [`Order::members`], and how much of [`Keys::decoded`] belongs to those before it.
    first_member: u32,
    decoded: u32,
}

/// A long object that is out of order.
pub(super) struct Object {
    /// What is between its brackets.
    pub(super) stretch: Stretch,
    /// Its members in [`Unsorted::members`].
    pub(super) members: Range<u32>,
}

struct Member {
    /// The first bytes of the key, as a number that sorts as they do.
    prefix: u64,
    /// Where the key begins in the source or, when it is marked with [`DECODED`], in [`Keys::decoded`].
    key: u32,
    key_length: u32,
    stretch: Stretch,
}

/// Positions have 31 bits; see [`MAX_LENGTH`](super::MAX_LENGTH).
const DECODED: u32 = 1 << 31;

impl<'a> Order<'a> {
    #[inline]
    pub(super) fn new(source: &'a [u8]) -> Self {
        let mut order = Self {
            keys: Keys {
                source,
                decoded: Vec::new(),
            },
            members: Vec::with_capacity(16),
            open: Vec::with_capacity(8),
            unsorted: Unsorted {
                objects: Vec::new(),
                members: Vec::new(),
            },
        };
        order.open(Kind::Document, &[]);
        order
    }

    pub(super) const fn unsorted(&self) -> &Unsorted {
        &self.unsorted
    }

    /// How many containers we are in.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Opens the container whose bracket ends the text so far.
    #[inline]
    pub(super) fn open(&mut self, kind: Kind, text: &[u8]) {
        self.open.push(Open {
            kind,
            start: offset(text.len()),
            first_member: offset(self.members.len()),
            decoded: offset(self.keys.decoded.len()),
        });
    }

    /// Begins a member of the innermost object at a position of the text, with its key, which stands between two quotes in the
    /// source. The key is plain when the source spells it as it is.
    #[inline]
    pub(super) fn begin_member(&mut self, key: Range<usize>, plain: bool, start: usize) {
        let (prefix, key, key_length) = if plain {
            (prefix(self.keys.source, &key), offset(key.start), offset(key.len()))
        } else {
            self.decode(key)
        };
        let stretch = Stretch {
            start: offset(start),
            end: 0,
        };
        self.members.push(Member {
            prefix,
            key,
            key_length,
            stretch,
        });
    }

    /// Ends the last member of the innermost object where the text ends.
    #[inline]
    pub(super) fn end_member(&mut self, text: &[u8]) {
        if let Some(member) = self.members.last_mut() {
            member.stretch.end = offset(text.len());
        }
    }

    /// Closes the innermost container, whose bracket is yet to be written; returns what it is in.
    pub(super) fn close(&mut self, text: &mut Vec<u8>) -> Kind {
        let Some(closed) = self.open.pop() else {
            return Kind::Document;
        };
        let (start, first_member) = (closed.start as usize, closed.first_member as usize);
        let members = &mut self.members[first_member..];
        if let Some(last) = members.last_mut() {
            last.stretch.end = offset(text.len());
        }
        if !are_sorted(&self.keys, members) {
            if text.len() - start > SHORT_OBJECT {
                self.unsorted.note(start..text.len(), &self.keys, members);
            } else {
                // Nothing in it is noted, because what is around a long object is long.
                rewrite(text, start, &self.keys, members);
            }
        }
        self.members.truncate(first_member);
        self.keys.decoded.truncate(closed.decoded as usize);
        self.open.last().map_or(Kind::Document, |open| open.kind)
    }

    #[cold]
    fn decode(&mut self, key: Range<usize>) -> (u64, u32, u32) {
        let from = self.keys.decoded.len();
        string::decode(&self.keys.source[key], &mut self.keys.decoded);
        let key = from..self.keys.decoded.len();
        (
            prefix(&self.keys.decoded, &key),
            offset(from) | DECODED,
            offset(key.len()),
        )
    }
}

impl Unsorted {
    /// Notes a long object that is out of order.
    fn note(&mut self, stretch: Range<usize>, keys: &Keys<'_>, members: &[Member]) {
        let first = offset(self.members.len());
        sort(keys, members, |member| self.members.push(member));
        let object = Object {
            stretch: Stretch {
                start: offset(stretch.start),
                end: offset(stretch.end),
            },
            members: first..offset(self.members.len()),
        };
        // Those in it have been noted before it.
        let place = (self.objects).partition_point(|before| before.stretch.start < object.stretch.start);
        self.objects.insert(place, object);
    }
}

/// Where keys are spelled.
struct Keys<'a> {
    source: &'a [u8],
    /// Those of open objects that the source does not spell as they are.
    decoded: Vec<u8>,
}

impl Keys<'_> {
    fn compare(&self, a: &Member, b: &Member) -> Ordering {
        a.prefix.cmp(&b.prefix).then_with(|| self.get(a).cmp(self.get(b)))
    }

    /// The key in generalised UTF-8, in which bytes sort as code points do.
    fn get(&self, member: &Member) -> &[u8] {
        let text = if member.key & DECODED == 0 {
            self.source
        } else {
            &self.decoded
        };
        &text[(member.key & !DECODED) as usize..][..member.key_length as usize]
    }
}

/// Puts the members of a short object in order, which begins at `start` and ends the text.
fn rewrite(text: &mut Vec<u8>, start: usize, keys: &Keys<'_>, members: &[Member]) {
    // Every member is copied with the comma behind it, and with what follows up to a length that is the same for most.
    text.extend_from_slice(b", ");
    text.extend_from_slice(&[0; SHORT]);
    let copy = text.len();
    text.extend_from_within(start..);
    let (to, from) = text.split_at_mut(copy);
    let mut at = start;
    sort(keys, members, |member| {
        let length = (member.end - member.start) as usize + 2;
        copy_short(&from[member.start as usize - start..], &mut to[at..], length);
        at += length;
    });
    text.truncate(at - 2);
}

/// Whether members are in order, and no two have the same key.
fn are_sorted(keys: &Keys<'_>, members: &[Member]) -> bool {
    members.windows(2).all(|pair| {
        let (a, b) = (&pair[0], &pair[1]);
        a.prefix < b.prefix || a.prefix == b.prefix && keys.compare(a, b).is_lt()
    })
}

/// Hands out members in order; of several with the same key, the last one.
#[inline(always)]
fn sort(keys: &Keys<'_>, members: &[Member], mut sink: impl FnMut(Stretch)) {
    if members.len() <= FEW {
        let order = &rank(members)[..members.len()];
        let member = |index: &u8| &members[usize::from(*index)];
        if order
            .windows(2)
            .all(|pair| member(&pair[0]).prefix < member(&pair[1]).prefix)
        {
            return order.iter().for_each(|index| sink(member(index).stretch));
        }
    }
    sort_others(keys, members).into_iter().for_each(sink);
}

/// Sorts many members, or some with the same prefix.
#[inline(never)]
fn sort_others(keys: &Keys<'_>, members: &[Member]) -> Vec<Stretch> {
    let mut sorted: Vec<&Member>;
    if members.len() > FEW {
        // A heap sorts with little code.
        let heap: BinaryHeap<_> = members.iter().map(|member| ByKey::new(keys, member)).collect();
        sorted = heap.into_sorted_vec().into_iter().map(|entry| entry.member).collect();
    } else {
        // Almost sorted: members with the same prefix are still in the order of the text.
        sorted = rank(members)[..members.len()]
            .iter()
            .map(|index| &members[usize::from(*index)])
            .collect();
        for end in 1..sorted.len() {
            let mut at = end;
            while at > 0 && keys.compare(sorted[at - 1], sorted[at]).is_gt() {
                sorted.swap(at - 1, at);
                at -= 1;
            }
        }
    }
    sorted.dedup_by(|next, last| {
        let same = keys.compare(last, next).is_eq();
        if same {
            *last = next;
        }
        same
    });
    sorted.into_iter().map(|member| member.stretch).collect()
}

/// The order of a few members by their prefixes; those with the same prefix come in the order of the text.
///
/// Compares every member with every other, without a branch on the outcome: for a few, that is quicker than what sorting saves.
fn rank(members: &[Member]) -> [u8; FEW] {
    let mut ranks = [0_u8; FEW];
    for (index, member) in members.iter().enumerate() {
        let mut rank = 0;
        for (before, rank_before) in members[..index].iter().zip(&mut ranks) {
            let less = u8::from(member.prefix < before.prefix);
            *rank_before += less;
            rank += 1 - less;
        }
        ranks[index] = rank;
    }
    let mut order = [0; FEW];
    for (index, rank) in (0..).zip(&ranks[..members.len()]) {
        // Ranks are below FEW, as the compiler cannot see.
        order[usize::from(*rank) % FEW] = index;
    }
    order
}

/// A member in a heap.
struct ByKey<'a> {
    /// The member's, here because that is elsewhere in the memory.
    prefix: u64,
    keys: &'a Keys<'a>,
    member: &'a Member,
}

impl<'a> ByKey<'a> {
    const fn new(keys: &'a Keys<'a>, member: &'a Member) -> Self {
        Self {
            prefix: member.prefix,
            keys,
            member,
        }
    }
}

impl Ord for ByKey<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.prefix.cmp(&other.prefix).then_with(|| {
            let by_key = self.keys.compare(self.member, other.member);
            by_key.then(self.member.stretch.start.cmp(&other.member.stretch.start))
        })
    }
}

impl PartialOrd for ByKey<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByKey<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ByKey<'_> {}

/// The first eight bytes of a key, as a number; zeros follow a shorter one.
#[inline]
fn prefix(text: &[u8], key: &Range<usize>) -> u64 {
    match text.get(key.start..).and_then(|rest| rest.first_chunk::<8>()) {
        Some(chunk) => match key.len() {
            0 => 0,
            length @ 1..8 => u64::from_be_bytes(*chunk) & u64::MAX << (64 - 8 * length),
            _ => u64::from_be_bytes(*chunk),
        },
        None => text[key.clone()]
            .iter()
            .chain(&[0; 8])
            .take(8)
            .fold(0, |number, byte| number << 8 | u64::from(*byte)),
    }
}
