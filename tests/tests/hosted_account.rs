//! What the hosted service documents for accounts, keys, billing and alerts: every answer, with values of our own, comes back
//! from the SDK as it was, and means what it says.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::path::Path;

use cueapi_core::{
    Client, ConfirmDestructive, ErrorKind,
    http::HttpErrorKind,
    testing::{self, ReplayClient, failure, json},
    types::{AlertType, BillingInterval, ErrorCode, KeyOrigin, PaidPlan},
};
use cueapi_tests::golden;
use serde_json::Value;

fn exchanges() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hosted/account.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A client that gets the answer of this name.
fn answered(name: &str) -> Client {
    let exchanges = exchanges();
    let exchange = exchanges.iter().find(|exchange| exchange["name"] == name).unwrap();
    let status = exchange["response"]["status"].as_u64().unwrap();
    let body = exchange["response"]["body"].as_str().unwrap().to_owned();
    ReplayClient::new([json(status.try_into().unwrap(), body)]).client()
}

#[test]
fn every_documented_answer_comes_back_as_it_was() {
    // These have an error in another form than the envelope; they are looked at below.
    let in_another_form =
        |exchange: &Value| exchange["name"] == "memory_block_403" || exchange["name"] == "keys_rename_422";
    let exchanges: Vec<Value> = exchanges()
        .into_iter()
        .filter(|exchange| !in_another_form(exchange))
        .collect();
    let report = golden::check(&exchanges);
    assert!(report.differing.is_empty() && report.apart.is_empty(), "{report}");
    assert_eq!(report.agreed.len(), 35, "{report}");
}

#[test]
fn keys_have_a_label_and_a_history_and_only_a_new_one_shows_itself() {
    let keys = testing::run(answered("keys_list").keys().list().send()).unwrap().keys;
    let origins: Vec<_> = keys.iter().filter_map(|key| key.created_by.clone()).collect();
    assert_eq!(
        origins,
        [
            KeyOrigin::User,
            KeyOrigin::McpExchange,
            KeyOrigin::Register,
            KeyOrigin::Migration
        ]
    );
    assert!(keys[0].revoked_at.is_missing() && keys[1].revoked_at.known().is_some());

    let created = testing::run(answered("keys_create").keys().create("deploy").send()).unwrap();
    assert!(created.api_key.expose().starts_with("cue_sk_"));
    assert!(
        !format!("{created:?}").contains(created.api_key.expose()),
        "{created:?}"
    );

    let exchange = answered("mcp_exchange").login().mcp_exchange("stk_4f1c9a", "my-client");
    let exchanged = testing::run(exchange.send()).unwrap();
    assert_eq!(exchanged.key_id, Some(created.id));
    assert!(exchanged.expires_at.is_missing(), "it does not expire");
    assert!(!format!("{:?}", exchanged.api_key).contains("cue_sk_"));
}

#[test]
fn a_page_to_pay_on_is_not_shown_in_debug_output() {
    let checkout = answered("billing_checkout")
        .billing()
        .checkout(PaidPlan::Pro, BillingInterval::Annual);
    let page = testing::run(checkout.send()).unwrap();
    assert!(page.checkout_url.ends_with("cs_1") && !format!("{page:?}").contains("cs_1"));
    let page = testing::run(answered("billing_portal").billing().portal().send()).unwrap();
    assert!(page.portal_url.ends_with("bps_1") && !format!("{page:?}").contains("bps_1"));
}

#[test]
fn an_acknowledgement_is_the_whole_alert() {
    let alert = testing::run(answered("alerts_acknowledge").alerts().acknowledge("a1").send()).unwrap();
    assert!(alert.acknowledged);
    assert_eq!(alert.alert_type, Some(AlertType::ConsecutiveFailure));
}

#[test]
fn a_deletion_that_was_asked_for_or_cancelled_twice_is_told_from_other_failures() {
    let deletion = answered("account_delete_409").account().delete(ConfirmDestructive);
    let error = testing::run(deletion.send()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(error.api().unwrap().code, ErrorCode::DeletionAlreadyPending);

    let cancellation = answered("account_cancel_deletion_410_cancelled")
        .account()
        .cancel_deletion("4f1c9a");
    let error = testing::run(cancellation.send()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Gone);
    assert_eq!(error.api().unwrap().code, ErrorCode::AlreadyCancelled);
}

#[test]
fn a_deletion_or_its_cancellation_whose_answer_was_lost_is_done_when_the_repeat_is_refused() {
    let lost_then = |name: &str| {
        let exchange = exchanges()
            .into_iter()
            .find(|exchange| exchange["name"] == name)
            .unwrap();
        let status = exchange["response"]["status"].as_u64().unwrap().try_into().unwrap();
        let refusal = json(status, exchange["response"]["body"].as_str().unwrap().to_owned());
        ReplayClient::new([failure(HttpErrorKind::Interrupted), refusal])
            .client()
            .account()
    };
    let deletion = lost_then("account_delete_409").delete(ConfirmDestructive);
    assert_eq!(testing::run(deletion.send()).unwrap(), None);
    let cancellation = lost_then("account_cancel_deletion_410_cancelled").cancel_deletion("4f1c9a");
    assert_eq!(testing::run(cancellation.send()).unwrap(), None);
    // This one says that the account is gone, which nobody wanted.
    let cancellation = lost_then("account_cancel_deletion_410_completed").cancel_deletion("4f1c9a");
    assert_eq!(testing::run(cancellation.send()).unwrap_err().kind(), ErrorKind::Gone);
}

#[test]
fn the_memory_block_is_a_text_and_says_by_its_code_that_it_is_off() {
    let block = testing::run(answered("memory_block").account().memory_block().send()).unwrap();
    assert!(block.as_str().contains("plan pro") && !format!("{block:?}").contains("plan"));

    let error = testing::run(answered("memory_block_403").account().memory_block().send()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert_eq!(error.api().unwrap().code, ErrorCode::MemoryBlockDisabled);
    assert!(error.help().unwrap().contains("memory_block_enabled(true)"));
}

#[test]
fn a_label_that_is_refused_in_the_web_framework_s_words_is_named() {
    let error = testing::run(answered("keys_rename_422").keys().rename("k1", "").send()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let details = &error.api().unwrap().details;
    assert_eq!((details.len(), details[0].field.as_str()), (1, "body.label"));
}
