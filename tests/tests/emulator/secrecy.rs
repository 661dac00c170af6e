//! What is printed for debugging shows neither keys nor secrets nor what users send.

use std::time::Duration;

use cueapi_emulator::{
    Clock, Emulator,
    engine::{CreateCue, Engine, Limits, OutcomeReport, Schedule},
    json::Json,
};

use crate::{receiver::Receiver, wire::ok};

const CANARY: &str = "canary-7f3a";

#[tokio::test]
async fn an_emulator_that_has_worked_prints_nothing_secret() {
    let clock = Clock::held("2026-03-02T08:00:00Z".parse().unwrap());
    let builder = Emulator::builder().clock(clock).api_key("cue_sk_canary-7f3a");
    let mut printed = format!("{builder:?}");
    let (emulator, receiver) = (builder.start().await.unwrap(), Receiver::open([]).await);
    let body = format!(
        r#"{{"name":"n","schedule":{{"type":"recurring","cron":"1 8 * * *"}},"callback":{{"url":"{}","headers":{{"X-Token":"{CANARY}"}}}},"payload":{{"{CANARY}":1}}}}"#,
        receiver.url()
    );
    ok(&emulator, "POST", "/v1/cues", &body).await;
    emulator.advance(Duration::from_secs(60)).await;
    let execution = emulator.executions()[0].id;
    let outcome = format!(r#"{{"success":true,"result":"{CANARY}","metadata":{{"k":"{CANARY}"}}}}"#);
    ok(
        &emulator,
        "POST",
        &format!("/v1/executions/{execution}/outcome"),
        &outcome,
    )
    .await;
    let token = format!(r#"{{"session_token":"{CANARY}"}}"#);
    ok(
        &emulator,
        "POST",
        &format!("/v1/executions/{execution}/live-claim"),
        &token,
    )
    .await;

    printed.push_str(&format!(
        "{emulator:?} {:?} {:?}",
        emulator.deliveries(),
        emulator.executions()
    ));
    assert!(
        printed.contains("2026-03-02T08:01:00Z"),
        "it prints something: {printed}"
    );
    for secret in [CANARY, &emulator.webhook_secret(), "v1="] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}

#[test]
fn an_engine_prints_nothing_secret() {
    let now = "2026-03-02T08:00:00Z".parse().unwrap();
    let mut engine = Engine::new(1);
    let account = engine.open_account(now, "a@example.com", Limits::free());
    let mut create = CreateCue::webhook("n", Schedule::cron("1 8 * * *"), "http://127.0.0.1/");
    create.payload = Json::parse(format!(r#"{{"k":"{CANARY}"}}"#).as_bytes()).unwrap();
    create.callback.headers = create.payload.clone();
    let report = OutcomeReport {
        result: Some(CANARY.into()),
        ..OutcomeReport::default()
    };
    let mut printed = format!("{create:?} {report:?}");
    let id = engine.create_cue(now, account, create).unwrap().0.id.clone();
    engine.fire(now, account, &id, None).unwrap();
    let delivery = engine.poll(now).unwrap();
    printed.push_str(&format!(
        "{engine:?} {delivery:?} {:?} {:?}",
        engine.cue(account, &id),
        engine.account(account)
    ));
    let holder = engine.account(account).unwrap();
    for secret in [CANARY, &holder.api_key, &holder.webhook_secret] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}
