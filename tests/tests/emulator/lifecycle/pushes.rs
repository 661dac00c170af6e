//! Messages that are pushed to a receiver.

use cueapi_emulator::{
    engine::{AttemptResult, CreateAgent, DeliveryKind, DeliveryState, Engine, Limits, SendMessage},
    json::Json,
};
use cueapi_webhook::MessageDelivery;
use jiff::{SignedDuration, Timestamp};

use super::{MINUTE, agent, emulator, number, reachable, seconds, send, state, try_send};
use crate::{
    receiver::{Behaviour, Receiver},
    wire::ok,
};

#[tokio::test]
async fn a_push_arrives_signed_and_byte_for_byte_as_a_real_server_sent_it() {
    let (emulator, receiver) = (emulator().await, Receiver::open([]).await);
    let (writer, reader) = (
        agent(&emulator, "sender-s-n", "").await,
        reachable(&emulator, "receiver", &receiver).await,
    );
    let captured = Json::parse(include_bytes!("../../../fixtures/webhooks/msg-push-1.json")).unwrap();
    let captured = captured.get("body_text").unwrap().as_str().unwrap().to_owned();
    let body = Json::parse(captured.as_bytes()).unwrap();
    let member = |name: &str| body.get(name).unwrap();
    let request = format!(
        r#"{{"to":"{reader}","body":{},"subject":{},"metadata":{},"expects_reply":true,"correlation_id":"c1"}}"#,
        member("body").to_compact(),
        member("subject").to_compact(),
        member("metadata").to_compact()
    );
    let sent = try_send(&emulator, &writer, &[], &request).await;
    let id = sent.text("id");
    emulator.run_until_idle().await;

    let [push] = &receiver.received()[..] else {
        panic!("one push")
    };
    let expected = captured
        .replace("msg_xj6647is7dt3", &id)
        .replace("agt_cw7d6zk4mnzg", &writer)
        .replace("agt_y8ffcg0h3tt8", &reader)
        .replace("@ref", "@dev")
        .replace("2026-11-23T20:50:19.679787+00:00", "2026-03-02T08:00:00+00:00");
    assert_eq!(push.text(), expected);
    for (name, value) in [
        ("content-type", "application/json"),
        ("x-cueapi-event-type", "message.created"),
        ("x-cueapi-message-id", &id),
        ("x-cueapi-agent-id", &reader),
        ("x-cueapi-thread-id", &id),
        ("x-cueapi-attempt", "1"),
        ("user-agent", "CueAPI/1.0"),
    ] {
        assert_eq!(push.header(name), value);
    }
    let secret = ok(&emulator, "GET", &format!("/v1/agents/{reader}/webhook-secret"), "").await;
    let message: MessageDelivery = push.verified(&secret.text("webhook_secret")).unwrap();
    assert_eq!((message.id.as_str(), message.headers().attempt), (&*id, Some(1)));
    assert!(
        push.verified::<cueapi_webhook::types::PushedMessage>("whsec_other")
            .is_err()
    );
    assert_eq!(state(&emulator, &id).await, "delivered");
    assert_eq!(
        emulator.deliveries()[0].kind,
        DeliveryKind::Message {
            message_id: id.into(),
            attempt: 1
        }
    );
}

#[tokio::test]
async fn a_failing_push_is_tried_again_after_1_then_5_then_15_minutes_and_given_up() {
    let (emulator, receiver) = (emulator().await, Receiver::open([Behaviour::Answer(500); 4]).await);
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        reachable(&emulator, "reader", &receiver).await,
    );
    let message = send(&emulator, &writer, &reader, "").await;
    emulator.advance(MINUTE / 2).await;
    assert_eq!(state(&emulator, &message).await, "retry_ready");
    emulator.run_until_idle().await;

    assert_eq!(seconds(&emulator), [0, 60, 360, 1260]);
    let failed = ok(&emulator, "GET", &format!("/v1/messages/{message}"), "").await;
    assert_eq!(failed.text("delivery_state"), "failed");
    assert_eq!(failed.text("failed_at"), "2026-03-02T08:21:00Z");
    assert_eq!(failed.text("message_dispatch_error"), "null");
    let inbox = format!("/v1/agents/{reader}/inbox");
    assert_eq!(number(&emulator, &inbox, "total").await, 1, "it can still be fetched");
    ok(&emulator, "POST", &format!("/v1/messages/{message}/read"), "").await;
}

#[tokio::test]
async fn a_receiver_that_says_when_to_come_again_is_heeded_but_not_before_the_own_pause() {
    let script = [
        Behaviour::Later(429, 120),
        Behaviour::Later(503, 30),
        Behaviour::Later(500, 5000),
    ];
    let (emulator, receiver) = (emulator().await, Receiver::open(script).await);
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        reachable(&emulator, "reader", &receiver).await,
    );
    send(&emulator, &writer, &reader, "").await;
    emulator.run_until_idle().await;
    assert_eq!(seconds(&emulator), [0, 120, 420, 1320]);
    let results: Vec<_> = emulator.deliveries().into_iter().map(|sent| sent.result).collect();
    let later = |status, seconds| AttemptResult::Later {
        status,
        after: SignedDuration::from_secs(seconds),
    };
    let expected = [
        later(429, 120),
        later(503, 30),
        AttemptResult::Status(500),
        AttemptResult::Status(200),
    ];
    assert_eq!(results, expected);
}

#[tokio::test]
async fn some_failures_are_final_and_some_are_not() {
    for (behaviour, attempts) in [
        (Behaviour::Answer(400), 1),
        (Behaviour::Answer(404), 1),
        (Behaviour::Answer(302), 1),
        (Behaviour::Answer(408), 2),
        (Behaviour::Answer(429), 2),
        (Behaviour::Stall, 2),
        (Behaviour::HangUp, 2),
    ] {
        let (emulator, receiver) = (emulator().await, Receiver::open([behaviour]).await);
        let (writer, reader) = (
            agent(&emulator, "writer", "").await,
            reachable(&emulator, "reader", &receiver).await,
        );
        let message = send(&emulator, &writer, &reader, "").await;
        emulator.run_until_idle().await;
        let expected = if attempts == 1 { "failed" } else { "delivered" };
        assert_eq!(state(&emulator, &message).await, expected, "{behaviour:?}");
        assert_eq!(receiver.received().len(), attempts, "{behaviour:?}");
    }
}

#[tokio::test]
async fn whoever_fetches_first_is_not_pushed_to_as_well() {
    let (emulator, receiver) = (emulator().await, Receiver::open([]).await);
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        reachable(&emulator, "reader", &receiver).await,
    );
    let message = send(&emulator, &writer, &reader, "").await;
    ok(&emulator, "GET", &format!("/v1/agents/{reader}/inbox"), "").await;
    emulator.run_until_idle().await;
    assert_eq!(state(&emulator, &message).await, "delivered");
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn without_its_url_an_agent_finds_the_message_in_the_inbox() {
    let (emulator, receiver) = (emulator().await, Receiver::open([Behaviour::Answer(500)]).await);
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        reachable(&emulator, "reader", &receiver).await,
    );
    let tried = send(&emulator, &writer, &reader, "").await;
    let later = send(&emulator, &writer, &reader, r#","send_at":"2026-03-02T08:00:30Z""#).await;
    emulator.advance(MINUTE / 4).await;
    let path = format!("/v1/agents/{reader}");
    ok(&emulator, "PATCH", &path, r#"{"webhook_url":null}"#).await;
    emulator.run_until_idle().await;
    assert_eq!(receiver.received().len(), 1);
    for message in [&tried, &later] {
        assert_eq!(state(&emulator, message).await, "queued");
    }
    assert_eq!(number(&emulator, &format!("{path}/inbox"), "total").await, 2);
    assert_eq!(state(&emulator, &later).await, "delivered");
}

#[tokio::test]
async fn a_retry_is_signed_with_the_secret_of_its_moment() {
    let (emulator, receiver) = (emulator().await, Receiver::open([Behaviour::Answer(500)]).await);
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        reachable(&emulator, "reader", &receiver).await,
    );
    let secret = async || {
        let path = format!("/v1/agents/{reader}/webhook-secret");
        ok(&emulator, "GET", &path, "").await.text("webhook_secret")
    };
    let old = secret().await;
    send(&emulator, &writer, &reader, "").await;
    emulator.advance(MINUTE / 2).await;
    ok(
        &emulator,
        "PATCH",
        &format!("/v1/agents/{reader}"),
        r#"{"webhook_url":null}"#,
    )
    .await;
    let url = format!(r#"{{"webhook_url":"{}"}}"#, receiver.url());
    ok(&emulator, "PATCH", &format!("/v1/agents/{reader}"), &url).await;
    emulator.run_until_idle().await;
    let (received, new) = (receiver.received(), secret().await);
    let proves = |at: usize, secret: &str| {
        received[at]
            .verified::<cueapi_webhook::types::PushedMessage>(secret)
            .is_ok()
    };
    assert_eq!(
        [proves(0, &old), proves(0, &new), proves(1, &old), proves(1, &new)],
        [true, false, false, true]
    );
}

#[test]
fn a_push_of_which_nothing_is_heard_is_made_again_after_300_seconds() {
    let start: Timestamp = super::START.parse().unwrap();
    let mut engine = Engine::new(1);
    let account = engine.open_account(start, "a@example.com", Limits::unlimited());
    let writer = engine
        .create_agent(start, account, CreateAgent::new("w"))
        .unwrap()
        .id
        .clone();
    let mut reader = CreateAgent::new("r");
    reader.webhook_url = Some("http://127.0.0.1:9/".into());
    let reader = engine.create_agent(start, account, reader).unwrap().id.clone();
    let send = SendMessage::new(&reader, "hello");
    engine.send_message(start, account, Some(&writer), None, send).unwrap();

    let mut lost = Vec::new();
    while let Some(due) = engine.next_due() {
        if let Some(delivery) = engine.poll(due) {
            lost.push((due.duration_since(start).as_secs(), delivery.id));
        }
    }
    let times: Vec<_> = lost.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [0, 300, 600, 900]);
    assert_eq!(engine.messages().next().unwrap().state, DeliveryState::Failed);
    engine.delivered(start, lost[0].1, AttemptResult::Status(200));
    assert_eq!(
        engine.messages().next().unwrap().state,
        DeliveryState::Failed,
        "too late"
    );
}
