//! Whether the runtime has just looked at its sockets, so that the next call need not make it do so.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use cueapi_core::http::{HttpError, Response};

/// For this long after an answer there is nothing to look for: what a server closes later than that is on its way while
/// the next request is, and no look would have shown it.
const FRESH: Duration = Duration::from_millis(1);

/// When the last answer was read, by any clone of a client.
#[derive(Clone, Default)]
pub(crate) struct LastLook(Arc<Mutex<Option<Instant>>>);

impl LastLook {
    pub(crate) fn is_fresh(&self) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| last.elapsed() < FRESH)
    }

    /// Only a success counts: after others (500, 304) CueAPI closes the connection at once and does not say so.
    pub(crate) fn note(&self, result: &Result<Response, HttpError>) {
        let answered = result.as_ref().is_ok_and(|response| response.status().is_success());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = answered.then(Instant::now);
    }
}
