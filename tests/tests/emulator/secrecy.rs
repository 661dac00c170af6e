//! What is printed for debugging shows neither keys nor secrets nor what users send.

use std::time::Duration;

use cueapi_emulator::{
    Clock, Emulator,
    engine::{
        Attach, CreateAgent, CreateCue, DeliveryTarget, Engine, Limits, OutcomeReport, RegisterLiveSession, Schedule,
        SendMessage, Subscribe, Uuid,
    },
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
        delivery_target: DeliveryTarget::Webhook,
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

#[test]
fn logins_mails_sessions_and_echoes_print_no_token() {
    let now = "2026-03-02T08:00:00Z".parse().unwrap();
    let mut engine = Engine::new(1);
    let account = engine.open_account(now, "a@example.com", Limits::free());
    engine.start_login(now, "peer", "canary-code").unwrap();
    let link = engine
        .submit_email(now, "peer", "canary-code", "a@example.com")
        .unwrap();
    engine.approve_login(now, "canary-code", &link).unwrap();
    let progress = engine.poll_login(now, "canary-code").unwrap();
    let token = progress.approved.clone().unwrap().1;
    let agent = engine
        .create_agent(now, account, CreateAgent::new("Agent"))
        .unwrap()
        .id
        .clone();
    let register = RegisterLiveSession {
        label: "main".into(),
        cue_id: "cue_a".into(),
        task_name: "task".into(),
        is_default: false,
        monitor_version: None,
        session_token: Some(CANARY.into()),
    };
    let attach = Attach {
        label: "main".into(),
        task_name: "task".into(),
        token: CANARY.into(),
        attached_at: None,
        monitor_version: None,
    };
    let token_of_echo = "canary-7f3a-canary";
    engine
        .store_echo(now, "peer", token_of_echo, CANARY.into(), CANARY.into())
        .unwrap();
    let echo = engine.echo(now, token_of_echo).unwrap();
    let mut printed = format!("{progress:?} {register:?} {attach:?} {echo:?}");
    let session = engine.register_live_session(now, account, &agent, register).unwrap();
    printed.push_str(&format!("{session:?}"));
    let daemon = Uuid::parse("7d444840-9dc0-4c3d-9b5e-0f6f0f3a2b1c").unwrap();
    let attachment = engine.attach(now, account, &agent, daemon, attach.clone()).unwrap();
    printed.push_str(&format!("{attachment:?}"));
    let other = Uuid::parse("7d444840-9dc0-4c3d-9b5e-0f6f0f3a2b1d").unwrap();
    let exists = engine.attach(now, account, &agent, other, attach).unwrap_err();
    let session_token = engine.session_token(now, account).unwrap();
    let alert_secret = engine.alert_webhook_secret(account);
    printed.push_str(&format!("{exists:?} {engine:?} {:?}", engine.account(account)));
    for secret in [CANARY, &link, &token, &session_token, &alert_secret] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}

/// The ids that everybody sees and the keys that nobody may see are drawn from one seed. Undoes the usual cheap mixing.
#[tokio::test]
async fn an_id_tells_nothing_about_a_key() {
    fn unmixed(mut z: u64) -> u64 {
        let unshift = |z: u64, by: u32| (0..64 / by).fold(z, |x, _| z ^ (x >> by));
        z = unshift(z, 31).wrapping_mul(0x3196_42b2_d24d_8ec3);
        z = unshift(z, 27).wrapping_mul(0x96de_1b17_3f11_9089);
        unshift(z, 30)
    }
    fn mixed(mut z: u64) -> u64 {
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    assert_eq!(unmixed(mixed(7)), 7);
    let emulator = Emulator::start().await.unwrap();
    let seen = crate::wire::call_as(&emulator, "nobody", "GET", "/v1/info", "").await;
    let id = seen.header("x-request-id").unwrap().replace('-', "");
    let first = u64::from_str_radix(&id[..16], 16).unwrap();
    let key = emulator.api_key();
    // Four bits of an id are its version.
    for version in 0..16 {
        let mut state = unmixed(first & !0xf000 | version << 12);
        for _ in 0..1000 {
            state = state.wrapping_sub(0x9e37_79b9_7f4a_7c15);
            let drawn = format!("{:016x}", mixed(state));
            assert!(!key.contains(&drawn), "the key can be computed from {id}");
        }
    }
}
