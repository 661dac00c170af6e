//! Events: pulled, waited for, and sent to subscriptions.

use std::time::Duration;

use cueapi_emulator::{Emulator, json::Json};
use cueapi_webhook::{EventDelivery, types::EventBatch};
use jiff::Timestamp;

use super::{MINUTE, agent, emulator, seconds, send, try_send};
use crate::{
    receiver::{Behaviour, Receiver},
    wire::{Answer, call, ok},
};

/// Subscribes a receiver to an agent's messages.
async fn subscribe(emulator: &Emulator, agent: &str, receiver: &Receiver, more: &str) -> Answer {
    let url = receiver.url();
    let body =
        format!(r#"{{"event_type":"message.delivered","delivery_target":"webhook","webhook_url":"{url}"{more}}}"#);
    ok(emulator, "POST", &format!("/v1/agents/{agent}/subscriptions"), &body).await
}

/// The only subscription of an agent.
async fn only(emulator: &Emulator, agent: &str) -> Json {
    let listed = ok(emulator, "GET", &format!("/v1/agents/{agent}/subscriptions"), "")
        .await
        .json();
    let Some(Json::Array(rows)) = listed.get("subscriptions") else {
        panic!("no list")
    };
    let [row] = &rows[..] else { panic!("not one") };
    row.clone()
}

async fn pull(emulator: &Emulator, agent: &str, query: &str) -> Vec<Json> {
    let page = ok(emulator, "GET", &format!("/v1/agents/{agent}/events?{query}"), "")
        .await
        .json();
    let Some(Json::Array(events)) = page.get("events") else {
        panic!("no events")
    };
    events.clone()
}

fn ids(events: &[Json]) -> Vec<i64> {
    let id = |event: &Json| match event.get("id") {
        Some(Json::Int(id)) => *id,
        _ => panic!("no id"),
    };
    events.iter().map(id).collect()
}

#[tokio::test]
async fn events_are_pulled_in_order_for_a_week_and_pulling_acknowledges_them() {
    let emulator = emulator().await;
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        agent(&emulator, "reader", "").await,
    );
    let body = r#"{"event_type":"message.delivered","delivery_target":"pull"}"#;
    let path = format!("/v1/agents/{reader}/subscriptions");
    let made = ok(&emulator, "POST", &path, body).await;
    assert_eq!(
        (made.text("webhook_secret"), made.text("created_at")),
        ("null".into(), "2026-03-02T08:00:00+00:00".into())
    );
    assert_eq!(
        call(&emulator, "POST", &path, body).await.status,
        500,
        "there is one already"
    );
    for _ in 0..3 {
        send(&emulator, &writer, &reader, r#","send_at":"2026-03-03T08:00:00Z""#).await;
    }
    let all = ids(&pull(&emulator, &reader, "").await);
    assert_eq!(all.len(), 3, "also of what is not due yet");
    assert_eq!(
        only(&emulator, &reader).await.get("last_acked_event_id"),
        Some(&Json::Int(all[2]))
    );
    assert_eq!(
        ids(&pull(&emulator, &reader, &format!("since={}&limit=1", all[0])).await),
        [all[1]]
    );
    let ack = format!("{path}/{}/ack", made.text("id"));
    ok(&emulator, "PATCH", &ack, r#"{"acked_event_id":1}"#).await;
    assert_eq!(
        only(&emulator, &reader).await.get("last_acked_event_id"),
        Some(&Json::Int(all[2])),
        "never back"
    );
    let wrong = call(
        &emulator,
        "PATCH",
        &format!("{path}/{}/ack", "1".repeat(31)),
        r#"{"acked_event_id":-1}"#,
    )
    .await;
    let fields: Vec<_> = match wrong.json().get("error").and_then(|error| error.get("details")) {
        Some(Json::Array(details)) => details
            .iter()
            .map(|detail| detail.get("field").unwrap().to_compact())
            .collect(),
        _ => panic!("{}", wrong.body),
    };
    assert_eq!(fields, [r#""path.subscription_id""#, r#""body.acked_event_id""#]);

    emulator.advance(7 * 24 * 60 * MINUTE).await;
    assert!(pull(&emulator, &reader, "").await.is_empty());
    ok(&emulator, "DELETE", &format!("{path}/{}", made.text("id")), "").await;
    assert_eq!(ok(&emulator, "GET", &path, "").await.body, r#"{"subscriptions":[]}"#);
    ok(&emulator, "POST", &path, body).await;
}

#[tokio::test]
async fn a_subscription_gets_what_a_real_server_sent_signed_in_another_spelling() {
    let (emulator, receiver) = (emulator().await, Receiver::open([]).await);
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        agent(&emulator, "reader", "").await,
    );
    let subscription = subscribe(&emulator, &reader, &receiver, r#","inline_body":true"#).await;
    assert_eq!(
        subscription.text("webhook_url"),
        format!("http://{}", receiver.address),
        "the path is kept back"
    );
    let captured = Json::parse(include_bytes!("../../../fixtures/webhooks/sub-nonascii-1.json")).unwrap();
    let captured = captured.get("body_text").unwrap().as_str().unwrap().to_owned();
    let batch = Json::parse(captured.as_bytes()).unwrap();
    let Some(Json::Array(events)) = batch.get("events") else {
        panic!("no events")
    };
    let payload = events[0].get("payload").unwrap();
    let request = format!(
        r#"{{"to":"{reader}","body":{},"subject":{}}}"#,
        payload.get("body").unwrap().to_compact(),
        payload.get("subject").unwrap().to_compact()
    );
    let message = try_send(&emulator, &writer, &[], &request).await.text("id");
    emulator.advance(Duration::ZERO).await;

    let [sent] = &receiver.received()[..] else {
        panic!("one delivery")
    };
    let event = ids(&pull(&emulator, &reader, "").await)[0];
    let expected = captured
        .replace("_39_39", &format!("_{event}_{event}"))
        .replace(r#""id": 39,"#, &format!(r#""id": {event},"#))
        .replace("c2f8a991-9974-47d3-b7be-3fc03520776a", &subscription.text("id"))
        .replace("msg_ag3sx0edtyxi", &message)
        .replace("agt_83zngtz3uwyu", &reader)
        .replace("agt_cw7d6zk4mnzg", &writer)
        .replace("2026-11-23T20:51:18.837887+00:00", "2026-03-02T08:00:00+00:00");
    assert_eq!(sent.text(), expected);
    assert_eq!(sent.header("x-cueapi-event-count"), "1");
    assert_eq!(sent.header("user-agent"), "python-httpx/0.28.1");
    let delivered: EventDelivery = sent.verified(&subscription.text("webhook_secret")).unwrap();
    assert_eq!(delivered.events[0].id, event);
    let row = only(&emulator, &reader).await;
    for (name, value) in [
        ("last_dispatched_event_id", Json::Int(event)),
        ("last_acked_event_id", Json::Int(event)),
        ("last_dispatched_at", "2026-03-02T08:00:00+00:00".into()),
        ("webhook_secret", Json::Null),
    ] {
        assert_eq!(row.get(name), Some(&value), "{name}");
    }
}

#[tokio::test]
async fn a_new_subscription_gets_the_whole_week_in_batches_of_fifty() {
    let (emulator, receiver) = (emulator().await, Receiver::open([]).await);
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        agent(&emulator, "reader", "").await,
    );
    for _ in 0..60 {
        send(&emulator, &writer, &reader, "").await;
    }
    let secret = subscribe(&emulator, &reader, &receiver, "")
        .await
        .text("webhook_secret");
    emulator.advance(Duration::ZERO).await;
    let batches = receiver
        .received()
        .into_iter()
        .map(|sent| sent.verified::<EventBatch>(&secret).unwrap());
    let batches: Vec<Vec<i64>> = batches
        .map(|batch| batch.events.iter().map(|event| event.id).collect())
        .collect();
    assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [50, 10]);
    assert_eq!(batches.concat(), ids(&pull(&emulator, &reader, "").await));
}

#[tokio::test]
async fn a_failing_subscription_gets_the_same_batch_every_five_seconds_and_pauses_after_ten() {
    let (emulator, receiver) = (emulator().await, Receiver::open([Behaviour::Answer(404); 11]).await);
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        agent(&emulator, "reader", "").await,
    );
    subscribe(&emulator, &reader, &receiver, "").await;
    send(&emulator, &writer, &reader, "").await;
    emulator.advance(10 * MINUTE).await;
    assert_eq!(seconds(&emulator), [0, 5, 10, 15, 20, 25, 30, 35, 40, 45]);
    let row = only(&emulator, &reader).await;
    assert_eq!(row.get("consecutive_failures"), Some(&Json::Int(10)));
    assert_eq!(row.get("paused_until"), Some(&"2026-03-02T09:00:45+00:00".into()));

    send(&emulator, &writer, &reader, "").await;
    emulator.advance(180 * MINUTE).await;
    assert_eq!(
        seconds(&emulator)[10..],
        [3645, 7245],
        "one more failure makes another pause"
    );
    let row = only(&emulator, &reader).await;
    assert_eq!(row.get("consecutive_failures"), Some(&Json::Int(0)));
    assert_eq!(row.get("paused_until"), Some(&Json::Null));
    assert_eq!(receiver.received()[11].header("x-cueapi-event-count"), "2");
}

#[tokio::test]
async fn urgent_events_are_sent_at_most_every_two_seconds_and_others_may_come_twice() {
    let (emulator, receiver) = (emulator().await, Receiver::open([]).await);
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        agent(&emulator, "reader", "").await,
    );
    let secret = subscribe(&emulator, &reader, &receiver, "")
        .await
        .text("webhook_secret");
    let step = Duration::from_millis(500);
    for priority in [4, 4, 3] {
        send(&emulator, &writer, &reader, &format!(r#","priority":{priority}"#)).await;
        emulator.advance(step).await;
    }
    emulator.advance(MINUTE).await;
    let all = ids(&pull(&emulator, &reader, "").await);
    let batches: Vec<Vec<i64>> = (receiver.received().into_iter())
        .map(|sent| sent.verified::<EventBatch>(&secret).unwrap())
        .map(|batch| batch.events.iter().map(|event| event.id).collect())
        .collect();
    assert_eq!(
        batches,
        [&all[..1], &all[2..], &all[1..]],
        "what is not urgent does not wait"
    );
    assert_eq!(seconds(&emulator), [0, 1, 2]);

    send(&emulator, &writer, &reader, r#","priority":4"#).await;
    emulator.advance(step).await;
    for priority in [3, 4, 3] {
        send(&emulator, &writer, &reader, &format!(r#","priority":{priority}"#)).await;
    }
    emulator.advance(MINUTE).await;
    let counts: Vec<_> = (receiver.received()[3..].iter())
        .map(|sent| sent.header("x-cueapi-event-count").to_owned())
        .collect();
    assert_eq!(counts, ["1", "2", "2"], "nothing comes more often than it must");
}

#[tokio::test]
async fn messages_of_low_priority_are_gathered_every_ten_minutes() {
    let (emulator, receiver) = (emulator().await, Receiver::open([]).await);
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        agent(&emulator, "reader", "").await,
    );
    let body = format!(
        r#"{{"event_type":"message.digest","delivery_target":"webhook","webhook_url":"{}"}}"#,
        receiver.url()
    );
    ok(&emulator, "POST", &format!("/v1/agents/{reader}/subscriptions"), &body).await;
    emulator.advance(3 * MINUTE).await;
    let mut low = Vec::new();
    for priority in [1, 3, 2] {
        let message = send(
            &emulator,
            &writer,
            &reader,
            &format!(r#","priority":{priority},"subject":"s{priority}""#),
        )
        .await;
        if priority < 3 {
            low.push(message);
        }
    }
    emulator.advance(MINUTE * 6).await;
    assert!(receiver.received().is_empty());
    emulator.advance(MINUTE * 30).await;
    assert_eq!(seconds(&emulator), [600]);
    let [digest] = &pull(&emulator, &reader, "event_type=message.digest").await[..] else {
        panic!("one digest")
    };
    let payload = digest.get("payload").unwrap();
    let entry = |at: usize, priority: u8| {
        format!(
            r#"{{"subject":"s{priority}","priority":{priority},"emitted_at":"2026-03-02T08:03:00+00:00","message_id":"{}","sender_agent_id":"{writer}"}}"#,
            low[at]
        )
    };
    let expected = format!(
        r#"{{"bundle_count":2,"bundled_messages":[{},{}],"digest_period_end":"2026-03-02T08:10:00+00:00","recipient_agent_id":"{reader}","digest_period_start":"2026-03-02T08:00:00+00:00"}}"#,
        entry(0, 1),
        entry(1, 2)
    );
    assert_eq!(payload.to_compact(), expected);
}

#[tokio::test]
async fn a_long_poll_waits_for_an_event_and_leaves_the_server_free() {
    let emulator = emulator().await;
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        agent(&emulator, "reader", "").await,
    );
    let target = format!("/v1/agents/{reader}/events?wait=long");
    let wait = call(&emulator, "GET", &target, "");
    let meanwhile = async {
        // Each of these is answered while the first one waits.
        for _ in 0..20 {
            ok(&emulator, "GET", "/v1/agents", "").await;
        }
        send(&emulator, &writer, &reader, "").await
    };
    let (waited, message) = tokio::join!(wait, meanwhile);
    assert!(waited.body.contains(&message), "{}", waited.body);
    assert_eq!(emulator.now(), super::START.parse::<Timestamp>().unwrap());
}

#[tokio::test]
async fn a_long_poll_ends_empty_when_thirty_seconds_of_the_held_clock_are_over() {
    let emulator = emulator().await;
    let reader = agent(&emulator, "reader", "").await;
    let target = format!("/v1/agents/{reader}/events?wait=long");
    let mut wait = std::pin::pin!(call(&emulator, "GET", &target, ""));
    let start = emulator.now();
    let waited = loop {
        tokio::select! {
            biased;
            answer = &mut wait => break answer,
            () = emulator.advance(Duration::from_secs(1)) => {}
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(waited.body, r#"{"events":[],"next_cursor":null,"has_more":false}"#);
    assert!(emulator.now().duration_since(start).as_secs() >= 30);
    assert!(waited.header("x-request-id").is_some());
    let wrong = call(&emulator, "GET", &format!("/v1/agents/{reader}/events?wait=short"), "").await;
    assert_eq!(wrong.text("error.message"), "query.wait: Input should be 'long'");
}

#[tokio::test]
async fn a_long_poll_sees_an_event_that_the_clock_brings() {
    let emulator = emulator().await;
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        agent(&emulator, "reader", "").await,
    );
    send(&emulator, &writer, &reader, r#","priority":1"#).await;
    emulator.advance(Duration::from_secs(590)).await;
    let target = format!("/v1/agents/{reader}/events?wait=long&event_type=message.digest");
    let wait = call(&emulator, "GET", &target, "");
    let (waited, ()) = tokio::join!(wait, emulator.advance(Duration::from_secs(20)));
    assert!(waited.body.contains("bundle_count"), "{}", waited.body);
}
