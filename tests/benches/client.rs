//! What the SDK itself costs: one call through it (hyper adapter) against the same exchange by hand (bare hyper-util and
//! serde), on one loopback server, in CPU time of the client's thread and in allocations.
//!
//! Both sides take turns in short rounds, so that whatever else the machine does falls on both alike.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench reports on standard output and stops when it fails"
)]

use std::{
    alloc::System,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use bytes::Bytes;
use cpu_time::ThreadTime;
use cueapi_core::{
    Client, ClientBuilder,
    http::HttpClient,
    types::{Callback, Cue, Schedule},
};
use cueapi_hyper::HyperClient;
use http::{HeaderValue, header};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client as LegacyClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::Serialize;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ROUNDS: usize = 200;
const CALLS: usize = 100;

const CUE: &str = r#"{"id":"cue_276dsykz592b","name":"daily-sync","description":null,"status":"active","transport":"webhook","schedule":{"type":"recurring","timezone":"America/Los_Angeles","cron":"0 9 * * *"},"callback":{"url":"https://api.example.com/sync","method":"POST","headers":{}},"payload":{"pipeline":"sync","batch":42},"retry":{"max_attempts":3,"backoff_minutes":[1,5,15]},"next_run":"2026-11-24T17:00:00Z","last_run":null,"run_count":0,"fired_count":0,"on_failure":{"email":true,"pause":false,"webhook":null},"verification":null,"warning":null,"created_at":"2026-11-23T20:37:07.823549Z","updated_at":"2026-11-23T20:37:07.823549Z"}"#;

#[derive(Serialize)]
struct Pipeline {
    pipeline: &'static str,
    batch: u32,
}

const PAYLOAD: Pipeline = Pipeline {
    pipeline: "sync",
    batch: 42,
};

async fn through_the_sdk<T: HttpClient>(client: &Client<T>) -> Cue {
    let schedule = Schedule::cron("0 9 * * *").timezone("America/Los_Angeles");
    let callback = Callback::new("https://api.example.com/sync");
    client
        .cues()
        .create("daily-sync", schedule, callback)
        .payload(&PAYLOAD)
        .await
        .unwrap()
}

/// What a program without the SDK would do, and nothing besides: no timeout, no limit, no errors told apart.
struct ByHand {
    client: LegacyClient<HttpConnector, Full<Bytes>>,
    url: String,
    authorization: HeaderValue,
}

#[derive(Serialize)]
struct NewCue {
    name: &'static str,
    schedule: NewSchedule,
    callback: NewCallback,
    payload: Pipeline,
}

#[derive(Serialize)]
struct NewSchedule {
    r#type: &'static str,
    cron: &'static str,
    timezone: &'static str,
}

#[derive(Serialize)]
struct NewCallback {
    url: &'static str,
}

impl ByHand {
    fn new(server: SocketAddr) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let mut authorization = HeaderValue::from_static("Bearer cue_sk_0123456789abcdef0123456789abcdef");
        authorization.set_sensitive(true);
        Self {
            client: LegacyClient::builder(TokioExecutor::new()).build(connector),
            url: format!("http://{server}/v1/cues"),
            authorization,
        }
    }

    async fn call(&self) -> Cue {
        let body = NewCue {
            name: "daily-sync",
            schedule: NewSchedule {
                r#type: "recurring",
                cron: "0 9 * * *",
                timezone: "America/Los_Angeles",
            },
            callback: NewCallback {
                url: "https://api.example.com/sync",
            },
            payload: PAYLOAD,
        };
        let request = http::Request::post(self.url.as_str())
            .header(header::AUTHORIZATION, self.authorization.clone())
            .header(header::USER_AGENT, "by-hand/0.1.0")
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(serde_json::to_vec(&body).unwrap()))
            .unwrap();
        let response = self.client.request(request).await.unwrap();
        assert!(response.status().is_success());
        serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
    }
}

fn main() {
    let server = serve();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let builder = || {
        ClientBuilder::new("cue_sk_0123456789abcdef0123456789abcdef", HyperClient::plain())
            .base_url(format!("http://{server}"))
    };
    let by_hand = ByHand::new(server);
    let erased = builder().build().unwrap();
    let generic = builder().build_generic().unwrap();

    println!("cues.create on loopback, {ROUNDS} rounds of {CALLS} calls each, CPU time of the client's thread");
    let hand = &|| runtime.block_on(async { drop(by_hand.call().await) });
    compare(
        "Client",
        &|| runtime.block_on(async { drop(through_the_sdk(&erased).await) }),
        hand,
    );
    compare(
        "Client<HyperClient>",
        &|| runtime.block_on(async { drop(through_the_sdk(&generic).await) }),
        hand,
    );
}

/// Prints the medians and the ratio of two ways to do the same.
fn compare(name: &str, sdk: &dyn Fn(), hand: &dyn Fn()) {
    warm_up(sdk);
    warm_up(hand);
    let mut rounds: Vec<(Duration, Duration)> = (0..ROUNDS)
        .map(|round| {
            if round % 2 == 0 {
                let sdk = cpu_time(sdk);
                (sdk, cpu_time(hand))
            } else {
                let hand = cpu_time(hand);
                (cpu_time(sdk), hand)
            }
        })
        .collect();
    let mut ratios: Vec<f64> = rounds
        .iter()
        .map(|(sdk, hand)| sdk.as_secs_f64() / hand.as_secs_f64())
        .collect();
    ratios.sort_by(f64::total_cmp);
    rounds.sort();
    let sdk_time = rounds[ROUNDS / 2].0;
    rounds.sort_by_key(|round| round.1);
    let hand_time = rounds[ROUNDS / 2].1;
    println!(
        "{name:<20} {sdk_time:>8.2?} a call, by hand {hand_time:>8.2?}, ratio {:.3} (median of the rounds; quartiles {:.3} and {:.3})",
        ratios[ROUNDS / 2],
        ratios[ROUNDS / 4],
        ratios[ROUNDS * 3 / 4],
    );
    let ((calls, bytes), (hand_calls, hand_bytes)) = (allocations(sdk), allocations(hand));
    println!(
        "{:<20} {calls:.1} allocations a call ({bytes:.0} bytes), by hand {hand_calls:.1} ({hand_bytes:.0} bytes)",
        ""
    );
}

fn warm_up(call: &dyn Fn()) {
    (0..10 * CALLS).for_each(|_| call());
}

fn cpu_time(call: &dyn Fn()) -> Duration {
    let started = ThreadTime::now();
    (0..CALLS).for_each(|_| call());
    started.elapsed() / u32::try_from(CALLS).unwrap()
}

/// Allocations and allocated bytes of a call. The server allocates nothing while it serves.
fn allocations(call: &dyn Fn()) -> (f64, f64) {
    let region = Region::new(ALLOCATOR);
    (0..CALLS).for_each(|_| call());
    let change = region.change();
    let per_call = |total: usize| total as f64 / CALLS as f64;
    (
        per_call(change.allocations + change.reallocations),
        per_call(change.bytes_allocated),
    )
}

/// Answers every request with the same cue, from threads of its own and without allocating.
fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || answer(stream));
        }
    });
    address
}

fn answer(mut stream: TcpStream) {
    let response = format!(
        "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         x-request-id: 1c034e58-39e9-45d0-b02d-937b7e602e34\r\nx-ratelimit-limit: 1000000\r\n\
         x-ratelimit-remaining: 999995\r\nx-ratelimit-reset: 1795466287\r\n\r\n{CUE}",
        CUE.len()
    );
    stream.set_nodelay(true).unwrap();
    let mut buffer = [0; 8192];
    // The requests of both sides come in one piece: the system hands over what was written at once.
    while stream.read(&mut buffer).is_ok_and(|length| length > 0) {
        stream.write_all(response.as_bytes()).unwrap();
    }
}
