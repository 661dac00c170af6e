//! What a call does when the network or the server does not do its part.

use std::time::Duration;

use cueapi_core::{
    Error, ErrorKind, RetryPolicy,
    call::Step,
    http::{AttemptTimeout, HttpError, HttpErrorKind, MaxResponseBytes, Operation},
    testing::{self, Replay, ReplayClient, failure, json, response},
    types::{Callback, ErrorCode, Outcome, Payload, Schedule, Transport},
};
use serde_json::json as value;

const CUE: &str = r#"{"id":"cue_1","name":"n","description":null,"status":"active","transport":"webhook",
    "schedule":{"type":"recurring","timezone":"UTC","cron":"0 9 * * *"},
    "callback":{"url":"https://a.example/","method":"POST","headers":{}},"payload":{},
    "retry":{"max_attempts":3,"backoff_minutes":[1,5,15]},"next_run":"2026-11-24T09:00:00Z","last_run":null,
    "run_count":0,"fired_count":0,"on_failure":{"email":true,"pause":false,"webhook":null},"verification":null,
    "warning":null,"created_at":"2026-11-23T20:50:29.464565Z","updated_at":"2026-11-23T20:50:33.485886Z"}"#;
const FIRED: &str = r#"{"id":"e1","cue_id":"cue_1","scheduled_for":"2026-11-23T20:41:14+00:00","status":"pending",
    "triggered_by":"manual_fire"}"#;
const RECEIPT: &str =
    r#"{"execution_id":"e1","outcome_recorded":true,"outcome_state":"reported_success","reason":null}"#;

fn error_body(code: &str) -> String {
    value!({"error": {"code": code, "message": "As the server says", "status": 400}}).to_string()
}

/// An execution whose outcome has this result.
fn execution(outcome: serde_json::Value) -> String {
    value!({
        "id": "e1", "cue_id": "cue_1", "scheduled_for": "2026-11-23T20:41:10.653222Z", "status": "success",
        "http_status": null, "attempts": 1, "error_message": null, "started_at": null, "delivered_at": null,
        "last_attempt_at": null, "outcome": outcome, "created_at": "2026-11-23T20:41:10.648480Z",
        "updated_at": "2026-11-23T20:41:11.420844Z"
    })
    .to_string()
}

fn fire(script: impl IntoIterator<Item = Replay>) -> (Result<(), Error>, ReplayClient) {
    let replay = ReplayClient::new(script);
    let result = testing::run(replay.client().cues().fire("cue_1").send()).map(drop);
    (result, replay)
}

fn get(script: impl IntoIterator<Item = Replay>) -> (Result<(), Error>, ReplayClient) {
    let replay = ReplayClient::new(script);
    let result = testing::run(replay.client().cues().get("cue_1").send()).map(drop);
    (result, replay)
}

#[test]
fn a_fire_whose_fate_is_unknown_is_not_sent_again() {
    for ambiguous in [
        failure(HttpErrorKind::Timeout),
        failure(HttpErrorKind::Interrupted),
        json(500, "{}"),
        json(503, "{}"),
    ] {
        let (result, replay) = fire([ambiguous, json(200, FIRED)]);
        let error = result.unwrap_err();
        assert!(error.may_have_executed(), "{error:?}");
        assert!(!error.is_retryable(), "{error:?}");
        assert_eq!(replay.requests().len(), 1, "{error:?}");
        assert!(error.to_string().contains("the server may have done it"), "{error}");
    }
}

#[test]
fn a_fire_that_never_left_is_sent_again() {
    let (result, replay) = fire([
        failure(HttpErrorKind::Connect),
        failure(HttpErrorKind::Connect),
        json(200, FIRED),
    ]);
    result.unwrap();
    assert_eq!(replay.requests().len(), 3);
    assert_eq!(replay.sleeps().len(), 2);
}

#[test]
fn a_fire_that_was_refused_unseen_is_sent_again_when_the_server_says_so() {
    let refusal = json(429, error_body("rate_limit_exceeded")).header("retry-after", "3");
    let (result, replay) = fire([refusal, json(200, FIRED)]);
    result.unwrap();
    assert_eq!(replay.sleeps(), [Duration::from_secs(4)]);
}

#[test]
fn a_fire_that_never_left_at_last_certainly_did_nothing() {
    let (result, _) = fire([
        failure(HttpErrorKind::Connect),
        failure(HttpErrorKind::Connect),
        failure(HttpErrorKind::Connect),
    ]);
    let error = result.unwrap_err();
    assert_eq!(
        (error.kind(), error.may_have_executed(), error.attempts()),
        (ErrorKind::Connect, false, 3)
    );
    assert_eq!(
        error.to_string(),
        "cues.fire failed: no connection to the server at api.cueapi.ai:443 (3 attempts)"
    );
}

#[test]
fn what_never_left_for_a_lasting_reason_is_not_repeated_and_says_why() {
    for (kind, expected, message) in [
        (
            HttpErrorKind::Certificate,
            ErrorKind::Certificate,
            "the server's certificate is not trusted: it has expired (at api.cueapi.ai:443)",
        ),
        (
            HttpErrorKind::Unsendable,
            ErrorKind::Build,
            "the HTTP client cannot send this request: it has expired",
        ),
    ] {
        let broken = || Err(HttpError::new(kind).with_source("it has expired"));
        let mut call = ReplayClient::default().client().cues().get("cue_1").into_call();
        assert!(matches!(call.step(None, None), Step::Send(_)));
        let Step::Done(Err(error)) = call.step(None, Some(broken())) else {
            panic!("{kind:?} was repeated")
        };
        assert_eq!((error.kind(), error.may_have_executed()), (expected, false));
        assert_eq!(error.to_string(), format!("cues.get failed: {message} (1 attempt)"));
    }
}

#[test]
fn a_success_that_cannot_be_read_may_have_executed() {
    for unreadable in [
        json(200, "<html>"),
        json(200, ""),
        json(200, r#"{"id":1}"#),
        json(200, &FIRED[..40]),
        failure(HttpErrorKind::TooLarge),
    ] {
        let (result, replay) = fire([unreadable, json(200, FIRED)]);
        let error = result.unwrap_err();
        assert!(error.may_have_executed(), "{error:?}");
        assert_eq!(replay.unused(), 1);
    }
}

#[test]
fn a_wait_longer_than_the_policy_s_cap_is_handed_to_the_caller() {
    let refusal = json(429, error_body("rate_limit_exceeded")).header("retry-after", "56");
    let (result, replay) = get([refusal]);
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(57)));
    assert!(error.is_retryable() && !error.may_have_executed());
    assert!(replay.sleeps().is_empty());
}

#[test]
fn the_window_of_a_limit_stands_in_for_a_missing_retry_after() {
    let body = r#"{"error":{"code":"rate_limit_exceeded","message":"m","status":429,"limit":10,"window_seconds":60}}"#;
    let (result, replay) = get([json(429, body)]);
    assert_eq!(result.unwrap_err().retry_after(), Some(Duration::from_secs(60)));
    assert!(replay.sleeps().is_empty());
}

#[test]
fn kinds_follow_the_code_first_and_the_status_second() {
    for (status, code, kind) in [
        (401, "invalid_api_key", ErrorKind::Authentication),
        (401, "key_rotated", ErrorKind::Authentication),
        (401, "something_new", ErrorKind::Authentication),
        (403, "cue_limit_exceeded", ErrorKind::CueLimitExceeded),
        (403, "not_execution_owner", ErrorKind::Forbidden),
        (404, "cue_not_found", ErrorKind::NotFound),
        (404, "http_error", ErrorKind::NotFound),
        (409, "duplicate_cue_name", ErrorKind::Conflict),
        (409, "claim_failed", ErrorKind::Conflict),
        (400, "invalid_schedule", ErrorKind::InvalidSchedule),
        (422, "invalid_timezone", ErrorKind::InvalidSchedule),
        (422, "validation_error", ErrorKind::Invalid),
        (400, "invalid_callback_url", ErrorKind::Invalid),
        (413, "request_too_large", ErrorKind::Invalid),
        (429, "rate_limit_exceeded", ErrorKind::RateLimited),
        (402, "quota_exceeded", ErrorKind::Api),
        (405, "http_error", ErrorKind::Api),
        (500, "internal_error", ErrorKind::Server),
    ] {
        let replay = ReplayClient::new([json(status, error_body(code))]);
        let client = replay.builder().retry(RetryPolicy::none()).build().unwrap();
        let error = testing::run(client.cues().get("cue_1").send()).unwrap_err();
        assert_eq!(error.kind(), kind, "{status} {code}");
        assert_eq!(error.api().unwrap().code.as_str(), code);
        assert_eq!(error.status().unwrap().as_u16(), status);
    }
}

#[test]
fn a_refused_schedule_is_told_from_other_refused_fields() {
    let details = |field: &str| {
        value!({"error": {"code": "validation_error", "message": "m", "status": 422, "details": [{"field": field, "message": "m"}]}})
            .to_string()
    };
    for (field, kind) in [
        ("body.schedule.cron", ErrorKind::InvalidSchedule),
        ("body.schedule", ErrorKind::InvalidSchedule),
        ("body.schedules", ErrorKind::Invalid),
        ("body.name", ErrorKind::Invalid),
    ] {
        let (result, _) = get([json(422, details(field))]);
        assert_eq!(result.unwrap_err().kind(), kind, "{field}");
    }
}

#[test]
fn error_bodies_of_any_shape_give_a_typed_error() {
    for body in [
        "",
        "null",
        "[]",
        "\"text\"",
        "<html><h1>502</h1>",
        "{",
        "{\"error\":7}",
        "{\"error\":\"text\"}",
        "{\"detail\":\"text\"}",
    ] {
        for status in [400, 404, 409, 500, 502] {
            let (result, _) = get([json(status, body), json(status, body), json(status, body)]);
            let error = result.unwrap_err();
            assert_eq!(error.status().unwrap().as_u16(), status);
            assert_eq!(error.raw_body().unwrap(), body);
            assert!(!error.to_string().contains("<h1>"), "{error}");
        }
    }
    let (result, _) = get([response(404, "<html>hush</html>").header("content-type", "text/html")]);
    assert_eq!(
        result.unwrap_err().to_string(),
        "cues.get failed: 404: the response is text/html of 17 bytes, not a CueAPI error: \
         a proxy, or a base URL that is not CueAPI's? (1 attempt)"
    );
}

#[test]
fn an_unknown_error_code_is_kept() {
    let (result, _) = get([json(409, error_body("brand_new"))]);
    let error = result.unwrap_err();
    assert_eq!(error.api().unwrap().code, ErrorCode::from("brand_new"));
    assert_eq!(
        error.to_string(),
        "cues.get failed: 409 brand_new: As the server says (1 attempt)"
    );
}

#[test]
fn a_redirect_is_not_followed() {
    let (result, replay) = get([response(307, "").header("location", "https://elsewhere.example/v1/cues")]);
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Api, 307));
    assert_eq!(replay.requests().len(), 1);
}

fn delete(script: impl IntoIterator<Item = Replay>) -> Result<(), Error> {
    testing::run(ReplayClient::new(script).client().cues().delete("cue_1").send())
}

#[test]
fn a_delete_that_finds_nothing_after_an_attempt_without_answer_has_succeeded() {
    delete([
        failure(HttpErrorKind::Interrupted),
        json(404, error_body("cue_not_found")),
    ])
    .unwrap();
    delete([json(502, ""), json(404, error_body("cue_not_found"))]).unwrap();
}

#[test]
fn a_delete_that_finds_nothing_otherwise_has_not() {
    let error = delete([json(404, error_body("cue_not_found"))]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let error = delete([failure(HttpErrorKind::Connect), json(404, error_body("cue_not_found"))]).unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::NotFound, 2));
}

fn report(outcome: Outcome, script: impl IntoIterator<Item = Replay>) -> (Result<bool, Error>, ReplayClient) {
    let replay = ReplayClient::new(script);
    let result = testing::run(replay.client().executions().report_outcome("e1", outcome).send());
    (result.map(|receipt| receipt.reconciled), replay)
}

/// What a self-hosted server and the hosted service call an outcome that stands.
const ALREADY_RECORDED: [&str; 2] = ["outcome_already_recorded", "outcome_already_reported"];

fn already_recorded() -> Replay {
    json(409, error_body(ALREADY_RECORDED[0]))
}

#[test]
fn an_outcome_is_reported_again_when_its_fate_is_unknown() {
    let (result, replay) = report(
        Outcome::success(),
        [json(500, "{}"), failure(HttpErrorKind::Timeout), json(200, RECEIPT)],
    );
    assert!(!result.unwrap(), "the server took it itself");
    assert_eq!(replay.requests().len(), 3);
}

#[test]
fn a_refused_repeat_is_reconciled_when_the_recorded_outcome_is_ours() {
    let ours = value!({"success": true, "result": "done", "error": null, "metadata": {"n": 10000000000000000u64}, "recorded_at": "2026-11-23T20:41:11Z"});
    for code in ALREADY_RECORDED {
        let outcome = Outcome::success()
            .result("done")
            .external_id("batch-7")
            .metadata(&value!({"n": 1e16}));
        let script = [
            failure(HttpErrorKind::Timeout),
            json(409, error_body(code)),
            json(200, execution(ours.clone())),
        ];
        let (result, replay) = report(outcome, script);
        assert!(result.unwrap(), "reconciled after {code}");
        let read_back = &replay.requests()[2];
        assert!(read_back.starts_with("GET /v1/executions/e1\n"), "{read_back}");
    }
}

#[test]
fn a_refused_repeat_tells_whose_outcome_stands_when_it_is_not_ours() {
    let theirs = value!({"success": false, "result": null, "error": "disk full", "metadata": null, "recorded_at": "2026-11-23T20:41:11Z"});
    for code in ALREADY_RECORDED {
        let script = [
            failure(HttpErrorKind::Timeout),
            json(409, error_body(code)),
            json(200, execution(theirs.clone())),
        ];
        let error = report(Outcome::success(), script).0.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{code}");
        assert_eq!(error.recorded_outcome().unwrap().error.as_deref(), Some("disk full"));
        assert!(!error.may_have_executed());
    }
}

#[test]
fn a_first_report_that_is_refused_is_not_read_back() {
    let (result, replay) = report(Outcome::success(), [already_recorded()]);
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.may_have_executed()), (ErrorKind::Conflict, false));
    assert_eq!(replay.requests().len(), 1);
}

#[test]
fn a_read_back_that_fails_leaves_the_question_open() {
    let (result, _) = report(
        Outcome::success(),
        [failure(HttpErrorKind::Timeout), already_recorded(), json(404, "{}")],
    );
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.may_have_executed()), (ErrorKind::Conflict, true));
    let (result, _) = report(
        Outcome::success(),
        [
            failure(HttpErrorKind::Timeout),
            already_recorded(),
            json(200, execution(serde_json::Value::Null)),
        ],
    );
    assert!(result.unwrap_err().may_have_executed());
}

#[test]
fn an_outcome_of_which_only_its_success_is_shown_is_ours_where_nothing_else_was_reported() {
    let report = |outcome, shown: &str| {
        let script = [
            failure(HttpErrorKind::Timeout),
            already_recorded(),
            json(200, shown.to_owned()),
        ];
        let (result, _) = report(outcome, script);
        result.map_err(|error| (error.may_have_executed(), error.recorded_outcome().is_some()))
    };
    let success = r#"{"id":"e1","outcome_success":true,"outcome_state":"reported_success"}"#;
    assert_eq!(report(Outcome::success().external_id("batch-7"), success), Ok(true));
    assert_eq!(report(Outcome::success().result("done"), success), Err((true, false)));
    assert_eq!(report(Outcome::failure("disk full"), success), Err((false, true)));
    let unreported = r#"{"id":"e1","outcome_success":false,"outcome_state":"unknown"}"#;
    assert_eq!(report(Outcome::success(), unreported), Err((true, false)));
}

fn create(name: &str, payload: &serde_json::Value, transport: impl Into<Transport>) -> Result<(), Error> {
    let replay = ReplayClient::new([json(201, CUE)]);
    let call = replay
        .client()
        .cues()
        .create(name, Schedule::cron("0 9 * * *"), transport)
        .payload(payload);
    let result = testing::run(call.send()).map(drop);
    if result.is_err() {
        assert!(replay.requests().is_empty(), "nothing is sent");
    }
    result
}

#[test]
fn what_no_server_can_take_is_refused_before_it_is_sent() {
    let callback = || Callback::new("https://a.example");
    for (result, says) in [
        (create("a\0b", &value!({}), callback()), "$.name contains U+0000"),
        (
            create("n", &value!({"deep": ["a\0"]}), callback()),
            "$.payload.deep[0] contains U+0000",
        ),
        (create("n", &value!({"x": "y".repeat(2 << 20)}), callback()), "2097152"),
        (create("n", &value!({"task": 7}), Transport::Worker), "payload.task"),
    ] {
        let error = result.unwrap_err();
        assert_eq!(
            (error.kind(), error.attempts(), error.may_have_executed()),
            (ErrorKind::Build, 0, false)
        );
        assert!(error.to_string().contains(says), "{error}");
    }
    create("n", &value!({"task": 7}), callback()).unwrap();
    create("n", &value!({"task": "seven"}), Transport::Worker).unwrap();
}

/// A worker cue whose `payload.task` is not a text breaks the list of claimable executions of its whole account.
#[test]
fn a_task_that_is_not_a_text_is_sent_on_no_way() {
    let payloads = [
        r#"{"task":7}"#,
        r#"{"task":["a"]}"#,
        r#"{"task":true}"#,
        r#"{"task":1e400}"#,
        r#"{"task":"a","task":7}"#,
        r#"{"t\u0061sk":7}"#,
    ];
    for payload in payloads.map(|json| Payload::from_json(json).unwrap()) {
        let replay = ReplayClient::default();
        let cues = replay.client().cues();
        let create = cues.create("n", Schedule::cron("@daily"), Transport::Worker);
        for error in [
            testing::run(create.payload(&payload).send()).unwrap_err(),
            testing::run(cues.update("cue_1").payload(&payload).send()).unwrap_err(),
            testing::run(cues.fire("cue_1").payload_override(&payload).send()).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Build, "{}", payload.as_str());
            assert!(error.to_string().contains("payload.task"), "{error}");
        }
        assert!(replay.requests().is_empty());
    }
    for payload in [r#"{"task":"a"}"#, r#"{"task":null}"#, "{}", r#"{"other":7}"#] {
        let payload = Payload::from_json(payload).unwrap();
        let replay = ReplayClient::new([json(200, r#"{"id":"cue_1"}"#), json(200, r#"{"id":"cue_1"}"#)]);
        let cues = replay.client().cues();
        testing::run(cues.update("cue_1").payload(&payload).send()).unwrap();
        testing::run(cues.fire("cue_1").payload_override(&payload).send()).unwrap();
    }
    // A webhook cue's task is its own affair.
    let replay = ReplayClient::new([json(200, r#"{"id":"cue_1"}"#)]);
    let update = replay.client().cues().update("cue_1").payload(&value!({"task": 7}));
    testing::run(update.callback(Callback::new("https://e.com")).send()).unwrap();
}

#[test]
fn what_one_kind_of_server_takes_is_sent() {
    let callback = || Callback::new("https://a.example");
    // Self-hosted: an object of up to 1 MiB. Hosted: any JSON of up to 1 MB in a request of up to 2 MB.
    for payload in [value!([1, 2]), value!("text"), value!({"x": "y".repeat(1 << 20)})] {
        create("n", &payload, callback()).unwrap();
        create("n", &payload, Transport::Worker).unwrap();
    }
}

#[test]
fn a_payload_that_cannot_be_serialised_is_an_error_of_the_call() {
    struct Unserialisable;
    impl serde::Serialize for Unserialisable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }
    let replay = ReplayClient::new([]);
    let call = replay
        .client()
        .cues()
        .create("n", Schedule::cron("* * * * *"), Transport::Worker)
        .payload(&Unserialisable);
    let error = testing::run(call.send()).unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Build, "cues.create"));
}

#[test]
fn an_id_is_one_segment_whatever_is_in_it() {
    for (id, path) in [
        ("a/b", "/v1/cues/a%2Fb"),
        ("a?b", "/v1/cues/a%3Fb"),
        ("é", "/v1/cues/%C3%A9"),
        ("%2e%2e", "/v1/cues/%252e%252e"),
    ] {
        let replay = ReplayClient::new([json(200, CUE)]);
        let _ = testing::run(replay.client().cues().get(id).send());
        assert!(
            replay.requests()[0].starts_with(&format!("GET {path}\n")),
            "{}",
            replay.requests()[0]
        );
    }
    for id in ["", ".", ".."] {
        let replay = ReplayClient::new([]);
        let error = testing::run(replay.client().cues().get(id).send()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Build, "{id:?}");
        assert!(replay.requests().is_empty());
    }
}

#[test]
fn every_request_tells_the_http_client_its_limits_and_its_name() {
    let replay = ReplayClient::new([json(503, "{}"), json(200, r#"{"workers":[]}"#)]);
    let client = replay
        .builder()
        .timeout(Duration::from_secs(7))
        .max_response_bytes(1000)
        .build()
        .unwrap();
    testing::run(client.workers().list().attempt_timeout(Duration::from_secs(9)).send()).unwrap();
    for (request, attempt) in replay.raw_requests().iter().zip(1..) {
        let extensions = request.extensions();
        assert_eq!(extensions.get(), Some(&AttemptTimeout(Duration::from_secs(9))));
        assert_eq!(extensions.get(), Some(&MaxResponseBytes(1000)));
        assert_eq!(extensions.get(), Some(&Operation::new("workers.list", attempt)));
        assert!(request.headers()["authorization"].is_sensitive());
    }
}

#[test]
fn a_client_that_cannot_work_says_so_when_it_is_built() {
    let replay = ReplayClient::new([]);
    for (key, url, says) in [
        ("", "https://a.example", "the API key is blank"),
        ("cue_sk_\n1", "https://a.example", "the API key has a space"),
        ("cue_sk_1", "a.example", "the base URL is not absolute"),
        ("cue_sk_1", "ftp://a.example", "the base URL is neither http nor https"),
    ] {
        let error = cueapi_core::ClientBuilder::new(key, replay.clone())
            .base_url(url)
            .build()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Build);
        assert!(
            error.to_string().starts_with(&format!("client.build failed: {says}")),
            "{error}"
        );
    }
}

#[test]
fn a_reply_brings_the_facts_of_its_response() {
    let answer = json(200, r#"{"workers":[]}"#)
        .header("x-request-id", "r-1")
        .header("x-ratelimit-limit", "60")
        .header("x-ratelimit-remaining", "59")
        .header("x-ratelimit-reset", "1795466077")
        .header("x-cueapi-usage-warning", "approaching_limit");
    let reply = testing::run(ReplayClient::new([answer]).client().workers().list().send_with_meta()).unwrap();
    assert_eq!(reply.meta.request_id(), Some("r-1"));
    assert_eq!(reply.meta.attempts(), 1);
    assert!(reply.meta.is_approaching_usage_limit());
    let limit = reply.meta.rate_limit().unwrap();
    let reset = limit.reset.map(|reset| reset.as_second());
    assert_eq!((limit.limit, limit.remaining, reset), (60, 59, Some(1_795_466_077)));
}

#[test]
fn a_rate_limit_without_its_reset_is_one() {
    for reset in [None, Some("soon"), Some("99999999999999999999")] {
        let answer = json(200, r#"{"workers":[]}"#)
            .header("x-ratelimit-limit", "200")
            .header("x-ratelimit-remaining", "12");
        let answer = match reset {
            Some(reset) => answer.header("x-ratelimit-reset", reset),
            None => answer,
        };
        let reply = testing::run(ReplayClient::new([answer]).client().workers().list().send_with_meta()).unwrap();
        let limit = reply.meta.rate_limit().unwrap();
        assert_eq!((limit.limit, limit.remaining, limit.reset), (200, 12, None));
    }
}
