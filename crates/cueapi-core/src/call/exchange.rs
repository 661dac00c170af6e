//! One request with its repetitions. Not generic, so that the retry and error code is in a program once.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use ::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header::CONTENT_TYPE};
use cueapi_types::ErrorCode;

use super::{budget::Budget, redirect};
use crate::{
    config::{CallOptions, Config},
    echo::{self, BodyVerification},
    endpoint::{Body, Endpoint, FromResponse, HeaderBuilder, PathBuilder, QueryBuilder, Repeat},
    error::{BuildError, Error, MAX_ERROR_BYTES, Refusal},
    http::{AttemptTimeout, HttpError, HttpErrorKind, MaxErrorBytes, MaxResponseBytes, Operation, Request, Response},
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
    budget: Budget,
    /// Whether the server may have carried out an attempt that failed.
    fate_unknown: bool,
    /// How the attempt before this wait ended.
    last_failure: Option<Failure>,
}

/// How a request is treated, in the words of its endpoint.
#[derive(Clone, Copy)]
struct Rules {
    operation: &'static str,
    repeat: Repeat,
    authenticated: bool,
    is_answer: fn(StatusCode) -> bool,
    done_when: &'static [ErrorCode],
}

/// How an attempt ended that did not succeed.
enum Failure {
    Refused(Box<Refusal>),
    Failed(HttpError),
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
            done_when: E::DONE_WHEN,
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

    /// A second request of the same call. It shares the call's attempts, waits and total time: it is sent once whatever is
    /// left of the attempts, and repeated only within them.
    pub(super) fn follow_up<E: Endpoint>(&self, endpoint: &E) -> Result<Self, BuildError> {
        let options = CallOptions {
            verify_body: false,
            ..self.options
        };
        let mut follow_up = Self::new(endpoint, Arc::clone(&self.config), options)?;
        follow_up.rules.operation = self.rules.operation;
        follow_up.attempts = self.attempts;
        follow_up.waited = self.waited;
        follow_up.budget = self.budget;
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
            budget: Budget::new(options.total_timeout),
            options,
            attempts: 0,
            waited: Duration::ZERO,
            fate_unknown: false,
            last_failure: None,
        })
    }

    pub(super) fn step(&mut self, now: Option<Duration>, last: Option<Result<Response, HttpError>>) -> Next {
        self.budget.read(now);
        let failure = match last {
            None => return self.next_attempt(),
            Some(Ok(response)) if (self.rules.is_answer)(response.status()) => return self.answer(response),
            Some(Ok(response)) => Failure::Refused(Box::new(Refusal::read(response))),
            Some(Err(error)) => Failure::Failed(error),
        };
        let outcome = failure.outcome();
        self.fate_unknown |= retry::fate_is_unknown(outcome);
        match self
            .options
            .retry
            .decide(self.rules.repeat, outcome, self.attempts, self.waited, random())
        {
            Decision::RetryAfter(wait) if self.budget.allows(wait) => {
                self.waited = self.waited.saturating_add(wait);
                self.budget.count(wait);
                self.last_failure = Some(failure);
                Next::Sleep(wait)
            }
            Decision::RetryAfter(_) => self.give_up(failure, true),
            Decision::Stop => self.give_up(failure, false),
        }
    }

    fn next_attempt(&mut self) -> Next {
        let limit = self.budget.cut(self.options.attempt_timeout);
        let failure = self.last_failure.take();
        if limit.is_zero() && self.options.total_timeout.is_some() {
            let failure = failure.unwrap_or_else(|| Failure::Failed(HttpError::new(HttpErrorKind::Timeout)));
            return self.give_up(failure, true);
        }
        self.budget.count(limit);
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
        extensions.insert(AttemptTimeout(limit));
        extensions.insert(MaxResponseBytes(self.options.max_response_bytes));
        extensions.insert(MaxErrorBytes(MAX_ERROR_BYTES));
        extensions.insert(Operation::new(self.rules.operation, self.attempts));
        extensions.insert(self.rules.repeat);
        Next::Send(request)
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

    /// Whether this error refuses the repeat of what an earlier attempt may have done, because it is done.
    pub(super) fn is_refused_repeat(&self, error: &Error) -> bool {
        error.may_have_executed() && error.api().is_some_and(|api| self.rules.done_when.contains(&api.code))
    }

    fn give_up(&self, failure: Failure, out_of_time: bool) -> Next {
        let Rules { operation, repeat, .. } = self.rules;
        let error = match failure {
            Failure::Refused(refusal) => {
                let redirect = redirect::explain(&refusal, self.config.base(), &self.uri);
                Error::refused(operation, repeat, self.attempts, *refusal, redirect, self.fate_unknown)
            }
            Failure::Failed(error) => {
                Error::exchange(operation, repeat, self.attempts, &self.uri, error, self.fate_unknown)
            }
        };
        Next::Done(Err(if out_of_time { error.out_of_time() } else { error }))
    }
}

impl Failure {
    fn outcome(&self) -> AttemptOutcome {
        match self {
            Self::Refused(refusal) => AttemptOutcome::Answered(refusal.status(), refusal.retry_after()),
            Self::Failed(error) => AttemptOutcome::Failed(error.kind()),
        }
    }
}

/// The standard library seeds its hash maps from the system; a waiting time needs nothing better.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}
