//! What is sent: payloads to the letter, outcomes within their limits, and nothing that a server cannot work with.

#![expect(clippy::unwrap_used, reason = "a helper of a test that panics fails the test")]

use cueapi_types::{
    Artifact, Callback, CallbackMethod, Evidence, OnFailure, Outcome, Payload, Recurring, Retry, Schedule, Timestamp,
    Transport, Verification, VerificationMode, limits,
};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

fn json_of(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

#[test]
fn a_payload_goes_out_as_the_text_it_is() {
    for text in [
        r#"{"n":1180591620717411303424}"#,
        r#"{"f":1.50,"g":1e16,"h":-0.0}"#,
        r#"{"b":1, "a":"\u00e9é"}"#,
        r#"{"deep":[[[[[[]]]]]]}"#,
        "{}",
    ] {
        let payload = Payload::from_json(text).unwrap();
        assert_eq!(serde_json::to_string(&payload).unwrap(), text);
        // Also when it is taken over through the setters, which serialise what they are given.
        assert_eq!(Payload::object(&payload).unwrap().as_str(), text);
    }
    assert_eq!(Payload::from_json(" \n{} ").unwrap().as_str(), "{}");
}

#[test]
fn a_payload_that_is_no_object_is_refused_with_what_it_is() {
    let message = |value: Value| Payload::object(&value).unwrap_err().to_string();
    assert_eq!(
        message(json!("text")),
        "the payload must be a JSON object, this is a string"
    );
    assert_eq!(
        message(json!(-1)),
        "the payload must be a JSON object, this is a number"
    );
    assert_eq!(message(json!(null)), "the payload must be a JSON object, this is null");
    assert_eq!(
        message(json!(false)),
        "the payload must be a JSON object, this is a boolean"
    );
}

#[test]
fn a_payload_error_says_where_and_quotes_nothing() {
    let error = Payload::from_json("{\n  \"pin\": canary }").unwrap_err();
    assert_eq!(error.to_string(), "the payload is not JSON (line 2 column 10)");
    let error = Payload::from_json(r#"{"pin":"canary"}"#)
        .unwrap()
        .parse::<std::collections::BTreeMap<String, u8>>()
        .unwrap_err();
    assert!(!error.to_string().contains("canary") && !format!("{error:?}").contains("canary"));
    assert!(error.detail().unwrap().contains("canary"));
}

#[test]
fn schedules_have_the_form_of_the_wire() {
    let daily: Recurring = Schedule::cron("0 9 * * *").timezone("America/Los_Angeles");
    assert_eq!(
        json_of(&Schedule::from(daily)),
        json!({"type": "recurring", "cron": "0 9 * * *", "timezone": "America/Los_Angeles"})
    );
    let zoned: jiff::Timestamp = "2026-05-01T14:00:00-07:00".parse().unwrap();
    assert_eq!(
        json_of(&Schedule::at(zoned)),
        json!({"type": "once", "at": "2026-05-01T21:00:00Z"})
    );
}

#[test]
fn transports_have_the_form_of_the_wire() {
    assert_eq!(json_of(&Transport::Worker), json!({"transport": "worker"}));
    let callback = Callback::new("https://e.com/x")
        .method(CallbackMethod::Put)
        .header("X-A", "1");
    assert_eq!(
        json_of(&Transport::from(callback)),
        json!({"transport": "webhook", "callback": {"url": "https://e.com/x", "method": "PUT", "headers": {"X-A": "1"}}})
    );
}

#[test]
fn what_breaks_a_server_does_not_leave() {
    let error = serde_json::to_string(&Retry::new().backoff_minutes([])).unwrap_err();
    assert!(error.to_string().contains("at least one number"), "{error}");
    let error = serde_json::to_string(&Callback::new("https://e.com").method("TRACE".into())).unwrap_err();
    assert!(error.to_string().contains("one of POST, GET, PUT and PATCH"), "{error}");
}

#[test]
fn what_is_not_said_stays_the_servers() {
    assert_eq!(json_of(&Retry::new().max_attempts(2)), json!({"max_attempts": 2}));
    assert_eq!(
        json_of(&OnFailure::new()),
        json!({"email": true, "webhook": null, "pause": false})
    );
    assert_eq!(
        json_of(&Verification::from(VerificationMode::None)),
        json!({"mode": "none"})
    );
}

#[test]
fn an_outcome_has_the_form_of_the_wire() {
    let outcome = Outcome::success()
        .result("done ✓")
        .metadata(&json!({"k": [1, 2.5, {"a": null}]}))
        .external_id("tweet:123")
        .result_url("https://example.com/r?x=1")
        .result_ref("ref-1")
        .result_type("tweet")
        .summary("A short summary")
        .artifact(Artifact::new("leads.csv", "https://example.com/leads.csv").with("rows", 47));
    assert_eq!(
        json_of(&outcome),
        json!({
            "success": true, "result": "done ✓", "metadata": {"k": [1, 2.5, {"a": null}]}, "external_id": "tweet:123",
            "result_url": "https://example.com/r?x=1", "result_ref": "ref-1", "result_type": "tweet",
            "summary": "A short summary",
            "artifacts": [{"name": "leads.csv", "url": "https://example.com/leads.csv", "rows": 47}],
        })
    );
    assert_eq!(
        json_of(&Outcome::failure("boom").result("partial")),
        json!({"success": false, "error": "boom", "result": "partial"})
    );
}

#[test]
fn later_evidence_replaces_and_artifacts_add_up() {
    let artifact = |name: &str| Artifact::new(name, "https://e.com");
    let outcome = Outcome::success().external_id("a").summary("s").artifact(artifact("1"));
    let outcome = outcome.evidence(Evidence::new().external_id("b").artifact(artifact("2")));
    let sent = json_of(&outcome);
    assert_eq!((&sent["external_id"], &sent["summary"]), (&json!("b"), &json!("s")));
    assert_eq!(sent["artifacts"].as_array().unwrap().len(), 2);
}

#[test]
fn an_outcome_knows_itself_in_what_a_server_made_of_it() {
    let sent = Outcome::success()
        .result("done ✓")
        .metadata(&json!({"k": [1, 2.5], "f": 1e16, "a": null}))
        .external_id("x");
    let shown = json!({
        "success": true, "result": "done ✓", "error": null,
        "metadata": {"f": 10_000_000_000_000_000_u64, "k": [1.0, 2.5], "a": null}, "recorded_at": "2026-11-23T20:41:11.420844Z",
    });
    let recorded = |value: &Value| serde_json::from_str(&value.to_string()).unwrap();
    assert!(sent.matches(&recorded(&shown)));
    for (member, other) in [
        ("success", json!(false)),
        ("result", json!("done")),
        ("error", json!("boom")),
        ("metadata", json!({"f": 1e16, "k": [1, 2.5]})),
        ("metadata", json!(null)),
        ("external_id", json!("y")),
    ] {
        let mut shown = shown.clone();
        shown[member] = other;
        assert!(!sent.matches(&recorded(&shown)), "{member}");
    }
}

#[test]
fn timestamps_convert_both_ways() {
    let system = std::time::UNIX_EPOCH + std::time::Duration::from_millis(1_500);
    let timestamp = Timestamp::try_from(system).unwrap();
    assert_eq!(timestamp.to_string(), "1970-01-01T00:00:01.5Z");
    assert_eq!(std::time::SystemTime::try_from(timestamp).unwrap(), system);
    assert_eq!(Timestamp::from(jiff::Timestamp::from(timestamp)), timestamp);
}

proptest! {
    #[test]
    fn any_json_comes_back_from_a_payload(text in "[ -~é😀]{0,40}", number in any::<f64>(), integer in any::<i128>()) {
        let json = format!(r#"{{"t":{},"n":{},"i":{integer}}}"#, json!(text), json!(number));
        let payload = Payload::from_json(json.as_str()).unwrap();
        prop_assert_eq!(payload.as_str(), json);
    }

    #[test]
    fn a_truncated_outcome_is_within_its_limits(text in ".{0,80}", times in 1_usize..60) {
        let long = text.repeat(times);
        let outcome = Outcome::failure(&long)
            .result(&long).summary(&long).external_id(&long).result_ref(&long).result_type(&long)
            .truncated();
        prop_assert!(outcome.check().is_ok());
        let sent = json_of(&outcome);
        prop_assert!(long.starts_with(sent["error"].as_str().unwrap()));
        prop_assert_eq!(sent["error"].as_str().unwrap().chars().count(), long.chars().count().min(limits::ERROR));
    }
}
