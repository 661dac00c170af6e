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
            Step::AtOnce(sequences) => {
                let sequences = sequences.iter();
                let results = all_of(sequences.clone().map(|calls| in_turn(client, &server, calls))).await;
                results.into_iter().collect::<Result<(), _>>()?;
                sent.extend(sequences.flatten());
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
            Step::Pause(duration) => client.sleep(*duration).await,
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
    // Calls that are in flight at once arrive in any order.
    let mut arrivals: Vec<_> = seen.requests.iter().collect();
    let missing: Vec<_> = sent
        .iter()
        .filter(|call| {
            let arrival = arrivals.iter().position(|arrival| call.check_arrival(arrival).is_ok());
            arrival.map(|index| arrivals.remove(index)).is_none()
        })
        .collect();
    match (missing.first(), arrivals.first()) {
        (Some(call), Some(arrival)) => call.check_arrival(arrival),
        _ => Ok(()),
    }
}

async fn in_turn<C: LocalHttpClient>(client: &C, server: &Server, calls: &[Call]) -> Result<(), String> {
    for one in calls {
        call(client, server, one).await?;
    }
    Ok(())
}

async fn call<C: LocalHttpClient>(client: &C, server: &Server, call: &Call) -> Result<(), String> {
    let request = call.request(server.address()).map_err(|error| error.to_string())?;
    let started = Instant::now();
    let result = client.send(request).await;
    let elapsed = started.elapsed();
    check(server.seen().too_late == 0, || {
        "expected another connection, the server saw the request on one that it was about to close".to_owned()
    })?;
    call.judge(result, elapsed)
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

/// All results, from futures that make progress together.
async fn all_of<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, output) in &mut running {
            if output.is_none() {
                if let Poll::Ready(done) = future.as_mut().poll(context) {
                    *output = Some(done);
                }
            }
        }
        match running.iter().all(|(_, output)| output.is_some()) {
            true => Poll::Ready(running.iter_mut().filter_map(|(_, output)| output.take()).collect()),
            false => Poll::Pending,
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
