//! Receivers inside this process: deliveries reach them without a socket.

use std::{
    any::Any,
    collections::HashMap,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
};

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, Uri, header};
use jiff::SignedDuration;
use url::{Origin, Url};

/// What a receiver made of a request.
pub(crate) enum Received {
    Answer(Answer),
    /// There is no answer.
    HungUp,
    /// There is no answer, because the receiver panicked with this message.
    Panicked(Box<str>),
}

/// `None` when there is no answer.
type Answering = Pin<Box<dyn Future<Output = Option<Answer>> + Send>>;

pub(crate) type Receiver = Arc<dyn Fn(Request<Bytes>) -> Answering + Send + Sync>;

/// What a handler answers: [`http::Response`] or only [`StatusCode`], since a server looks at
/// nothing else, but for the `Retry-After` of a message's receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<SignedDuration>,
}

impl From<StatusCode> for Answer {
    fn from(status: StatusCode) -> Self {
        Self {
            status,
            retry_after: None,
        }
    }
}

impl<B> From<http::Response<B>> for Answer {
    fn from(response: http::Response<B>) -> Self {
        Self {
            status: response.status(),
            retry_after: retry_after(response.headers()),
        }
    }
}

/// Whole seconds; a date is not understood.
fn retry_after(headers: &http::HeaderMap) -> Option<SignedDuration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    let seconds: u32 = value.trim().parse().ok()?;
    Some(SignedDuration::from_secs(seconds.into()))
}

/// The receivers by the scheme, host and port that they stand for.
#[derive(Clone, Default)]
pub(crate) struct Receivers(HashMap<Origin, Receiver>);

impl Receivers {
    /// # Panics
    ///
    /// When `origin` is not the start of an http or https URL.
    #[track_caller]
    pub(crate) fn add(&mut self, origin: &str, receiver: Receiver) {
        match Url::parse(origin) {
            Ok(url) if url.origin().is_tuple() && url.path() == "/" => self.0.insert(url.origin(), receiver),
            _ => panic!("{origin:?} is not an origin such as http://jobs.test"),
        };
    }

    /// The one that stands for this URL's origin.
    pub(crate) fn find(&self, url: &str) -> Option<Receiver> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&Url::parse(url).ok()?.origin()).cloned()
    }
}

pub(crate) fn handler<H, F, A>(handler: H) -> Receiver
where
    H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = A> + Send + 'static,
    A: Into<Answer>,
{
    Arc::new(move |request| {
        let answering = handler(request);
        Box::pin(async move { Some(answering.await.into()) })
    })
}

#[cfg(feature = "tower")]
pub(crate) fn service<S, B>(service: S) -> Receiver
where
    S: tower_service::Service<Request<http_body_util::Full<Bytes>>, Response = http::Response<B>>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data: Send> + Send,
{
    use http_body_util::BodyExt as _;

    // A service need not be Sync; cloning it takes no time.
    let service = std::sync::Mutex::new(service);
    Arc::new(move |request| {
        let mut service = service
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone();
        Box::pin(async move {
            poll_fn(|cx| service.poll_ready(cx)).await.ok()?;
            let answer = service.call(request.map(http_body_util::Full::new)).await.ok()?;
            let (head, body) = answer.into_parts();
            // The answer counts when it is complete.
            body.collect().await.ok()?;
            Some(Answer::from(http::Response::from_parts(head, ())))
        })
    })
}

/// Hands a request over as a server would get it from the network.
pub(crate) async fn receive(receiver: &Receiver, mut request: Request<Bytes>) -> Received {
    as_received(&mut request);
    let answering = catch_unwind(AssertUnwindSafe(|| receiver(request)));
    let mut answering = match answering {
        Ok(answering) => answering,
        Err(panic) => return Received::Panicked(message(&*panic)),
    };
    let answered = poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| answering.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => std::task::Poll::Ready(Err(message(&*panic))),
        },
    );
    match answered.await {
        Ok(Some(answer)) => Received::Answer(answer),
        Ok(None) => Received::HungUp,
        Err(message) => Received::Panicked(message),
    }
}

/// With `Host` and `Content-Length`, and a path for a target.
fn as_received(request: &mut Request<Bytes>) {
    let host = (request.uri().authority())
        .map(|authority| authority.as_str())
        .and_then(|host| HeaderValue::from_str(host.rsplit('@').next().unwrap_or(host)).ok());
    if let Some(host) = host {
        request.headers_mut().entry(header::HOST).or_insert(host);
    }
    let length = request.body().len();
    if length > 0 {
        request.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    }
    let target = request.uri().path_and_query().cloned();
    *request.uri_mut() = target.map(Uri::from).unwrap_or_default();
}

fn message(panic: &(dyn Any + Send)) -> Box<str> {
    let text = (panic.downcast_ref::<&str>().copied()).or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a value that is no text").into()
}
