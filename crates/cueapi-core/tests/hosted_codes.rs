//! Every error code in the hosted service's documentation: what kind of failure it is, and what helps.

use cueapi_core::{
    ErrorKind, RetryPolicy,
    testing::{self, ReplayClient, json},
    types::ErrorCode,
};
use serde_json::json as value;

/// Status, code, kind, and a part of the advice.
const CODES: &[(u16, &str, ErrorKind, &str)] = &[
    // The list of codes in the older documentation.
    (401, "invalid_api_key", ErrorKind::Authentication, "check the API key"),
    (404, "cue_not_found", ErrorKind::NotFound, "check the id"),
    (404, "device_code_not_found", ErrorKind::NotFound, "check the id"),
    (404, "execution_not_found", ErrorKind::NotFound, "check the id"),
    (403, "cue_limit_exceeded", ErrorKind::CueLimitExceeded, "delete a cue"),
    (400, "invalid_schedule", ErrorKind::InvalidSchedule, "cron expression"),
    (400, "invalid_callback_url", ErrorKind::Invalid, "refused"),
    (400, "invalid_payload_size", ErrorKind::Invalid, "refused"),
    (400, "invalid_plan", ErrorKind::Invalid, "pro or scale"),
    (400, "invalid_interval", ErrorKind::Invalid, "monthly or annual"),
    (400, "no_stripe_customer", ErrorKind::Invalid, "billing().checkout"),
    (400, "invalid_device_code", ErrorKind::Invalid, "refused"),
    (400, "device_code_expired", ErrorKind::Invalid, "refused"),
    (400, "invalid_status", ErrorKind::Invalid, "refused"),
    (400, "validation_error", ErrorKind::Invalid, "refused"),
    (409, "device_code_exists", ErrorKind::Conflict, "read the thing"),
    (
        409,
        "outcome_already_reported",
        ErrorKind::Conflict,
        "the first outcome stands",
    ),
    (409, "already_claimed", ErrorKind::Conflict, "claim another"),
    (429, "rate_limit_exceeded", ErrorKind::RateLimited, "retry_after()"),
    (502, "stripe_error", ErrorKind::Server, ""),
    (500, "internal_error", ErrorKind::Server, ""),
    // Further codes on newer pages.
    (400, "confirmation_required", ErrorKind::Invalid, "refused"),
    (400, "invalid_token", ErrorKind::Invalid, "refused"),
    (400, "token_required", ErrorKind::Invalid, "the mail about the deletion"),
    (401, "not_authenticated", ErrorKind::Authentication, "check the API key"),
    (401, "invalid_token", ErrorKind::Authentication, "check the API key"),
    (401, "user_not_found", ErrorKind::Authentication, "check the API key"),
    (401, "key_revoked", ErrorKind::Authentication, "use another one"),
    (
        403,
        "not_execution_owner",
        ErrorKind::Forbidden,
        "the worker that has claimed",
    ),
    (
        403,
        "memory_block_disabled",
        ErrorKind::Forbidden,
        "memory_block_enabled(true)",
    ),
    (
        403,
        "execution_limit_exceeded",
        ErrorKind::ExecutionLimitExceeded,
        "usage().get()",
    ),
    (404, "alert_not_found", ErrorKind::NotFound, "check the id"),
    (404, "worker_not_found", ErrorKind::NotFound, "check the id"),
    (404, "not_found", ErrorKind::NotFound, "check the id"),
    (409, "execution_not_claiming", ErrorKind::Conflict, "read the thing"),
    (409, "execution_in_flight", ErrorKind::Conflict, "read the thing"),
    (409, "invalid_state", ErrorKind::Conflict, "read the thing"),
    (409, "last_key_protected", ErrorKind::Conflict, "create another key"),
    (409, "deletion_already_pending", ErrorKind::Conflict, "grace period"),
    (409, "idempotency_key_conflict", ErrorKind::Conflict, "read the thing"),
    (410, "plaintext_unavailable", ErrorKind::Gone, "keys().create"),
    (410, "deletion_already_completed", ErrorKind::Gone, "cannot be undone"),
    (410, "already_cancelled", ErrorKind::Gone, "the account stays"),
    (413, "payload_too_large", ErrorKind::Invalid, "refused"),
    (422, "validation_error", ErrorKind::Invalid, "refused"),
    (429, "rate_limited", ErrorKind::RateLimited, "ten keys"),
    (429, "export_rate_limited", ErrorKind::RateLimited, "last export"),
    (503, "session_unavailable", ErrorKind::Server, ""),
];

#[test]
fn every_code_of_the_hosted_service_has_a_name_a_kind_and_advice() {
    for (status, code, kind, advice) in CODES {
        // Some examples of the documentation have no `status`.
        let body = value!({"error": {"code": code, "message": "As the server says"}}).to_string();
        let replay = ReplayClient::new([json(*status, body)]);
        let client = replay.builder().retry(RetryPolicy::none()).build().unwrap();
        let error = testing::run(client.cues().get("cue_1").send()).unwrap_err();

        let named = &error.api().unwrap().code;
        assert!(!matches!(named, ErrorCode::Unrecognized(_)), "{code} has no name");
        assert_eq!((error.kind(), named.as_str()), (*kind, *code), "{status}");
        let help = error.help().unwrap_or_default();
        assert!(help.contains(advice), "{status} {code}: {help:?}");
    }
}

#[test]
fn a_limit_and_a_revoked_key_are_told_by_their_code_whatever_the_status() {
    for (code, kind) in [
        ("execution_limit_exceeded", ErrorKind::ExecutionLimitExceeded),
        ("export_rate_limited", ErrorKind::RateLimited),
        ("rate_limited", ErrorKind::RateLimited),
        ("key_revoked", ErrorKind::Authentication),
    ] {
        let body = value!({"error": {"code": code, "message": "m"}}).to_string();
        let replay = ReplayClient::new([json(402, body)]);
        let error = testing::run(replay.client().account().get().send()).unwrap_err();
        assert_eq!(error.kind(), kind, "{code}");
    }
}
