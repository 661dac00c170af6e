//! Every fault of a server, on every HTTP stack, for every kind of call: nothing that may not be repeated is carried out
//! twice, and no error claims that nothing was done where something was.
//!
//! `CUEAPI_ROUNDS` says how often, see tests/README.md.

#![expect(clippy::unwrap_used, reason = "a helper of a test that panics fails the test")]

#[path = "faults/server.rs"]
mod server;

use std::{
    fmt::Write as _,
    net::TcpListener,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use cueapi_core::{
    BlockingClient, BuildError, Client, ClientBuilder, Error, RetryPolicy,
    endpoint::{Body, Endpoint, PathBuilder, Repeat},
    http::BlockingHttpClient,
};
use cueapi_hyper::{HyperClient, TlsConnector};
use cueapi_reqwest::{BlockingReqwestClient, ReqwestClient};
use server::Server;
use tokio::runtime::Runtime;

const STACKS: [&str; 3] = ["hyper", "reqwest", "reqwest blocking"];

fn rounds(default: usize) -> usize {
    std::env::var("CUEAPI_ROUNDS").map_or(default, |rounds| rounds.parse().unwrap())
}

/// One of the three clients, driven from a thread.
#[derive(Clone)]
enum Stack {
    Async(Client, &'static Runtime),
    Blocking(BlockingClient),
}

impl Stack {
    fn new(name: &str, url: &str, timeout: Duration, policy: RetryPolicy) -> Self {
        static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
        static HYPER: LazyLock<HyperClient<TlsConnector>> = LazyLock::new(|| HyperClient::new().unwrap());
        // Trusts everything, which spares loading what the system trusts.
        let builder = || {
            reqwest::Client::builder()
                .no_proxy()
                .tls_danger_accept_invalid_certs(true)
        };
        match name {
            "hyper" => {
                let builder = settings(HYPER.clone(), url, timeout, policy);
                Self::Async(builder.build().unwrap(), &RUNTIME)
            }
            "reqwest" => {
                let builder = settings(ReqwestClient::from_builder(builder).unwrap(), url, timeout, policy);
                Self::Async(builder.build().unwrap(), &RUNTIME)
            }
            _ => {
                let http: Arc<dyn BlockingHttpClient + Send + Sync> =
                    Arc::new(BlockingReqwestClient::from_builder(builder).unwrap());
                Self::Blocking(settings(http, url, timeout, policy).build_blocking().unwrap())
            }
        }
    }

    fn probe(&self, probe: Probe) -> Result<serde_json::Value, Error> {
        match self {
            Self::Async(client, runtime) => runtime.block_on(client.call(probe).send()),
            Self::Blocking(client) => client.call(probe).send(),
        }
    }

    fn fire(&self) -> Result<(), Error> {
        match self {
            Self::Async(client, runtime) => runtime.block_on(client.cues().fire("cue_1").send()).map(drop),
            Self::Blocking(client) => client.cues().fire("cue_1").send().map(drop),
        }
    }
}

fn settings<H>(http: H, url: &str, timeout: Duration, policy: RetryPolicy) -> ClientBuilder<H> {
    ClientBuilder::new("cue_sk_test", http)
        .base_url(url)
        .timeout(timeout)
        .max_response_bytes(4096)
        .retry(policy)
        .report_retry(policy)
}

/// A call of any kind, whose path tells the server what to do.
#[derive(Clone)]
struct Probe {
    repeat: Repeat,
    path: [String; 4],
}

impl Probe {
    fn new(repeat: Repeat, path: [impl ToString; 4]) -> Self {
        Self {
            repeat,
            path: path.map(|segment| segment.to_string()),
        }
    }
}

impl Endpoint for Probe {
    type Output = serde_json::Value;
    const ID: &'static str = "probe";
    const METHOD: http::Method = http::Method::POST;
    const REPEAT: Repeat = Repeat::Unsafe;

    fn path(&self, path: &mut PathBuilder) {
        path.lit("v1");
        for segment in &self.path {
            path.seg(segment);
        }
    }

    fn body(&self) -> Result<Body, BuildError> {
        Ok(Body::Json(bytes::Bytes::from_static(br#"{"do":"it"}"#)))
    }

    fn repeat(&self) -> Repeat {
        self.repeat
    }
}

const FAULTS: [&str; 33] = [
    "refused",
    "stalled_handshake",
    "close_accepted",
    "close_unread",
    "close",
    "half_close",
    "cut_head",
    "cut_body",
    "cut_chunk",
    "bad_chunk",
    "slow_head",
    "slow_body",
    "no_answer",
    "garbage",
    "tls_alert",
    "many_headers",
    "oversized",
    "not_json",
    "early_close",
    "301",
    "304",
    "400",
    "408",
    "409",
    "429",
    "429-wait",
    "500",
    "500-wait",
    "502",
    "503",
    "503-wait",
    "504",
    "none",
];

/// Plays one fault to one stack, for every kind of call, on a fresh and on a kept connection, passing and lasting.
fn play(name: &str, fault: &str) -> (usize, Vec<String>) {
    let server = Server::start();
    let policy = RetryPolicy::default()
        .base_delay(Duration::from_millis(2))
        .max_delay(Duration::from_millis(20));
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = match fault {
        "refused" => "http://127.0.0.1:1".to_owned(),
        "stalled_handshake" => format!("https://{}", silent.local_addr().unwrap()),
        _ => format!("http://{}", server.address),
    };
    let stack = Stack::new(name, &url, Duration::from_millis(150), policy);
    let (mut cells, mut violations) = (0, Vec::new());
    for repeat in [Repeat::Safe, Repeat::Keyed, Repeat::WriteOnce, Repeat::Unsafe] {
        for is_kept in [false, true] {
            for times in [1, 2, 9] {
                cells += 1;
                let id = cells.to_string();
                if is_kept {
                    let _ = stack.probe(Probe::new(repeat, ["probe", "none", "0", "before"]));
                }
                match fault {
                    "close_accepted" => server.close_accepted(times),
                    "close_unread" => server.close_unread(times),
                    _ => {}
                }
                let result = stack.probe(Probe::new(repeat, ["probe", fault, &times.to_string(), &id]));
                server.close_accepted(0);
                server.close_unread(0);
                let counts = server.counts(&id);
                let claims_nothing_was_done = matches!(&result, Err(error) if !error.may_have_executed());
                let is_wrong = (repeat == Repeat::Unsafe && counts.executed > 1)
                    || (claims_nothing_was_done && counts.executed > 0)
                    || (result.is_ok() && counts.executed == 0)
                    || counts.arrived > 3;
                if is_wrong {
                    violations.push(format!(
                        "{name}, {fault} {times} times, {repeat:?}, kept: {is_kept}: {counts:?}, {result:?}"
                    ));
                }
            }
        }
    }
    (cells, violations)
}

#[test]
fn no_fault_makes_a_call_run_twice_or_an_error_lie() {
    for round in 0..rounds(20).div_ceil(20) {
        let running: Vec<_> = STACKS
            .iter()
            .flat_map(|stack| {
                FAULTS
                    .iter()
                    .map(move |fault| thread::spawn(move || play(stack, fault)))
            })
            .collect();
        let mut cells = 0;
        let mut violations = Vec::new();
        for thread in running {
            let (more, found) = thread.join().unwrap();
            cells += more;
            violations.extend(found);
        }
        println!("round {round}: {cells} cells, {} violations", violations.len());
        assert!(violations.is_empty(), "{}", violations.join("\n"));
    }
}

/// Fires after answers whose connections the server closes somewhat later, and how many of them failed.
fn fire_after(stack: &Stack, status: &str, pause: Duration, rounds: usize, number: usize) -> Vec<Error> {
    // Between 3 and 9 ms in what was measured of uvicorn; both sides of that, too.
    let delays = [1, 3, 5, 7, 9, 20];
    let mut failures = Vec::new();
    for round in 0..rounds {
        let delay = delays[(round + number) % delays.len()].to_string();
        let read = Probe::new(Repeat::Safe, ["closing", status, &delay, "x"]);
        stack.probe(read).unwrap_err();
        thread::sleep(pause);
        failures.extend(stack.fire().err());
    }
    failures
}

#[test]
fn no_fire_fails_because_the_server_closes_after_a_304_or_a_500() {
    let rounds = rounds(24);
    let mut report = String::new();
    let failed = AtomicUsize::new(0);
    for name in STACKS {
        for in_flight in [1, 16] {
            for status in ["304", "500"] {
                for pause in [0, 1, 5, 20].map(Duration::from_millis) {
                    let server = Server::start();
                    let url = format!("http://{}", server.address);
                    let stack = Stack::new(name, &url, Duration::from_secs(30), RetryPolicy::none());
                    let started = Instant::now();
                    let failures = thread::scope(|scope| {
                        let (stack, each) = (&stack, rounds.div_ceil(in_flight));
                        let threads: Vec<_> = (0..in_flight)
                            .map(|number| scope.spawn(move || fire_after(stack, status, pause, each, number)))
                            .collect();
                        threads
                            .into_iter()
                            .flat_map(|thread| thread.join().unwrap())
                            .collect::<Vec<_>>()
                    });
                    failed.fetch_add(failures.len(), Relaxed);
                    let fires = rounds.div_ceil(in_flight) * in_flight;
                    let each = started.elapsed() * u32::try_from(in_flight).unwrap() / u32::try_from(fires).unwrap();
                    writeln!(
                        report,
                        "{name:16} {in_flight:2} in flight, {status}, {pause:>4?} pause: {} of {fires} fires failed, \
                         {} connections, {:?} for both calls {}",
                        failures.len(),
                        server.connections(),
                        each.saturating_sub(pause),
                        failures.first().map(ToString::to_string).unwrap_or_default(),
                    )
                    .unwrap();
                }
            }
        }
    }
    println!("{report}");
    assert_eq!(failed.into_inner(), 0, "{report}");
}
