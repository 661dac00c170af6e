//! Executions that are sent to a receiver.

use std::time::Duration;

use cueapi_emulator::{
    Emulator,
    engine::{AttemptResult, DeliveryKind, ExecutionStatus, Limits},
    json::Json,
};
use cueapi_signing::{SignatureHeaders, Verifier};

use super::{MINUTE, cue_member, emulator, emulator_with, error_message, fire, minutes, status, webhook_cue};
use crate::{
    receiver::{Behaviour, Received, Receiver},
    wire::ok,
};

fn verifies(secret: &str, request: &Received) -> bool {
    let headers = SignatureHeaders::new(
        request.header("x-cueapi-signature"),
        request.header("x-cueapi-timestamp"),
    );
    let now = Duration::from_secs(request.header("x-cueapi-timestamp").parse().unwrap());
    Verifier::new(secret)
        .unwrap()
        .verify(&request.body, headers, now)
        .is_ok()
}

#[tokio::test]
async fn a_scheduled_run_arrives_signed_with_the_headers_and_body_of_the_contract() {
    let (emulator, receiver) = (emulator().await, Receiver::open([]).await);
    let payload = r#","payload":{"task":"sync","big":18446744073709551616,"f":1e16,"é":"ü"}"#;
    let cue = webhook_cue(&emulator, &receiver, "30 8 * * *", payload).await;
    emulator.advance(30 * MINUTE).await;

    let [request] = &receiver.received()[..] else {
        panic!("one request")
    };
    let execution = &emulator.executions()[0];
    assert!(verifies(&emulator.webhook_secret(), request));
    assert_eq!(request.method, "POST");
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.header("user-agent"), "CueAPI/1.0");
    assert_eq!(request.header("x-cueapi-cue-id"), cue);
    assert_eq!(request.header("x-cueapi-execution-id"), execution.id.to_string());
    assert_eq!(request.header("x-cueapi-scheduled-for"), "2026-03-02T08:30:00+00:00");
    assert_eq!(request.header("x-cueapi-attempt"), "1");
    assert_eq!(request.header("x-cueapi-timestamp"), "1772440200");
    let body = format!(
        r#"{{"attempt": 1, "cue_id": "{cue}", "execution_id": "{}", "name": "hook", "payload": {{"big": 18446744073709551616, "f": 10000000000000000, "task": "sync", "\u00e9": "\u00fc"}}, "scheduled_for": "2026-03-02T08:30:00+00:00"}}"#,
        execution.id
    );
    assert_eq!(String::from_utf8_lossy(&request.body), body);
}

#[tokio::test]
async fn a_tortured_payload_arrives_byte_for_byte_as_a_real_server_sent_it() {
    let (emulator, receiver) = (emulator().await, Receiver::open([]).await);
    let captured = Json::parse(include_bytes!("../../../fixtures/webhooks/torture-1.json")).unwrap();
    let captured = captured.get("body_text").unwrap().as_str().unwrap();
    let body = Json::parse(captured.as_bytes()).unwrap();
    let payload = body.get("payload").unwrap().to_compact();
    let cue = webhook_cue(&emulator, &receiver, "0 9 * * *", &format!(r#","payload":{payload}"#)).await;
    let execution = fire(&emulator, &cue).await;
    emulator.run_until_idle().await;
    let sent = String::from_utf8(receiver.received()[0].body.clone()).unwrap();
    let member = |name: &str| body.get(name).unwrap().as_str().unwrap().to_owned();
    let expected = captured
        .replace(&member("cue_id"), &cue)
        .replace(&member("execution_id"), &execution)
        .replace(&member("scheduled_for"), "2026-03-02T08:00:00+00:00")
        .replace(r#""name": "torture""#, r#""name": "hook""#);
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn a_failing_receiver_is_tried_again_after_1_then_5_then_15_minutes() {
    let (emulator, receiver) = (emulator().await, Receiver::open([Behaviour::Answer(500); 3]).await);
    let cue = webhook_cue(&emulator, &receiver, "0 0 1 1 *", r#","retry":{"max_attempts":4}"#).await;
    let execution = fire(&emulator, &cue).await;
    emulator.advance(Duration::ZERO).await;
    assert_eq!(status(&emulator, &execution).await, "retrying");
    emulator.advance(60 * MINUTE).await;

    assert_eq!(minutes(&emulator), [0, 1, 6, 21]);
    assert_eq!(status(&emulator, &execution).await, "success");
    assert_eq!(
        error_message(&emulator, &execution).await,
        "Webhook endpoint returned server error (500)"
    );
    let attempts: Vec<_> = receiver
        .received()
        .iter()
        .map(|request| request.header("x-cueapi-attempt").to_owned())
        .collect();
    assert_eq!(attempts, ["1", "2", "3", "4"]);
    assert!(
        receiver
            .received()
            .iter()
            .all(|request| verifies(&emulator.webhook_secret(), request))
    );
}

#[tokio::test]
async fn when_every_attempt_has_failed_the_cue_is_paused_and_the_failure_is_posted_unsigned() {
    let (emulator, notices) = (emulator().await, Receiver::open([]).await);
    let receiver = Receiver::open([Behaviour::Answer(503); 2]).await;
    let on_failure = format!(
        r#","retry":{{"max_attempts":2,"backoff_minutes":[]}},"on_failure":{{"webhook":"{}","pause":true}}"#,
        notices.url()
    );
    let cue = webhook_cue(&emulator, &receiver, "0 9 * * *", &on_failure).await;
    let execution = fire(&emulator, &cue).await;
    emulator.run_until_idle().await;

    assert_eq!(minutes(&emulator), [0, 1, 1]);
    assert_eq!(status(&emulator, &execution).await, "failed");
    assert_eq!(cue_member(&emulator, &cue, "status").await, "paused");
    assert_eq!(cue_member(&emulator, &cue, "next_run").await, "null");
    assert_eq!(
        emulator.deliveries()[2].kind,
        DeliveryKind::OnFailure {
            cue_id: cue.as_str().into()
        }
    );
    let [notice] = &notices.received()[..] else {
        panic!("one notice")
    };
    assert!(notice.headers.iter().all(|(name, _)| !name.starts_with("x-cueapi")));
    let body = format!(
        r#"{{"event":"cue.failed","cue_id":"{cue}","cue_name":"hook","attempts":2,"last_http_status":503,"last_error":"Webhook endpoint server error (503)","failed_at":"2026-03-02T08:01:00+00:00","dashboard_url":"https://dashboard.cueapi.ai"}}"#
    );
    assert_eq!(String::from_utf8_lossy(&notice.body), body);
}

#[tokio::test]
async fn each_way_to_fail_has_its_message() {
    let cases = [
        (
            Behaviour::Answer(404),
            "Webhook endpoint not found (404)",
            AttemptResult::Status(404),
        ),
        (
            Behaviour::Answer(302),
            "Webhook delivery failed (302)",
            AttemptResult::Status(302),
        ),
        (
            Behaviour::Answer(408),
            "Webhook endpoint timed out",
            AttemptResult::Status(408),
        ),
        (Behaviour::Stall, "Webhook endpoint timed out", AttemptResult::Timeout),
        (
            Behaviour::HangUp,
            "Server disconnected without sending a response.",
            AttemptResult::Failed("Server disconnected without sending a response.".into()),
        ),
    ];
    for (behaviour, message, result) in cases {
        let (emulator, receiver) = (emulator().await, Receiver::open([behaviour]).await);
        let cue = webhook_cue(&emulator, &receiver, "0 0 1 1 *", r#","retry":{"max_attempts":1}"#).await;
        let execution = fire(&emulator, &cue).await;
        emulator.run_until_idle().await;
        assert_eq!(error_message(&emulator, &execution).await, message);
        assert_eq!(emulator.deliveries()[0].result, result, "{behaviour:?}");
        assert_eq!(status(&emulator, &execution).await, "failed");
    }
}

#[tokio::test]
async fn headers_of_the_cue_replace_those_of_the_server_only_in_the_same_spelling() {
    let (emulator, receiver) = (emulator().await, Receiver::open([]).await);
    let body = format!(
        r#"{{"name":"h","schedule":{{"type":"recurring","cron":"0 9 * * *"}},"callback":{{"url":"{}","method":"PUT","headers":{{"User-Agent":"me/1","X-CueAPI-Signature":"mine","x-cueapi-attempt":"7","Accept":"text/plain"}}}}}}"#,
        receiver.url()
    );
    let cue = ok(&emulator, "POST", "/v1/cues", &body).await.text("id");
    fire(&emulator, &cue).await;
    emulator.run_until_idle().await;

    let [request] = &receiver.received()[..] else {
        panic!("one request")
    };
    let all = |name: &str| -> Vec<&str> {
        request
            .headers
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .collect()
    };
    assert_eq!(request.method, "PUT");
    assert_eq!(all("user-agent"), ["me/1"]);
    assert_eq!(all("x-cueapi-signature"), ["mine"]);
    assert_eq!(all("x-cueapi-attempt"), ["1", "7"]);
    assert_eq!(all("accept"), ["text/plain"]);
}

#[tokio::test]
async fn a_get_callback_carries_a_signature_but_no_body() {
    let (emulator, receiver) = (emulator().await, Receiver::open([]).await);
    let callback = receiver.url();
    let body = format!(
        r#"{{"name":"h","schedule":{{"type":"recurring","cron":"0 9 * * *"}},"callback":{{"url":"{callback}","method":"GET"}}}}"#
    );
    let cue = ok(&emulator, "POST", "/v1/cues", &body).await.text("id");
    fire(&emulator, &cue).await;
    emulator.run_until_idle().await;
    let [request] = &receiver.received()[..] else {
        panic!("one request")
    };
    assert_eq!((request.method.as_str(), request.body.len()), ("GET", 0));
    assert!(
        !verifies(&emulator.webhook_secret(), request),
        "the signature covers a body that is not sent"
    );
}

#[tokio::test]
async fn a_queued_delivery_keeps_its_secret_and_payload_and_a_retry_takes_the_new_ones() {
    let (emulator, receiver) = (emulator().await, Receiver::open([Behaviour::Answer(500)]).await);
    let cue = webhook_cue(&emulator, &receiver, "0 0 1 1 *", r#","payload":{"v":1}"#).await;
    let old = emulator.webhook_secret();
    ok(
        &emulator,
        "POST",
        &format!("/v1/cues/{cue}/fire"),
        r#"{"send_at":"2026-03-02T10:00:01+02:00"}"#,
    )
    .await;
    ok(
        &emulator,
        "POST",
        &format!("/v1/cues/{cue}/fire"),
        r#"{"send_at":"2026-03-02T10:00:02+02:00"}"#,
    )
    .await;
    let authorization = format!("Bearer {}", emulator.api_key());
    let headers = [
        ("authorization", authorization.as_str()),
        ("x-confirm-destructive", "true"),
    ];
    let mut connection = crate::wire::Connection::open(emulator.address()).await;
    let regenerated = connection
        .exchange("POST", "/v1/auth/webhook-secret/regenerate", &headers, b"")
        .await;
    ok(&emulator, "PATCH", &format!("/v1/cues/{cue}"), r#"{"payload":{"v":2}}"#).await;
    emulator.run_until_idle().await;

    let (received, new) = (receiver.received(), emulator.webhook_secret());
    assert_eq!(regenerated.text("webhook_secret"), new);
    let told: Vec<_> = (received.iter())
        .map(|request| {
            let version = if String::from_utf8_lossy(&request.body).contains(r#"{"v": 1}"#) {
                1
            } else {
                2
            };
            (verifies(&old, request), verifies(&new, request), version)
        })
        .collect();
    assert_eq!(told, [(true, false, 1), (true, false, 1), (false, true, 2)]);
    assert_eq!(
        received[0].header("x-cueapi-scheduled-for"),
        "2026-03-02T10:00:01+02:00",
        "in the caller's offset"
    );
}

#[tokio::test]
async fn a_replay_runs_again_with_what_the_cue_carries_now() {
    let (emulator, receiver) = (emulator().await, Receiver::open([]).await);
    let cue = webhook_cue(&emulator, &receiver, "0 0 1 1 *", r#","payload":{"v":1}"#).await;
    let execution = fire(&emulator, &cue).await;
    emulator.run_until_idle().await;
    ok(&emulator, "PATCH", &format!("/v1/cues/{cue}"), r#"{"payload":{"v":2}}"#).await;
    let replayed = ok(&emulator, "POST", &format!("/v1/executions/{execution}/replay"), "").await;
    assert_eq!(replayed.text("replayed_from"), execution);
    emulator.run_until_idle().await;
    assert!(String::from_utf8_lossy(&receiver.received()[1].body).contains(r#""payload": {"v": 2}"#));
    assert_ne!(receiver.received()[1].header("x-cueapi-execution-id"), execution);
}

#[tokio::test]
async fn two_calls_at_the_same_moment_make_two_executions() {
    let (emulator, receiver) = (emulator().await, Receiver::open([]).await);
    let cue = webhook_cue(&emulator, &receiver, "0 0 1 1 *", "").await;
    let (first, second) = (fire(&emulator, &cue).await, fire(&emulator, &cue).await);
    assert_ne!(first, second);
    emulator.run_until_idle().await;
    assert_eq!(receiver.received().len(), 2);
}

#[tokio::test]
async fn above_the_monthly_limit_scheduled_runs_stop_after_a_day_and_start_again_next_month() {
    let (emulator, receiver) = (
        emulator_with(Limits::unlimited().monthly_executions(Some(10))).await,
        Receiver::open([]).await,
    );
    webhook_cue(&emulator, &receiver, "0 * * * *", "").await;
    emulator.advance(Duration::from_secs(3600 * 24 * 40)).await;

    let executions = emulator.executions();
    let march: Vec<_> = executions
        .iter()
        .take_while(|execution| execution.scheduled_for.due() < "2026-04-01T00:00:00Z".parse().unwrap())
        .collect();
    let delivered = march
        .iter()
        .filter(|execution| execution.status == ExecutionStatus::Success)
        .count();
    assert_eq!(delivered, 10 + 24, "ten, and a day of grace");
    let refused = march.last().unwrap();
    assert_eq!(refused.status, ExecutionStatus::Failed);
    assert_eq!(
        (refused.error_message.as_deref(), refused.attempts),
        (Some("Monthly execution limit reached"), 0)
    );
    assert_eq!(executions[march.len()].status, ExecutionStatus::Success, "a new month");
}

#[tokio::test]
async fn what_the_servers_http_library_refuses_fails_before_anything_is_sent() {
    for (name, value, complaint) in [
        ("X-Blank", " a", "Illegal header value b' a'"),
        ("X-Blank", "a\\t", "Illegal header value b'a\\t'"),
        ("X-Control", "a\\u0001b", "Illegal header value b'a\\u{1}b'"),
        ("Content-Length", "3", "Too much data for declared Content-Length"),
        (
            "content-length",
            "100000",
            "Too little data for declared Content-Length",
        ),
        ("Content-Length", "x", "bad Content-Length"),
        (
            "Transfer-Encoding",
            "gzip",
            "Only Transfer-Encoding: chunked is supported",
        ),
    ] {
        let emulator = emulator().await;
        let receiver = Receiver::open([]).await;
        let cue = webhook_cue_with(&emulator, &receiver, name, value).await;
        let execution = fire(&emulator, &cue).await;
        emulator.advance(Duration::from_secs(1)).await;
        assert_eq!(error_message(&emulator, &execution).await, complaint, "{name}: {value}");
        assert!(receiver.received().is_empty(), "{name}: {value}");
    }
}

async fn webhook_cue_with(emulator: &Emulator, receiver: &Receiver, name: &str, value: &str) -> String {
    let body = format!(
        r#"{{"name":"h","schedule":{{"type":"recurring","cron":"0 9 * * *"}},"callback":{{"url":"{}","headers":{{"{name}":"{value}"}}}}}}"#,
        receiver.url()
    );
    ok(emulator, "POST", "/v1/cues", &body).await.text("id")
}

/// What becomes of a delivery whose receiver answers with these pieces, 200 ms apart where the limit is 300 ms.
async fn answered_with(pieces: &'static [&'static [u8]]) -> AttemptResult {
    let pause = Duration::from_millis(if pieces.len() > 1 { 200 } else { 0 });
    let (emulator, receiver) = (
        emulator().await,
        Receiver::open([Behaviour::Pieces(pieces, pause)]).await,
    );
    let cue = webhook_cue(&emulator, &receiver, "0 0 1 1 *", r#","retry":{"max_attempts":1}"#).await;
    fire(&emulator, &cue).await;
    emulator.run_until_idle().await;
    emulator.deliveries()[0].result.clone()
}

#[tokio::test]
async fn a_receiver_may_take_longer_than_the_limit_in_total_when_it_is_never_silent_for_so_long() {
    let in_pieces: &[&[u8]] = &[
        b"HTTP/1.1 ",
        b"201 Created\r\ncontent-",
        b"length: 2\r\n\r\n",
        b"o",
        b"k",
    ];
    assert_eq!(answered_with(in_pieces).await, AttemptResult::Status(201));
    let never_ends: &[&[u8]] = &[b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n", b"o"];
    assert_eq!(
        answered_with(never_ends).await,
        AttemptResult::Timeout,
        "silent in the body"
    );
    let head_only: &[&[u8]] = &[b"HTTP/1.1 201 Cre"];
    assert_eq!(
        answered_with(head_only).await,
        AttemptResult::Timeout,
        "silent in the head"
    );
}

#[tokio::test]
async fn an_answer_that_cannot_be_unpacked_fails_and_one_that_ends_early_or_late_does_not() {
    let good: &[&[&[u8]]] = &[
        &[b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 36\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xabV*.MNN-.V\xb2*)*M\xad\x05\x00\xdf\xf7\xf6f\x10\x00\x00\x00"],
        &[b"HTTP/1.1 200 OK\r\ncontent-encoding: GZIP\r\ncontent-length: 36\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xabV*.MNN-.V\xb2*)*M\xad\x05\x00\xdf\xf7\xf6f\x10\x00\x00\x00"],
        &[b"HTTP/1.1 200 OK\r\ncontent-encoding: deflate\r\ncontent-length: 24\r\n\r\nx\x9c\xabV*.MNN-.V\xb2*)*M\xad\x05\x003o\x060"],
        &[b"HTTP/1.1 200 OK\r\ncontent-encoding: deflate\r\ncontent-length: 18\r\n\r\n\xabV*.MNN-.V\xb2*)*M\xad\x05\x00"],
        &[b"HTTP/1.1 200 OK\r\ncontent-encoding: identity, gzip\r\ncontent-length: 36\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xabV*.MNN-.V\xb2*)*M\xad\x05\x00\xdf\xf7\xf6f\x10\x00\x00\x00"],
        &[b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip, deflate\r\ncontent-length: 41\r\n\r\nx\x9c\x93\xef\xe6`\x00\x01&\xe6\xd5aZz\xbe~~\xbaza\x9b\xb44\xb5|\xd7\xb22\xdc\xff\xfe-M\x00(\x07\x00\x8dC\x09\x1b"],
        &[b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 12\r\n\r\nnot unpacked"],
        &[b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 27\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xabV*.MNN-.V\xb2*)*M\xad\x05"],
        &[b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 40\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xabV*.MNN-.V\xb2*)*M\xad\x05\x00\xdf\xf7\xf6f\x10\x00\x00\x00more"],
        &[b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 0\r\n\r\n"],
    ];
    for answer in good {
        assert_eq!(
            answered_with(answer).await,
            AttemptResult::Status(200),
            "{}",
            answer[0].escape_ascii()
        );
    }
    let not_gzip = "Error -3 while decompressing data: incorrect header check";
    let broken = "Error -3 while decompressing data: invalid data";
    let bad: &[(&[&[u8]], &str)] = &[
        (&[b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 10\r\n\r\nplain text"], not_gzip),
        (&[b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nhi"], not_gzip),
        (&[b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 36\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x07V*.MNN-.V\xb2*)*M\xad\x05\x00\xdf\xf7\xf6f\x10\x00\x00\x00"], broken),
        (&[b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 36\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xabV*.MNN-.V\xb2*)*M\xad\x05\x00\x00\x00\x00\x00\x10\x00\x00\x00"], broken),
        (&[b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 36\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xabV*.MNN-.V\xb2*)*M\xad\x05\x00\xdf\xf7\xf6f\x10\x00\x00\x01"], broken),
        (&[b"HTTP/1.1 200 OK\r\ncontent-encoding: deflate\r\ncontent-length: 3\r\n\r\n\xff\xff\xff"], broken),
        (&[b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip, deflate\r\ncontent-length: 18\r\n\r\nx\x9c+\xc8I\xcc\xccS(I\xad(\x01\x00\x15\xb4\x03\xfa"], not_gzip),
    ];
    for (answer, complaint) in bad {
        let failed = AttemptResult::Failed((*complaint).into());
        assert_eq!(answered_with(answer).await, failed, "{}", answer[0].escape_ascii());
    }
}
