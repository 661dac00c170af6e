//! Every exchange that was captured from a CueAPI server comes back from the SDK as it was, and where one would not, the
//! check says what happened to it.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cueapi_tests::golden::{self, Report};
use serde_json::{Value, json};

fn fixtures() -> impl Iterator<Item = (String, Report)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.display().to_string(), golden::check_file(&path).unwrap()))
}

#[test]
fn every_captured_exchange_comes_back_as_it_was() {
    let mut agreed = 0;
    for (file, report) in fixtures() {
        assert!(report.differing.is_empty(), "{file}: {report}");
        agreed += report.agreed.len();
    }
    assert!(agreed > 350, "only {agreed} exchanges were compared");
}

#[test]
fn every_captured_delivery_verifies_and_comes_back_as_it_was() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/webhooks");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (mut agreed, mut apart) = (0, Vec::new());
    for report in files.map(|path| golden::check_file(&path).unwrap()) {
        assert!(report.differing.is_empty(), "{report}");
        agreed += report.agreed.len();
        apart.extend(report.apart.into_iter().map(|(name, _)| name));
    }
    assert_eq!((agreed, apart), (13, vec!["method-get-1".to_owned()]));
}

#[test]
fn a_delivery_that_does_not_verify_or_has_more_in_it_differs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/webhooks/normal-1.json");
    let delivery: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let differing = |change: &dyn Fn(&mut Value)| {
        let mut delivery = delivery.clone();
        change(&mut delivery);
        golden::check_delivery(&delivery).to_string()
    };
    let another =
        differing(&|delivery| delivery["analysis"]["secrets_tried"] = json!([format!("whsec_{}", "0".repeat(64))]));
    assert!(
        another.contains("DIFFERS normal-1") && another.contains("signature: "),
        "{another}"
    );
    let more = differing(&|delivery| {
        let body = json!({"attempt": 1, "cue_id": "c", "execution_id": "e", "name": "n", "payload": {}, "more": 1,
            "scheduled_for": "2026-11-23T20:30:00+00:00"});
        delivery["body_b64"] = STANDARD.encode(body.to_string()).into();
        delivery["headers"]["x-cueapi-signature"] = "".into();
    });
    assert!(more.contains("$.more: unknown"), "{more}");
}

#[test]
fn what_belongs_to_no_operation_is_counted_apart_by_name() {
    let mut apart: Vec<String> = fixtures()
        .flat_map(|(_, report)| report.apart)
        .map(|(name, _)| name)
        .filter(|name| !name.starts_with("raw_"))
        .collect();
    apart.sort();
    assert_eq!(
        apart,
        [
            "cues_put_405",
            "docs_404_production",
            "events_subscriptions_route_404",
            "route_307_trailing_slash_get",
            "route_404_root",
            "route_head_405",
            "snapshot_semantics",
        ]
    );
}

/// What the check says about one exchange.
fn verdict(method: &str, path: &str, status: u16, body: &str) -> String {
    let entry =
        json!({"name": "x", "request": {"method": method, "path": path}, "response": {"status": status, "body": body}});
    let report = golden::check(&[entry]);
    report
        .to_string()
        .lines()
        .skip(1)
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" | ")
}

fn worker(more: &Value) -> String {
    let mut worker = json!({"worker_id": "w", "last_heartbeat": "2026-11-23T20:41:10.044746Z", "heartbeat_status": "active",
        "handlers": ["report"]});
    worker
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!({"workers": [worker]}).to_string()
}

#[test]
fn a_field_that_is_unknown_lost_or_changed_is_named() {
    let workers = |more: &Value| verdict("GET", "/v1/workers", 200, &worker(more));
    assert_eq!(workers(&json!({})), "");
    assert_eq!(
        workers(&json!({"brand_new": 1})),
        "DIFFERS x | $.workers[0].brand_new: unknown: the SDK has no field for it"
    );
    // A text that an open enum has no name for is kept; a number in its place is not decoded.
    assert_eq!(workers(&json!({"heartbeat_status": "dozing"})), "");
    assert_eq!(
        workers(&json!({"heartbeat_status": 7})),
        "DIFFERS x | $.workers[0]: row 0 (w) cannot be read: $.heartbeat_status should be a string"
    );
    // Spellings that mean the same are the same.
    assert_eq!(
        workers(&json!({"last_heartbeat": "2026-11-23T21:41:10.044746+01:00"})),
        ""
    );
}

#[test]
fn errors_come_back_with_everything_that_they_say() {
    let error = |body: &str| verdict("POST", "/v1/agents/agt_1/attachments", 409, body);
    assert_eq!(
        error(r#"{"error":{"code":"attachment_exists","existing_token":"T","existing_daemon_id":"d","hint":"h"}}"#),
        ""
    );
    assert_eq!(
        error(r#"{"error":{"code":"brand_new","message":"m","status":409,"more":[1]}}"#),
        ""
    );
    assert_eq!(
        error(
            r#"{"error":{"code":"validation_error","message":"m","details":[{"field":"f","message":"m","input":1}]}}"#
        ),
        "DIFFERS x | $.error.details[0].input: unknown: the SDK has no field for it"
    );
    assert_eq!(error("{}"), "DIFFERS x | $: not understood as an error");
    assert_eq!(error("<html>"), "apart   x: the response (409) is not JSON");
}

#[test]
fn the_operation_is_found_by_method_path_and_query() {
    let count = json!([{"name": "count", "request": {"method": "GET", "path": "/v1/agents/a@u/inbox", "query": "count_only=true"},
        "response": {"status": 200, "body": "{\"count\":6}"}}]);
    assert_eq!(golden::check(count.as_array().unwrap()).agreed, ["count"]);
    assert_eq!(
        verdict("GET", "/v1/agents/a@u/inbox", 200, r#"{"count":6}"#),
        "DIFFERS x | $: agents.inbox failed: 200: in the response $ lacks the field messages (1 attempt)"
    );
    assert_eq!(verdict("GET", "/v1/agents/roster", 304, ""), "");
    assert_eq!(verdict("DELETE", "/v1/cues/cue_1", 204, ""), "");
    assert_eq!(
        verdict("GET", "/v1/cues/", 307, ""),
        "apart   x: no operation: GET /v1/cues/"
    );
}
