//! The requests that have been sent, as far as they are remembered.

use std::collections::VecDeque;

use crate::SentDelivery;

/// How many are remembered.
const KEPT: usize = 10_000;

/// How many bytes their bodies may have.
const KEPT_BYTES: usize = 64 * 1_048_576;

/// The last [`KEPT`], or those whose bodies fit into [`KEPT_BYTES`], each with its number: the first one sent has 1.
#[derive(Default)]
pub(crate) struct SentLog {
    rows: VecDeque<SentDelivery>,
    forgotten: usize,
    bytes: usize,
}

impl SentLog {
    pub(crate) fn push(&mut self, sent: SentDelivery) {
        self.bytes += sent.body.len();
        self.rows.push_back(sent);
        while self.rows.len() > KEPT || self.bytes > KEPT_BYTES {
            let Some(oldest) = self.rows.pop_front() else { break };
            self.bytes -= oldest.body.len();
            self.forgotten += 1;
        }
    }

    /// How many were sent, forgotten ones included.
    pub(crate) fn total(&self) -> usize {
        self.forgotten + self.rows.len()
    }

    pub(crate) fn get(&self, number: usize) -> Option<&SentDelivery> {
        self.rows.get(number.checked_sub(self.forgotten + 1)?)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &SentDelivery> {
        self.rows.iter()
    }

    pub(crate) fn newest_first(&self) -> impl Iterator<Item = (usize, &SentDelivery)> {
        (1..=self.total()).rev().zip(self.rows.iter().rev())
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, KEPT_BYTES, SentLog};
    use crate::{
        SentDelivery,
        engine::{AttemptResult, DeliveryKind},
    };

    fn sent(number: usize, size: usize) -> SentDelivery {
        SentDelivery {
            kind: DeliveryKind::OnFailure { cue_id: "c".into() },
            method: "POST".into(),
            url: number.to_string().into(),
            headers: Vec::new(),
            body: vec![0; size].into(),
            sent_at: jiff::Timestamp::UNIX_EPOCH,
            result: AttemptResult::Timeout,
            panic: None,
        }
    }

    #[test]
    fn numbers_stay_when_the_oldest_is_forgotten() {
        let mut log = SentLog::default();
        for number in 1..=KEPT + 1 {
            log.push(sent(number, 0));
        }
        let url = |number| log.get(number).map(|sent| &*sent.url);
        assert_eq!([url(0), url(1), url(2), url(KEPT + 2)], [None, None, Some("2"), None]);
        assert_eq!((log.total(), log.iter().count()), (KEPT + 1, KEPT));
        let (number, newest) = log.newest_first().next().unwrap();
        assert_eq!((number, &*newest.url), (KEPT + 1, "10001"));
    }

    #[test]
    fn large_bodies_are_forgotten_sooner() {
        let mut log = SentLog::default();
        for number in 1..=10 {
            log.push(sent(number, KEPT_BYTES / 4));
        }
        assert_eq!((log.total(), log.iter().count()), (10, 4));
        assert_eq!(log.get(7).map(|sent| &*sent.url), Some("7"));
    }
}
