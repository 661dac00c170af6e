//! What captured responses say, beside that they come back as they were (see `golden`).

use std::collections::BTreeSet;

use cueapi_tests::exchanges::{Exchange, exchanges};
use cueapi_types::{ApiError, Cue, CueDetail, ErrorCode};
use serde_json::Value;

const FILES: [&str; 11] = [
    "agents",
    "alerts",
    "auth",
    "cues",
    "errors",
    "events",
    "executions",
    "messages",
    "service",
    "usage",
    "workers",
];

fn all() -> impl Iterator<Item = Exchange> {
    FILES.into_iter().flat_map(exchanges)
}

#[test]
fn every_captured_error_has_a_code_that_has_a_name() {
    let mut codes = BTreeSet::new();
    for Exchange { name, response, .. } in all().filter(|exchange| exchange.response.status >= 400) {
        let Ok(body) = serde_json::from_str::<Value>(&response.body) else {
            continue;
        };
        let error =
            ApiError::from_body(response.body.as_bytes()).unwrap_or_else(|| panic!("{name}: {}", response.body));
        if body["error"].is_null() {
            // `/status` of a server that is down: a report, which has no code.
            assert_eq!(error.message, body["reason"].as_str().unwrap(), "{name}");
            continue;
        }
        assert!(
            !matches!(error.code, ErrorCode::Unrecognized(_)),
            "{name}: {}",
            error.code
        );
        assert_eq!(error.message, body["error"]["message"].as_str().unwrap(), "{name}");
        assert_eq!(
            error.details.len(),
            body["error"]["details"].as_array().map_or(0, Vec::len),
            "{name}"
        );
        codes.insert(error.code.to_string());
    }
    assert!(codes.len() > 40, "{codes:?}");
}

#[test]
fn a_validation_error_names_each_field() {
    let two = all()
        .find(|exchange| exchange.name == "cues_list_422_two_errors")
        .unwrap();
    let error = ApiError::from_body(two.response.body.as_bytes()).unwrap();
    let fields: Vec<&str> = error.details.iter().map(|detail| detail.field.as_str()).collect();
    assert_eq!(fields, ["query.limit", "query.offset"]);
}

#[test]
fn a_payload_keeps_the_text_that_the_server_sent() {
    let torture = all()
        .find(|exchange| exchange.name == "cues_create_payload_torture")
        .unwrap();
    let cue: Cue = serde_json::from_str(&torture.response.body).unwrap();
    let payload = cue.payload.as_ref().unwrap();
    assert!(
        torture
            .response
            .body
            .contains(&format!(r#""payload":{},"#, payload.as_str()))
    );
    assert!(payload.as_str().contains(r#""big":1180591620717411303424"#));
    assert!(payload.as_str().contains(r#""one":1.0"#));
    // And so does the encoded cue.
    assert!(serde_json::to_string(&cue).unwrap().contains(payload.as_str()));
}

#[test]
fn a_detail_converts_into_the_plain_cue() {
    let exchange = all()
        .find(|exchange| exchange.name == "cues_get_once_completed")
        .unwrap();
    let detail: CueDetail = serde_json::from_str(&exchange.response.body).unwrap();
    let (id, run_count) = (detail.id.clone(), detail.run_count.clone());
    assert_eq!(detail.executions.len(), 1);
    let cue = Cue::from(detail);
    assert_eq!((cue.id, cue.run_count), (id, run_count));
}
