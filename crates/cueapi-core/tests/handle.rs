//! Work under `handle`: its outcome is reported once, and nothing is lost.

#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use cueapi_core::{
    HandleError, RetryPolicy,
    http::{AttemptTimeout, HttpErrorKind},
    testing::{self, ReplayClient, failure, json},
    types::{Evidence, Payload},
};
use serde_json::{Value, json as value};

const RECEIPT: &str =
    r#"{"execution_id":"e1","outcome_recorded":true,"outcome_state":"reported_success","reason":null}"#;

/// The outcome that the first request carried.
fn reported(replay: &ReplayClient) -> Value {
    let request = &replay.requests()[0];
    let (head, body) = request.split_once("\n\n").unwrap();
    assert!(head.starts_with("POST /v1/executions/e1/outcome\n"), "{head}");
    serde_json::from_str(body).unwrap()
}

#[test]
fn success_is_reported_with_result_and_evidence() {
    let replay = ReplayClient::new([json(200, RECEIPT)]);
    let payload = Payload::object(&value!({"n": 47})).unwrap();
    let n = testing::run(replay.client().executions().handle("e1", payload, async |ctx| {
        let n = ctx.payload().parse::<Value>().unwrap()["n"].as_u64().unwrap();
        ctx.result(format!("Processed {n} records"))
            .evidence(Evidence::new().external_id("batch-7"));
        ctx.metadata(&value!({"model": "v3"})).unwrap();
        Ok::<_, String>(n)
    }));
    assert_eq!(n.unwrap(), 47);
    assert_eq!(
        reported(&replay),
        value!({"success": true, "result": "Processed 47 records", "external_id": "batch-7", "metadata": {"model": "v3"}})
    );
}

#[test]
fn an_error_is_reported_as_failure_with_the_evidence_and_handed_back() {
    let replay = ReplayClient::new([json(200, RECEIPT)]);
    let result = testing::run(
        replay
            .client()
            .executions()
            .handle("e1", Payload::default(), async |ctx| {
                ctx.result("half of it")
                    .evidence(Evidence::new().external_id("batch-7"));
                Err::<(), _>("disk full")
            }),
    );
    assert!(matches!(result, Err(HandleError::Work("disk full"))));
    assert_eq!(
        reported(&replay),
        value!({"success": false, "error": "disk full", "external_id": "batch-7"})
    );
}

#[test]
fn a_panic_is_reported_as_failure_and_goes_on() {
    let replay = ReplayClient::new([json(200, RECEIPT)]);
    let executions = replay.client().executions();
    let panic = catch_unwind(AssertUnwindSafe(|| {
        testing::run(
            executions.handle("e1", Payload::default(), async |_| -> Result<(), String> {
                panic!("index 3 is out")
            }),
        )
    }));
    assert_eq!(panic.unwrap_err().downcast_ref::<&str>(), Some(&"index 3 is out"));
    assert_eq!(
        reported(&replay),
        value!({"success": false, "error": "panicked: index 3 is out"})
    );
}

#[test]
fn a_report_that_fails_hands_back_the_result_and_the_outcome() {
    let script = || [json(401, "{}")];
    let replay = ReplayClient::new(script());
    let result = testing::run(
        replay
            .client()
            .executions()
            .handle("e1", Payload::default(), async |ctx| {
                ctx.result("done");
                Ok::<_, String>(47)
            }),
    );
    let Err(HandleError::Report(unreported)) = result else {
        panic!("{result:?}")
    };
    assert_eq!(unreported.result, Ok(47));

    let again = ReplayClient::new([json(200, RECEIPT)]);
    testing::run(
        again
            .client()
            .executions()
            .report_outcome("e1", unreported.outcome)
            .send(),
    )
    .unwrap();
    assert_eq!(reported(&again), value!({"success": true, "result": "done"}));
}

#[test]
fn a_report_whose_answer_is_lost_is_repeated() {
    let replay = ReplayClient::new([failure(HttpErrorKind::Interrupted), json(200, RECEIPT)]);
    testing::run(
        replay
            .client()
            .executions()
            .handle("e1", Payload::default(), async |_| Ok::<_, String>(())),
    )
    .unwrap();
    assert_eq!(replay.requests().len(), 2);
}

#[test]
fn texts_are_cut_to_the_server_s_limits_on_a_character() {
    let replay = ReplayClient::new([json(200, RECEIPT)]);
    let result = testing::run(
        replay
            .client()
            .executions()
            .handle("e1", Payload::default(), async |ctx| {
                ctx.evidence(
                    Evidence::new()
                        .summary("é".repeat(501))
                        .external_id("x".repeat(300))
                        .result_type("t".repeat(60)),
                );
                Err::<(), _>("☃".repeat(2001))
            }),
    );
    assert!(result.is_err());
    let outcome = reported(&replay);
    let length = |field: &str| outcome[field].as_str().unwrap().chars().count();
    assert_eq!(
        (
            length("error"),
            length("summary"),
            length("external_id"),
            length("result_type")
        ),
        (2000, 500, 255, 50)
    );
}

#[test]
fn metadata_that_are_too_large_are_refused_while_the_work_can_still_change_them() {
    let replay = ReplayClient::new([json(200, RECEIPT)]);
    testing::run(
        replay
            .client()
            .executions()
            .handle("e1", Payload::default(), async |ctx| {
                assert!(ctx.metadata(&value!({"x": "y".repeat(10_240)})).is_err());
                assert!(ctx.metadata(&value!(["not", "an", "object"])).is_err());
                Ok::<_, String>(())
            }),
    )
    .unwrap();
    assert_eq!(reported(&replay), value!({"success": true}));
}

#[test]
fn the_blocking_client_handles_alike() {
    let replay = ReplayClient::new([json(200, RECEIPT)]);
    let result = replay
        .blocking_client()
        .executions()
        .handle("e1", Payload::default(), |ctx| {
            ctx.result("done");
            Ok::<_, String>(())
        });
    result.unwrap();
    assert_eq!(reported(&replay), value!({"success": true, "result": "done"}));

    let replay = ReplayClient::new([json(200, RECEIPT)]);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        replay
            .blocking_client()
            .executions()
            .handle("e1", Payload::default(), |_| -> Result<(), String> { panic!("{}", 7) })
    }));
    assert_eq!(
        panic.unwrap_err().downcast_ref::<String>().map(String::as_str),
        Some("7")
    );
    assert_eq!(reported(&replay), value!({"success": false, "error": "panicked: 7"}));
}

#[test]
fn the_report_of_work_can_be_bounded() {
    let busy = || json(429, "{}").header("retry-after", "30");
    let replay = ReplayClient::new([busy()]);
    let handling = replay
        .client()
        .executions()
        .handling("e1", Payload::default())
        .attempt_timeout(Duration::from_secs(5))
        .total_timeout(Duration::from_secs(20));
    let result = testing::run(handling.run(async |_| Ok::<_, String>(47)));
    let Err(HandleError::Report(unreported)) = result else {
        panic!("{result:?}")
    };
    assert_eq!(
        (unreported.result, unreported.error.retry_after()),
        (Ok(47), Some(Duration::from_secs(31)))
    );
    assert!(replay.sleeps().is_empty());
    let limit = replay.raw_requests()[0].extensions().get::<AttemptTimeout>().copied();
    assert_eq!(limit, Some(AttemptTimeout(Duration::from_secs(5))));

    let replay = ReplayClient::new([failure(HttpErrorKind::Connect)]);
    let handling = replay.blocking_client().executions().handling("e1", Payload::default());
    handling
        .retry_policy(RetryPolicy::none())
        .run(|_| Ok::<_, String>(()))
        .unwrap_err();
    assert_eq!(replay.requests().len(), 1);
}

#[test]
fn an_ordinary_rate_limit_loses_no_outcome() {
    let busy = json(429, "{}").header("retry-after", "30");
    let replay = ReplayClient::new([busy, json(200, RECEIPT)]);
    let executions = replay.client().executions();
    testing::run(executions.handle("e1", Payload::default(), async |_| Ok::<_, String>(()))).unwrap();
    assert_eq!(replay.sleeps(), [Duration::from_secs(31)]);
}
