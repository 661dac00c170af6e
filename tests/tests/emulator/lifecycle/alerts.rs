//! Alerts, and how they reach who wants to know.

use cueapi_core::types::{AlertType, Outcome};
use cueapi_emulator::{
    Emulator,
    engine::{self, AttemptResult, DeliveryKind},
    json::Json,
};
use cueapi_webhook::{AlertDelivery, Verifier, Webhook};

use super::{account::client, emulator, fire, worker_cue};
use crate::{
    receiver::{Behaviour, Received, Receiver},
    wire::{call, ok},
};

const DAILY: &str = r#"{"type":"recurring","cron":"0 9 * * *"}"#;
const PROVEN: &str = r#","verification":{"mode":"require_external_id"}"#;

/// Reports a success without the evidence that the cue asks for.
async fn fail_verification(emulator: &Emulator, cue: &str) -> String {
    let execution = fire(emulator, cue).await;
    let outcome = client(emulator, emulator.api_key())
        .executions()
        .report_outcome(&*execution, Outcome::success())
        .await;
    outcome.unwrap();
    execution
}

async fn send_to(emulator: &Emulator, url: &str) {
    ok(
        emulator,
        "PATCH",
        "/v1/auth/me",
        &format!(r#"{{"alert_webhook_url":"{url}"}}"#),
    )
    .await;
}

fn verified(secret: &str, request: &Received, at: jiff::Timestamp) -> AlertDelivery {
    let mut http = http::Request::post("/");
    for (name, value) in &request.headers {
        http = http.header(name, value);
    }
    let http = http.body(()).unwrap();
    let verifier = Verifier::new(secret).unwrap();
    let webhook = Webhook::new(verifier).clock(move || std::time::Duration::from_secs(at.as_second().unsigned_abs()));
    webhook.receive(http.headers(), request.body.clone()).unwrap()
}

#[tokio::test]
async fn an_alert_arrives_signed_with_the_alert_secret_as_a_real_server_sent_it() {
    let (emulator, receiver) = (emulator().await, Receiver::open([]).await);
    send_to(&emulator, &receiver.url()).await;
    let secret = ok(&emulator, "GET", "/v1/auth/alert-webhook-secret", "")
        .await
        .text("alert_webhook_secret");
    let cue = worker_cue(&emulator, DAILY, PROVEN).await;
    let execution = fail_verification(&emulator, &cue).await;
    emulator.run_until_idle().await;

    let [request] = &receiver.received()[..] else {
        panic!("one request")
    };
    let alert = verified(&secret, request, emulator.now());
    assert_eq!(alert.alert_type, AlertType::VerificationFailed);
    assert_eq!(alert.execution_id.as_ref().unwrap().as_str(), execution);
    let listed = client(&emulator, emulator.api_key()).alerts().list().await.unwrap();
    assert_eq!(alert.alert_id, listed.alerts[0].id);

    let captured = Json::parse(include_bytes!("../../../fixtures/webhooks/alert-1.json")).unwrap();
    let text = captured.get("body_text").unwrap().as_str().unwrap();
    let body = Json::parse(text.as_bytes()).unwrap();
    let member = |name: &str| body.get(name).unwrap().as_str().unwrap().to_owned();
    let expected = text
        .replace(&member("alert_id"), alert.alert_id.as_str())
        .replace(&member("cue_id"), &cue)
        .replace(&member("execution_id"), &execution)
        .replace(&member("created_at"), "2026-03-02T08:00:00+00:00");
    assert_eq!(String::from_utf8_lossy(&request.body), expected);
    let Some(Json::Object(headers)) = captured.get("headers") else {
        panic!("no headers")
    };
    let mut names: Vec<_> = headers.iter().map(|(name, _)| name.to_string()).collect();
    let mut sent: Vec<_> = request.headers.iter().map(|(name, _)| name.clone()).collect();
    names.sort();
    sent.sort();
    assert_eq!(sent, names);
}

#[tokio::test]
async fn an_alert_is_sent_once_whatever_comes_of_it() {
    let (emulator, receiver) = (emulator().await, Receiver::open([Behaviour::Answer(500)]).await);
    send_to(&emulator, &receiver.url()).await;
    ok(&emulator, "GET", "/v1/auth/alert-webhook-secret", "").await;
    let cue = worker_cue(&emulator, DAILY, PROVEN).await;
    fail_verification(&emulator, &cue).await;
    emulator.advance(std::time::Duration::from_secs(3600)).await;
    let [sent] = &emulator.deliveries()[..] else {
        panic!("one attempt")
    };
    assert!(matches!(
        sent.kind,
        DeliveryKind::Alert {
            alert_type: engine::AlertType::VerificationFailed,
            ..
        }
    ));
    assert_eq!(sent.result, AttemptResult::Status(500));
}

#[tokio::test]
async fn without_a_url_or_before_the_secret_was_fetched_nothing_is_sent() {
    let (emulator, receiver) = (emulator().await, Receiver::open([]).await);
    let cue = worker_cue(&emulator, DAILY, PROVEN).await;
    send_to(&emulator, &receiver.url()).await;
    fail_verification(&emulator, &cue).await;
    ok(&emulator, "GET", "/v1/auth/alert-webhook-secret", "").await;
    send_to(&emulator, "").await;
    fail_verification(&emulator, &cue).await;
    emulator.run_until_idle().await;
    assert_eq!(receiver.received().len(), 0);
    assert_eq!(
        ok(&emulator, "GET", "/v1/alerts", "").await.text("total"),
        "2",
        "they are listed all the same"
    );

    send_to(&emulator, &receiver.url()).await;
    fail_verification(&emulator, &cue).await;
    emulator.run_until_idle().await;
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn alerts_are_filtered_by_type_and_time() {
    let emulator = emulator().await;
    let cue = worker_cue(&emulator, DAILY, PROVEN).await;
    fail_verification(&emulator, &cue).await;
    emulator.advance(std::time::Duration::from_secs(60)).await;
    fail_verification(&emulator, &cue).await;
    for (query, total) in [
        ("", "2"),
        ("?alert_type=verification_failed", "2"),
        ("?alert_type=consecutive_failures", "0"),
        ("?since=2026-03-02T08:00:30Z", "1"),
        ("?since=2026-03-02T08:01:00Z&limit=1", "1"),
    ] {
        let alerts = ok(&emulator, "GET", &format!("/v1/alerts{query}"), "").await;
        assert_eq!(alerts.text("total"), total, "{query}");
    }
    let unknown = call(&emulator, "GET", "/v1/alerts?alert_type=missed_window", "").await;
    assert_eq!(
        (unknown.status, unknown.text("error.code")),
        (400, "invalid_filter".into())
    );
}
