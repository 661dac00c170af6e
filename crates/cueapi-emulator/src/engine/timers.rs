//! What falls due, in order. A tick costs what is due, not what exists.

use std::{cmp::Reverse, collections::BinaryHeap};

use jiff::Timestamp;

use super::{
    agents::AgentKey, cue::CueKey, events::EventKey, executions::ExecutionKey, messages::MessageKey,
    subscriptions::SubscriptionKey,
};

/// Something to look at when its time comes. Whether it still applies is decided then, from the row itself, so a timer
/// is never removed early.
///
/// The order of the variants is the order of the server's poll cycle, which decides between timers of the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// A cue's next run.
    Fire(CueKey),
    /// A retry becomes ready.
    Retry(ExecutionKey),
    /// An execution in delivery without a sign of life.
    Stale(ExecutionKey),
    /// The push of a message without a sign of life.
    StalePush(MessageKey),
    /// A claim whose worker may be gone.
    Lease(ExecutionKey),
    /// A worker execution that nobody claimed.
    Unclaimed(ExecutionKey),
    /// A webhook to send.
    Dispatch(ExecutionKey),
    /// An event that has been kept for long enough.
    Forget(EventKey),
    /// A message to push.
    Push(MessageKey),
    /// The end of ten minutes in which an agent got messages of low priority.
    Digest(AgentKey),
    /// A webhook that may have events to get.
    Publish(SubscriptionKey),
}

#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Timestamp, Timer)>>,
}

impl Timers {
    pub(super) fn set(&mut self, at: Timestamp, timer: Timer) {
        self.heap.push(Reverse((at, timer)));
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// All of them, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Timestamp, Timer)> {
        self.heap.iter().map(|Reverse(entry)| *entry)
    }

    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<(Timestamp, Timer)> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| entry)
    }
}
