//! What is printed for debugging shows neither keys nor secrets nor what users send.

use std::time::Duration;

use cueapi_emulator::{
    Clock, Emulator,
    engine::{CreateAgent, CreateCue, Engine, Limits, OutcomeReport, Schedule, SendMessage, Subscribe},
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

#[test]
fn an_engine_prints_nothing_of_messages() {
    let now = "2026-03-02T08:00:00Z".parse().unwrap();
    let mut engine = Engine::new(1);
    let account = engine.open_account(now, "a@example.com", Limits::free());
    let metadata = Json::parse(format!(r#"{{"k":"{CANARY}"}}"#).as_bytes()).unwrap();
    let mut create = CreateAgent::new("n");
    create.metadata = metadata.clone();
    create.webhook_url = Some("http://127.0.0.1/".into());
    let subscribe = Subscribe {
        event_type: "message.delivered".into(),
        delivery_target: "webhook".into(),
        webhook_url: Some(format!("http://127.0.0.1/{CANARY}").into()),
        inline_body: true,
    };
    let mut printed = format!("{create:?} {subscribe:?}");
    let agent = engine.create_agent(now, account, create).unwrap().clone();
    let subscription = engine.subscribe(now, account, &agent.id, subscribe).unwrap().clone();
    let mut send = SendMessage::new(&agent.id, CANARY);
    (send.subject, send.metadata) = (Some(CANARY.into()), metadata);
    printed.push_str(&format!("{send:?} {agent:?} {subscription:?}"));
    let sent = engine
        .send_message(now, account, Some(&agent.id), Some(CANARY), send)
        .unwrap();
    printed.push_str(&format!("{sent:?}"));
    let push = engine.poll(now).unwrap();
    let events: Vec<_> = engine.events().collect();
    printed.push_str(&format!("{engine:?} {push:?} {events:?}"));
    assert!(printed.contains("msg_"), "it prints something: {printed}");
    let secrets = [agent.webhook_secret.unwrap(), subscription.webhook.unwrap().secret];
    for secret in [CANARY, &secrets[0], &secrets[1]] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}
