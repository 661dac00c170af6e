//! The time of an attempt, and whether it ran out while no connection was there yet: then nothing was sent.
//!
//! reqwest does not tell, but its connector can be watched. The future that connects is part of the future of the call
//! until one of both has brought a connection; a call that is dropped together with an unfinished one has sent nothing.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use cueapi_core::http::{HttpError, HttpErrorKind, Response};
use tower_layer::Layer;
use tower_service::Service;

tokio::task_local! {
    /// Set where a future of this call, and of no other, is dropped while it connects.
    static GAVE_UP_CONNECTING: Arc<AtomicBool>;
}

/// Makes an exchange within its time.
pub(crate) async fn within(
    timeout: Duration,
    exchange: impl Future<Output = Result<Response, HttpError>>,
) -> Result<Response, HttpError> {
    let gave_up_connecting = Arc::new(AtomicBool::new(false));
    let exchange = GAVE_UP_CONNECTING.scope(Arc::clone(&gave_up_connecting), exchange);
    let result = match tokio::time::timeout(timeout, exchange).await {
        Ok(result) => result,
        Err(elapsed) => Err(HttpError::new(HttpErrorKind::Timeout).with_source(elapsed)),
    };
    match result {
        Err(error) if error.kind() == HttpErrorKind::Timeout && gave_up_connecting.load(Ordering::Relaxed) => {
            Err(HttpError::new(HttpErrorKind::Connect).with_source("the time of the attempt was up"))
        }
        result => result,
    }
}

/// Notes when connecting is given up before its end.
#[derive(Clone)]
pub(crate) struct Watch;

#[derive(Clone)]
pub(crate) struct Watched<S>(S);

impl<S> Layer<S> for Watch {
    type Service = Watched<S>;

    fn layer(&self, connector: S) -> Watched<S> {
        Watched(connector)
    }
}

impl<S, R> Service<R> for Watched<S>
where
    S: Service<R, Future: Send + 'static>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, server: R) -> Self::Future {
        let (connecting, unfinished) = (self.0.call(server), Unfinished);
        Box::pin(async move {
            let connected = connecting.await;
            std::mem::forget(unfinished);
            connected
        })
    }
}

struct Unfinished;

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Elsewhere than in a call it went on in the background, and says nothing about any.
        let _ = GAVE_UP_CONNECTING.try_with(|gave_up| gave_up.store(true, Ordering::Relaxed));
    }
}
