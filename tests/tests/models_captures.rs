//! Every response that a CueAPI server gave decodes into its model and comes back as the same JSON.

use std::collections::BTreeSet;

use cueapi_tests::exchanges::{Exchange, difference, exchanges};
use cueapi_types::{
    ApiError, Claim, ClaimableList, Cue, CueDetail, CueList, ErrorCode, EvidenceReceipt, Execution, ExecutionList,
    FiredExecution, Health, Heartbeat, Info, LiveClaimReceipt, OutcomeReceipt, PendingVerification,
    RegeneratedWebhookSecret, ReplayedExecution, ServiceStatus, VerificationReceipt, WebhookSecretResponse,
    WorkerHeartbeat, WorkerList,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

const FILES: [&str; 6] = ["cues", "executions", "workers", "service", "auth", "errors"];

/// Decodes a body and encodes it again.
type Model = fn(&str) -> serde_json::Result<Value>;

fn model<T: DeserializeOwned + Serialize>(body: &str) -> serde_json::Result<Value> {
    serde_json::to_value(serde_json::from_str::<T>(body)?)
}

/// The model of an operation's success.
fn model_of(exchange: &Exchange) -> Option<Model> {
    let path: Vec<&str> = exchange.request.path.trim_matches('/').split('/').collect();
    Some(match (exchange.request.method.as_str(), path.as_slice()) {
        ("POST", ["v1", "cues"]) | ("PATCH", ["v1", "cues", _]) => model::<Cue>,
        ("GET", ["v1", "cues"]) => model::<CueList>,
        ("GET", ["v1", "cues", _]) => model::<CueDetail>,
        ("POST", ["v1", "cues", _, "fire"]) => model::<FiredExecution>,
        ("GET", ["v1", "executions"]) => model::<ExecutionList>,
        ("GET", ["v1", "executions", "claimable"]) => model::<ClaimableList>,
        ("GET", ["v1", "executions", _]) => model::<Execution>,
        ("POST", ["v1", "executions", "claim"] | ["v1", "executions", _, "claim"]) => model::<Claim>,
        ("POST", ["v1", "executions", _, "heartbeat"]) => model::<Heartbeat>,
        ("POST", ["v1", "executions", _, "outcome"]) => model::<OutcomeReceipt>,
        ("POST", ["v1", "executions", _, "replay"]) => model::<ReplayedExecution>,
        ("POST", ["v1", "executions", _, "verify"]) => model::<VerificationReceipt>,
        ("POST", ["v1", "executions", _, "verification-pending"]) => model::<PendingVerification>,
        ("PATCH", ["v1", "executions", _, "evidence"]) => model::<EvidenceReceipt>,
        ("POST", ["v1", "executions", _, "live-claim"]) => model::<LiveClaimReceipt>,
        ("POST", ["v1", "worker", "heartbeat"]) => model::<WorkerHeartbeat>,
        ("GET", ["v1", "workers"]) => model::<WorkerList>,
        ("GET", ["v1", "auth", "webhook-secret"]) => model::<WebhookSecretResponse>,
        ("POST", ["v1", "auth", "webhook-secret", "regenerate"]) => model::<RegeneratedWebhookSecret>,
        ("GET", ["v1", "info"]) => model::<Info>,
        ("GET", ["health"]) => model::<Health>,
        ("GET", ["status"]) => model::<ServiceStatus>,
        _ => return None,
    })
}

fn all() -> impl Iterator<Item = Exchange> {
    FILES.into_iter().flat_map(exchanges)
}

#[test]
fn every_captured_success_comes_back_as_the_same_json() {
    let mut checked = BTreeSet::new();
    for exchange in all().filter(|exchange| (200..300).contains(&exchange.response.status)) {
        let Some(model) = model_of(&exchange) else { continue };
        let Exchange { name, response, .. } = exchange;
        let mut sent: Value = serde_json::from_str(&response.body).unwrap();
        // What the server adds for a client that asked to see its own request again.
        for echo in ["body_received", "body_received_sha256"] {
            sent.as_object_mut().unwrap().remove(echo);
        }
        let again = model(&response.body).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(difference(&sent, &again), None, "{name}");
        checked.insert(name);
    }
    assert!(checked.len() > 100, "only {} captures were checked", checked.len());
}

#[test]
fn no_captured_success_of_a_described_operation_is_without_a_model() {
    let unknown: BTreeSet<String> = all()
        .filter(|exchange| (200..300).contains(&exchange.response.status) && model_of(exchange).is_none())
        .map(|exchange| exchange.request.path)
        .filter(|path| {
            !["/v1/auth/", "/v1/echo/", "/v1/usage"]
                .iter()
                .any(|described_later| path.starts_with(described_later))
        })
        .collect();
    assert_eq!(unknown, BTreeSet::new());
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
        assert!(!matches!(error.code, ErrorCode::Unknown(_)), "{name}: {}", error.code);
        assert_eq!(error.message, body["error"]["message"].as_str().unwrap(), "{name}");
        assert_eq!(
            error.details.len(),
            body["error"]["details"].as_array().map_or(0, Vec::len),
            "{name}"
        );
        codes.insert(error.code.to_string());
    }
    assert!(codes.len() > 20, "{codes:?}");
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
    assert!(
        torture
            .response
            .body
            .contains(&format!(r#""payload":{},"#, cue.payload.as_str()))
    );
    assert!(cue.payload.as_str().contains(r#""big":1180591620717411303424"#));
    assert!(cue.payload.as_str().contains(r#""one":1.0"#));
    // And so does the encoded cue.
    assert!(serde_json::to_string(&cue).unwrap().contains(cue.payload.as_str()));
}

#[test]
fn a_detail_converts_into_the_plain_cue() {
    let exchange = all()
        .find(|exchange| exchange.name == "cues_get_once_completed")
        .unwrap();
    let detail: CueDetail = serde_json::from_str(&exchange.response.body).unwrap();
    let (id, run_count) = (detail.id.clone(), detail.run_count);
    assert_eq!(detail.executions.len(), 1);
    let cue = Cue::from(detail);
    assert_eq!((cue.id, cue.run_count), (id, run_count));
}
