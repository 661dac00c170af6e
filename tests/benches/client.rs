//! What the SDK itself costs: one call through it (hyper adapter) against the same exchange by hand (bare hyper-util and
//! serde), on one loopback server, in CPU time of the client's thread and in allocations.
//!
//! Both sides take turns in short rounds, so that whatever else the machine does falls on both alike. The client has a
//! core to itself and the server another one, as on two machines.

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
use core_affinity::CoreId;
use cpu_time::ThreadTime;
use cueapi_core::{
    Client, ClientBuilder,
    http::HttpClient,
    types::{Callback, Cue, CueList, Schedule},
};
use cueapi_hyper::HyperClient;
use http::{HeaderValue, header};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client as LegacyClient, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use serde::{Serialize, de::DeserializeOwned};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ROUNDS: usize = 1000;
const CALLS: usize = 20;

/// The time that both sides give an exchange.
const DEADLINE: Duration = Duration::from_secs(30);

const KEY: &str = "cue_sk_0123456789abcdef0123456789abcdef";

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

async fn create<T: HttpClient>(client: &Client<T>) -> Cue {
    let schedule = Schedule::cron("0 9 * * *").timezone("America/Los_Angeles");
    let callback = Callback::new("https://api.example.com/sync");
    let create = client.cues().create("daily-sync", schedule, callback);
    create.payload(&PAYLOAD).await.unwrap()
}

async fn list<T: HttpClient>(client: &Client<T>) -> CueList {
    client.cues().list().limit(50).await.unwrap()
}

/// What a program without the SDK would do, and nothing besides: no limit, no retries, no errors told apart.
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
        Self {
            client: LegacyClient::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .build(connector),
            url: format!("http://{server}/v1/cues"),
            authorization: format!("Bearer {KEY}").parse().unwrap(),
        }
    }

    async fn create(&self) -> Cue {
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
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(serde_json::to_vec(&body).unwrap()));
        self.exchange(request.unwrap()).await
    }

    async fn list(&self) -> CueList {
        let request = http::Request::get(format!("{}?limit=50", self.url)).body(Full::default());
        self.exchange(request.unwrap()).await
    }

    async fn exchange<T: DeserializeOwned>(&self, mut request: http::Request<Full<Bytes>>) -> T {
        let headers = request.headers_mut();
        headers.insert(header::AUTHORIZATION, self.authorization.clone());
        headers.insert(header::USER_AGENT, HeaderValue::from_static("by-hand/0.1.0"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let body = async {
            let response = self.client.request(request).await.unwrap();
            assert!(response.status().is_success());
            response.into_body().collect().await.unwrap().to_bytes()
        };
        serde_json::from_slice(&tokio::time::timeout(DEADLINE, body).await.unwrap()).unwrap()
    }
}

fn main() {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let server = serve(cores.last().copied());
    if let Some(&core) = cores.first() {
        core_affinity::set_for_current(core);
    }

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let builder = || {
        ClientBuilder::new(KEY, HyperClient::plain())
            .base_url(format!("http://{server}"))
            .timeout(DEADLINE)
    };
    let hand = ByHand::new(server);
    let erased = builder().build().unwrap();
    let generic = builder().build_generic().unwrap();

    println!("CPU time of the client's thread, {ROUNDS} rounds of {CALLS} calls by each side in turn");
    compare(
        "cues.create, Client",
        &|| drop(runtime.block_on(create(&erased))),
        &|| drop(runtime.block_on(hand.create())),
    );
    compare(
        "cues.create, Client<HyperClient<_>>",
        &|| drop(runtime.block_on(create(&generic))),
        &|| drop(runtime.block_on(hand.create())),
    );
    compare(
        "cues.list of 50, Client",
        &|| drop(runtime.block_on(list(&erased))),
        &|| drop(runtime.block_on(hand.list())),
    );
}

/// Prints what a call costs both ways, and the ratio.
fn compare(name: &str, sdk: &dyn Fn(), hand: &dyn Fn()) {
    warm_up(sdk);
    warm_up(hand);
    let rounds: Vec<(Duration, Duration)> = (0..ROUNDS)
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
    let [low, ratio, high] = quartiles(rounds.iter().map(|(sdk, hand)| sdk.as_secs_f64() / hand.as_secs_f64()));
    let [_, sdk_time, _] = quartiles(rounds.iter().map(|round| round.0.as_secs_f64() * 1e6));
    let [_, hand_time, _] = quartiles(rounds.iter().map(|round| round.1.as_secs_f64() * 1e6));
    let ((count, bytes), (hand_count, hand_bytes)) = (allocations(sdk), allocations(hand));
    println!("{name}");
    println!("    ratio {ratio:.3} (median of the rounds; quartiles {low:.3} and {high:.3})");
    println!("    {sdk_time:.1} µs a call, by hand {hand_time:.1} µs (medians)");
    println!("    {count:.0} allocations of {bytes:.0} bytes a call, by hand {hand_count:.0} of {hand_bytes:.0} bytes");
}

fn quartiles(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values[values.len() * quarter / 4])
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

/// Answers requests from threads of its own, which allocate nothing while they serve.
fn serve(core: Option<CoreId>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let list = format!(
        r#"{{"cues":[{}],"total":50,"limit":50,"offset":0}}"#,
        vec![CUE; 50].join(",")
    );
    let (cue, list): (&[u8], &[u8]) = (response(201, CUE).leak(), response(200, &list).leak());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || {
                core.map(core_affinity::set_for_current);
                answer(stream, cue, list);
            });
        }
    });
    address
}

fn answer(mut stream: TcpStream, cue: &[u8], list: &[u8]) {
    stream.set_nodelay(true).unwrap();
    let mut buffer = [0; 8192];
    // The requests of both sides come in one piece: the system hands over what was written at once.
    while stream.read(&mut buffer).is_ok_and(|length| length > 0) {
        stream.write_all(if buffer[0] == b'G' { list } else { cue }).unwrap();
    }
}

fn response(status: u16, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         x-request-id: 1c034e58-39e9-45d0-b02d-937b7e602e34\r\nx-ratelimit-limit: 1000000\r\n\
         x-ratelimit-remaining: 999995\r\nx-ratelimit-reset: 1795466287\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
