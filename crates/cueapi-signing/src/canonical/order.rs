//! Member order: puts the members of an object in order when it closes.
//!
//! The text of a short object is rewritten at once, while it is still in the processor's nearest cache. A long one is not: its
//! members would be moved once for each object around them, and a hostile text could make that a thousand times. Of those, only
//! positions are sorted, and every byte is moved once, at the end.

use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::mem;
use core::ops::Range;

use super::{SHORT, copy_short, offset, string};

/// How long what is written between the brackets of an object may be for it to be rewritten when it closes.
pub(super) const SHORT_OBJECT: usize = 512;

/// How many members are sorted by comparing each with each.
const FEW: usize = 32;

/// Whether a few members are ranked by their prefixes before they are compared. In a module, code counts for more than speed.
const RANK: bool = cfg!(not(target_family = "wasm"));

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
    /// The long objects that are out of order, and some that are not, in the order of their beginnings.
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
    /// How many long objects that are out of order are before it.
    objects: u32,
}

/// A long object that is out of order.
pub(super) struct Object {
    /// What is between its brackets.
    pub(super) stretch: Stretch,
    /// Its members in [`Unsorted::members`].
    pub(super) members: Range<u32>,
}

struct Member {
    /// The first bytes of the key; see [`prefix`].
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
            objects: offset(self.unsorted.objects.len()),
        });
        if kind == Kind::Object {
            self.unsorted.objects.push(Object::in_order(offset(text.len())));
        }
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
        let place = closed.objects as usize;
        if are_sorted(&self.keys, members) {
            self.unsorted.pass(closed.kind, place);
        } else if text.len() - start > SHORT_OBJECT {
            self.unsorted.note(place, start..text.len(), &self.keys, members);
        } else {
            // Nothing in it is noted, because what is around a long object is long.
            self.unsorted.pass(closed.kind, place);
            rewrite(text, start, &self.keys, members);
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

impl Object {
    /// One that is open, or that is only there because of those in it.
    const fn in_order(start: u32) -> Self {
        Self {
            stretch: Stretch { start, end: start },
            members: 0..0,
        }
    }
}

impl Unsorted {
    /// Notes a long object that is out of order, in the place that it has had since it was opened.
    fn note(&mut self, place: usize, stretch: Range<usize>, keys: &Keys<'_>, members: &[Member]) {
        let first = offset(self.members.len());
        sort(keys, members, |member| self.members.push(member));
        self.objects[place] = Object {
            stretch: Stretch {
                start: offset(stretch.start),
                end: offset(stretch.end),
            },
            members: first..offset(self.members.len()),
        };
    }

    /// Passes over a container that needs no note; an object keeps its place when there are others in it.
    fn pass(&mut self, kind: Kind, place: usize) {
        if kind == Kind::Object && self.objects.len() == place + 1 {
            self.objects.pop();
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
        let by_prefix = a.prefix.cmp(&b.prefix);
        if by_prefix.is_ne() || !goes_on(a.prefix) {
            return by_prefix;
        }
        self.get(a).cmp(self.get(b))
    }

    /// The prefix of what follows some bytes of the key.
    fn prefix(&self, member: &Member, skip: usize) -> u64 {
        let text = self.text(member);
        let start = (member.key & !DECODED) as usize;
        prefix(text, &(start + skip..start + member.key_length as usize))
    }

    fn text(&self, member: &Member) -> &[u8] {
        if member.key & DECODED == 0 {
            self.source
        } else {
            &self.decoded
        }
    }

    /// The key in generalised UTF-8, in which bytes sort as code points do.
    fn get(&self, member: &Member) -> &[u8] {
        &self.text(member)[(member.key & !DECODED) as usize..][..member.key_length as usize]
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
#[cfg_attr(not(target_family = "wasm"), inline(always))]
fn sort(keys: &Keys<'_>, members: &[Member], mut sink: impl FnMut(Stretch)) {
    if RANK && members.len() <= FEW {
        let order = &rank(members)[..members.len()];
        let member = |index: &u8| &members[usize::from(*index)];
        if order
            .windows(2)
            .all(|pair| member(&pair[0]).prefix < member(&pair[1]).prefix)
        {
            return order.iter().for_each(|index| sink(member(index).stretch));
        }
    }
    sort_others(keys, members, &mut sink);
}

/// Sorts many members, or some with the same prefix.
#[inline(never)]
fn sort_others(keys: &Keys<'_>, members: &[Member], sink: &mut dyn FnMut(Stretch)) {
    let mut entries: Vec<_> = members.iter().map(Entry::new).collect();
    if members.len() > FEW {
        radix_sort(keys, &mut entries);
    } else {
        if RANK {
            // Members with the same prefix are still in the order of the text.
            let order = rank(members);
            (entries.iter_mut().zip(order))
                .for_each(|(entry, index)| *entry = Entry::new(&members[usize::from(index)]));
        }
        insertion_sort(keys, &mut entries);
    }
    let mut entries = entries.iter().peekable();
    while let Some(Entry { member, .. }) = entries.next() {
        if entries
            .peek()
            .is_none_or(|next| keys.compare(member, next.member).is_ne())
        {
            sink(member.stretch);
        }
    }
}

/// A member that is sorted.
#[derive(Clone, Copy)]
struct Entry<'a> {
    /// A part of its key, here because that is elsewhere in the memory.
    prefix: u64,
    member: &'a Member,
}

impl<'a> Entry<'a> {
    const fn new(member: &'a Member) -> Self {
        Self {
            prefix: member.prefix,
            member,
        }
    }
}

/// Sorts without changing the order of equal members.
fn insertion_sort(keys: &Keys<'_>, entries: &mut [Entry<'_>]) {
    for end in 1..entries.len() {
        let mut at = end;
        while at > 0 && keys.compare(entries[at - 1].member, entries[at].member).is_gt() {
            entries.swap(at - 1, at);
            at -= 1;
        }
    }
}

/// Sorts by one prefix after the other, in time in proportion to the keys, whoever chose them.
fn radix_sort(keys: &Keys<'_>, entries: &mut [Entry<'_>]) {
    let mut spare = entries.to_vec();
    // Runs whose keys are the same up to some byte.
    let mut runs = vec![(0..entries.len(), 0)];
    while let Some((run, skip)) = runs.pop() {
        let (entries, spare) = (&mut entries[run.clone()], &mut spare[run.clone()]);
        if entries.len() <= FEW / 4 {
            insertion_sort(keys, entries);
            continue;
        }
        if skip > 0 {
            entries
                .iter_mut()
                .for_each(|entry| entry.prefix = keys.prefix(entry.member, skip));
        }
        sort_by_prefix(entries, spare);
        let mut start = run.start;
        for same in entries.chunk_by(|a, b| a.prefix == b.prefix) {
            let end = start + same.len();
            if same.len() > 1 && goes_on(same[0].prefix) {
                runs.push((start..end, skip + PREFIX));
            }
            start = end;
        }
    }
}

/// Sorts by the bytes of the prefixes, the last one first; those that are all the same are passed over.
fn sort_by_prefix<'a>(entries: &mut [Entry<'a>], spare: &mut [Entry<'a>]) {
    let byte = |entry: &Entry<'_>, at: u32| usize::from(entry.prefix.to_le_bytes()[at as usize]);
    let all = entries.iter().fold(u64::MAX, |all, entry| all & entry.prefix);
    let any = entries.iter().fold(0, |any, entry| any | entry.prefix);
    for at in (0..u64::BITS / 8).filter(|at| (all ^ any) >> (8 * at) & 0xff != 0) {
        // Where the next entry with each byte belongs.
        let mut next = [0_u32; 256];
        entries.iter().for_each(|entry| next[byte(entry, at)] += 1);
        next.iter_mut().fold(0, |start, next| start + mem::replace(next, start));
        for entry in &*entries {
            let next = &mut next[byte(entry, at)];
            spare[*next as usize] = *entry;
            *next += 1;
        }
        entries.copy_from_slice(spare);
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
        // Ranks are below FEW, as the compiler cannot see.
        order[usize::from(*rank) % FEW] = index;
    }
    order
}

/// Bytes of a key in its prefix.
const PREFIX: usize = 7;

/// The first bytes of a key, as a number that sorts as they do; zeros follow a shorter one. In the lowest byte stands how many there
/// are, or one more when the key goes on.
#[inline]
fn prefix(text: &[u8], key: &Range<usize>) -> u64 {
    let length = key.len().min(PREFIX + 1);
    let bytes = match text.get(key.start..).and_then(|rest| rest.first_chunk::<8>()) {
        Some(chunk) => u64::from_be_bytes(*chunk),
        None => {
            (text[key.clone()].iter().chain(&[0; 8]).take(8)).fold(0, |number, byte| number << 8 | u64::from(*byte))
        }
    };
    // What is behind the key, and behind its first bytes.
    let others = u64::MAX >> (8 * length.min(PREFIX));
    bytes & !others | length as u64
}

/// Whether the key of a prefix has more bytes than that.
const fn goes_on(prefix: u64) -> bool {
    prefix & 0xff > PREFIX as u64
}
