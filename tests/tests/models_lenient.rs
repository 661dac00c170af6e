//! A server may know more than this SDK, or less: what it adds or leaves out does not break a response.

#![expect(clippy::unwrap_used, reason = "a helper of a test that panics fails the test")]

use std::collections::BTreeSet;

use cueapi_tests::exchanges::{Exchange, exchanges};
use cueapi_types::{
    ClaimableList, Cue, CueDetail, CueList, CueStatus, ErrorCode, ExecutionList, Health, OutcomeState, Schedule,
    Timestamp, VerificationMode, WorkerList,
};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Decodes a body into a model, and says why where it cannot.
type Decode = fn(&Value) -> Result<(), String>;

/// Bodies that between them have every model of the API's responses in them.
fn bodies() -> Vec<(String, Decode, Value)> {
    fn decodes<T: DeserializeOwned>(value: &Value) -> Result<(), String> {
        // As text: that is how responses come.
        serde_json::from_str::<T>(&value.to_string())
            .map(drop)
            .map_err(|error| error.to_string())
    }
    let body = |file: &str, name: &str| {
        let exchange = exchanges(file).into_iter().find(|exchange| exchange.name == name);
        let Exchange { response, .. } = exchange.unwrap_or_else(|| panic!("{name} is not among the captures"));
        serde_json::from_str::<Value>(&response.body).unwrap()
    };
    let models: [(&str, &str, Decode); 6] = [
        ("cues", "cues_get_once_completed", decodes::<CueDetail>),
        ("cues", "cues_list_limit_offset", decodes::<CueList>),
        ("executions", "executions_list_sdk_default", decodes::<ExecutionList>),
        ("executions", "executions_claimable_task", decodes::<ClaimableList>),
        ("workers", "workers_list", decodes::<WorkerList>),
        ("errors", "rate_limit_exempt_health", decodes::<Health>),
    ];
    models
        .into_iter()
        .map(|(file, name, decode)| (name.to_owned(), decode, body(file, name)))
        .collect()
}

/// Every place in a value, as a JSON pointer.
fn places(value: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, places: &mut Vec<String>) {
        places.push(at.to_owned());
        match value {
            Value::Object(members) => members
                .iter()
                .for_each(|(key, value)| walk(value, &format!("{at}/{key}"), places)),
            Value::Array(items) => {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(index, value)| walk(value, &format!("{at}/{index}"), places));
            }
            _ => {}
        }
    }
    let mut places = Vec::new();
    walk(value, "", &mut places);
    places
}

#[test]
fn a_member_that_nobody_knows_changes_nothing() {
    for (name, decode, body) in bodies() {
        for place in places(&body) {
            let mut body = body.clone();
            let Some(Value::Object(members)) = body.pointer_mut(&place) else {
                continue;
            };
            // A header's value is a text always.
            if place.ends_with("/headers") {
                continue;
            }
            members.insert("added_next_year".to_owned(), json!({"a": [1, null, {"b": true}]}));
            decode(&body).unwrap_or_else(|error| panic!("{name} with another member at {place}: {error}"));
        }
    }
}

#[test]
fn the_state_unknown_is_not_a_state_that_this_version_does_not_know() {
    let state = |text: &str| serde_json::from_str::<OutcomeState>(text).unwrap();
    assert_eq!(state(r#""unknown""#), OutcomeState::Unknown);
    assert!(OutcomeState::KNOWN.contains(&OutcomeState::Unknown));
    assert_eq!(serde_json::to_string(&OutcomeState::Unknown).unwrap(), r#""unknown""#);

    assert!(matches!(state(r#""unheard_of""#), OutcomeState::Unrecognized(_)));
    // A server that took the name of the catch-all for a value would not be mistaken for it either.
    assert_eq!(state(r#""unrecognized""#).as_str(), "unrecognized");
}

#[test]
fn a_text_that_nobody_knows_is_kept() {
    for (name, decode, body) in bodies() {
        for place in places(&body) {
            let mut body = body.clone();
            match body.pointer_mut(&place) {
                Some(Value::String(text)) if Timestamp::parse(text).is_err() => "brand_new".clone_into(text),
                _ => continue,
            }
            decode(&body).unwrap_or_else(|error| panic!("{name} with another text at {place}: {error}"));
        }
    }
}

/// What an answer must have, by its place; everything else may be missing. (A row without its id is unreadable, and its
/// page is not.)
const REQUIRED: &[&str] = &["/cues", "/executions", "/id", "/status", "/workers"];

#[test]
fn only_what_is_essential_must_be_there() {
    let mut essential = BTreeSet::new();
    for (_, decode, body) in bodies() {
        for place in places(&body) {
            let Some((parent, key)) = place.rsplit_once('/') else {
                continue;
            };
            let mut body = body.clone();
            let Some(Value::Object(members)) = body.pointer_mut(parent) else {
                continue;
            };
            members.remove(key);
            if decode(&body).is_err() {
                essential.insert(place);
            }
        }
    }
    assert_eq!(essential, REQUIRED.iter().map(ToString::to_string).collect());
}

#[test]
fn what_no_rust_type_holds_is_kept_as_it_came() {
    let text = concat!(
        r#"{"id":"cue_1","schedule":{"type":"once","at":"9999-12-31T23:59:59Z","timezone":"UTC"},"#,
        r#""retry":{"max_attempts":3,"backoff_minutes":[1,1180591620717411303424]},"next_run":"9999-12-31T23:59:59Z","#,
        r#""run_count":1180591620717411303424,"fired_count":-1}"#
    );
    let cue: Cue = serde_json::from_str(text).unwrap();
    let again = serde_json::to_string(&cue).unwrap();
    for kept in [
        r#""schedule":{"type":"once","at":"9999-12-31T23:59:59Z","timezone":"UTC"}"#,
        r#""backoff_minutes":[1,1180591620717411303424]"#,
        r#""next_run":"9999-12-31T23:59:59Z""#,
        r#""run_count":1180591620717411303424"#,
        r#""fired_count":-1"#,
    ] {
        assert!(again.contains(kept), "{kept} in {again}");
    }
    assert_eq!((cue.next_run.known(), cue.run_count.known()), (None, None));
    assert_eq!(cue.next_run.to_string(), "9999-12-31T23:59:59Z");
}

#[test]
fn what_is_null_inside_of_a_cue_is_the_default() {
    let text = r#"{"id":"cue_1","on_failure":{"email":null,"webhook":null,"pause":null,"after_attempts":1180591620717411303424},
        "verification":{"mode":null},"callback":{"url":null,"method":null,"headers":null},"retry":{"backoff_minutes":null}}"#;
    let cue: Cue = serde_json::from_str(text).unwrap();
    let on_failure = cue.on_failure.unwrap();
    assert!(on_failure.email && !on_failure.pause);
    assert_eq!(on_failure.after_attempts.to_string(), "1180591620717411303424");
    assert_eq!(cue.verification.unwrap().mode, VerificationMode::None);
    assert!(cue.retry.unwrap().backoff_minutes.is_empty());
}

#[test]
fn a_payload_of_null_is_none() {
    let cue: Cue = serde_json::from_str(r#"{"id":"cue_1","payload":null}"#).unwrap();
    assert_eq!(cue.payload, None);
}

#[test]
fn a_schedule_that_makes_no_sense_is_kept_as_it_is() {
    for text in [
        r#"{"type":"lunar","timezone":"UTC","cron":"full moon"}"#,
        r#"{"type":"recurring"}"#,
        r#"{"type":"once","timezone":"UTC"}"#,
    ] {
        let schedule: Schedule = serde_json::from_str(text).unwrap();
        assert!(matches!(schedule, Schedule::Unrecognized(_)), "{text}");
        assert_eq!(serde_json::to_string(&schedule).unwrap(), text);
    }
}

#[test]
fn every_style_of_timestamp_is_the_same_instant() {
    let expected = Timestamp::parse("2026-11-23T20:29:41.5Z").unwrap();
    for text in [
        "2026-11-23T20:29:41.5Z",
        "2026-11-23T20:29:41.500000Z",
        "2026-11-23T20:29:41.500000000Z",
        "2026-11-23T20:29:41.5+00:00",
        "2026-11-23T20:29:41.5+00:00Z",
        "2026-11-23T15:29:41.5-05:00",
        "2026-11-23T22:29:41.5+02:00",
        "2026-11-23t20:29:41.5z",
        "2026-11-23 20:29:41.5Z",
        "2026-11-23T20:29:41.5",
    ] {
        let decoded: Timestamp = serde_json::from_value(json!(text)).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(decoded, expected, "{text}");
        assert_eq!(serde_json::to_value(decoded).unwrap(), json!("2026-11-23T20:29:41.5Z"));
    }
    for text in [
        "",
        "tomorrow",
        "20:29:41",
        "1795466982",
        "2026-13-01T00:00:00Z",
        "2026-11-23T20:29:41+02:00Z",
    ] {
        assert!(serde_json::from_value::<Timestamp>(json!(text)).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_value_of_an_open_enum_and_comes_back(text in ".*") {
        let status: CueStatus = serde_json::from_value(json!(text)).unwrap();
        prop_assert_eq!(status.as_str(), &text);
        prop_assert_eq!(serde_json::to_value(&status).unwrap(), json!(text));
        prop_assert_eq!(ErrorCode::from(text.as_str()).to_string(), text);
    }

    #[test]
    fn any_instant_comes_back_from_its_text(second in -60_000_000_000_i64..=250_000_000_000) {
        let timestamp = Timestamp::from_second(second).unwrap();
        prop_assert_eq!(Timestamp::parse(&timestamp.to_string()).unwrap(), timestamp);
    }

    #[test]
    fn no_text_makes_a_timestamp_panic(text in ".*") {
        let _ = Timestamp::parse(&text);
        let _ = serde_json::from_value::<Timestamp>(json!(text));
    }
}
