//! The HTTP stack can be swapped: one program runs on all of them, and stacks of one's own conform as the adapters do.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper of a test that panics fails the test"
)]

#[path = "seam/local_client.rs"]
mod local_client;
#[path = "seam/std_client.rs"]
mod std_client;

use std::{sync::Mutex, time::Instant};

use cueapi_core::{
    BlockingClient, Client, ClientBuilder, Error, ErrorKind, conformance,
    http::{
        AttemptTimeout, BlockingHttpClient, HttpClient, HttpError, HttpErrorKind, LocalHttpClient, Request, Response,
    },
    testing::{ReplayClient, json},
    types::{Schedule, Transport},
};
use cueapi_emulator::Emulator;
use cueapi_hyper::HyperClient;
use cueapi_reqwest::{BlockingReqwestClient, ReqwestClient};
use http::uri::Authority;
use local_client::LocalClient;
use std_client::{Connection, StdClient};

/// Creates a cue, fires it, deletes it, and asks for it once more.
async fn program<T: LocalHttpClient>(client: &Client<T>, name: &str) -> Result<ErrorKind, Error> {
    let cue = client
        .cues()
        .create(name, Schedule::cron("0 9 * * *"), Transport::Worker)
        .send()
        .await?;
    client.cues().fire(cue.id.clone()).send().await?;
    client.cues().delete(cue.id.clone()).send().await?;
    let gone = client.cues().get(cue.id).send().await;
    Ok(gone.expect_err("the cue is deleted").kind())
}

/// The same without a runtime.
fn blocking_program<B: BlockingHttpClient>(client: &BlockingClient<B>, name: &str) -> Result<ErrorKind, Error> {
    let cue = client
        .cues()
        .create(name, Schedule::cron("0 9 * * *"), Transport::Worker)
        .send()?;
    client.cues().fire(cue.id.clone()).send()?;
    client.cues().delete(cue.id.clone()).send()?;
    let gone = client.cues().get(cue.id).send();
    Ok(gone.expect_err("the cue is deleted").kind())
}

fn builder<H>(emulator: &Emulator, http: H) -> ClientBuilder<H> {
    ClientBuilder::new(emulator.api_key(), http).base_url(emulator.base_url())
}

#[tokio::test]
async fn one_program_runs_on_every_async_stack() {
    let emulator = Emulator::start().await.unwrap();

    let reqwest = ReqwestClient::from_builder(|| reqwest::Client::builder().no_proxy()).unwrap();
    let erased: Client = builder(&emulator, reqwest).build().unwrap();
    assert_eq!(program(&erased, "on-reqwest").await.unwrap(), ErrorKind::NotFound);

    let hyper: Client = builder(&emulator, HyperClient::plain()).build().unwrap();
    assert_eq!(program(&hyper, "on-hyper").await.unwrap(), ErrorKind::NotFound);

    let generic = builder(&emulator, HyperClient::plain()).build_generic().unwrap();
    assert_eq!(
        program(&generic, "on-hyper-by-name").await.unwrap(),
        ErrorKind::NotFound
    );

    let local = builder(&emulator, LocalClient::default()).build_generic().unwrap();
    let on_this_thread = tokio::task::LocalSet::new()
        .run_until(program(&local, "on-one-thread"))
        .await;
    assert_eq!(on_this_thread.unwrap(), ErrorKind::NotFound);
}

#[test]
fn one_program_runs_on_every_blocking_stack() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let emulator = runtime.block_on(Emulator::start()).unwrap();

    let reqwest = BlockingReqwestClient::from_builder(|| reqwest::Client::builder().no_proxy()).unwrap();
    let client = builder(&emulator, reqwest).build_blocking().unwrap();
    assert_eq!(blocking_program(&client, "on-reqwest").unwrap(), ErrorKind::NotFound);

    let client = builder(&emulator, StdClient).build_blocking().unwrap();
    assert_eq!(blocking_program(&client, "on-std").unwrap(), ErrorKind::NotFound);
}

#[tokio::test]
async fn one_program_runs_on_a_script() {
    let script = || {
        [
            json(
                201,
                r#"{"id":"cue_1","name":"scripted","description":null,"status":"active","transport":"worker",
                    "schedule":{"type":"recurring","timezone":"UTC","cron":"0 9 * * *"},
                    "callback":{"url":null,"method":"POST","headers":{}},"payload":{},
                    "retry":{"max_attempts":3,"backoff_minutes":[1,5,15]},"next_run":"2026-11-24T09:00:00Z",
                    "last_run":null,"run_count":0,"fired_count":0,"verification":null,"warning":null,
                    "on_failure":{"email":true,"pause":false,"webhook":null},
                    "created_at":"2026-11-23T20:37:07.236606Z","updated_at":"2026-11-23T20:37:07.236606Z"}"#,
            ),
            json(
                200,
                r#"{"id":"2b859e42","cue_id":"cue_1","scheduled_for":"2026-11-23T20:37:38.733523+00:00",
                    "status":"pending","triggered_by":"manual_fire"}"#,
            ),
            json(204, ""),
            json(
                404,
                r#"{"error":{"code":"cue_not_found","message":"Cue not found","status":404}}"#,
            ),
        ]
    };

    let client = ReplayClient::new(script()).client();
    assert_eq!(program(&client, "scripted").await.unwrap(), ErrorKind::NotFound);

    let client = ClientBuilder::new("cue_sk_test", ReplayClient::new(script()))
        .build_blocking()
        .unwrap();
    assert_eq!(blocking_program(&client, "scripted").unwrap(), ErrorKind::NotFound);
}

#[tokio::test]
async fn calls_can_be_spawned_when_the_stack_is_send() {
    fn spawn<T: HttpClient>(client: Client<T>) -> tokio::task::JoinHandle<Result<Option<u64>, Error>> {
        tokio::spawn(async move { Ok(client.cues().list().await?.total.known()) })
    }
    let emulator = Emulator::start().await.unwrap();
    let generic = builder(&emulator, HyperClient::plain()).build_generic().unwrap();
    let erased = builder(&emulator, HyperClient::plain()).build().unwrap();
    assert_eq!(spawn(generic).await.unwrap().unwrap(), Some(0));
    assert_eq!(spawn(erased).await.unwrap().unwrap(), Some(0));
}

#[tokio::test]
async fn a_client_that_is_not_send_conforms() {
    let suite = conformance::run(LocalClient::default());
    let report = tokio::task::LocalSet::new().run_until(suite).await;
    assert!(report.passed(), "{report}");
}

#[test]
fn a_client_on_the_standard_library_conforms() {
    let report = conformance::run_blocking(StdClient);
    assert!(report.passed(), "{report}");
}

/// Keeps one connection whatever happened on it, and never looks at it before it writes to it.
#[derive(Default)]
struct Keeper {
    kept: Mutex<Option<(Authority, Connection)>>,
}

impl BlockingHttpClient for Keeper {
    fn send(&self, request: Request) -> Result<Response, HttpError> {
        let server = request.uri().authority().unwrap().clone();
        let deadline = Instant::now() + request.extensions().get::<AttemptTimeout>().unwrap().0;
        let mut connection = match self.kept.lock().unwrap().take() {
            Some((kept, connection)) if kept == server => connection,
            _ => Connection::open(&request, deadline)?,
        };
        connection.set_deadline(deadline);
        let result = connection.exchange(&request);
        if result
            .as_ref()
            .is_err_and(|error| error.kind() == HttpErrorKind::TooLarge)
        {
            // Not this one: the server would wait for somebody to read what it holds in store.
            return result;
        }
        *self.kept.lock().unwrap() = Some((server, connection));
        result
    }
}

#[test]
fn a_client_that_writes_to_connections_without_a_look_is_found() {
    let report = conformance::run_blocking(Keeper::default());
    let failures: Vec<_> = report.failures().map(|outcome| outcome.name()).collect();
    for case in [
        "a connection closed after a 500 does not fail the next call",
        "a connection closed after a 304 does not fail the next call",
        "a connection closed while idle does not fail the next call",
        "a late answer is not taken for the next one's",
        "bytes behind an answer are not taken for the next one",
        "a connection that answered 500 carries no POST",
        "nor one that answered 304",
        "nor one that said it would close",
    ] {
        assert!(failures.contains(&case), "{case}\n{report}");
    }
    assert!(!failures.contains(&"a 302 is an answer"), "{report}");
}
