//! How long a whole call may take, by the HTTP stack's clock and without one, and how many requests it makes at most.

#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use cueapi_core::{
    BlockingClient, ClientBuilder, Error, ErrorKind, RetryPolicy,
    http::{AttemptTimeout, BlockingHttpClient, HttpError, HttpErrorKind, Request, Response},
    testing::{self, Replay, ReplayClient, failure, json},
    types::Outcome,
};

const WORKERS: &str = r#"{"workers":[]}"#;
const RECORDED: &str = r#"{"error":{"code":"outcome_already_recorded","message":"m","status":409}}"#;

/// A server that answers everything with one status, after a time on a clock that goes on by that and by waits.
#[derive(Clone)]
struct Slow {
    status: u16,
    takes: Duration,
    has_clock: bool,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    time: Duration,
    limits: Vec<Duration>,
}

impl BlockingHttpClient for Slow {
    fn send(&self, request: Request) -> Result<Response, HttpError> {
        let AttemptTimeout(limit) = *request.extensions().get().unwrap();
        let mut state = self.state.lock().unwrap();
        state.limits.push(limit);
        state.time += self.takes.min(limit);
        if self.takes > limit {
            return Err(HttpError::new(HttpErrorKind::Timeout));
        }
        let mut response = Response::new("{}".into());
        *response.status_mut() = self.status.try_into().unwrap();
        Ok(response)
    }

    fn sleep(&self, duration: Duration) {
        self.state.lock().unwrap().time += duration;
    }

    fn now(&self) -> Option<Duration> {
        // A clock need not start at nothing.
        self.has_clock
            .then(|| Duration::from_secs(1 << 30) + self.state.lock().unwrap().time)
    }
}

impl Slow {
    fn new(status: u16, takes: u64, has_clock: bool) -> Self {
        Self {
            status,
            takes: Duration::from_secs(takes),
            has_clock,
            state: Arc::default(),
        }
    }

    fn client(&self, total: u64) -> BlockingClient<Self> {
        let forever = RetryPolicy::default()
            .max_attempts(u32::MAX)
            .max_total_delay(Duration::MAX);
        ClientBuilder::new("cue_sk_1", self.clone())
            .retry(forever)
            .report_retry(forever)
            .total_timeout(Duration::from_secs(total))
            .build_blocking()
            .unwrap()
    }

    fn time(&self) -> Duration {
        self.state.lock().unwrap().time
    }

    fn limits(&self) -> Vec<u64> {
        self.state
            .lock()
            .unwrap()
            .limits
            .iter()
            .map(Duration::as_secs)
            .collect()
    }
}

#[test]
fn a_call_ends_within_its_total_time_however_long_each_attempt_takes() {
    for (status, takes) in [(503, 0), (503, 1), (503, 7), (503, 100), (500, 3)] {
        for total in [1, 2, 10, 45, 100] {
            for has_clock in [true, false] {
                let slow = Slow::new(status, takes, has_clock);
                let client = slow.client(total);
                for call in [
                    client.workers().list().send().map(drop),
                    client
                        .executions()
                        .report_outcome("e1", Outcome::success())
                        .send()
                        .map(drop),
                ] {
                    call.unwrap_err();
                }
                assert!(
                    slow.time() <= Duration::from_secs(2 * total),
                    "{takes} of {total}: {:?}",
                    slow.time()
                );
            }
        }
    }
}

#[test]
fn an_attempt_gets_what_is_left_and_no_wait_passes_the_end() {
    // Three attempts of 30 s fit into 70 s, the last of them cut.
    let slow = Slow::new(503, 100, true);
    let error = slow.client(70).workers().list().send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("its total time is used up"), "{error}");
    assert_eq!(slow.limits()[..2], [30, 30]);
    assert!(slow.limits()[2] <= 10, "{:?}", slow.limits());
    assert_eq!(slow.limits().len(), 3);

    // Without a clock, an attempt counts as if it took all the time that it may, also when it was refused at once.
    let slow = Slow::new(503, 0, false);
    let error = slow.client(70).workers().list().send().unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 503);
    assert_eq!(slow.limits().len(), 3);
}

#[test]
fn the_call_s_own_total_time_replaces_the_client_s() {
    let slow = Slow::new(503, 1, true);
    let call = slow.client(1000).workers().list().total_timeout(Duration::from_secs(3));
    call.send().unwrap_err();
    assert!(slow.time() <= Duration::from_secs(3));

    let slow = Slow::new(200, 0, true);
    let call = slow.client(1000).cues().fire("cue_1").total_timeout(Duration::ZERO);
    let error = call.send().unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts(), error.may_have_executed()),
        (ErrorKind::Timeout, 0, false)
    );
    assert!(error.to_string().contains("no time was left to send it"), "{error}");
}

#[test]
fn a_wait_that_the_server_asks_for_and_that_passes_the_end_is_handed_up() {
    let replay = ReplayClient::new([json(429, "{}").header("retry-after", "4")]);
    let call = replay.client().workers().list().total_timeout(Duration::from_secs(5));
    let error = testing::run(call.send()).unwrap_err();
    assert_eq!(
        (error.kind(), error.retry_after()),
        (ErrorKind::RateLimited, Some(Duration::from_secs(5)))
    );
    assert!(replay.sleeps().is_empty());
}

fn report(replay: &ReplayClient, policy: RetryPolicy) -> Result<bool, Error> {
    let call = replay
        .client()
        .executions()
        .report_outcome("e1", Outcome::success())
        .retry_policy(policy);
    testing::run(call.send()).map(|receipt| receipt.reconciled)
}

#[test]
fn the_read_back_shares_the_attempts_and_the_time_of_its_report() {
    let lost = || failure(HttpErrorKind::Timeout);
    // Two attempts are allowed and used: the read-back is sent once and not repeated.
    let replay = ReplayClient::new([lost(), json(409, RECORDED), json(503, "{}"), json(503, "{}")]);
    let error = report(&replay, RetryPolicy::default().max_attempts(2)).unwrap_err();
    assert_eq!((error.kind(), error.may_have_executed()), (ErrorKind::Conflict, true));
    assert_eq!(replay.requests().len(), 3);

    // With attempts left, it is repeated within them.
    let replay = ReplayClient::new([
        lost(),
        json(409, RECORDED),
        json(503, "{}"),
        json(503, "{}"),
        json(503, "{}"),
    ]);
    report(&replay, RetryPolicy::default().max_attempts(4)).unwrap_err();
    assert_eq!(replay.requests().len(), 4);

    // It gets what is left of the time.
    let slow = json(503, "{}").header("retry-after", "5");
    let replay = ReplayClient::new([slow, json(409, RECORDED), json(404, "{}")]);
    let call = replay
        .client()
        .executions()
        .report_outcome("e1", Outcome::success())
        .total_timeout(Duration::from_secs(20));
    testing::run(call.send()).unwrap_err();
    let limits: Vec<_> = replay
        .raw_requests()
        .iter()
        .map(|r| r.extensions().get::<AttemptTimeout>().unwrap().0.as_secs())
        .collect();
    assert_eq!(limits, [20, 14, 14]);
}

#[test]
fn a_call_makes_no_more_requests_than_its_policy_allows_and_one_to_read_back() {
    let answers: [fn() -> Replay; 9] = [
        || failure(HttpErrorKind::Connect),
        || failure(HttpErrorKind::Timeout),
        || failure(HttpErrorKind::Interrupted),
        || json(408, "{}"),
        || json(429, "{}"),
        || json(429, "{}").header("retry-after", "0"),
        || json(503, "{}"),
        || json(409, RECORDED),
        || json(200, "{}"),
    ];
    let mut seed = 7_u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(seed >> 33).unwrap()
    };
    for round in 0..2_000 {
        let attempts = 1 + u32::try_from(round % 6).unwrap();
        let script: Vec<Replay> = (0..40).map(|_| answers[random() % answers.len()]()).collect();
        let replay = ReplayClient::new(script);
        let _ = report(&replay, RetryPolicy::reports().max_attempts(attempts));
        assert!(replay.requests().len() <= attempts as usize + 1, "round {round}");
    }
}

#[test]
fn a_report_waits_out_a_whole_window_and_two_minutes_of_outage() {
    const RECEIPT: &str =
        r#"{"execution_id":"e1","outcome_recorded":true,"outcome_state":"reported_success","reason":null}"#;
    let window = json(429, "{}").header("retry-after", "60");
    let replay = ReplayClient::new([window, json(200, RECEIPT)]);
    assert!(!report(&replay, RetryPolicy::reports()).unwrap());
    assert_eq!(replay.sleeps(), [Duration::from_secs(61)]);

    for kind in [HttpErrorKind::Connect, HttpErrorKind::Interrupted] {
        for _ in 0..200 {
            let window = json(429, "{}").header("retry-after", "60");
            let replay = ReplayClient::new([window].into_iter().chain((0..100).map(|_| failure(kind))));
            let call = replay.client().executions().report_outcome("e1", Outcome::success());
            let error = testing::run(call.send()).unwrap_err();
            assert!(error.attempts() <= 40);
            let waited: Duration = replay.sleeps().iter().sum();
            assert!(waited >= Duration::from_secs(180), "{waited:?}");
        }
    }
    // Other calls end soon, and the builder sets each of the two.
    let replay = ReplayClient::new([json(429, "{}").header("retry-after", "60")]);
    assert!(testing::run(replay.client().workers().list().send()).is_err());
    let replay = ReplayClient::new([failure(HttpErrorKind::Connect), json(200, WORKERS)]);
    let client = replay.builder().report_retry(RetryPolicy::none()).build().unwrap();
    assert!(testing::run(client.executions().report_outcome("e1", Outcome::success()).send()).is_err());
    assert!(testing::run(client.workers().list().send()).is_ok());
}

#[test]
fn a_client_that_is_to_use_https_only_takes_no_other_base_url() {
    for (url, is_taken) in [
        ("https://cueapi.internal", true),
        ("HTTPS://cueapi.internal", true),
        ("http://cueapi.internal", false),
        ("http://localhost:8000", false),
    ] {
        let builder = |only| ReplayClient::default().builder().base_url(url).https_only(only).build();
        assert_eq!(builder(true).is_ok(), is_taken, "{url}");
        assert!(builder(false).is_ok(), "{url}");
    }
}
