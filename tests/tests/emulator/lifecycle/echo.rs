//! The echo, a receiver that a server has at hand.

use std::time::Duration;

use cueapi_emulator::engine::Limits;

use super::{emulator, emulator_with, fire};
use crate::wire::{Connection, call, ok};

const ECHO: &str = "/v1/echo/0123456789abcdef";

#[tokio::test]
async fn a_webhook_can_be_sent_to_the_servers_own_echo_and_looked_at_there() {
    let emulator = emulator().await;
    assert_eq!(ok(&emulator, "GET", ECHO, "").await.body, r#"{"status":"waiting"}"#);
    let url = format!("{}{ECHO}", emulator.base_url());
    let body =
        format!(r#"{{"name":"n","schedule":{{"type":"recurring","cron":"0 0 1 1 *"}},"callback":{{"url":"{url}"}}}}"#);
    let cue = ok(&emulator, "POST", "/v1/cues", &body).await.text("id");
    let execution = fire(&emulator, &cue).await;
    emulator.run_until_idle().await;

    let echo = ok(&emulator, "GET", ECHO, "").await;
    assert_eq!(echo.text("payload.execution_id"), execution);
    assert!(echo.text("headers.x-cueapi-signature").starts_with("v1="));
    emulator.advance(Duration::from_secs(300)).await;
    assert_eq!(
        ok(&emulator, "GET", ECHO, "").await.text("status"),
        "waiting",
        "after five minutes it is gone"
    );
}

#[tokio::test]
async fn what_cannot_be_echoed_is_refused() {
    let emulator = emulator().await;
    let short = "/v1/echo/0123456789abcde";
    let refused = call(&emulator, "POST", short, "{}").await;
    assert_eq!(
        (refused.status, refused.text("error.code")),
        (400, "invalid_token".into())
    );
    let asked = ok(&emulator, "GET", short, "").await;
    assert_eq!(asked.text("status"), "waiting", "who asks may ask for any token");
    let large = format!("\"{}\"", "x".repeat(1_000_000));
    let large = call(&emulator, "POST", ECHO, &large).await;
    assert_eq!(
        (large.status, large.text("error.code")),
        (413, "payload_too_large".into())
    );
    assert_eq!(call(&emulator, "POST", ECHO, "not JSON").await.status, 500);
    assert_eq!(call(&emulator, "POST", ECHO, "[1]").await.body, r#"{"stored":true}"#);
    assert_eq!(ok(&emulator, "GET", ECHO, "").await.text("payload"), "[1]");
}

#[tokio::test]
async fn ten_an_hour_may_be_stored_from_one_address() {
    let emulator = emulator_with(Limits::free()).await;
    for _ in 0..10 {
        ok(&emulator, "POST", ECHO, "{}").await;
    }
    let eleventh = Connection::open(emulator.address())
        .await
        .exchange("POST", ECHO, &[], b"{}")
        .await;
    assert_eq!(
        (eleventh.status, eleventh.text("error.code")),
        (429, "rate_limit_exceeded".into())
    );
    assert_eq!(eleventh.header("retry-after"), None);
    emulator.advance(Duration::from_secs(3600)).await;
    ok(&emulator, "POST", ECHO, "{}").await;
}
