//! Answers that are ordered, and answers that do not come whole.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::{Body, to_bytes},
    response::Response,
};
use bytes::Bytes;
use http::header;
use http_body::Frame;
use jiff::fmt::rfc2822::DateTimePrinter;
use tokio::time::Sleep;

use super::{CallFault, RetryAfter};
use crate::http::{Reply, ordered};

/// The answer that a fault gives in the server's place.
pub(crate) fn ordered_reply(fault: &CallFault) -> Reply {
    match fault {
        CallFault::RateLimited(retry_after) => ordered(429, retry_after.map(spell)),
        CallFault::Error(status) | CallFault::ErrorAfter(status) => ordered(*status, None),
        _ => Reply::Crash,
    }
}

fn spell(retry_after: RetryAfter) -> String {
    match retry_after {
        RetryAfter::Seconds(seconds) => seconds.to_string(),
        RetryAfter::At(moment) => DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&moment)
            .unwrap_or_default(),
    }
}

/// The answer with a body that comes byte after byte, or breaks off after half; `None` when there is
/// nothing to break.
pub(crate) async fn trickle(answer: Response, fault: &CallFault) -> Option<Response> {
    let (mut head, body) = answer.into_parts();
    let whole = to_bytes(body, usize::MAX).await.ok()?;
    let (step, pause, size) = match fault {
        CallFault::AnswerSlow(pause) => (1, *pause, whole.len()),
        _ => (whole.len() / 2, Duration::from_millis(1), whole.len() / 2),
    };
    if whole.is_empty() {
        let slow = matches!(fault, CallFault::AnswerSlow(_));
        return slow.then(|| Response::from_parts(head, Body::empty()));
    }
    head.headers.insert(header::CONTENT_LENGTH, whole.len().into());
    let body = Body::new(Trickle {
        cut: size < whole.len(),
        rest: whole.slice(..size),
        step: step.max(1),
        pause,
        wait: Box::pin(tokio::time::sleep(Duration::ZERO)),
    });
    Some(Response::from_parts(head, body))
}

struct Trickle {
    rest: Bytes,
    step: usize,
    pause: Duration,
    wait: Pin<Box<Sleep>>,
    cut: bool,
}

impl http_body::Body for Trickle {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        // What was given before is on its way when this waits.
        ready!(self.wait.as_mut().poll(cx));
        self.wait = Box::pin(tokio::time::sleep(self.pause));
        if self.rest.is_empty() {
            return Poll::Ready(self.cut.then(|| Err(io::ErrorKind::ConnectionReset.into())));
        }
        let step = self.step.min(self.rest.len());
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(step)))))
    }
}
