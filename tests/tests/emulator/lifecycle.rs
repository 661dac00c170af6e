//! Whole lives of cues, with a receiver that really receives and a clock that the test holds.

mod account;
mod agents;
mod alerts;
mod cues;
mod echo;
mod events;
mod live_sessions;
mod login;
mod messages;
mod pushes;
mod webhooks;
mod workers;

use std::time::Duration;

use cueapi_emulator::{Clock, Emulator, engine::Limits};
use jiff::Timestamp;

use crate::{
    receiver::Receiver,
    wire::{Answer, Connection, ok},
};

const START: &str = "2026-03-02T08:00:00Z";

const MINUTE: Duration = Duration::from_secs(60);

async fn emulator() -> Emulator {
    emulator_with(Limits::unlimited()).await
}

async fn emulator_with(limits: Limits) -> Emulator {
    let clock = Clock::held(START.parse().unwrap());
    let timeout = Duration::from_millis(300);
    Emulator::builder()
        .clock(clock)
        .limits(limits)
        .delivery_timeout(timeout)
        .start()
        .await
        .unwrap()
}

/// Makes a cue that sends to a receiver, and answers its id.
async fn webhook_cue(emulator: &Emulator, receiver: &Receiver, cron: &str, more: &str) -> String {
    let url = receiver.url();
    let body = format!(
        r#"{{"name":"hook","schedule":{{"type":"recurring","cron":"{cron}"}},"callback":{{"url":"{url}"}}{more}}}"#
    );
    ok(emulator, "POST", "/v1/cues", &body).await.text("id")
}

/// Makes a cue for workers, and answers its id.
async fn worker_cue(emulator: &Emulator, schedule: &str, more: &str) -> String {
    let body = format!(r#"{{"name":"work","schedule":{schedule},"transport":"worker"{more}}}"#);
    ok(emulator, "POST", "/v1/cues", &body).await.text("id")
}

async fn fire(emulator: &Emulator, cue: &str) -> String {
    ok(emulator, "POST", &format!("/v1/cues/{cue}/fire"), "")
        .await
        .text("id")
}

async fn claim(emulator: &Emulator, execution: &str) {
    ok(
        emulator,
        "POST",
        &format!("/v1/executions/{execution}/claim"),
        r#"{"worker_id":"w"}"#,
    )
    .await;
}

async fn status(emulator: &Emulator, execution: &str) -> String {
    ok(emulator, "GET", &format!("/v1/executions/{execution}"), "")
        .await
        .text("status")
}

async fn error_message(emulator: &Emulator, execution: &str) -> String {
    ok(emulator, "GET", &format!("/v1/executions/{execution}"), "")
        .await
        .text("error_message")
}

async fn cue_member(emulator: &Emulator, cue: &str, member: &str) -> String {
    ok(emulator, "GET", &format!("/v1/cues/{cue}"), "").await.text(member)
}

/// Makes an agent, and answers its id.
async fn agent(emulator: &Emulator, name: &str, more: &str) -> String {
    let body = format!(r#"{{"display_name":"{name}","slug":"{name}"{more}}}"#);
    ok(emulator, "POST", "/v1/agents", &body).await.text("id")
}

/// Makes an agent whose messages are pushed to a receiver.
async fn reachable(emulator: &Emulator, name: &str, receiver: &Receiver) -> String {
    agent(emulator, name, &format!(r#","webhook_url":"{}""#, receiver.url())).await
}

/// Sends a message with more headers, whatever comes of it.
async fn try_send(emulator: &Emulator, from: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let authorization = format!("Bearer {}", emulator.api_key());
    let mut all = vec![
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
        ("x-cueapi-from-agent", from),
    ];
    all.extend(headers);
    let mut connection = Connection::open(emulator.address()).await;
    connection.exchange("POST", "/v1/messages", &all, body.as_bytes()).await
}

/// Sends a message, and answers its id.
async fn send(emulator: &Emulator, from: &str, to: &str, more: &str) -> String {
    let body = format!(r#"{{"to":"{to}","body":"hello"{more}}}"#);
    let sent = try_send(emulator, from, &[], &body).await;
    assert_eq!(sent.status, 201, "{}", sent.body);
    sent.text("id")
}

async fn state(emulator: &Emulator, message: &str) -> String {
    ok(emulator, "GET", &format!("/v1/messages/{message}"), "")
        .await
        .text("delivery_state")
}

/// A number that a GET answers, such as a count.
async fn number(emulator: &Emulator, target: &str, member: &str) -> usize {
    ok(emulator, "GET", target, "").await.text(member).parse().unwrap()
}

/// Seconds from the start to each request that was sent.
fn seconds(emulator: &Emulator) -> Vec<i64> {
    let start: Timestamp = START.parse().unwrap();
    emulator
        .deliveries()
        .iter()
        .map(|sent| sent.sent_at.duration_since(start).as_secs())
        .collect()
}

/// Minutes from the start to each request that was sent.
fn minutes(emulator: &Emulator) -> Vec<i64> {
    let start: Timestamp = START.parse().unwrap();
    emulator
        .deliveries()
        .iter()
        .map(|sent| sent.sent_at.duration_since(start).as_secs() / 60)
        .collect()
}
