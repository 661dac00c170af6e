//! No `Debug` output shows a secret, a payload, or a header's value.

#![expect(clippy::unwrap_used, reason = "a helper of a test that panics fails the test")]

use std::fmt::Debug;

use cueapi_core::testing::ReplayClient;
use cueapi_tests::{exchanges::exchanges, models::models};
use cueapi_types::{
    AccountToken, ApiError, Artifact, Callback, CallbackHeaders, Claimable, ClaimableList, Cue, CueDetail, CueList,
    Delivery, DeviceCode, Evidence, Execution, ExecutionList, IssuedKey, LoginToken, Outcome, Payload, RecordedOutcome,
    RegeneratedWebhookSecret, Schedule, SessionToken, Transport, WebhookSecret, WebhookSecretResponse,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const CANARY: &str = "canary-7f3a";

fn hides(value: &impl Debug) {
    for text in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(!text.contains(CANARY), "{text}");
    }
}

fn decoded<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_str(&value.to_string()).unwrap()
}

fn captured(file: &str, name: &str) -> Value {
    let exchange = exchanges(file)
        .into_iter()
        .find(|exchange| exchange.name == name)
        .unwrap();
    serde_json::from_str(&exchange.response.body).unwrap()
}

#[test]
fn payloads_and_secrets_hide_themselves() {
    let secret = json!({ "k": CANARY });
    hides(&Payload::new(&secret).unwrap());
    hides(&Payload::new(CANARY).unwrap());
    hides(&WebhookSecret::from(CANARY));
    hides(&SessionToken::from(CANARY));
    hides(&decoded::<CallbackHeaders>(&json!({ "Authorization": CANARY })));
    hides(&Callback::new("https://e.com").header("Authorization", CANARY));
    hides(&Transport::from(
        Callback::new("https://e.com").header("Authorization", CANARY),
    ));
    hides(&Payload::from_json(CANARY).unwrap_err());
    hides(&Payload::new(CANARY).unwrap().parse::<u8>().unwrap_err());
    hides(&Delivery::from_body(format!("[{CANARY:?}]").as_bytes()).unwrap_err());
}

#[test]
fn outcomes_hide_what_was_done() {
    let outcome = Outcome::failure(CANARY)
        .result(CANARY)
        .metadata(&json!({ "k": CANARY }));
    hides(&outcome);
    hides(
        &outcome
            .artifact(Artifact::new("n", "https://e.com").with("token", CANARY))
            .evidence(Evidence::new()),
    );
    hides(&Outcome::success().metadata(CANARY));
    hides(&Outcome::success().metadata(CANARY).check().unwrap_err());
    hides(&Outcome::success().result(CANARY.repeat(1000)).check().unwrap_err());
    let recorded = json!({"success": true, "result": CANARY, "error": CANARY, "metadata": {"k": CANARY}, "artifacts": [CANARY],
        "assertions": {"a": CANARY}});
    hides(&decoded::<RecordedOutcome>(&recorded));
}

#[test]
fn responses_hide_what_they_carry() {
    let mut cue = captured("cues", "cues_get_once_completed");
    cue["payload"] = json!({ "k": CANARY });
    cue["callback"]["headers"] = json!({ "Authorization": CANARY });
    cue["stats"] = json!({ "k": CANARY });
    cue["executions"][0]["outcome"]["result"] = json!(CANARY);
    cue["executions"][0]["payload"] = json!({ "k": CANARY });
    cue["executions"][0]["response_body"] = json!(CANARY);
    hides(&decoded::<CueDetail>(&cue));
    hides(&decoded::<Cue>(&cue));
    hides(&decoded::<CueList>(
        &json!({"cues": [cue], "total": 1, "limit": 1, "offset": 0}),
    ));
    hides(&decoded::<Execution>(&cue["executions"][0]));
    hides(&decoded::<ExecutionList>(
        &json!({"executions": cue["executions"], "total": 1, "limit": 1, "offset": 0}),
    ));

    let mut claimable = captured("executions", "executions_claimable_task");
    claimable["executions"][0]["payload"] = json!({ "k": CANARY });
    hides(&decoded::<Claimable>(&claimable["executions"][0]));
    hides(&decoded::<ClaimableList>(&claimable));

    hides(&decoded::<WebhookSecretResponse>(&json!({ "webhook_secret": CANARY })));
    hides(&decoded::<RegeneratedWebhookSecret>(
        &json!({ "webhook_secret": CANARY }),
    ));

    let delivery = json!({"attempt": 1, "cue_id": "c", "execution_id": "e", "name": "n", "payload": {"k": CANARY},
        "scheduled_for": "2026-11-23T20:30:00+00:00"});
    hides(&decoded::<Delivery>(&delivery));

    let error = json!({"error": {"code": "attachment_exists", "hint": "h", "existing_token": CANARY}});
    hides(&ApiError::from_body(error.to_string().as_bytes()).unwrap());
}

#[test]
fn no_model_shows_a_secret_a_payload_or_a_message() {
    let mut hidden = 0;
    for model in models() {
        for field in model.fields.iter().filter(|field| field.hidden) {
            let mut sample = model.sample();
            sample[field.name] = match &sample[field.name] {
                Value::String(_) => json!(CANARY),
                Value::Array(_) => json!([{ "k": CANARY }]),
                _ => json!({ "k": CANARY }),
            };
            let shown = model.shown(&sample).unwrap();
            assert!(!shown.contains(CANARY), "{}.{}: {shown}", model.name, field.name);
            hidden += 1;
        }
    }
    assert!(hidden > 25, "only {hidden} fields were looked at");
}

#[test]
fn calls_about_messages_and_logins_hide_what_they_send() {
    let client = ReplayClient::default().client();
    let send = client.messages().send("agt_1", "agt_2", CANARY).subject(CANARY);
    hides(send.endpoint());
    hides(client.login().start(CANARY).endpoint());
    hides(client.login().poll(CANARY).endpoint());
    hides(client.login().session(CANARY).endpoint());
    hides(
        client
            .live_sessions()
            .register("a", "l", "c", "t")
            .session_token(CANARY)
            .endpoint(),
    );
    hides(client.attachments().attach("a", "d", "l", "t", CANARY).endpoint());
    hides(client.attachments().detach("a", CANARY, "d").endpoint());
    hides(
        client
            .echo()
            .store("0123456789abcdef", json!({ "k": CANARY }))
            .endpoint(),
    );
    hides(&IssuedKey::from(CANARY));
    hides(&AccountToken::from(CANARY));
    hides(&LoginToken::from(CANARY));
    hides(&DeviceCode::from(CANARY));
}

#[test]
fn calls_and_their_endpoints_hide_what_they_send() {
    let client = ReplayClient::default().client();
    let payload = json!({ "k": CANARY });

    let create = client
        .cues()
        .create(
            "n",
            Schedule::cron("0 9 * * *"),
            Callback::new("https://e.com").header("Authorization", CANARY),
        )
        .payload(&payload);
    hides(&create);
    hides(create.endpoint());
    hides(client.cues().update("c").payload(&payload).endpoint());
    hides(client.cues().fire("c").payload_override(&payload).endpoint());

    let executions = client.executions();
    let outcome = Outcome::failure(CANARY).result(CANARY).metadata(&payload);
    hides(executions.report_outcome("e", outcome).endpoint());
    hides(
        executions
            .append_evidence("e", Evidence::new())
            .metadata(&payload)
            .endpoint(),
    );
    hides(executions.live_claim("e", CANARY).endpoint());

    // A payload that cannot be taken is kept as an error; that does not quote it either.
    hides(&client.cues().fire("c").payload_override(CANARY));
    hides(&client);
}
