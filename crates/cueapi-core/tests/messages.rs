//! What sending a message does about repeats, about bodies that arrive changed, and about answers that are no errors.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::{collections::BTreeSet, time::Duration};

use cueapi_core::{
    BodyVerification, Conditional, ErrorKind, Reply,
    http::{AttemptTimeout, HttpErrorKind},
    testing::{self, Replay, ReplayClient, failure, json, response},
    types::{Callback, Message, Schedule},
};
use serde_json::{Value, json as value};

fn message(more: Value) -> String {
    let mut message = value!({"id": "msg_1", "user_id": "u", "from_agent_id": "agt_1", "to_agent_id": "agt_2",
        "thread_id": "msg_1", "body": "x", "preview": "x", "priority": 3, "delivery_state": "queued",
        "created_at": "2026-11-23T20:50:19.679787Z"});
    message
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    message.to_string()
}

fn sent(
    script: impl IntoIterator<Item = Replay>,
    text: &str,
) -> (Result<Reply<Message>, cueapi_core::Error>, ReplayClient) {
    let replay = ReplayClient::new(script);
    let result = testing::run(replay.client().messages().send("agt_1", "agt_2", text).send_with_meta());
    (result, replay)
}

fn keys(replay: &ReplayClient) -> Vec<String> {
    let key = |request: &http::Request<_>| request.headers()["idempotency-key"].to_str().unwrap().to_owned();
    replay.raw_requests().iter().map(key).collect()
}

#[test]
fn a_message_keeps_its_key_over_all_attempts_and_another_one_gets_another() {
    let (result, replay) = sent(
        [
            failure(HttpErrorKind::Interrupted),
            json(503, "{}"),
            json(200, message(value!({}))),
        ],
        "x",
    );
    assert_eq!(result.unwrap().meta.status(), 200, "the server knew the key");
    let first = keys(&replay);
    assert_eq!((first.len(), first.iter().collect::<BTreeSet<_>>().len()), (3, 1));
    let (_, replay) = sent([json(201, message(value!({})))], "x");
    assert_ne!(keys(&replay)[0], first[0]);
}

#[test]
fn a_clone_of_a_call_is_the_same_message() {
    let replay = ReplayClient::new([failure(HttpErrorKind::Other), json(201, message(value!({})))]);
    let call = replay.client().messages().send("agt_1", "agt_2", "x");
    testing::run(call.clone().send()).unwrap_err();
    testing::run(call.send()).unwrap();
    assert_eq!(keys(&replay).iter().collect::<BTreeSet<_>>().len(), 1);
}

#[test]
fn an_urgent_message_is_not_repeated_when_its_fate_is_unknown() {
    for (priority, attempts) in [(3, 2), (4, 1), (5, 1)] {
        let replay = ReplayClient::new([json(500, "{}"), json(201, message(value!({})))]);
        let call = replay
            .client()
            .messages()
            .send("agt_1", "agt_2", "x")
            .priority(priority);
        let result = testing::run(call.send());
        assert_eq!(replay.requests().len(), attempts, "{priority}");
        if let Err(error) = result {
            assert!(error.may_have_executed() && !error.is_retryable());
        }
    }
}

#[test]
fn a_lowered_priority_shows_in_the_reply() {
    let lowered = json(201, message(value!({}))).header("x-cueapi-priority-downgraded", "true");
    assert!(sent([lowered], "x").0.unwrap().meta.is_priority_downgraded());
    assert!(
        !sent([json(201, message(value!({})))], "x")
            .0
            .unwrap()
            .meta
            .is_priority_downgraded()
    );
}

#[test]
fn a_text_that_arrived_is_verified_and_one_that_did_not_is_a_typed_error() {
    let verification = |received: Value, text| sent([json(201, message(received))], text).0;
    let outcome = |received, text| verification(received, text).map(|reply| reply.meta.body_verification());
    assert_eq!(
        outcome(value!({"body_received": "héllo"}), "héllo").unwrap(),
        BodyVerification::Verified
    );
    assert_eq!(
        outcome(value!({"body_received": null}), "x").unwrap(),
        BodyVerification::NotVerifiable
    );
    assert_eq!(outcome(value!({}), "x").unwrap(), BodyVerification::NotVerifiable);

    let error = verification(value!({"body_received": "hCANARYllo"}), "hélloCANARY").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BodyMismatch);
    assert!(error.may_have_executed() && !error.is_retryable());
    let mismatch = error.body_mismatch().unwrap();
    assert_eq!((mismatch.first_difference(), mismatch.id()), (1, Some("msg_1")));
    assert_eq!((mismatch.sent(), mismatch.received()), ("hélloCANARY", "hCANARYllo"));
    for shown in [
        error.to_string(),
        format!("{error:?}"),
        format!("{mismatch:?}"),
        mismatch.to_string(),
    ] {
        assert!(!shown.contains("CANARY"), "{shown}");
    }
}

#[test]
fn any_body_can_be_verified() {
    let cue = value!({"id": "cue_1", "name": "n", "status": "active", "transport": "webhook", "payload": {},
        "schedule": {"type": "recurring", "cron": "0 9 * * *"}, "callback": {"url": "https://a.example/", "method": "POST"},
        "retry": {"max_attempts": 3, "backoff_minutes": [1]}, "created_at": "2026-11-23T20:50:29Z",
        "updated_at": "2026-11-23T20:50:29Z"});
    let create = |received: Value| {
        let mut answer = cue.clone();
        answer["body_received"] = received;
        let replay = ReplayClient::new([json(201, answer.to_string())]);
        let schedule = Schedule::cron("0 9 * * *");
        let call = replay
            .client()
            .cues()
            .create("n", schedule, Callback::new("https://a.example"));
        let result = testing::run(call.verify_body(true).send_with_meta());
        assert!(replay.requests()[0].contains("x-cueapi-verify-echo: true\n"));
        result
    };
    let same = value!({"callback": {"method": "POST", "url": "https://a.example"}, "name": "n", "transport": "webhook",
        "schedule": {"cron": "0 9 * * *", "type": "recurring"}});
    let reply = create(same.clone()).unwrap();
    assert_eq!(reply.meta.body_verification(), BodyVerification::Verified);

    let mut other = same;
    other["name"] = value!("m");
    let error = create(other).unwrap_err();
    let mismatch = error.body_mismatch().unwrap();
    assert!(mismatch.sent()[..mismatch.first_difference()].ends_with(r#""name":""#));
    assert_eq!(mismatch.id(), Some("cue_1"));
}

#[test]
fn not_modified_is_an_answer() {
    let replay = ReplayClient::new([response(304, "").header("etag", "W/\"1\"")]);
    let reply = testing::run(
        replay
            .client()
            .agents()
            .roster()
            .if_none_match("W/\"1\"")
            .send_with_meta(),
    )
    .unwrap();
    assert_eq!(
        (reply.value, reply.meta.status().as_u16()),
        (Conditional::NotModified, 304)
    );
    // Elsewhere it is none.
    let replay = ReplayClient::new([response(304, "")]);
    let error = testing::run(replay.client().agents().list().send()).unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Api, 304));
}

#[test]
fn a_long_poll_is_given_the_time_that_the_server_holds_it() {
    let timeout = |wait: bool, client: u64, call: Option<u64>| {
        let replay = ReplayClient::new([json(200, r#"{"events":[],"next_cursor":null,"has_more":false}"#)]);
        let client = replay.builder().timeout(Duration::from_secs(client)).build().unwrap();
        let mut pull = client.events().pull("agt_1");
        if wait {
            pull = pull.wait();
        }
        if let Some(seconds) = call {
            pull = pull.attempt_timeout(Duration::from_secs(seconds));
        }
        testing::run(pull.send()).unwrap();
        let AttemptTimeout(timeout) = *replay.raw_requests()[0].extensions().get::<AttemptTimeout>().unwrap();
        timeout.as_secs()
    };
    assert_eq!(timeout(false, 30, None), 30);
    assert_eq!(timeout(true, 30, None), 65);
    assert_eq!(
        timeout(true, 1, None),
        36,
        "also against a shorter timeout of the client"
    );
    assert_eq!(timeout(true, 30, Some(5)), 5, "but the caller's own word counts");
}

#[test]
fn reading_an_inbox_is_not_repeated_and_counting_it_is() {
    let replay = ReplayClient::new([failure(HttpErrorKind::Timeout)]);
    let error = testing::run(replay.client().agents().inbox("agt_1").send()).unwrap_err();
    assert!(error.may_have_executed(), "messages may have become delivered");
    let replay = ReplayClient::new([failure(HttpErrorKind::Timeout), json(200, r#"{"count":6}"#)]);
    assert_eq!(
        testing::run(replay.client().agents().inbox_count("agt_1").send())
            .unwrap()
            .count,
        6
    );
}

#[test]
fn a_session_that_an_attempt_without_answer_detached_is_detached_without_saying_what_it_was() {
    let missing = || {
        json(
            404,
            r#"{"error":{"code":"live_session_not_found","message":"m","status":404}}"#,
        )
    };
    let detach = |script: Vec<Replay>| {
        testing::run(
            ReplayClient::new(script)
                .client()
                .live_sessions()
                .detach("agt_1", "main")
                .send(),
        )
    };
    let lost = || failure(HttpErrorKind::Interrupted);
    assert_eq!(detach(vec![lost(), missing()]).unwrap(), None);
    let error = detach(vec![missing()]).unwrap_err();
    assert_eq!((error.kind(), error.may_have_executed()), (ErrorKind::NotFound, false));
    let agent = json(
        404,
        r#"{"error":{"code":"agent_not_found","message":"m","status":404}}"#,
    );
    let error = detach(vec![lost(), agent]).unwrap_err();
    assert_eq!((error.kind(), error.may_have_executed()), (ErrorKind::NotFound, true));
}

#[test]
fn a_detached_session_says_nothing_and_one_that_was_gone_says_so() {
    let detach = |script| {
        let replay = ReplayClient::new([script]);
        testing::run(replay.client().attachments().detach("agt_1", "T", "d").send()).unwrap()
    };
    assert_eq!(detach(response(204, "")), None);
    let gone = detach(json(200, r#"{"deleted":false,"reason":"already_deleted"}"#));
    assert_eq!(gone.unwrap().reason.as_deref(), Some("already_deleted"));
}
