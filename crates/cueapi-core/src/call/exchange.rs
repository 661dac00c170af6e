//! One request with its repetitions. Not generic, so that the retry and error code is in a program once.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use ::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header::CONTENT_TYPE};
use bytes::Bytes;
use cueapi_types::ApiError;

use crate::{
    config::{CallOptions, Config},
    endpoint::{Body, Endpoint, HeaderBuilder, PathBuilder, QueryBuilder, Repeat},
    error::{BuildError, Error},
    http::{AttemptTimeout, HttpError, MaxResponseBytes, Operation, Request, Response},
    retry::{self, AttemptOutcome, Decision},
};

/// A request, ready to be sent as often as the retry policy says.
pub(super) struct Exchange {
    operation: &'static str,
    repeat: Repeat,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
    config: Arc<Config>,
    options: CallOptions,
    attempts: u32,
    waited: Duration,
    /// Whether the server may have carried out an attempt that failed.
    fate_unknown: bool,
}

/// What comes next for a request.
pub(super) enum Next {
    Send(Request),
    Sleep(Duration),
    Done(Result<Answer, Error>),
}

/// A successful response, and how many attempts it took.
pub(super) struct Answer {
    pub(super) response: Response,
    pub(super) attempts: u32,
}

impl Exchange {
    pub(super) fn new<E: Endpoint>(
        endpoint: &E,
        config: Arc<Config>,
        options: CallOptions,
    ) -> Result<Self, BuildError> {
        let mut path = PathBuilder::default();
        endpoint.path(&mut path);
        let mut query = QueryBuilder::default();
        endpoint.query(&mut query);
        let mut headers = HeaderBuilder::default();
        endpoint.headers(&mut headers);
        Self::assemble(
            (E::ID, E::METHOD, E::REPEAT),
            path.finish()?,
            &query.finish(),
            headers.finish()?,
            endpoint.body()?,
            config,
            options,
        )
    }

    /// A second request of the same call; its attempts are counted on.
    pub(super) fn follow_up<E: Endpoint>(&self, endpoint: &E) -> Result<Self, BuildError> {
        let follow_up = Self::new(endpoint, Arc::clone(&self.config), self.options)?;
        Ok(Self {
            operation: self.operation,
            ..follow_up
        })
    }

    fn assemble(
        (operation, method, repeat): (&'static str, Method, Repeat),
        path: String,
        query: &str,
        own_headers: HeaderMap,
        body: Body,
        config: Arc<Config>,
        options: CallOptions,
    ) -> Result<Self, BuildError> {
        let uri = [config.base(), &path, query].concat();
        let uri = Uri::try_from(uri)
            .map_err(|error| BuildError::new("the ids and filters make a URL that is too long").with_source(error))?;
        let mut headers = config.headers().clone();
        headers.extend(own_headers);
        let body = match body {
            Body::Empty => Bytes::new(),
            Body::Json(json) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                json
            }
        };
        Ok(Self {
            operation,
            repeat,
            method,
            uri,
            headers,
            body,
            config,
            options,
            attempts: 0,
            waited: Duration::ZERO,
            fate_unknown: false,
        })
    }

    pub(super) fn step(&mut self, last: Option<Result<Response, HttpError>>) -> Next {
        let Some(result) = last else {
            return Next::Send(self.next_attempt());
        };
        let (outcome, result) = match result {
            Ok(response) if response.status().is_success() => return self.answer(response),
            Ok(response) if self.is_already_deleted(&response) => return self.answer(deleted()),
            Ok(response) => (
                AttemptOutcome::Answered(response.status(), asked_to_wait(&response)),
                Ok(response),
            ),
            Err(error) => (AttemptOutcome::Failed(error.kind()), Err(error)),
        };
        self.fate_unknown |= retry::fate_is_unknown(outcome);
        match self
            .options
            .retry
            .decide(self.repeat, outcome, self.attempts, self.waited, random())
        {
            Decision::RetryAfter(wait) => {
                self.waited = self.waited.saturating_add(wait);
                Next::Sleep(wait)
            }
            Decision::Stop => self.give_up(result),
        }
    }

    fn next_attempt(&mut self) -> Request {
        self.attempts += 1;
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        let extensions = request.extensions_mut();
        extensions.insert(AttemptTimeout(self.options.attempt_timeout));
        extensions.insert(MaxResponseBytes(self.options.max_response_bytes));
        extensions.insert(Operation::new(self.operation, self.attempts));
        request
    }

    fn answer(&self, response: Response) -> Next {
        Next::Done(Ok(Answer {
            response,
            attempts: self.attempts,
        }))
    }

    fn give_up(&self, result: Result<Response, HttpError>) -> Next {
        let error = match result {
            Ok(response) => Error::refused(self.operation, self.repeat, self.attempts, response, self.fate_unknown),
            Err(error) => Error::exchange(self.operation, self.repeat, self.attempts, error, self.fate_unknown),
        };
        Next::Done(Err(error))
    }

    /// A repeated DELETE finds nothing because an earlier attempt, whose answer was lost, has deleted it.
    fn is_already_deleted(&self, response: &Response) -> bool {
        self.fate_unknown && self.method == Method::DELETE && response.status() == StatusCode::NOT_FOUND
    }
}

/// The answer to a delete.
fn deleted() -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// Only a 429 names the limit's window in its body; looking into other bodies would be for nothing.
fn asked_to_wait(response: &Response) -> Option<Duration> {
    let api = (response.status() == StatusCode::TOO_MANY_REQUESTS)
        .then(|| ApiError::from_body(response.body()))
        .flatten();
    retry::after::wait(response.headers(), api.as_ref())
}

/// The standard library seeds its hash maps from the system; a waiting time needs nothing better.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}
