//! What a call does next, whatever its endpoint is. Not generic, so that it is in a program once.

use std::time::Duration;

use cueapi_types::ExecutionId;

use super::exchange::{Answer, Exchange, Next};
use crate::{
    api::executions::GetExecution,
    error::{BuildError, Error},
    http::{HttpError, Request, Response},
};

pub(super) struct Machine {
    operation: &'static str,
    phase: Phase,
}

enum Phase {
    /// The request could not be built.
    Unsendable(BuildError),
    /// The operation itself.
    Operation(Exchange),
    /// A repeat was refused because it is done: find out by whom.
    ReadBack {
        exchange: Exchange,
        refusal: Error,
    },
    Over,
}

/// A step of a call, without what only its endpoint knows.
pub(super) enum Move {
    Send(Request),
    Sleep(Duration),
    Answered(Answer),
    Failed(Error),
    /// A repeat was refused with a code that means that it is done; the endpoint may know more.
    RepeatRefused(Error),
    /// What stands on the server, and the refusal that it was read for.
    ReadBack(Answer, Error),
}

impl Machine {
    pub(super) fn new(operation: &'static str, exchange: Result<Exchange, BuildError>) -> Self {
        let phase = match exchange {
            Ok(exchange) => Phase::Operation(exchange),
            Err(error) => Phase::Unsendable(error),
        };
        Self { operation, phase }
    }

    pub(super) fn step(&mut self, now: Option<Duration>, last: Option<Result<Response, HttpError>>) -> Move {
        let exchange = match &mut self.phase {
            Phase::Operation(exchange) | Phase::ReadBack { exchange, .. } => exchange,
            Phase::Unsendable(_) | Phase::Over => return Move::Failed(self.unsendable()),
        };
        let result = match exchange.step(now, last) {
            Next::Send(request) => return Move::Send(request),
            Next::Sleep(duration) => return Move::Sleep(duration),
            Next::Done(result) => result,
        };
        let refused_repeat = matches!(&result, Err(error) if exchange.is_refused_repeat(error));
        match (std::mem::replace(&mut self.phase, Phase::Over), result) {
            (Phase::ReadBack { refusal, .. }, Ok(answer)) => Move::ReadBack(answer, refusal),
            (Phase::ReadBack { refusal, .. }, Err(error)) => Move::Failed(refusal.with_source(error)),
            (_, Ok(answer)) => Move::Answered(answer),
            (operation, Err(refusal)) if refused_repeat => {
                self.phase = operation;
                Move::RepeatRefused(refusal)
            }
            (_, Err(error)) => Move::Failed(error),
        }
    }

    /// After a refused repeat: the request that reads what stands on the server, or the refusal, where that cannot be read.
    pub(super) fn read_back(
        &mut self,
        now: Option<Duration>,
        execution: &ExecutionId,
        refusal: Error,
    ) -> Result<Request, Error> {
        let operation = std::mem::replace(&mut self.phase, Phase::Over);
        let Phase::Operation(operation) = operation else {
            return Err(refusal);
        };
        let Ok(mut exchange) = operation.follow_up(&GetExecution::new(execution)) else {
            return Err(refusal);
        };
        let Next::Send(request) = exchange.step(now, None) else {
            return Err(refusal);
        };
        self.phase = Phase::ReadBack { exchange, refusal };
        Ok(request)
    }

    fn unsendable(&mut self) -> Error {
        let error = match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Unsendable(error) => error,
            _ => BuildError::new("this call is over: make a new one"),
        };
        Error::build(self.operation, error)
    }
}
