//! Plays cases to a client and judges what comes of them.

use std::{
    pin::pin,
    task::Poll,
    time::{Duration, Instant},
};

use super::{
    case::{Call, Case, Step, check, check_flood},
    report::Outcome,
    server::{PATIENCE, Seen, Server},
};
use crate::http::LocalHttpClient;

/// How often an async client looks whether something has happened at the server.
const TICK: Duration = Duration::from_millis(2);

pub(super) async fn all<C: LocalHttpClient>(client: &C, cases: Vec<Case>) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(cases.len());
    for case in cases {
        let failure = play(client, &case).await.err();
        outcomes.push(Outcome {
            name: case.name,
            reason: case.reason,
            failure,
        });
    }
    outcomes
}

async fn play<C: LocalHttpClient>(client: &C, case: &Case) -> Result<(), String> {
    let mut server = Server::start(case.replies.clone()).map_err(|error| format!("no server on loopback: {error}"))?;
    let mut sent = Vec::new();
    for step in &case.steps {
        match step {
            Step::Call(one) => {
                call(client, &server, one).await?;
                sent.push(one);
            }
            Step::AtOnce(first, second) => {
                let (a, b) = both(call(client, &server, first), call(client, &server, second)).await;
                a.and(b)?;
                sent.extend([first, second]);
            }
            Step::Abandon(one) => {
                abandon(client, &server, one).await?;
                sent.push(one);
            }
            Step::StopServer => server.stop(),
            Step::AwaitClose => {
                server.let_close();
                let closed = until(client, &server, |seen| seen.closed > 0).await;
                check(closed, || {
                    "expected the server's script to close the connection, it did not".to_owned()
                })?;
            }
            Step::AwaitCloseBusy => {
                // Lets the connection come to rest in the client's pool first.
                client.sleep(10 * TICK).await;
                server.let_close();
                let closed = server.block_until(|seen| seen.closed > 0);
                check(closed, || {
                    "expected the server's script to close the connection, it did not".to_owned()
                })?;
            }
            Step::FloodWasCut => {
                until(client, &server, |seen| seen.flooded.is_some()).await;
                check_flood(server.seen().flooded)?;
            }
            Step::Sleep(duration) => {
                let (started, clock) = (Instant::now(), client.now());
                client.sleep(*duration).await;
                let (slept, clock) = (started.elapsed(), clock.zip(client.now()));
                check(clock.is_none_or(|(before, after)| after >= before + *duration), || {
                    format!("expected the client's clock to go on by {duration:?}, saw {clock:?}")
                })?;
                check(slept >= *duration, || {
                    format!("expected to sleep {duration:?}, slept {slept:?}")
                })?;
            }
        }
        check_arrivals(&sent, &server.seen())?;
    }
    Ok(())
}

/// One exchange each, and each as it was given.
fn check_arrivals(sent: &[&Call], seen: &Seen) -> Result<(), String> {
    let most = sent.iter().filter(|call| !call.stays_at_home()).count();
    let fewest = sent
        .iter()
        .filter(|call| !call.stays_at_home() && !call.may_stay_at_home())
        .count();
    let arrived = seen.requests.len();
    check((fewest..=most).contains(&arrived), || {
        format!("expected {most} exchanges, the server saw {arrived}")
    })?;
    // Refusals are in cases of their own, so the requests that arrived are those that were sent, in order.
    sent.iter()
        .zip(&seen.requests)
        .try_for_each(|(call, received)| call.check_arrival(received))
}

async fn call<C: LocalHttpClient>(client: &C, server: &Server, call: &Call) -> Result<(), String> {
    let request = call.request(server.address()).map_err(|error| error.to_string())?;
    let started = Instant::now();
    let result = client.send(request).await;
    call.judge(result, started.elapsed())
}

/// Drops the exchange when the server has the request; the connection must go with it.
async fn abandon<C: LocalHttpClient>(client: &C, server: &Server, call: &Call) -> Result<(), String> {
    let request = call.request(server.address()).map_err(|error| error.to_string())?;
    let arrived = first(
        client.send(request),
        until(client, server, |seen| !seen.requests.is_empty()),
    )
    .await;
    check(arrived == Some(true), || {
        "expected the request to arrive and no answer to come".to_owned()
    })?;
    let gone = until(client, server, |seen| seen.hung_up > 0).await;
    check(gone, || {
        "expected the connection to close with the dropped future, it stayed open".to_owned()
    })
}

/// Waits for something at the server without holding up the client's runtime; `false` when patience ends first.
async fn until<C: LocalHttpClient>(client: &C, server: &Server, condition: impl Fn(&Seen) -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if condition(&server.seen()) {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        client.sleep(TICK).await;
    }
}

/// Both results, from futures that make progress together.
async fn both<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>) -> (A, B) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut first, mut second) = (None, None);
    std::future::poll_fn(|context| {
        if first.is_none() {
            if let Poll::Ready(done) = a.as_mut().poll(context) {
                first = Some(done);
            }
        }
        if second.is_none() {
            if let Poll::Ready(done) = b.as_mut().poll(context) {
                second = Some(done);
            }
        }
        match (first.take(), second.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            (a, b) => {
                (first, second) = (a, b);
                Poll::Pending
            }
        }
    })
    .await
}

/// What `wanted` gives, unless `rival` is done before: the rival is dropped then.
async fn first<R, W>(rival: impl Future<Output = R>, wanted: impl Future<Output = W>) -> Option<W> {
    let (mut rival, mut wanted) = (pin!(rival), pin!(wanted));
    std::future::poll_fn(|context| {
        if rival.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        wanted.as_mut().poll(context).map(Some)
    })
    .await
}
