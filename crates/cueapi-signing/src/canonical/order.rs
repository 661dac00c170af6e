//! Member order: which objects are out of order, and in what order their members belong.
//!
//! Objects are not sorted in place: a member that contains other objects would be moved once for each object around it, and
//! a hostile text could make that a thousand times. Only positions are sorted, and every byte is moved once, at the end.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::ops::Range;

use super::{offset, string};

/// A stretch of the source, and the numbers of the first edit and of the first object that do not begin before it.
#[derive(Clone, Copy, Default)]
pub(super) struct Stretch {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) edits: u32,
    pub(super) objects: u32,
}

/// Keeps track of the members of the objects that are open.
pub(super) struct Order<'a> {
    keys: Keys<'a>,
    /// Members of the objects that are open, in the order of the text.
    members: Vec<Member>,
    sorted: Sorted,
}

/// What is out of order.
pub(super) struct Sorted {
    /// The objects that are out of order, or contain one that is, in the order of their beginnings.
    pub(super) objects: Vec<Placed>,
    /// The members of those that are out of order, sorted.
    pub(super) members: Vec<Stretch>,
}

/// An object that has been opened.
pub(super) struct Object {
    /// Its number, and that of its first member.
    number: usize,
    members: usize,
    /// Whether the keys so far are strictly ascending, and the prefix of the last one.
    ascending: bool,
    last: u64,
}

struct Member {
    /// The first bytes of the key, as a number that sorts as they do.
    prefix: u64,
    key_length: u32,
    /// Where the key begins in [`Keys::decoded`], or [`IN_SOURCE`].
    key: u32,
    stretch: Stretch,
}

/// The source spells the key as it is, behind the quote with which the member begins.
const IN_SOURCE: u32 = u32::MAX;

/// An object in the source.
pub(super) struct Placed {
    /// Where it opens.
    pub(super) start: u32,
    /// What begins with its closing brace.
    pub(super) rest: Stretch,
    /// Its members in [`Sorted::members`]; none when it is in order.
    pub(super) members: Range<u32>,
}

impl<'a> Order<'a> {
    pub(super) fn new(source: &'a [u8]) -> Self {
        // As many members as a compact text has. They are short.
        let sorted = Sorted {
            objects: Vec::new(),
            members: Vec::with_capacity(source.len() / 24),
        };
        Self {
            keys: Keys {
                source,
                decoded: Vec::new(),
            },
            members: Vec::with_capacity(16),
            sorted,
        }
    }

    pub(super) fn finish(self) -> Sorted {
        self.sorted
    }

    /// Opens an object.
    pub(super) fn open(&mut self, start: usize) -> Object {
        let number = self.sorted.objects.len();
        self.sorted.objects.push(Placed {
            start: offset(start),
            rest: Stretch::default(),
            members: 0..0,
        });
        Object {
            number,
            members: self.members.len(),
            ascending: true,
            last: 0,
        }
    }

    /// Begins a member of the innermost object with its key, which stands between two quotes. The key is plain when the source
    /// spells it as it is.
    #[inline]
    pub(super) fn begin_member(&mut self, object: &mut Object, key: Range<usize>, plain: bool, edits: usize) {
        let start = offset(key.start - 1);
        let (prefix, key_length, key) = if plain {
            (prefix(self.keys.source, &key), offset(key.len()), IN_SOURCE)
        } else {
            self.decode(key)
        };
        let (edits, objects) = (offset(edits), offset(self.sorted.objects.len()));
        let stretch = Stretch {
            start,
            end: 0,
            edits,
            objects,
        };
        self.members.push(Member {
            prefix,
            key_length,
            key,
            stretch,
        });

        // Without a branch on which key is greater, which nothing can predict.
        object.ascending &= if object.last == prefix {
            self.last_follows(object)
        } else {
            object.last < prefix
        };
        object.last = prefix;
    }

    /// Ends the last member of the innermost object.
    #[inline]
    pub(super) fn end_member(&mut self, end: usize) {
        if let Some(member) = self.members.last_mut() {
            member.stretch.end = offset(end);
        }
    }

    /// Closes the innermost object, before which there have been this many edits.
    pub(super) fn close(&mut self, object: &Object, end: usize, edits: usize) {
        let from = self.sorted.members.len();
        if !object.ascending {
            self.end_member(end);
            self.sort(object.members);
        }
        self.members.truncate(object.members);
        if self.members.is_empty() {
            self.keys.decoded.clear();
        }
        let objects = self.sorted.objects.len();
        if object.ascending && objects == object.number + 1 {
            // In order, and so is all that is in it.
            self.sorted.objects.pop();
            return;
        }
        let placed = &mut self.sorted.objects[object.number];
        placed.rest = Stretch {
            start: offset(end),
            end: 0,
            edits: offset(edits),
            objects: offset(objects),
        };
        placed.members = offset(from)..offset(self.sorted.members.len());
    }

    #[cold]
    fn decode(&mut self, key: Range<usize>) -> (u64, u32, u32) {
        let from = self.keys.decoded.len();
        string::decode(&self.keys.source[key], &mut self.keys.decoded);
        let key = from..self.keys.decoded.len();
        (prefix(&self.keys.decoded, &key), offset(key.len()), offset(from))
    }

    #[cold]
    fn last_follows(&self, object: &Object) -> bool {
        match &self.members[object.members..] {
            [.., before, last] => self.keys.compare(before, last).is_lt(),
            _ => true,
        }
    }

    /// Sorts the members from number `from` on; of several with the same key, the last one stays.
    fn sort(&mut self, from: usize) {
        let (keys, members) = (&self.keys, &self.members[from..]);
        if members.len() > FEW {
            let heap: BinaryHeap<_> = members.iter().map(|member| ByKey { keys, member }).collect();
            return self
                .sorted
                .extend(keys, heap.into_sorted_vec().iter().map(|entry| entry.member));
        }
        let mut order = rank(members);
        let order = &mut order[..members.len()];
        let member = |index: &u8| &members[usize::from(*index)];
        if order
            .windows(2)
            .all(|pair| member(&pair[0]).prefix < member(&pair[1]).prefix)
        {
            return self
                .sorted
                .members
                .extend(order.iter().map(|index| member(index).stretch));
        }
        // Members with the same prefix are still in the order of the text.
        sort_few(order, |a, b| keys.compare(member(a), member(b)));
        self.sorted.extend(keys, order.iter().map(member));
    }
}

impl Sorted {
    /// Appends sorted members, in the place of those before them with the same key.
    fn extend<'a>(&mut self, keys: &Keys<'_>, members: impl Iterator<Item = &'a Member>) {
        let mut last: Option<&Member> = None;
        for member in members {
            if last.is_some_and(|last| keys.compare(last, member).is_eq()) {
                self.members.pop();
            }
            self.members.push(member.stretch);
            last = Some(member);
        }
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
        let (text, from) = match member.key {
            IN_SOURCE => (self.source, member.stretch.start + 1),
            from => (self.decoded.as_slice(), from),
        };
        &text[from as usize..][..member.key_length as usize]
    }
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
        order[usize::from(*rank) % FEW] = index;
    }
    order
}

/// Insertion sort, for what is almost sorted.
fn sort_few(order: &mut [u8], compare: impl Fn(&u8, &u8) -> Ordering) {
    for end in 1..order.len() {
        let mut at = end;
        while at > 0 && compare(&order[at - 1], &order[at]).is_gt() {
            order.swap(at - 1, at);
            at -= 1;
        }
    }
}

const FEW: usize = 32;

/// A member in a heap, which sorts many members with little code.
struct ByKey<'a> {
    keys: &'a Keys<'a>,
    member: &'a Member,
}

impl Ord for ByKey<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_key = self.keys.compare(self.member, other.member);
        by_key.then(self.member.stretch.start.cmp(&other.member.stretch.start))
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
