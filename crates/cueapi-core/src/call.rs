//! One call from its endpoint to its result, as a machine that does no I/O: it says what to send and how long to sleep.
//!
//! The async and the blocking client are loops of a few lines around it.

mod budget;
mod decode;
mod exchange;
mod machine;
mod redirect;

use std::{fmt, sync::Arc, time::Duration};

use ::http::Method;

pub(crate) use self::decode::{decode, without_mark};
use self::{
    exchange::{Answer, Exchange},
    machine::{Machine, Move},
};
use crate::{
    api::executions::GetExecution,
    config::{CallOptions, Config},
    endpoint::{Endpoint, FromResponse, State},
    error::{BuildError, Error},
    http::{HttpError, Request, Response},
    reply::Reply,
    settle::{Judgement, ReadBack},
};

/// One call of an endpoint: a state machine without I/O, made by [`Pending::into_call`](crate::Pending::into_call).
///
/// ```
/// use cueapi_core::{Client, call::Step, testing::{ReplayClient, json}};
///
/// let client = ReplayClient::new([]).client();
/// let mut call = client.workers().delete("worker-1").into_call();
/// let clock = std::time::Instant::now();
///
/// let Step::Send(request) = call.step(Some(clock.elapsed()), None) else { panic!("the first step sends") };
/// assert_eq!(request.uri().path(), "/v1/workers/worker-1");
///
/// let response = http::Response::builder().status(204).body(bytes::Bytes::new()).unwrap();
/// let Step::Done(result) = call.step(Some(clock.elapsed()), Some(Ok(response))) else { panic!("204 is the end") };
/// assert!(result.is_ok());
/// ```
pub struct Call<E> {
    endpoint: E,
    machine: Machine,
}

/// What the driver of a [`Call`] does next.
///
/// ```
/// use cueapi_core::{call::Step, testing::ReplayClient};
///
/// let mut call = ReplayClient::default().client().workers().list().into_call();
/// let Step::Send(request) = call.step(None, None) else { panic!("the first step sends") };
/// assert_eq!(format!("{:?}", Step::<()>::Send(request)), "Send(GET /v1/workers)");
/// ```
pub enum Step<T> {
    /// Make this exchange and pass its result to the next step.
    Send(Request),
    /// Wait this long, then step on with `None`.
    Sleep(Duration),
    /// The call is over.
    Done(Result<Reply<T>, Error>),
}

impl<E: Endpoint> Call<E> {
    pub(crate) fn new(endpoint: E, config: Arc<Config>, options: CallOptions, error: Option<BuildError>) -> Self {
        let exchange = match error {
            Some(error) => Err(error),
            None => Exchange::new(&endpoint, config, options),
        };
        let machine = Machine::new(E::ID, exchange);
        Self { endpoint, machine }
    }

    /// Takes what came of the last step (`None` at the start and after a sleep) and returns what is next.
    ///
    /// `now` is the time since any fixed point, by a clock that never goes back. The total time of the call is measured by
    /// it. Without a clock, pass `None`: then the waits and the full time limits of the attempts are added up.
    pub fn step(&mut self, now: Option<Duration>, last: Option<Result<Response, HttpError>>) -> Step<E::Output> {
        match self.machine.step(now, last) {
            Move::Send(request) => Step::Send(request),
            Move::Sleep(duration) => Step::Sleep(duration),
            Move::Answered(answer) => Step::Done(decoded(&self.endpoint, answer)),
            Move::Failed(error) => Step::Done(Err(error)),
            Move::RepeatRefused(refusal) => self.settle(now, refusal),
            Move::ReadBack(answer, refusal) => Step::Done(self.judge(answer, refusal)),
        }
    }

    fn settle(&mut self, now: Option<Duration>, refusal: Error) -> Step<E::Output> {
        match settled(&self.endpoint, &refusal) {
            State::Done(value) => Step::Done(Ok(Reply {
                value,
                meta: refusal.into_meta(),
            })),
            State::Unknown => Step::Done(Err(refusal)),
            State::ReadBack(ReadBack { execution, .. }) => match self.machine.read_back(now, execution, refusal) {
                Ok(request) => Step::Send(request),
                Err(refusal) => Step::Done(Err(refusal)),
            },
        }
    }

    fn judge(&self, answer: Answer, refusal: Error) -> Result<Reply<E::Output>, Error> {
        let State::ReadBack(ReadBack { execution, judge }) = settled(&self.endpoint, &refusal) else {
            return Err(refusal);
        };
        let execution = match decoded(&GetExecution::new(execution), answer) {
            Ok(execution) => execution,
            Err(error) => return Err(refusal.with_source(error)),
        };
        match judge(execution.value) {
            Judgement::Ours(value) => Ok(Reply {
                value,
                meta: execution.meta,
            }),
            Judgement::Theirs(outcome) => Err(refusal.certainly_not_executed().with_recorded_outcome(outcome)),
            Judgement::Unknown => Err(refusal),
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

fn settled<'a, E: Endpoint>(endpoint: &'a E, refusal: &Error) -> State<'a, E::Output> {
    match refusal.api() {
        Some(api) => endpoint.settle(api).0,
        None => State::Unknown,
    }
}

fn decoded<E: Endpoint>(endpoint: &E, answer: Answer) -> Result<Reply<E::Output>, Error> {
    let value = E::Output::from_response(&answer.response).or_else(|error| match E::METHOD {
        // What is deleted is deleted, whatever a server says beside that.
        Method::DELETE => nothing().ok_or(error),
        _ => Err(error),
    });
    match value {
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

/// What stands for an answer that says nothing.
fn nothing<T: FromResponse>() -> Option<T> {
    let read = |body: &'static str| T::from_response(&Response::new(body.into())).ok();
    read("").or_else(|| read("{}"))
}
