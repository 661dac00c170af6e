//! One request with its repetitions. Not generic, so that the retry and error code is in a program once.

use std::{
    any::TypeId,
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use ::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header::CONTENT_TYPE};
use bytes::Bytes;
use cueapi_types::ApiError;

use crate::{
    config::{CallOptions, Config},
    echo::{self, BodyVerification},
    endpoint::{Body, Endpoint, FromResponse, HeaderBuilder, PathBuilder, QueryBuilder, Repeat},
    error::{BuildError, Error},
    http::{AttemptTimeout, HttpError, MaxResponseBytes, Operation, Request, Response},
    retry::{self, AttemptOutcome, Decision},
};

/// A request, ready to be sent as often as the retry policy says.
pub(super) struct Exchange {
    rules: Rules,
    method: Method,
    uri: Uri,
    /// Those of the operation; the client's are added to each attempt, so that a call which is sent once copies them once.
    own_headers: HeaderMap,
    body: Body,
    config: Arc<Config>,
    options: CallOptions,
    attempts: u32,
    waited: Duration,
    /// Whether the server may have carried out an attempt that failed.
    fate_unknown: bool,
}

/// How a request is treated, in the words of its endpoint.
#[derive(Clone, Copy)]
struct Rules {
    operation: &'static str,
    repeat: Repeat,
    authenticated: bool,
    is_answer: fn(StatusCode) -> bool,
    /// Whether a repeated delete that finds nothing has its answer: nothing was to be told about what is gone.
    absence_is_success: bool,
}

/// What comes next for a request.
pub(super) enum Next {
    Send(Request),
    Sleep(Duration),
    Done(Result<Answer, Error>),
}

/// A successful response, how many attempts it took, and whether it says that the body arrived.
pub(super) struct Answer {
    pub(super) response: Response,
    pub(super) attempts: u32,
    pub(super) verification: BodyVerification,
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
        let rules = Rules {
            operation: E::ID,
            repeat: endpoint.repeat(),
            authenticated: E::AUTHENTICATED,
            is_answer: E::Output::is_answer,
            absence_is_success: E::METHOD == Method::DELETE && TypeId::of::<E::Output>() == TypeId::of::<()>(),
        };
        Self::assemble(
            rules,
            E::METHOD,
            (path, query, headers),
            endpoint.body(),
            config,
            options,
        )
    }

    /// A second request of the same call; its attempts are counted on.
    pub(super) fn follow_up<E: Endpoint>(&self, endpoint: &E) -> Result<Self, BuildError> {
        let options = CallOptions {
            verify_body: false,
            ..self.options
        };
        let mut follow_up = Self::new(endpoint, Arc::clone(&self.config), options)?;
        follow_up.rules.operation = self.rules.operation;
        Ok(follow_up)
    }

    fn assemble(
        rules: Rules,
        method: Method,
        (path, query, headers): (PathBuilder, QueryBuilder, HeaderBuilder),
        body: Result<Body, BuildError>,
        config: Arc<Config>,
        options: CallOptions,
    ) -> Result<Self, BuildError> {
        let uri = [config.base(), &path.finish()?, &query.finish()].concat();
        let own_headers = headers.finish()?;
        let body = body?;
        let uri = Uri::try_from(uri)
            .map_err(|error| BuildError::new("the ids and filters make a URL that is too long").with_source(error))?;
        if rules.authenticated {
            config.check_key()?;
        }
        Ok(Self {
            rules,
            method,
            uri,
            own_headers,
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
            Ok(response) if (self.rules.is_answer)(response.status()) => return self.answer(response),
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
            .decide(self.rules.repeat, outcome, self.attempts, self.waited, random())
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
        let mut headers = self.config.headers(self.rules.authenticated);
        if matches!(self.body, Body::Json(_)) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if !self.own_headers.is_empty() {
            headers.extend(self.own_headers.clone());
        }
        if self.options.verify_body {
            headers.insert("x-cueapi-verify-echo", HeaderValue::from_static("true"));
        }
        let mut request = Request::new(self.body.bytes());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = headers;
        let extensions = request.extensions_mut();
        extensions.insert(AttemptTimeout(self.options.attempt_timeout));
        extensions.insert(MaxResponseBytes(self.options.max_response_bytes));
        extensions.insert(Operation::new(self.rules.operation, self.attempts));
        request
    }

    fn answer(&self, response: Response) -> Next {
        let Rules { operation, repeat, .. } = self.rules;
        let verification = match self.options.verify_body {
            true => echo::verify(&self.body.bytes(), response.body()),
            false => Ok(BodyVerification::NotAsked),
        };
        Next::Done(match verification {
            Ok(verification) => Ok(Answer {
                response,
                attempts: self.attempts,
                verification,
            }),
            Err(mismatch) => Err(Error::body_differs(
                operation,
                repeat,
                self.attempts,
                response,
                mismatch,
            )),
        })
    }

    /// Whether this error says no to the repeat of a write that an earlier attempt may have made.
    pub(super) fn is_refused_repeat(&self, error: &Error) -> bool {
        self.rules.repeat == Repeat::WriteOnce
            && error.may_have_executed()
            && error.status() == Some(StatusCode::CONFLICT)
    }

    fn give_up(&self, result: Result<Response, HttpError>) -> Next {
        let Rules { operation, repeat, .. } = self.rules;
        let error = match result {
            Ok(response) => Error::refused(operation, repeat, self.attempts, response, self.fate_unknown),
            Err(error) => Error::exchange(operation, repeat, self.attempts, &self.uri, error, self.fate_unknown),
        };
        Next::Done(Err(error))
    }

    /// A repeated DELETE finds nothing because an earlier attempt, whose answer was lost, has deleted it.
    fn is_already_deleted(&self, response: &Response) -> bool {
        self.fate_unknown && self.rules.absence_is_success && response.status() == StatusCode::NOT_FOUND
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
