//! What a delivery takes from its cue, and when: a captured pair of attempts, between which everything was changed.

use std::time::Duration;

use cueapi_emulator::{Clock, Emulator, engine::Limits, json::Json};
use cueapi_signing::{SignatureHeaders, Verifier};

use crate::{
    receiver::{Behaviour, Received, Receiver},
    wire::{Connection, ok},
};

fn text<'a>(json: &'a Json, path: &str) -> &'a str {
    let found = path.split('.').try_fold(json, |json, key| json.get(key));
    found.and_then(Json::as_str).unwrap_or_else(|| panic!("no {path}"))
}

fn verifies(secret: &str, request: &Received) -> bool {
    let timestamp = request.header("x-cueapi-timestamp");
    let headers = SignatureHeaders::new(request.header("x-cueapi-signature"), timestamp);
    let now = Duration::from_secs(timestamp.parse().unwrap());
    Verifier::new(secret)
        .unwrap()
        .verify(&request.body, headers, now)
        .is_ok()
}

#[tokio::test]
async fn the_captured_attempts_before_and_after_a_change_are_reproduced() {
    let captures = Json::parse(include_bytes!("../../../fixtures/golden/snapshot.json")).unwrap();
    let Json::Array(captures) = captures else {
        panic!("the fixture is not a list")
    };
    let capture = &captures[0];
    let bodies = ["attempt1.body_text", "attempt2.body_text"].map(|path| text(capture, path));
    let [first, second] = bodies.map(|body| Json::parse(body.as_bytes()).unwrap());
    let payload = |body: &Json| body.get("payload").unwrap().to_compact();

    let emulator = Emulator::builder()
        .clock(Clock::held("2026-11-23T20:59:19.879016Z".parse().unwrap()))
        .limits(Limits::unlimited())
        .start()
        .await
        .unwrap();
    let receivers = [Receiver::open([Behaviour::Answer(500)]).await, Receiver::open([]).await];
    let create = format!(
        r#"{{"name":"{}","schedule":{{"type":"recurring","cron":"0 9 1 1 *"}},"callback":{{"url":"{}"}},"payload":{}}}"#,
        text(&first, "name"),
        receivers[0].url(),
        payload(&first)
    );
    let cue = ok(&emulator, "POST", "/v1/cues", &create).await.text("id");
    let send_at = format!(r#"{{"send_at":"{}"}}"#, text(&first, "scheduled_for"));
    let execution = ok(&emulator, "POST", &format!("/v1/cues/{cue}/fire"), &send_at)
        .await
        .text("id");
    let old_secret = emulator.webhook_secret();

    let patch = format!(
        r#"{{"name":"{}","callback":{{"url":"{}"}},"payload":{}}}"#,
        text(&second, "name"),
        receivers[1].url(),
        payload(&second)
    );
    ok(&emulator, "PATCH", &format!("/v1/cues/{cue}"), &patch).await;
    let authorization = format!("Bearer {}", emulator.api_key());
    let confirmed = [
        ("authorization", authorization.as_str()),
        ("x-confirm-destructive", "true"),
    ];
    let mut connection = Connection::open(emulator.address()).await;
    connection
        .exchange("POST", "/v1/auth/webhook-secret/regenerate", &confirmed, b"")
        .await;
    emulator.run_until_idle().await;

    for ((receiver, secret), expected) in receivers
        .iter()
        .zip([old_secret, emulator.webhook_secret()])
        .zip(bodies)
    {
        let [request] = &receiver.received()[..] else {
            panic!("one request to each receiver")
        };
        let expected = expected
            .replace(text(&first, "cue_id"), &cue)
            .replace(text(&first, "execution_id"), &execution);
        assert_eq!(String::from_utf8_lossy(&request.body), expected);
        assert!(verifies(&secret, request));
    }
}
