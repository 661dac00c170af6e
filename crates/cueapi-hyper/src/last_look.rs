//! Whether the runtime has just looked at its sockets, so that the next call need not make it do so.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use cueapi_core::http::{HttpError, Response};

/// For this long after an answer there is nothing to look for: what a server closes later than that is on its way while
/// the next request is, and no look would have shown it.
const FRESH: Duration = Duration::from_millis(1);

/// After an answer that is no success (500, 304) CueAPI closes the connection at once and does not say so. For this long every
/// call looks, also those that come after answers on other connections: the end may take a round trip to arrive.
const WARY: Duration = Duration::from_secs(1);

/// What the answers to any clone of a client have told.
#[derive(Clone, Default)]
pub(crate) struct LastLook(Arc<Mutex<Answers>>);

#[derive(Default)]
struct Answers {
    last: Option<Instant>,
    last_failure: Option<Instant>,
}

impl LastLook {
    pub(crate) fn is_fresh(&self) -> bool {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let within = |at: Option<Instant>, span| at.is_some_and(|at| at.elapsed() < span);
        within(answers.last, FRESH) && !within(answers.last_failure, WARY)
    }

    pub(crate) fn note(&self, result: &Result<Response, HttpError>) {
        let now = Some(Instant::now());
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.last = now;
        if !result.as_ref().is_ok_and(|response| response.status().is_success()) {
            answers.last_failure = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16) -> Result<Response, HttpError> {
        let mut response = Response::default();
        *response.status_mut() = status.try_into().unwrap_or_default();
        Ok(response)
    }

    #[test]
    fn a_success_elsewhere_does_not_hide_a_connection_that_is_being_closed() {
        let looks = LastLook::default();
        assert!(!looks.is_fresh(), "nothing has been answered yet");
        looks.note(&answer(500));
        looks.clone().note(&answer(200));
        assert!(!looks.is_fresh());
    }
}
