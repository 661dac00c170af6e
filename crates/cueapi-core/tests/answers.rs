//! Answers that proxies have changed, that come in odd forms, or that are too large: each is read as far as it goes, and an
//! error says what it was.

#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use std::time::Duration;

use cueapi_core::{
    ConfirmDestructive, Error, ErrorKind, RetryPolicy,
    http::HttpErrorKind,
    testing::{self, Replay, ReplayClient, failure, json, response},
    types::ErrorCode,
};

const WORKERS: &str = r#"{"workers":[]}"#;
const NOT_FOUND: &str = r#"{"error":{"code":"cue_not_found","message":"Cue not found","status":404}}"#;

fn list(answer: Replay) -> Result<(), Error> {
    once(answer, "https://api.example/cueapi")
}

fn once(answer: Replay, base: &str) -> Result<(), Error> {
    let client = ReplayClient::new([answer])
        .builder()
        .base_url(base)
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    testing::run(client.workers().list().send()).map(drop)
}

#[test]
fn every_request_asks_for_an_answer_without_a_coding() {
    let replay = ReplayClient::new([json(200, WORKERS)]);
    testing::run(replay.client().workers().list().send()).unwrap();
    assert_eq!(replay.raw_requests()[0].headers()["accept-encoding"], "identity");
}

#[test]
fn an_answer_with_a_coding_is_named_as_that() {
    let gzip = || b"\x1f\x8b\x08\0\0\0\0\0".as_slice();
    for status in [200, 404, 502] {
        for (coding, named) in [("gzip", "encoded as gzip"), ("br, gzip", "encoded as br, gzip")] {
            let error = list(response(status, gzip()).header("content-encoding", coding)).unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
            assert_eq!(error.status().unwrap().as_u16(), status);
        }
    }
    for plain in ["identity", "Identity", ""] {
        let error = list(json(200, "<html>").header("content-encoding", plain)).unwrap_err();
        assert!(!error.to_string().contains("encoded as"), "{error}");
    }
    // A client that has decoded the body and left the header is not in the way.
    list(json(200, WORKERS).header("content-encoding", "gzip")).unwrap();
    let error = list(json(404, NOT_FOUND).header("content-encoding", "gzip")).unwrap_err();
    assert_eq!(error.api().unwrap().code, ErrorCode::CueNotFound);
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    list(json(200, format!("\u{feff}{WORKERS}"))).unwrap();
    let error = list(json(404, format!("\u{feff}{NOT_FOUND}"))).unwrap_err();
    assert_eq!(error.api().unwrap().code, ErrorCode::CueNotFound);
    let error = list(json(200, "\u{feff}{\"workers\":7}")).unwrap_err();
    assert!(error.to_string().contains("$.workers should be"), "{error}");
    assert_eq!(list(json(200, "\u{feff}")).unwrap_err().kind(), ErrorKind::Decode);
}

#[test]
fn a_message_that_is_not_utf_8_costs_no_error_code() {
    let body = b"{\"error\":{\"code\":\"cue_not_found\",\"message\":\"Cue caf\xe9 not found\",\"status\":404}}";
    let error = list(json(404, body.as_slice())).unwrap_err();
    assert_eq!(error.api().unwrap().code, ErrorCode::CueNotFound);
    assert_eq!(error.api().unwrap().message, "Cue caf\u{fffd} not found");
}

#[test]
fn where_nothing_is_expected_any_body_is_a_success() {
    for answer in [
        json(204, ""),
        json(200, ""),
        json(200, "null"),
        json(200, r#"{"deleted":true}"#),
        json(202, r#""gone""#),
        response(200, "deleted").header("content-type", "text/plain"),
        response(200, b"\x1f\x8b".as_slice()).header("content-encoding", "gzip"),
    ] {
        let said = format!("{answer:?}");
        let result = testing::run(ReplayClient::new([answer]).client().cues().delete("cue_1").send());
        assert!(result.is_ok(), "{said}: {result:?}");
    }
}

#[test]
fn what_is_deleted_is_deleted_whatever_a_server_says_beside_that() {
    for status in [200, 202, 204, 205] {
        for body in ["", "null", "{}", r#"{"deleted":true}"#, "[]", "deleted"] {
            let client = || ReplayClient::new([json(status, body)]).blocking_client();
            let results = [
                client().workers().delete("w").send(),
                client().agents().delete("a").send(),
                client().live_sessions().detach("a", "L").send().map(drop),
                client().subscriptions().delete("a", "s").send().map(drop),
                client().attachments().detach("a", "T", "d").send().map(drop),
                client().account().delete(ConfirmDestructive).send().map(drop),
            ];
            for result in results {
                assert!(result.is_ok(), "{status} {body}: {result:?}");
            }
        }
    }
}

#[test]
fn what_is_wrong_with_an_answer_is_named_whatever_the_answer_begins_with() {
    for (body, codings, says) in [
        (&b"\"\x01\x02"[..], &["br"][..], "encoded as br,"),
        (b"\x1f\x8b", &["identity", "gzip"], "encoded as gzip,"),
        (b"\x1f\x8b", &["identity, Identity"], "not JSON"),
        (b"{\"workers\":[\"caf\xe9\"]}", &[], "not UTF-8, from byte 16 on"),
        (br#"{"\ud800":1}"#, &[], "not Unicode"),
    ] {
        let answer = codings.iter().fold(json(200, body), |answer, coding| {
            answer.header("content-encoding", coding)
        });
        let error = list(answer).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn a_redirect_says_where_the_base_url_should_point_to() {
    let base = "https://api.example/cueapi";
    for (location, target) in [
        (
            "https://api.new.example/cueapi/v1/workers",
            "https://api.new.example/cueapi",
        ),
        (
            "https://api.new.example:8443/v1/workers",
            "https://api.new.example:8443",
        ),
        ("http://api.example/cueapi/v1/workers", "http://api.example/cueapi"),
        ("//api.new.example/v1/workers", "https://api.new.example"),
        ("/other/v1/workers", "https://api.example/other"),
    ] {
        for status in [301, 302, 303, 307, 308] {
            let error = once(response(status, "").header("location", location), base).unwrap_err();
            let says =
                format!("workers.list failed: {status}: the base URL redirects to {target}: set the base URL to that");
            assert!(error.to_string().starts_with(&says), "{error}");
            assert_eq!((error.kind(), error.may_have_executed()), (ErrorKind::Api, true));
        }
    }
}

#[test]
fn a_redirect_to_somewhere_else_names_the_server_and_shows_no_path_query_or_credentials() {
    for location in [
        "https://user:hush@sso.example/hush/login?next=hush#hush",
        "https://sso.example/v1/workers/hush",
        &format!("https://sso.example/hush?state={}", "hush".repeat(1_000)),
        &format!("https://sso.example/{}/v1/workers", "hush".repeat(1_000)),
        "https://sso.example/hush hush",
        "https://sso.example/hush/\u{e9}",
    ] {
        let error = list(response(302, "<a href=hush>").header("location", location)).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("the server redirects to https://sso.example, "),
            "{error}"
        );
        assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
    }
    for location in [
        "/login?next=https://api.example/",
        "/login/https://a.example",
        "#https://a.example",
    ] {
        let error = list(response(302, "").header("location", location)).unwrap_err();
        let says = "the server redirects to https://api.example, ";
        assert!(error.to_string().contains(says), "{error}");
    }
    for answer in [
        response(301, ""),
        response(301, "").header("location", "https://"),
        response(301, "").header("location", "://x"),
        response(301, "").header("location", "::"),
        response(301, "").header("location", b"\xff"),
    ] {
        let error = list(answer).unwrap_err();
        assert!(error.to_string().contains("redirects"), "{error}");
    }
}

#[test]
fn a_wait_that_the_server_asks_for_is_never_no_wait() {
    for (header, waits) in [
        ("2.503", 4),
        ("3", 4),
        ("0", 1),
        ("Sunday, 06-Nov-94 08:49:42 GMT", 6),
        ("Sun Nov  6 08:49:42 1994", 6),
    ] {
        let busy = json(429, "{}")
            .header("retry-after", header)
            .header("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let replay = ReplayClient::new([busy, json(200, WORKERS)]);
        testing::run(replay.client().workers().list().send()).unwrap();
        assert_eq!(replay.sleeps(), [Duration::from_secs(waits)], "{header}");
    }
    for header in [
        "soon",
        "-1",
        "",
        "18446744073709551616",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Sun, 06 Nov 1994 08:49:42 GMT",
    ] {
        for status in [429, 503] {
            let replay = ReplayClient::new([json(status, "{}").header("retry-after", header)]);
            let error = testing::run(replay.client().workers().list().send()).unwrap_err();
            assert!(error.retry_after().unwrap() >= Duration::from_secs(60), "{header}");
            assert_eq!(
                (replay.requests().len(), replay.sleeps().len()),
                (1, 0),
                "{header}: handed up at once"
            );
        }
    }
    let limited = r#"{"error":{"code":"rate_limit_exceeded","message":"m","status":429,"window_seconds":1.5}}"#;
    let replay = ReplayClient::new([json(429, limited), json(200, WORKERS)]);
    testing::run(replay.client().workers().list().send()).unwrap();
    assert_eq!(replay.sleeps(), [Duration::from_secs(2)]);
}

#[test]
fn of_an_error_s_body_64_kib_are_kept_and_read() {
    let error = |body: String| list(json(422, body)).unwrap_err();
    let hello = "x".repeat(1 << 20);
    let before = error(format!(
        r#"{{"detail":[{{"type":"missing","loc":["body","name"],"msg":"Field required","input":{{"payload":"{hello}"}}}}]}}"#
    ));
    assert_eq!(before.raw_body().unwrap().len(), 64 << 10);
    assert_eq!(before.api().unwrap().code, ErrorCode::ValidationError);
    assert_eq!(before.api().unwrap().details[0].field, "body.name");

    let page = list(response(502, hello).header("content-type", "text/html")).unwrap_err();
    assert!(page.to_string().contains("text/html of 65536 bytes or more"), "{page}");
    assert!(page.to_string().len() < 300, "{page}");
    // A success that does not decode is kept whole: what is wrong may stand at its end.
    let long = format!(r#"{{"workers":"{}"}}"#, "x".repeat(1 << 20));
    assert!(list(json(200, long)).unwrap_err().raw_body().unwrap().len() > 1 << 20);
}

#[test]
fn what_an_error_says_is_short_whatever_the_server_sends() {
    let long = "y".repeat(50_000);
    let (header, key) = (
        format!("text/{long}"),
        format!(r#"{{"executions":[{{"outcome":{{"{long}":1}}}}]}}"#),
    );
    for answer in [
        response(200, "<html>").header("content-type", &header),
        response(404, "<html>").header("content-type", &header),
        json(404, NOT_FOUND).header("x-request-id", &long),
        response(302, "").header("location", format!("https://{long}.example/")),
        response(404, "x").header("content-encoding", &long),
        json(200, key),
    ] {
        let error = list(answer).unwrap_err();
        assert!(error.to_string().len() < 500, "{} characters", error.to_string().len());
    }
}

#[test]
fn a_report_whose_read_back_fails_says_both() {
    let recorded = r#"{"error":{"code":"outcome_already_recorded","message":"m","status":409}}"#;
    let replay = ReplayClient::new([
        failure(HttpErrorKind::Timeout),
        json(409, recorded),
        json(200, "<html>"),
    ]);
    let outcome = cueapi_core::types::Outcome::success();
    let error = testing::run(replay.client().executions().report_outcome("e1", outcome).send()).unwrap_err();
    assert_eq!((error.kind(), error.may_have_executed()), (ErrorKind::Conflict, true));
    assert!(
        std::error::Error::source(&error)
            .unwrap()
            .to_string()
            .contains("not JSON")
    );
}
