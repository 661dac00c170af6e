//! The client on an HTTP stack of your own, in forty lines: ureq, and proof that it does what the SDK relies on.

use std::{error::Error, io::ErrorKind};

use cueapi_core::{
    ClientBuilder, conformance,
    http::{AttemptTimeout, BlockingHttpClient, HttpError, HttpErrorKind, MaxResponseBytes, Request, Response},
};
use ureq::{Agent, Body, Timeout};

struct Ureq(Agent);

impl Ureq {
    fn new() -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false) // every answer is an answer …
            .max_redirects(0) // … also this one
            .max_redirects_will_error(false)
            .max_idle_connections(0) // a connection that the server has closed meanwhile would fail the next call
            .allow_non_standard_methods(true)
            .proxy(None)
            .accept("")
            .accept_encoding("")
            .user_agent("")
            .build();
        Self(config.into())
    }
}

impl BlockingHttpClient for Ureq {
    fn send(&self, request: Request) -> Result<Response, HttpError> {
        let timeout = request.extensions().get::<AttemptTimeout>().map(|timeout| timeout.0);
        let limit = request
            .extensions()
            .get::<MaxResponseBytes>()
            .map_or(u64::MAX, |limit| limit.0 as u64);
        let request = request.map(|body| body.to_vec());
        let request = self.0.configure_request(request).timeout_global(timeout).build();
        let (head, mut body): (_, Body) = self.0.run(request).map_err(failure)?.into_parts();
        let body = body.with_config().limit(limit).read_to_vec().map_err(failure)?;
        Ok(Response::from_parts(head, body.into()))
    }
}

/// Only what certainly never left may be called `Connect`: those are the failures that are always repeated.
fn failure(error: ureq::Error) -> HttpError {
    let kind = match &error {
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => HttpErrorKind::Connect,
        ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => HttpErrorKind::Connect,
        ureq::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => HttpErrorKind::Connect,
        ureq::Error::BadUri(_) | ureq::Error::TlsRequired => HttpErrorKind::Unsendable,
        ureq::Error::Timeout(_) => HttpErrorKind::Timeout,
        ureq::Error::BodyExceedsLimit(_) => HttpErrorKind::TooLarge,
        ureq::Error::Io(_) => HttpErrorKind::Interrupted,
        _ => HttpErrorKind::Other,
    };
    HttpError::new(kind).with_source(error)
}

fn main() -> Result<(), Box<dyn Error>> {
    let _client = ClientBuilder::new("cue_sk_your_key", Ureq::new()).build_blocking()?;

    let report = conformance::run_blocking(Ureq::new());
    println!("{report}");
    if report.passed() {
        Ok(())
    } else {
        Err("this stack does not conform".into())
    }
}
