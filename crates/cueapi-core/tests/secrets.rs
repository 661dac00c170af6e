//! No key, secret, payload or body in any output.

#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use std::{error::Error as _, fmt::Debug};

use cueapi_core::{
    Client, ClientBuilder,
    http::HttpErrorKind,
    testing::{self, ReplayClient, failure, json},
    types::{Callback, Outcome, Payload, Schedule},
};
use serde_json::json as value;

/// Stands in for everything that must not show up: no other text here contains it.
const CANARY: &str = "cue_sk_0123456789abcdef0123456789CANARY";

fn is_silent(what: &str, shown: &str) {
    assert!(!shown.contains("CANARY"), "{what} shows it: {shown}");
}

fn debug_is_silent(what: &str, value: &impl Debug) {
    is_silent(what, &format!("{value:?}"));
    is_silent(what, &format!("{value:#?}"));
}

fn client(replay: &ReplayClient) -> Client {
    ClientBuilder::new(CANARY, replay.clone()).build().unwrap()
}

#[test]
fn clients_and_calls_show_no_key_and_no_payload() {
    let replay = ReplayClient::new([json(200, format!("\"{CANARY}\""))]);
    let builder = ClientBuilder::new(CANARY, replay.clone());
    debug_is_silent("the builder", &builder);
    let client = client(&replay);
    debug_is_silent("the client", &client);
    debug_is_silent("the replay client", &replay);
    debug_is_silent("a replay", &json(200, CANARY));

    let callback = Callback::new("https://a.example").header("Authorization", CANARY);
    let create = client
        .cues()
        .create("n", Schedule::cron("* * * * *"), callback)
        .payload(&value!({"x": CANARY}));
    debug_is_silent("a pending call", &create);
    debug_is_silent("an endpoint", create.endpoint());
    let mut call = create.into_call();
    debug_is_silent("a call", &call);
    debug_is_silent("a step", &call.step(None, None));
    debug_is_silent(
        "a refused key",
        &ClientBuilder::new(format!("{CANARY}\n x"), replay).build().unwrap_err(),
    );
}

#[test]
fn errors_show_no_body() {
    let body = value!({"data": CANARY, "webhook_secret": CANARY, "cue_id": CANARY}).to_string();
    for script in [
        json(200, body.clone()),
        json(200, format!("{{\"id\":\"{CANARY}")),
        json(200, format!("<html>{CANARY}</html>")),
        json(200, format!("{{\"id\":{{\"{CANARY}, expected {CANARY}\":1}}}}")),
        json(400, body.clone()),
        json(502, format!("<html>{CANARY}</html>")),
        failure(HttpErrorKind::Interrupted),
    ] {
        let replay = ReplayClient::new([script]);
        let error = testing::run(client(&replay).cues().fire("cue_1").send()).unwrap_err();
        is_silent("an error", &error.to_string());
        debug_is_silent("an error", &error);
        if let Some(source) = error.source() {
            is_silent("a source", &source.to_string());
            debug_is_silent("a source", &source);
        }
    }
}

#[test]
fn work_shows_no_payload_and_no_result() {
    let replay = ReplayClient::new([json(401, CANARY)]);
    let payload = Payload::object(&value!({"x": CANARY})).unwrap();
    let result = testing::run(client(&replay).executions().handle("e1", payload, async |ctx| {
        ctx.result(CANARY).metadata(&value!({"x": CANARY})).unwrap();
        debug_is_silent("a context", &ctx);
        Ok::<_, String>(CANARY)
    }));
    let error = result.unwrap_err();
    debug_is_silent("an unreported outcome", &error);
    is_silent("an unreported outcome", &error.to_string());
    debug_is_silent("an outcome", &Outcome::failure(CANARY));
}
