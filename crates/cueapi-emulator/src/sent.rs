//! The requests that have been sent, as far as they are remembered.

use std::collections::VecDeque;

use crate::SentDelivery;

/// How many are remembered.
const KEPT: usize = 10_000;

/// The last [`KEPT`], each with its number: the first one sent has 1.
#[derive(Default)]
pub(crate) struct SentLog {
    rows: VecDeque<SentDelivery>,
    forgotten: usize,
}

impl SentLog {
    pub(crate) fn push(&mut self, sent: SentDelivery) {
        if self.rows.len() == KEPT {
            self.rows.pop_front();
            self.forgotten += 1;
        }
        self.rows.push_back(sent);
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
    use super::{KEPT, SentLog};
    use crate::{
        SentDelivery,
        engine::{AttemptResult, DeliveryKind},
    };

    #[test]
    fn numbers_stay_when_the_oldest_is_forgotten() {
        let mut log = SentLog::default();
        for number in 1..=KEPT + 1 {
            log.push(SentDelivery {
                kind: DeliveryKind::OnFailure { cue_id: "c".into() },
                method: "POST".into(),
                url: number.to_string().into(),
                headers: Vec::new(),
                body: bytes::Bytes::new(),
                sent_at: jiff::Timestamp::UNIX_EPOCH,
                result: AttemptResult::Timeout,
                panic: None,
            });
        }
        let url = |number| log.get(number).map(|sent| &*sent.url);
        assert_eq!([url(0), url(1), url(2), url(KEPT + 2)], [None, None, Some("2"), None]);
        assert_eq!((log.total(), log.iter().count()), (KEPT + 1, KEPT));
        let (number, newest) = log.newest_first().next().unwrap();
        assert_eq!((number, &*newest.url), (KEPT + 1, "10001"));
    }
}
