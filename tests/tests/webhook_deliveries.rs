//! Requests become deliveries when, and only when, a secret stands behind what they say.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::time::Duration;

use cueapi_signing::{Form, SignatureHeaders, Signer, canonical};
use cueapi_tests::{
    captures::{Delivery as Captured, delivery as captured},
    exchanges::difference,
};
use cueapi_webhook::{
    AlertDelivery, CueDelivery, Delivered, DeliveryBody, EventDelivery, MessageDelivery, Rejection, Verifier,
    VerifyError, Webhook,
    types::{AlertNotice, AlertType, Delivery, EventBatch, EventType, FailureNotice, Payload, PushedMessage},
};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::{any, prop, proptest};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const SECRET: &str = "whsec_0011223344556677";
const NOW: u64 = 1_795_467_021;

const CUES: [&str; 7] = [
    "normal-1",
    "replay-1",
    "retry-1",
    "retry-2",
    "rotate-1",
    "rotate-2",
    "scheduled-once-1",
];

/// A receiver of what was captured, at the time when it was.
fn receiver_of(captured: &Captured) -> Webhook {
    let (first, others) = captured.secrets().split_first().unwrap();
    let verifier = others.iter().fold(Verifier::new(first).unwrap(), |verifier, secret| {
        verifier.also(secret).unwrap()
    });
    let received = captured.received();
    Webhook::new(verifier).clock(move || received)
}

fn headers_of(captured: &Captured) -> HeaderMap {
    let headers = captured.headers.iter();
    headers
        .map(|(name, value)| {
            (
                name.parse::<HeaderName>().unwrap(),
                value.parse::<HeaderValue>().unwrap(),
            )
        })
        .collect()
}

fn receive_captured<B: DeliveryBody>(name: &str) -> Result<Delivered<B>, Rejection> {
    let captured = captured(name);
    receiver_of(&captured).receive(&headers_of(&captured), &captured.body)
}

fn webhook() -> Webhook {
    Webhook::new(Verifier::new(SECRET).unwrap()).clock(|| Duration::from_secs(NOW))
}

fn signed(body: &[u8]) -> HeaderMap {
    let timestamp = i64::try_from(NOW).unwrap();
    let signature = Signer::new(SECRET).unwrap().sign(timestamp, body).to_string();
    let mut headers = HeaderMap::new();
    headers.insert("X-CueAPI-Signature", signature.parse().unwrap());
    headers.insert("X-CueAPI-Timestamp", timestamp.into());
    headers
}

fn receive<B: DeliveryBody>(body: &Value) -> Result<Delivered<B>, Rejection> {
    let body = body.to_string();
    webhook().receive(&signed(body.as_bytes()), &body)
}

fn envelope() -> Value {
    json!({"attempt": 1, "cue_id": "cue_1", "execution_id": "e1", "name": "n", "payload": {"account": "acme"},
        "scheduled_for": "2026-11-23T20:30:00+00:00"})
}

#[derive(Debug, PartialEq, Deserialize)]
struct Job {
    account: String,
}

#[test]
fn captured_cue_deliveries_decode_and_say_what_was_sent() {
    for name in CUES {
        let delivery: CueDelivery = receive_captured(name).unwrap_or_else(|rejection| panic!("{name}: {rejection}"));
        let headers = delivery.headers();
        assert_eq!(headers.cue_id.as_ref(), Some(&delivery.cue_id), "{name}");
        assert_eq!(headers.execution_id.as_ref(), Some(&delivery.execution_id), "{name}");
        assert_eq!(headers.scheduled_for, Some(delivery.scheduled_for), "{name}");
        assert_eq!(headers.attempt, Some(delivery.attempt), "{name}");
        assert!(delivery.ids_signed(), "{name}");
        assert_encodes_as_captured(name, &delivery.into_body());
    }
}

#[test]
fn a_captured_alert_decodes_and_says_what_was_sent() {
    let alert: AlertDelivery = receive_captured("alert-1").unwrap();
    assert_eq!(alert.alert_type, AlertType::VerificationFailed);
    assert_eq!(alert.headers().alert_id.as_ref(), Some(&alert.alert_id));
    assert_eq!(alert.headers().alert_type.as_ref(), Some(&alert.alert_type));
    assert_eq!(alert.seen_key(), "alert:35d6b5a2-7f3c-4a4c-b094-9d12052ac47b");
    assert_encodes_as_captured("alert-1", &alert.into_body());
}

#[test]
fn a_captured_message_decodes_and_says_what_was_sent() {
    let message: MessageDelivery = receive_captured("msg-push-1").unwrap();
    let headers = message.headers();
    assert_eq!(headers.event_type.as_deref(), Some("message.created"));
    assert_eq!(headers.attempt, Some(1));
    assert_eq!(headers.message_id.as_ref(), Some(&message.id));
    assert_eq!(headers.thread_id.as_ref(), Some(&message.thread_id));
    assert_eq!(headers.agent_id.as_ref(), Some(&message.to.agent_id));
    assert_eq!(message.seen_key(), "message:msg_xj6647is7dt3");
    assert_encodes_as_captured("msg-push-1", &message.into_body());
}

#[test]
fn captured_event_batches_decode_and_say_what_was_sent() {
    for name in ["sub-ascii-1", "sub-nonascii-1"] {
        let batch: EventDelivery = receive_captured(name).unwrap();
        assert_eq!(batch.headers().event_count, Some(1), "{name}");
        assert_eq!(batch.events[0].event_type, EventType::MessageDelivered, "{name}");
        assert_eq!(batch.seen_key(), format!("events:{}", batch.delivery_id), "{name}");
        assert_encodes_as_captured(name, &batch.into_body());
    }
    let escaped: EventDelivery = receive_captured("sub-nonascii-1").unwrap();
    assert_eq!(escaped.proof().form(), Form::AsciiEscaped);
    let payload: Value = escaped.events[0].payload.parse().unwrap();
    assert_eq!(payload["subject"], "süb");
}

fn assert_encodes_as_captured(name: &str, body: &impl Serialize) {
    let sent: Value = serde_json::from_slice(&captured(name).body).unwrap();
    assert_eq!(difference(&serde_json::to_value(body).unwrap(), &sent), None, "{name}");
}

#[test]
fn the_attempts_of_an_execution_are_repetitions_of_one_delivery_and_a_replay_is_another() {
    let key = |name| receive_captured::<Delivery>(name).unwrap().seen_key();
    assert_eq!(key("retry-1"), "cue:b56a09b2-3252-42d1-871e-9a3e50442afa");
    assert_eq!(key("retry-2"), key("retry-1"));
    assert_ne!(key("replay-1"), key("normal-1"));
}

#[test]
fn the_proof_says_which_secret_signed() {
    let secret = |name| receive_captured::<Delivery>(name).unwrap().proof().secret();
    assert_eq!((secret("rotate-1"), secret("rotate-2")), (0, 1));
}

#[test]
fn a_payload_of_every_kind_of_number_and_text_is_kept_to_the_byte() {
    let delivery: CueDelivery = receive_captured("torture-1").unwrap();
    assert!(delivery.payload.as_str().contains(r#""big": 1180591620717411303424,"#));
    // Timestamps are the only thing that is spelled otherwise.
    let encoded = serde_json::to_string(&delivery.into_body())
        .unwrap()
        .replace(r#"Z"}"#, r#"+00:00"}"#);
    assert_eq!(canonical::to_vec(&encoded).unwrap(), captured("torture-1").body);
}

#[test]
fn a_captured_failure_notice_is_unsigned_and_refused() {
    let captured = captured("on-failure-1");
    let refused = |rejection: Option<Rejection>| {
        let rejection = rejection.unwrap();
        assert_eq!(rejection, VerifyError::MissingTimestamp.into());
        assert_eq!(rejection.status(), 401);
    };
    refused(receive_captured::<Delivery>("on-failure-1").err());
    refused(receive_captured::<AlertNotice>("on-failure-1").err());
    let notice: FailureNotice = serde_json::from_slice(&captured.body).unwrap();
    assert_eq!(notice.event, "cue.failed");
}

#[test]
fn a_captured_get_callback_is_refused_because_it_has_no_body() {
    let rejection = receive_captured::<Delivery>("method-get-1").unwrap_err();
    assert_eq!(rejection, VerifyError::BodyRequired.into());
    assert_eq!(rejection.status(), 401);
    assert_eq!(rejection.to_string(), "the body is empty, but a body was signed");
}

#[test]
fn a_captured_delivery_of_another_kind_is_genuine_and_yet_refused() {
    let refused = |rejection: Option<Rejection>, reason: &str| {
        let rejection = rejection.unwrap();
        assert_eq!(rejection.status(), 400);
        assert!(rejection.to_string().starts_with(reason), "{rejection}");
    };
    refused(
        receive_captured::<Delivery>("alert-1").err(),
        "the body is not a cue delivery, nor",
    );
    refused(
        receive_captured::<Delivery>("sub-ascii-1").err(),
        "the body is not a cue delivery, nor",
    );
    refused(
        receive_captured::<AlertNotice>("normal-1").err(),
        "the body is not an alert delivery",
    );
    refused(
        receive_captured::<PushedMessage>("alert-1").err(),
        "the body is not a message delivery",
    );
    refused(
        receive_captured::<EventBatch>("msg-push-1").err(),
        "the body is not an event delivery",
    );
}

#[test]
fn payloads_are_decoded_into_types_of_the_receiver() {
    let delivery: CueDelivery<Job> = receive(&envelope()).unwrap();
    assert_eq!(delivery.payload.account, "acme");

    let rejection = receive::<Delivery<Vec<u8>>>(&envelope()).unwrap_err();
    assert_eq!(rejection.status(), 400);
}

#[test]
fn a_bare_payload_belongs_to_what_the_headers_say() {
    let body = br#"{"account": "acme"}"#;
    let mut headers = signed(body);
    headers.insert("X-CueAPI-Cue-Id", "cue_1".parse().unwrap());
    headers.insert("X-CueAPI-Execution-Id", "e1".parse().unwrap());
    headers.insert("X-CueAPI-Scheduled-For", "2026-11-23T22:30:00+02:00".parse().unwrap());
    headers.insert("X-CueAPI-Attempt", "2".parse().unwrap());

    let bare: CueDelivery<Job> = webhook().receive(&headers, body).unwrap();
    assert!(!bare.ids_signed());
    assert_eq!(bare.seen_key(), "cue:e1");
    assert_eq!((bare.cue_id.as_str(), bare.name.as_str()), ("cue_1", ""));
    let enveloped: CueDelivery<Job> = receive(&envelope()).unwrap();
    assert_eq!(bare.scheduled_for, enveloped.scheduled_for);
    assert_eq!(bare.into_body().payload, enveloped.into_body().payload);

    for needed in [
        "x-cueapi-cue-id",
        "x-cueapi-execution-id",
        "x-cueapi-scheduled-for",
        "x-cueapi-attempt",
    ] {
        let mut headers = headers.clone();
        headers.remove(needed);
        let rejection = webhook().receive::<Delivery<Job>>(&headers, body).unwrap_err();
        assert_eq!(rejection.status(), 400, "{needed}");
    }
}

#[test]
fn where_headers_and_envelope_disagree_the_envelope_is_believed() {
    let body = envelope().to_string();
    let mut headers = signed(body.as_bytes());
    headers.insert("X-CueAPI-Execution-Id", "e2".parse().unwrap());
    headers.insert("X-CueAPI-Attempt", "7".parse().unwrap());
    let delivery: CueDelivery = webhook().receive(&headers, &body).unwrap();
    assert_eq!(delivery.seen_key(), "cue:e1");
    assert_eq!(delivery.headers().attempt, Some(7));
}

#[test]
fn headers_that_are_odd_are_left_out() {
    let body = envelope().to_string();
    let mut headers = signed(body.as_bytes());
    headers.insert("X-CueAPI-Attempt", "many".parse().unwrap());
    headers.insert("X-CueAPI-Scheduled-For", HeaderValue::from_bytes(b"\xff").unwrap());
    headers.insert("X-CueAPI-Execution-Id", "e".repeat(256).parse().unwrap());
    headers.append("X-CueAPI-Cue-Id", "cue_1".parse().unwrap());
    headers.append("X-CueAPI-Cue-Id", "cue_2".parse().unwrap());
    let delivery: CueDelivery = webhook().receive(&headers, &body).unwrap();
    assert_eq!(*delivery.headers(), Default::default());
}

#[test]
fn what_a_server_adds_is_no_error() {
    let mut cue = envelope();
    cue["priority"] = json!({"new": true});
    assert!(receive::<Delivery>(&cue).is_ok());

    let alert = json!({"alert_id": "a", "alert_type": "meteor", "severity": "high", "message": "m", "metadata": null,
        "created_at": "2026-11-23T20:30:00Z", "acknowledged": false});
    let alert: AlertDelivery = receive(&alert).unwrap();
    assert_eq!(alert.alert_type.as_str(), "meteor");
    assert_eq!(alert.cue_id, None);
}

#[test]
fn a_signature_that_is_wrong_doubled_or_missing_is_refused() {
    let body = envelope().to_string();
    let refusal = |change: fn(&mut HeaderMap)| {
        let mut headers = signed(body.as_bytes());
        change(&mut headers);
        let rejection = webhook().receive::<Delivery>(&headers, &body).unwrap_err();
        assert_eq!(rejection.status(), 401);
        rejection
    };
    assert_eq!(
        refusal(|headers| _ = headers.insert("X-CueAPI-Signature", format!("v1={}", "0".repeat(64)).parse().unwrap())),
        VerifyError::Mismatch.into()
    );
    assert_eq!(
        refusal(|headers| _ = headers.append("X-CueAPI-Signature", "v1=".parse().unwrap())),
        VerifyError::MalformedSignature.into()
    );
    assert_eq!(
        refusal(|headers| _ = headers.remove("X-CueAPI-Signature")),
        VerifyError::MissingSignature.into()
    );
    assert_eq!(
        refusal(|headers| _ = headers.insert("X-CueAPI-Timestamp", (NOW - 301).into())),
        VerifyError::Expired.into()
    );
}

#[test]
fn a_re_encoded_body_is_decoded_from_what_was_signed() {
    let sent = br#"{"attempt": 1, "cue_id": "c", "execution_id": "e", "name": "n", "payload": {"ratio": 1.0}, "scheduled_for": "2026-11-23T20:30:00+00:00"}"#;
    let arrived = br#"{"scheduled_for":"2026-11-23T20:30:00+00:00","payload":{"ratio":1.00},"name":"n","execution_id":"e","cue_id":"c","attempt":1}"#;
    let headers = signed(sent);
    let delivery: CueDelivery = webhook().receive(&headers, arrived).unwrap();
    assert_eq!(delivery.proof().form(), Form::Canonical);
    assert_eq!(delivery.payload.as_str(), r#"{"ratio": 1.0}"#);

    let alone = Verifier::new(SECRET).unwrap();
    let refused = alone.verify(
        arrived,
        SignatureHeaders::from_http(&headers).unwrap(),
        Duration::from_secs(NOW),
    );
    assert_eq!(
        refused.unwrap_err(),
        VerifyError::Mismatch,
        "a verifier tries it only when it is told to"
    );
}

#[test]
fn nothing_that_is_printed_shows_a_secret_or_a_payload() {
    const CANARY: &str = "sk-canary-7f3a";
    let hides = |text: String| assert!(!text.contains(CANARY), "{text}");
    let webhook = Webhook::new(Verifier::new(CANARY).unwrap());
    hides(format!("{webhook:?}"));

    let mut body = envelope();
    body["payload"] = json!({ "k": CANARY });
    let delivery: CueDelivery = receive(&body).unwrap();
    hides(format!("{delivery:?}"));
    let rejection = receive::<Delivery<Vec<u8>>>(&body).unwrap_err();
    hides(format!("{rejection} {rejection:?}"));
    body["payload"] = json!(CANARY);
    let rejection = receive::<Delivery<u8>>(&body).unwrap_err();
    hides(format!("{rejection} {rejection:?}"));
    let message = json!({"id": "m", "from": {"agent_id": "a", "slug": "a@u"}, "to": {"agent_id": "b", "slug": "b@u"},
        "thread_id": "m", "subject": CANARY, "body": CANARY, "priority": 3, "expects_reply": false,
        "metadata": {"k": CANARY}, "created_at": "2026-11-23T20:30:00Z"});
    let message: MessageDelivery = receive(&message).unwrap();
    hides(format!("{message:?}"));
}

proptest! {
    #[test]
    fn no_request_makes_it_panic_and_none_without_the_secret_gets_in(
        body in prop::collection::vec(any::<u8>(), 0..200),
        signature in "(v1=)?[0-9a-fA-F, v=]{0,70}",
        timestamp in "[0-9+ _-]{0,20}",
    ) {
        let mut headers = HeaderMap::new();
        headers.insert("X-CueAPI-Signature", signature.parse().unwrap());
        headers.insert("X-CueAPI-Timestamp", timestamp.parse().unwrap());
        let rejection = webhook().receive::<Delivery>(&headers, &body).unwrap_err();
        assert_eq!(rejection.status(), 401);
    }

    #[test]
    fn no_signed_body_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        receive_all(&body);
    }

    #[test]
    fn no_signed_json_makes_it_panic(
        text in r#"[{\[]?("(attempt|cue_id|execution_id|payload|events|id|metadata)"[:, ]|[0-9.eE+-]{1,9}|[{}\[\],:"]|null|\\u[dD][89a-f][0-9]{2}){0,30}"#,
    ) {
        receive_all(text.as_bytes());
    }
}

/// All that can come of it is a delivery, or 400.
fn receive_all(body: &[u8]) {
    fn check<B: DeliveryBody>(headers: &HeaderMap, body: &[u8]) {
        if let Err(rejection) = webhook().receive::<B>(headers, body) {
            let empty = body.is_empty();
            assert!(rejection.status() == 400 || empty, "{rejection}");
        }
    }
    let mut headers = signed(body);
    for (name, value) in [("cue-id", "c"), ("execution-id", "e"), ("attempt", "1")] {
        let name: HeaderName = format!("x-cueapi-{name}").parse().unwrap();
        headers.insert(name, value.parse().unwrap());
    }
    headers.insert("X-CueAPI-Scheduled-For", "2026-11-23T20:30:00Z".parse().unwrap());
    check::<Delivery<Payload>>(&headers, body);
    check::<Delivery<Value>>(&headers, body);
    check::<AlertNotice>(&headers, body);
    check::<PushedMessage>(&headers, body);
    check::<EventBatch>(&headers, body);
}

#[test]
fn nesting_that_is_too_deep_is_refused() {
    let deep = ["[".repeat(100_000), "]".repeat(100_000)].concat();
    let body = format!(
        r#"{{"attempt": 1, "cue_id": "c", "execution_id": "e", "name": "n", "payload": {deep}, "scheduled_for": "2026-11-23T20:30:00Z"}}"#
    );
    let rejection = webhook()
        .receive::<Delivery<Value>>(&signed(body.as_bytes()), &body)
        .unwrap_err();
    assert_eq!(rejection.status(), 400);
    receive_all(deep.as_bytes());
}
