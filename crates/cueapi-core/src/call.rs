//! One call from its endpoint to its result, as a machine that does no I/O: it says what to send and how long to sleep.
//!
//! The async and the blocking client are loops of a few lines around it.

mod decode;
mod exchange;

use std::{fmt, sync::Arc};

pub(crate) use self::decode::decode;
use self::exchange::{Answer, Exchange, Next};
use crate::{
    api::executions::GetExecution,
    config::{CallOptions, Config},
    endpoint::{Endpoint, FromResponse, Judgement, Repeat},
    error::{BuildError, Error},
    http::{HttpError, Request, Response},
    reply::Reply,
};

/// One call of an endpoint: a state machine without I/O, made by [`Pending::into_call`](crate::Pending::into_call).
///
/// ```
/// use cueapi_core::{Client, call::Step, testing::{ReplayClient, json}};
///
/// let client = ReplayClient::new([]).client();
/// let mut call = client.workers().delete("worker-1").into_call();
///
/// let Step::Send(request) = call.step(None) else { panic!("the first step sends") };
/// assert_eq!(request.uri().path(), "/v1/workers/worker-1");
///
/// let response = http::Response::builder().status(204).body(bytes::Bytes::new()).unwrap();
/// let Step::Done(result) = call.step(Some(Ok(response))) else { panic!("204 is the end") };
/// assert!(result.is_ok());
/// ```
pub struct Call<E> {
    endpoint: E,
    phase: Phase,
}

/// What the driver of a [`Call`] does next.
pub enum Step<T> {
    /// Make this exchange and pass its result to the next step.
    Send(Request),
    /// Wait this long, then step on with `None`.
    Sleep(std::time::Duration),
    /// The call is over.
    Done(Result<Reply<T>, Error>),
}

enum Phase {
    /// The request could not be built.
    Unsendable(BuildError),
    /// The operation itself.
    Operation(Exchange),
    /// A repeated write was refused: find out whether the first one was ours.
    ReadBack {
        exchange: Exchange,
        refusal: Error,
    },
    Over,
}

impl<E: Endpoint> Call<E> {
    pub(crate) fn new(endpoint: E, config: Arc<Config>, options: CallOptions, error: Option<BuildError>) -> Self {
        let exchange = match error {
            Some(error) => Err(error),
            None => Exchange::new(&endpoint, config, options),
        };
        let phase = match exchange {
            Ok(exchange) => Phase::Operation(exchange),
            Err(error) => Phase::Unsendable(error),
        };
        Self { endpoint, phase }
    }

    /// Takes what came of the last step (`None` at the start and after a sleep) and says what is next.
    pub fn step(&mut self, last: Option<Result<Response, HttpError>>) -> Step<E::Output> {
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Unsendable(error) => Step::Done(Err(Error::build(E::ID, error))),
            Phase::Operation(mut exchange) => match exchange.step(last) {
                Next::Send(request) => {
                    self.phase = Phase::Operation(exchange);
                    Step::Send(request)
                }
                Next::Sleep(duration) => {
                    self.phase = Phase::Operation(exchange);
                    Step::Sleep(duration)
                }
                Next::Done(Ok(answer)) => Step::Done(decoded(&self.endpoint, answer)),
                Next::Done(Err(refusal)) => self.after_refusal(exchange, refusal),
            },
            Phase::ReadBack { mut exchange, refusal } => match exchange.step(last) {
                Next::Send(request) => {
                    self.phase = Phase::ReadBack { exchange, refusal };
                    Step::Send(request)
                }
                Next::Sleep(duration) => {
                    self.phase = Phase::ReadBack { exchange, refusal };
                    Step::Sleep(duration)
                }
                Next::Done(Ok(answer)) => Step::Done(self.judge(answer, refusal)),
                Next::Done(Err(error)) => Step::Done(Err(refusal.with_source(error))),
            },
            Phase::Over => Step::Done(Err(Error::build(
                E::ID,
                BuildError::new("this call is over: make a new one"),
            ))),
        }
    }

    /// A refused repeat of a write whose first attempt may have arrived is looked into; any other refusal is final.
    fn after_refusal(&mut self, exchange: Exchange, refusal: Error) -> Step<E::Output> {
        let refused_repeat = self.endpoint.repeat() == Repeat::WriteOnce
            && refusal.may_have_executed()
            && refusal.status() == Some(::http::StatusCode::CONFLICT);
        let Some(read_back) = self.endpoint.read_back().filter(|_| refused_repeat) else {
            return Step::Done(Err(refusal));
        };
        let mut exchange = match exchange.follow_up(&GetExecution::new(read_back.execution)) {
            Ok(exchange) => exchange,
            Err(_) => return Step::Done(Err(refusal)),
        };
        let Next::Send(request) = exchange.step(None) else {
            return Step::Done(Err(refusal));
        };
        self.phase = Phase::ReadBack { exchange, refusal };
        Step::Send(request)
    }

    fn judge(&self, answer: Answer, refusal: Error) -> Result<Reply<E::Output>, Error> {
        let Some(read_back) = self.endpoint.read_back() else {
            return Err(refusal);
        };
        let execution = decoded(&GetExecution::new(read_back.execution), answer)?;
        match (read_back.judge)(execution.value) {
            Judgement::Ours(value) => Ok(Reply {
                value,
                meta: execution.meta,
            }),
            Judgement::Theirs(outcome) => Err(refusal.certainly_not_executed().with_recorded_outcome(outcome)),
            Judgement::Nobodys => Err(refusal),
        }
    }
}

impl<E: Endpoint> fmt::Debug for Call<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("operation", &E::ID)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Step<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(request) => write!(f, "Send({} {})", request.method(), request.uri().path()),
            Self::Sleep(duration) => write!(f, "Sleep({duration:?})"),
            Self::Done(Ok(_)) => f.write_str("Done(Ok)"),
            Self::Done(Err(error)) => write!(f, "Done(Err({error:?}))"),
        }
    }
}

fn decoded<E: Endpoint>(endpoint: &E, answer: Answer) -> Result<Reply<E::Output>, Error> {
    match E::Output::from_response(&answer.response) {
        Ok(value) => Ok(Reply::new(value, answer.response, answer.attempts, answer.verification)),
        Err(error) => Err(Error::decode(
            E::ID,
            endpoint.repeat(),
            answer.attempts,
            answer.response,
            error.to_string(),
        )),
    }
}
