//! The emulator's page, in a real browser.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod browser;
mod hostile;
mod looks;
mod protection;
#[path = "../emulator/receiver.rs"]
#[expect(dead_code, reason = "the emulator's tests script more of its behaviours")]
mod receiver;
mod use_of_it;

use cueapi_emulator::{Builder, Clock, Emulator};
use serde_json::Value;

use self::{browser::Browser, receiver::Receiver};

/// Monday, the second of March 2026, one minute to eight.
fn held() -> Builder {
    let clock = Clock::held("2026-03-02T07:59:00Z".parse().unwrap());
    Emulator::builder().clock(clock).rate_limit(None).seed(7)
}

/// Calls the API, and expects it to be content.
async fn call(emulator: &Emulator, method: &str, path: &str, body: Value) -> Value {
    let request = reqwest::Client::new()
        .request(method.parse().unwrap(), format!("{}{path}", emulator.base_url()))
        .header("authorization", format!("Bearer {}", emulator.api_key()))
        .header("content-type", "application/json")
        .body(body.to_string());
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{method} {path}: {}", answer.status());
    serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default()
}
