//! The clock that a client brings is the one that is read, whatever it is wrapped in.

use std::{rc::Rc, sync::Arc, time::Duration};

use cueapi_core::http::{
    BlockingHttpClient, HttpClient, HttpError, HttpErrorKind, LocalHttpClient, Request, Response, SharedHttpClient,
};

/// A client whose clock shows an hour that no other clock shows, and stands still.
struct Stopped;

const STOPPED: Option<Duration> = Some(Duration::from_secs(1 << 40));

impl HttpClient for Stopped {
    async fn send(&self, _request: Request) -> Result<Response, HttpError> {
        Err(HttpError::new(HttpErrorKind::Other))
    }

    async fn sleep(&self, _duration: Duration) {}

    fn now(&self) -> Option<Duration> {
        STOPPED
    }
}

impl BlockingHttpClient for Stopped {
    fn send(&self, _request: Request) -> Result<Response, HttpError> {
        Err(HttpError::new(HttpErrorKind::Other))
    }

    fn now(&self) -> Option<Duration> {
        STOPPED
    }
}

fn shared(client: impl HttpClient) -> Option<Duration> {
    client.now()
}

fn local(client: impl LocalHttpClient) -> Option<Duration> {
    client.now()
}

fn blocking(client: impl BlockingHttpClient) -> Option<Duration> {
    client.now()
}

#[test]
fn every_wrapper_passes_the_clock_on() {
    assert_eq!(shared(Stopped), STOPPED);
    assert_eq!(shared(Arc::new(Stopped)), STOPPED);
    assert_eq!(shared(SharedHttpClient::new(Stopped)), STOPPED);
    assert_eq!(shared(SharedHttpClient::new(Arc::new(Stopped))), STOPPED);
    assert_eq!(local(Stopped), STOPPED);
    assert_eq!(local(Rc::new(Stopped)), STOPPED);
    assert_eq!(blocking(Arc::new(Stopped)), STOPPED);
    let erased: Arc<dyn BlockingHttpClient + Send + Sync> = Arc::new(Stopped);
    assert_eq!(blocking(erased), STOPPED);
}

/// A client that brings no clock.
struct Plain;

impl BlockingHttpClient for Plain {
    fn send(&self, _request: Request) -> Result<Response, HttpError> {
        Err(HttpError::new(HttpErrorKind::Other))
    }
}

#[test]
fn a_client_without_a_clock_has_the_standard_library_s() {
    let before = Plain.now().expect("this machine has a clock");
    Plain.sleep(Duration::from_millis(5));
    assert!(Plain.now().expect("still") >= before + Duration::from_millis(5));
}
