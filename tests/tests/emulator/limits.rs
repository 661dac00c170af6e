//! The rate limiter, body sizes, and what goes wrong below the API.

use std::time::Duration;

use cueapi_emulator::{Clock, Emulator, engine::Limits};

use crate::wire::{Connection, call, ok};

async fn limited(limit: Option<u32>) -> Emulator {
    let clock = Clock::held("2026-03-02T08:00:00Z".parse().unwrap());
    Emulator::builder()
        .clock(clock)
        .rate_limit(limit)
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn the_window_slides_and_refused_requests_do_not_count() {
    let emulator = limited(Some(3)).await;
    for remaining in ["2", "1", "0"] {
        let answer = ok(&emulator, "GET", "/v1/cues", "").await;
        assert_eq!(answer.header("x-ratelimit-limit"), Some("3"));
        assert_eq!(answer.header("x-ratelimit-remaining"), Some(remaining));
        emulator.advance(Duration::from_secs(10)).await;
    }
    for _ in 0..5 {
        let refused = call(&emulator, "GET", "/v1/cues", "").await;
        assert_eq!(
            (refused.status, refused.text("error.code")),
            (429, "rate_limit_exceeded".into())
        );
        assert_eq!(
            refused.text("error.message"),
            "Too many requests. Retry after 30 seconds."
        );
        assert_eq!(refused.header("retry-after"), Some("30"));
        assert_eq!(refused.header("x-ratelimit-reset"), Some("1772438460"));
    }
    emulator.advance(Duration::from_millis(29_001)).await;
    assert_eq!(
        call(&emulator, "GET", "/v1/cues", "").await.header("retry-after"),
        Some("1"),
        "rounded down, at least 1"
    );
    emulator.advance(Duration::from_secs(1)).await;
    assert_eq!(
        ok(&emulator, "GET", "/v1/cues", "")
            .await
            .header("x-ratelimit-remaining"),
        Some("0")
    );
}

#[tokio::test]
async fn callers_without_a_key_share_the_window_of_their_address() {
    let emulator = limited(Some(2)).await;
    let mut connection = Connection::open(emulator.address()).await;
    for headers in [&[][..], &[("authorization", "Basic x")]] {
        assert_eq!(connection.exchange("GET", "/v1/cues", headers, b"").await.status, 401);
    }
    assert_eq!(connection.exchange("GET", "/v1/cues", &[], b"").await.status, 429);
    assert_eq!(
        connection.exchange("GET", "/nowhere", &[], b"").await.status,
        429,
        "before the route is looked up"
    );
    assert_eq!(
        connection.exchange("GET", "/health", &[], b"").await.status,
        200,
        "exempt"
    );
    assert_eq!(
        ok(&emulator, "GET", "/v1/cues", "").await.status,
        200,
        "a key has a window of its own"
    );
}

#[tokio::test]
async fn a_limiter_that_is_off_leaves_no_headers() {
    let emulator = limited(None).await;
    let answer = ok(&emulator, "GET", "/v1/cues", "").await;
    assert!(answer.headers.iter().all(|(name, _)| !name.starts_with("x-ratelimit")));
}

#[tokio::test]
async fn a_body_over_a_mebibyte_is_refused_before_anything_else_and_the_connection_lives_on() {
    let emulator = limited(None).await;
    let mut connection = Connection::open(emulator.address()).await;
    connection
        .write(b"POST /v1/cues HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1048577\r\n\r\n")
        .await;
    connection.write(&[b'x'; 1_048_577]).await;
    let refused = connection.answer(false).await.unwrap();
    assert_eq!(refused.status, 413);
    assert_eq!(
        refused.body,
        r#"{"error": {"code": "request_too_large", "message": "Request body exceeds 1048576 bytes", "status": 413}}"#
    );
    assert_eq!(connection.exchange("GET", "/v1/info", &[], b"").await.status, 200);
}

#[tokio::test]
async fn a_chunked_body_over_a_mebibyte_cannot_be_parsed() {
    let emulator = limited(None).await;
    let mut connection = Connection::open(emulator.address()).await;
    connection
        .write(b"POST /v1/cues HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n100001\r\n")
        .await;
    connection.write(&[b'x'; 0x10_0001]).await;
    connection.write(b"\r\n0\r\n\r\n").await;
    let refused = connection.answer(false).await.unwrap();
    assert_eq!((refused.status, refused.text("error.code")), (400, "http_error".into()));
}

#[tokio::test]
async fn odd_requests_are_answered_like_the_captured_ones() {
    let emulator = limited(Some(60)).await;
    let mut connection = Connection::open(emulator.address()).await;
    connection.write(b"GET /v1/info HTTP/1.1\r\n\r\n").await;
    assert_eq!(connection.answer(false).await.unwrap().status, 200, "no Host");
    connection
        .write(b"GET /v1/cues HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer cue_sk_\xe9\r\n\r\n")
        .await;
    let refused = connection.answer(false).await.unwrap();
    assert_eq!(
        refused.body,
        r#"{"error":{"code":"invalid_api_key","message":"Invalid API key","status":401}}"#
    );
    assert_eq!(refused.header("x-ratelimit-limit"), Some("60"));
}

#[tokio::test]
async fn json_as_deep_or_as_long_as_it_may_come_gets_an_answer() {
    let emulator = limited(None).await;
    let deep = |depth: usize| {
        format!(
            r#"{{"name":"n","payload":{}{}}}"#,
            r#"{"a":"#.repeat(depth),
            "}".repeat(depth)
        )
    };
    for body in [
        deep(100_000),
        "[".repeat(1_000_000),
        "9".repeat(1_000_000),
        format!("{{\"a\":{}}}", "9".repeat(5000)),
    ] {
        let answer = call(&emulator, "POST", "/v1/cues", &body).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
    }
    let keys: Vec<_> = (0..60_000).map(|n| format!(r#""k{n}":1"#)).collect();
    let wide = format!(
        r#"{{"name":"wide","schedule":{{"type":"recurring","cron":"0 9 * * *"}},"transport":"worker","payload":{{{}}}}}"#,
        keys.join(",")
    );
    assert_eq!(call(&emulator, "POST", "/v1/cues", &wide).await.status, 201);
}

#[tokio::test]
async fn unlimited_accounts_beside_a_limited_one_keep_their_own_limits() {
    let emulator = limited(Some(1)).await;
    let other = emulator.open_account("other@example.com", Limits::unlimited());
    ok(&emulator, "GET", "/v1/cues", "").await;
    assert_eq!(call(&emulator, "GET", "/v1/cues", "").await.status, 429);
    let authorization = format!("Bearer {other}");
    let mut connection = Connection::open(emulator.address()).await;
    for _ in 0..3 {
        let answer = connection
            .exchange("GET", "/v1/cues", &[("authorization", &authorization)], b"")
            .await;
        assert_eq!(answer.status, 200);
    }
}
