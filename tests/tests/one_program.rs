//! The same program on every kind of client, against the emulator: reqwest, hyper, hyper with its own type, a client whose
//! futures are not `Send`, a blocking one, and the replay client.

use std::{rc::Rc, time::Duration};

use cueapi_core::{
    Client, ClientBuilder, Error, ErrorKind,
    http::{HttpClient, HttpError, LocalHttpClient, Request, Response},
    testing::{self, ReplayClient, json},
    types::{Outcome, Schedule, Transport},
};
use cueapi_emulator::Emulator;
use cueapi_hyper::HyperClient;
use serde_json::json as value;

/// Creates, fires, claims, reports, deletes; the second argument says how a call is made.
macro_rules! program {
    ($client:expr, $($make:tt)+) => {{
        let cue = $client
            .cues()
            .create("one-program", Schedule::cron("0 9 * * *"), Transport::Worker)
            .payload(&value!({"task": "report"}))
            $($make)+?;
        let fired = $client.cues().fire(&cue.id)$($make)+?;
        let claimed = $client.executions().claim_next("worker-1").task("report")$($make)+?;
        assert_eq!(claimed.map(|claimed| claimed.execution.execution_id), Some(fired.id.clone()));
        $client.executions().report_outcome(&fired.id, Outcome::success().result("done"))$($make)+?;
        let outcome = $client.executions().get(&fired.id)$($make)+?.outcome;
        assert_eq!(outcome.and_then(|outcome| outcome.result).as_deref(), Some("done"));
        $client.cues().delete(&cue.id)$($make)+?;
        let error = $client.cues().get(&cue.id)$($make)+.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        Ok::<(), Error>(())
    }};
}

async fn erased(client: Client) -> Result<(), Error> {
    program!(client, .await)
}

async fn generic<T: HttpClient>(client: Client<T>) -> Result<(), Error> {
    program!(client, .await)
}

async fn local<T: LocalHttpClient>(client: Client<T>) -> Result<(), Error> {
    program!(client, .send().await)
}

/// A client whose futures are not `Send`: what `fetch` in a browser or at the edge is like.
struct NotSend(Rc<HyperClient<hyper_util::client::legacy::connect::HttpConnector>>);

impl LocalHttpClient for NotSend {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let client = Rc::clone(&self.0);
        HttpClient::send(&*client, request).await
    }

    async fn sleep(&self, duration: Duration) {
        HttpClient::sleep(&*self.0, duration).await;
    }
}

async fn emulator() -> Emulator {
    Emulator::start().await.unwrap()
}

#[tokio::test]
async fn on_reqwest() {
    let emulator = emulator().await;
    let client = cueapi_reqwest::builder(emulator.api_key())
        .base_url(emulator.base_url())
        .build()
        .unwrap();
    tokio::spawn(erased(client)).await.unwrap().unwrap();
}

#[tokio::test]
async fn on_hyper() {
    let emulator = emulator().await;
    let client = cueapi_hyper::builder(emulator.api_key())
        .base_url(emulator.base_url())
        .build()
        .unwrap();
    tokio::spawn(erased(client)).await.unwrap().unwrap();
}

#[tokio::test]
async fn on_hyper_without_erasing_its_type() {
    let emulator = emulator().await;
    let builder = ClientBuilder::new(emulator.api_key(), HyperClient::plain()).base_url(emulator.base_url());
    tokio::spawn(generic(builder.build_generic().unwrap()))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn on_a_client_whose_futures_are_not_send() {
    let emulator = emulator().await;
    let builder =
        ClientBuilder::new(emulator.api_key(), NotSend(Rc::new(HyperClient::plain()))).base_url(emulator.base_url());
    local(builder.build_generic().unwrap()).await.unwrap();
}

#[test]
fn on_a_blocking_client() {
    let emulator = Emulator::builder().start_blocking().unwrap();
    let client = cueapi_reqwest::blocking::builder(emulator.api_key())
        .base_url(emulator.base_url())
        .build_blocking()
        .unwrap();
    let run = || program!(client, .send());
    run().unwrap();
}

/// Runs it on the replay client too, which answers what the emulator answered.
#[tokio::test]
async fn on_the_replay_client() {
    let execution = r#"{"id":"e1","cue_id":"cue_1","scheduled_for":"2026-11-23T20:41:10Z","status":"success","http_status":null,
        "attempts":1,"error_message":null,"started_at":null,"delivered_at":null,"last_attempt_at":null,
        "outcome":{"success":true,"result":"done","error":null,"metadata":null,"recorded_at":"2026-11-23T20:41:11Z"},
        "created_at":"2026-11-23T20:41:10Z","updated_at":"2026-11-23T20:41:11Z"}"#;
    let cue = r#"{"id":"cue_1","name":"one-program","description":null,"status":"active","transport":"worker",
        "schedule":{"type":"recurring","timezone":"UTC","cron":"0 9 * * *"},"callback":{"url":null,"method":"POST","headers":{}},
        "payload":{"task":"report"},"retry":{"max_attempts":3,"backoff_minutes":[1,5,15]},"next_run":"2026-11-24T09:00:00Z",
        "last_run":null,"run_count":0,"fired_count":0,"on_failure":null,"verification":null,"warning":null,
        "created_at":"2026-11-23T20:50:29Z","updated_at":"2026-11-23T20:50:29Z"}"#;
    let replay = ReplayClient::new([
        json(201, cue),
        json(
            200,
            r#"{"id":"e1","cue_id":"cue_1","scheduled_for":"2026-11-23T20:41:10+00:00","status":"pending","triggered_by":"manual_fire"}"#,
        ),
        json(
            200,
            r#"{"executions":[{"execution_id":"e1","cue_id":"cue_1","cue_name":"one-program","task":"report",
                "scheduled_for":"2026-11-23T20:41:10Z","payload":{"task":"report"},"attempt":0}]}"#,
        ),
        json(200, r#"{"claimed":true,"execution_id":"e1","lease_seconds":900}"#),
        json(
            200,
            r#"{"execution_id":"e1","outcome_recorded":true,"outcome_state":"reported_success","reason":null}"#,
        ),
        json(200, execution),
        json(204, ""),
        json(
            404,
            r#"{"error":{"code":"cue_not_found","message":"Cue not found","status":404}}"#,
        ),
    ]);
    testing::run(erased(replay.client())).unwrap();
    assert_eq!(replay.unused(), 0);
}
