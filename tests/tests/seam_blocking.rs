//! A client out of the standard library is as good as any other, if it does not keep connections carelessly.

#[path = "seam/std_client.rs"]
mod std_client;

use std::{sync::Mutex, time::Instant};

use cueapi_core::{
    conformance,
    http::{AttemptTimeout, BlockingHttpClient, HttpError, HttpErrorKind, Request, Response},
};
use http::uri::Authority;
use std_client::{Connection, StdClient};

#[test]
fn a_client_on_the_standard_library_conforms() {
    let report = conformance::run_blocking(StdClient);
    assert!(report.passed(), "{report}");
}

/// Keeps one connection whatever happened on it, and never looks at it before it writes to it.
#[derive(Default)]
struct Keeper {
    kept: Mutex<Option<(Authority, Connection)>>,
}

impl BlockingHttpClient for Keeper {
    fn send(&self, request: Request) -> Result<Response, HttpError> {
        let server = request.uri().authority().unwrap().clone();
        let deadline = Instant::now() + request.extensions().get::<AttemptTimeout>().unwrap().0;
        let mut connection = match self.kept.lock().unwrap().take() {
            Some((kept, connection)) if kept == server => connection,
            _ => Connection::open(&request, deadline)?,
        };
        connection.set_deadline(deadline);
        let result = connection.exchange(&request);
        if result
            .as_ref()
            .is_err_and(|error| error.kind() == HttpErrorKind::TooLarge)
        {
            // Not this one: the server would wait for somebody to read what it holds in store.
            return result;
        }
        *self.kept.lock().unwrap() = Some((server, connection));
        result
    }
}

#[test]
fn a_client_that_writes_to_connections_without_a_look_is_found() {
    let report = conformance::run_blocking(Keeper::default());
    let failures: Vec<_> = report.failures().map(|outcome| outcome.name()).collect();
    for case in [
        "a connection closed after a 500 does not fail the next call",
        "a connection closed after a 304 does not fail the next call",
        "a connection closed while idle does not fail the next call",
        "a late answer is not taken for the next one's",
        "bytes behind an answer are not taken for the next one",
    ] {
        assert!(failures.contains(&case), "{case}\n{report}");
    }
    assert!(!failures.contains(&"a 302 is an answer"), "{report}");
}
