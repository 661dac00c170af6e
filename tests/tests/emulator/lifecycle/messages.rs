//! Messages: how they are sent, rationed, fetched and answered.

use std::time::Duration;

use cueapi_emulator::engine::Limits;

use super::{MINUTE, agent, emulator, emulator_with, number, send, state, try_send};
use crate::wire::{Connection, call, ok};

#[tokio::test]
async fn a_message_waits_in_the_inbox_until_it_is_fetched_read_and_acknowledged() {
    let emulator = emulator().await;
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        agent(&emulator, "reader", "").await,
    );
    let message = send(&emulator, &writer, "reader@dev", r#","subject":"s""#).await;
    let inbox = format!("/v1/agents/{reader}/inbox");
    let waiting = || {
        number(
            &emulator,
            "/v1/agents/reader@dev/inbox?count_only=true&state=queued",
            "count",
        )
    };

    assert_eq!(waiting().await, 1, "counting changes nothing");
    assert_eq!(state(&emulator, &message).await, "queued");
    ok(&emulator, "GET", &format!("{inbox}?state=read,acked"), "").await;
    assert_eq!(waiting().await, 1, "the states do not include queued");
    let listed = ok(
        &emulator,
        "GET",
        &format!("{inbox}?limit=1&offset=5&thread_id=msg_x"),
        "",
    )
    .await;
    assert_eq!(listed.text("total"), "0");
    assert_eq!(
        state(&emulator, &message).await,
        "delivered",
        "whatever the other filters say"
    );
    assert_eq!(number(&emulator, &format!("{inbox}?state=queued"), "total").await, 0);

    let read = ok(&emulator, "POST", &format!("/v1/messages/{message}/read"), "").await;
    assert_eq!(
        read.body,
        r#"{"delivery_state":"read","read_at":"2026-03-02T08:00:00Z","acked_at":null}"#
    );
    emulator.advance(MINUTE).await;
    let again = ok(&emulator, "POST", &format!("/v1/messages/{message}/read"), "").await;
    assert_eq!(again.body, read.body);
    let acked = ok(&emulator, "POST", &format!("/v1/messages/{message}/ack"), "{}").await;
    assert_eq!(
        acked.body,
        r#"{"delivery_state":"acked","read_at":null,"acked_at":"2026-03-02T08:01:00Z"}"#
    );
    assert_eq!(number(&emulator, &inbox, "total").await, 0);
    assert_eq!(number(&emulator, &format!("{inbox}?state=acked"), "total").await, 1);
    assert_eq!(
        number(&emulator, &format!("/v1/agents/{writer}/sent?count_only=1"), "count").await,
        1
    );
    let unknown = call(&emulator, "GET", &format!("{inbox}?state=queued,nope"), "").await;
    assert_eq!(
        (unknown.status, unknown.text("error.code")),
        (400, "invalid_state_filter".into())
    );
}

#[tokio::test]
async fn fetching_from_one_counterpart_leaves_what_others_have_sent() {
    let emulator = emulator().await;
    let reader = agent(&emulator, "reader", "").await;
    let (one, two) = (agent(&emulator, "one", "").await, agent(&emulator, "two", "").await);
    let first = send(&emulator, &one, &reader, "").await;
    let second = send(&emulator, &two, &reader, "").await;
    ok(
        &emulator,
        "GET",
        &format!("/v1/agents/{reader}/inbox?counterpart=one@dev"),
        "",
    )
    .await;
    assert_eq!(state(&emulator, &first).await, "delivered");
    assert_eq!(state(&emulator, &second).await, "queued");
    let nobody = call(
        &emulator,
        "GET",
        &format!("/v1/agents/{reader}/inbox?counterpart=three@dev"),
        "",
    )
    .await;
    assert_eq!(nobody.status, 404);
}

#[tokio::test]
async fn an_answer_belongs_to_the_thread_of_what_it_answers() {
    let emulator = emulator().await;
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        agent(&emulator, "reader", "").await,
    );
    let question = send(&emulator, &writer, &reader, "").await;
    let answer = send(&emulator, &reader, &writer, &format!(r#","reply_to":"{question}""#)).await;
    let thanks = send(&emulator, &writer, &reader, &format!(r#","reply_to":"{answer}""#)).await;
    let thanks = ok(&emulator, "GET", &format!("/v1/messages/{thanks}"), "").await;
    assert_eq!(
        (thanks.text("thread_id"), thanks.text("reply_to")),
        (question.clone(), answer)
    );
    let thread = format!("/v1/agents/{reader}/inbox?thread_id={question}");
    assert_eq!(number(&emulator, &thread, "total").await, 2);
}

#[tokio::test]
async fn what_is_sent_for_later_is_hidden_until_then() {
    let emulator = emulator().await;
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        agent(&emulator, "reader", "").await,
    );
    let later = send(&emulator, &writer, &reader, r#","send_at":"2026-03-02T10:00:00+01:00""#).await;
    send(&emulator, &writer, &reader, r#","send_at":"2026-03-02T07:00:00Z""#).await;
    let inbox = format!("/v1/agents/{reader}/inbox");
    assert_eq!(number(&emulator, &inbox, "total").await, 1);
    assert_eq!(state(&emulator, &later).await, "queued");
    let sent = ok(&emulator, "GET", &format!("/v1/messages/{later}"), "").await;
    assert_eq!(sent.text("send_at"), "2026-03-02T09:00:00Z");
    emulator.advance(60 * MINUTE).await;
    assert_eq!(number(&emulator, &inbox, "total").await, 2);
    assert_eq!(state(&emulator, &later).await, "delivered");
}

#[tokio::test]
async fn an_idempotency_key_finds_the_message_for_a_day_and_is_in_the_way_afterwards() {
    let emulator = emulator().await;
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        agent(&emulator, "reader", "").await,
    );
    let body = |text: &str, more: &str| format!(r#"{{"to":"{reader}","body":"{text}"{more}}}"#);
    let key = [("idempotency-key", "k")];
    let first = try_send(&emulator, &writer, &key, &body("x", "")).await;
    assert_eq!(first.status, 201);
    let again = try_send(
        &emulator,
        &reader,
        &key,
        &body("x", r#","expects_reply":true,"metadata":{}"#),
    )
    .await;
    assert_eq!(
        (again.status, again.text("id")),
        (200, first.text("id")),
        "the sender is not compared"
    );
    for other in [
        body("y", ""),
        body("x", r#","priority":2"#),
        body("x", r#","metadata":{"a":1}"#),
    ] {
        let conflict = try_send(&emulator, &writer, &key, &other).await;
        assert_eq!(
            (conflict.status, conflict.text("error.code")),
            (409, "idempotency_key_conflict".into())
        );
        assert!(conflict.text("error.message").ends_with(&first.text("id")));
    }
    let long = "k".repeat(256);
    let refused = try_send(
        &emulator,
        &writer,
        &[("idempotency-key", long.as_str())],
        &body("x", ""),
    )
    .await;
    assert_eq!(refused.text("error.code"), "invalid_idempotency_key");
    let empty = [("idempotency-key", "")];
    assert_eq!(try_send(&emulator, &writer, &empty, &body("x", "")).await.status, 201);
    assert_eq!(try_send(&emulator, &writer, &empty, &body("x", "")).await.status, 409);

    emulator.advance(24 * 60 * MINUTE).await;
    assert_eq!(try_send(&emulator, &writer, &key, &body("x", "")).await.status, 500);
    assert_eq!(
        number(&emulator, &format!("/v1/agents/{writer}/sent"), "total").await,
        2
    );
}

#[tokio::test]
async fn a_minutes_messages_are_limited_and_a_repetition_counts() {
    let emulator = emulator_with(Limits::unlimited().messages_per_minute(Some(2))).await;
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        agent(&emulator, "reader", "").await,
    );
    let body = format!(r#"{{"to":"{reader}","body":"x"}}"#);
    let key = [("idempotency-key", "k")];
    let statuses = [
        try_send(&emulator, &writer, &key, &body).await.status,
        try_send(&emulator, &writer, &key, &body).await.status,
    ];
    assert_eq!(statuses, [201, 200]);
    let refused = try_send(&emulator, &writer, &[], &body).await;
    assert_eq!(
        (refused.status, refused.text("error.code")),
        (429, "rate_limit_exceeded".into())
    );
    assert_eq!(
        (refused.text("error.limit"), refused.text("error.window_seconds")),
        ("2".into(), "60".into())
    );
    assert_eq!(refused.header("retry-after"), None);
    emulator.advance(MINUTE).await;
    send(&emulator, &writer, &reader, "").await;
}

#[tokio::test]
async fn urgent_messages_are_lowered_after_five_to_one_agent_and_refused_after_ten_in_all() {
    let emulator = emulator().await;
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        agent(&emulator, "reader", "").await,
    );
    let urgent = |to: &str| format!(r#"{{"to":"{to}","body":"x","priority":5}}"#);
    for n in 1..=6 {
        let sent = try_send(&emulator, &writer, &[], &urgent(&reader)).await;
        let (priority, header) = if n == 6 { ("3", Some("true")) } else { ("5", None) };
        assert_eq!(sent.text("priority"), priority, "number {n}");
        assert_eq!(sent.text("dispatch_priority_bucket"), priority);
        assert_eq!(sent.header("x-cueapi-priority-downgraded"), header);
    }
    for _ in 7..=10 {
        assert_eq!(
            try_send(&emulator, &reader, &[], &urgent(&writer))
                .await
                .text("priority"),
            "5"
        );
    }
    let refused = try_send(&emulator, &reader, &[], &urgent(&writer)).await;
    assert_eq!(
        (refused.status, refused.text("error.code")),
        (429, "priority_high_rate_limit".into())
    );
    assert_eq!(
        (refused.text("error.limit"), refused.text("error.window_seconds")),
        ("10".into(), "3600".into())
    );
    send(&emulator, &reader, &writer, r#","priority":3"#).await;
    emulator.advance(60 * MINUTE).await;
    assert_eq!(
        try_send(&emulator, &writer, &[], &urgent(&reader))
            .await
            .text("priority"),
        "5"
    );
}

#[tokio::test]
async fn a_months_messages_are_limited_and_a_repetition_does_not_count() {
    let emulator = emulator_with(Limits::unlimited().monthly_messages(Some(1))).await;
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        agent(&emulator, "reader", "").await,
    );
    let body = format!(r#"{{"to":"{reader}","body":"x"}}"#);
    let key = [("idempotency-key", "k")];
    assert_eq!(try_send(&emulator, &writer, &key, &body).await.status, 201);
    assert_eq!(try_send(&emulator, &writer, &key, &body).await.status, 200);
    let refused = try_send(&emulator, &writer, &[], &body).await;
    assert_eq!(
        (refused.status, refused.text("error.code")),
        (402, "quota_exceeded".into())
    );
    assert_eq!(
        (refused.text("error.current"), refused.text("error.limit")),
        ("1".into(), "1".into())
    );
    emulator.advance(30 * 24 * 60 * MINUTE).await;
    send(&emulator, &writer, &reader, "").await;
}

#[tokio::test]
async fn a_sender_can_have_the_text_repeated() {
    let emulator = emulator().await;
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        agent(&emulator, "reader", "").await,
    );
    let headers = [("x-cueapi-verify-echo", " TRUE "), ("idempotency-key", "k")];
    let body = format!(r#"{{"to":"{reader}","body":"h\u00e9llo"}}"#);
    for status in [201, 200] {
        let sent = try_send(&emulator, &writer, &headers, &body).await;
        assert_eq!((sent.status, sent.text("body_received")), (status, "héllo".into()));
        let hash = "3c48591d8d098a4538f5e013dfcf406e948eac4d3277b10bf614e295d6068179";
        assert_eq!(sent.text("body_received_sha256"), hash);
    }
}

#[tokio::test]
async fn a_wrong_message_is_refused_for_the_first_thing_that_is_wrong_with_it() {
    let emulator = emulator().await;
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        agent(&emulator, "reader", "").await,
    );
    let other = emulator.open_account("other@example.com", Limits::unlimited());
    let authorization = format!("Bearer {other}");
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
    ];
    let mut connection = Connection::open(emulator.address()).await;
    let foreign = connection
        .exchange("POST", "/v1/agents", &headers, br#"{"display_name":"Foreign"}"#)
        .await
        .text("id");
    let nobody = "agt_000000000000";
    let large = format!(r#","metadata":{{"a":"{}"}}"#, "é".repeat(5200));
    for (from, to, more, status, code) in [
        ("", nobody, "", 400, "missing_from_agent"),
        (nobody, nobody, &*large, 404, "agent_not_found"),
        (&*foreign, nobody, &*large, 400, "metadata_too_large"),
        (&*foreign, nobody, "", 403, "from_agent_not_owned"),
        (&*writer, nobody, "", 404, "agent_not_found"),
        (
            &*writer,
            &*foreign,
            r#","reply_to_agent":"x""#,
            400,
            "invalid_agent_address",
        ),
        (&*writer, &*foreign, "", 403, "cross_tenant_messaging_forbidden"),
        (
            &*writer,
            &*reader,
            r#","reply_to":"msg_000000000000""#,
            404,
            "reply_to_not_found",
        ),
    ] {
        let body = format!(r#"{{"to":"{to}","body":"x"{more}}}"#);
        let refused = try_send(&emulator, from, &[], &body).await;
        assert_eq!(
            (refused.status, refused.text("error.code").as_str()),
            (status, code),
            "{from} {to}"
        );
    }
    let bytes = format!(r#"{{"to":"{reader}","body":"{}"}}"#, "é".repeat(20_000));
    assert_eq!(
        try_send(&emulator, &writer, &[], &bytes).await.status,
        500,
        "32,768 bytes, not characters"
    );
    emulator.advance(Duration::from_secs(1)).await;
    assert_eq!(
        number(&emulator, &format!("/v1/agents/{writer}/sent"), "total").await,
        0
    );
}
