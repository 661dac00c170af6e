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
    /// What only changes rows.
    settling: Heap,
    /// Webhooks, which go out one by one.
    dispatches: Heap,
}

type Heap = BinaryHeap<Reverse<(Timestamp, Timer)>>;

impl Timers {
    pub(super) fn set(&mut self, at: Timestamp, timer: Timer) {
        let heap = match timer {
            Timer::Dispatch(_) => &mut self.dispatches,
            _ => &mut self.settling,
        };
        heap.push(Reverse((at, timer)));
    }

    /// When the next one is due; without dispatches where those have to wait.
    pub(super) fn next(&self, dispatch: bool) -> Option<Timestamp> {
        self.first(dispatch).map(|(at, _)| at)
    }

    fn first(&self, dispatch: bool) -> Option<(Timestamp, Timer)> {
        let dispatches = self.dispatches.peek().filter(|_| dispatch);
        let first = self.settling.peek().into_iter().chain(dispatches);
        first.map(|Reverse(entry)| *entry).min()
    }

    /// All of them, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Timestamp, Timer)> {
        let all = self.settling.iter().chain(&self.dispatches);
        all.map(|Reverse(entry)| *entry)
    }

    pub(super) fn take_due(&mut self, now: Timestamp, dispatch: bool) -> Option<Timer> {
        let (_, timer) = self.first(dispatch).filter(|(at, _)| *at <= now)?;
        let heap = match timer {
            Timer::Dispatch(_) => &mut self.dispatches,
            _ => &mut self.settling,
        };
        heap.pop().map(|Reverse((_, timer))| timer)
    }
}
