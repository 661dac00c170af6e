//! How connections end: as uvicorn ends them, and in time, whatever the caller does.

use std::time::{Duration, Instant};

use cueapi_emulator::{Builder, Emulator};

use crate::wire::{Connection, ok};

const PAUSE: Duration = Duration::from_millis(300);

fn builder() -> Builder {
    Emulator::builder().rate_limit(None)
}

/// A call that a server answers with 500, and one that it answers with 304.
async fn last_answers(emulator: &Emulator) -> [(u16, &'static str, Vec<(&'static str, String)>); 2] {
    let key = ("authorization", format!("Bearer {}", emulator.api_key()));
    let roster = ok(emulator, "GET", "/v1/agents/roster", "").await;
    let tag = ("if-none-match", roster.header("etag").unwrap().to_owned());
    [
        (500, "/v1/executions/no-uuid", vec![key.clone()]),
        (304, "/v1/agents/roster", vec![key, tag]),
    ]
}

#[tokio::test]
async fn after_a_500_and_a_304_it_is_closed_some_time_later_and_silently() {
    let emulator = builder().close_after(PAUSE).start().await.unwrap();
    for (status, path, headers) in last_answers(&emulator).await {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut connection = Connection::open(emulator.address()).await;
        for _ in 0..3 {
            assert_eq!(connection.exchange("GET", "/status", &[], b"").await.status, 200);
        }
        let started = Instant::now();
        let answer = connection.exchange("GET", path, &headers, b"").await;
        let answered = started.elapsed();
        assert_eq!((answer.status, answer.header("connection")), (status, None));
        assert!(connection.is_closed().await);
        let closed = started.elapsed();
        assert!(
            answered < PAUSE && closed >= PAUSE,
            "answered after {answered:?}, closed after {closed:?}"
        );
    }
}

#[tokio::test]
async fn what_comes_after_the_last_answer_is_not_done() {
    let emulator = builder().close_after(PAUSE).start().await.unwrap();
    let cue = r#"{"name":"n","schedule":{"type":"recurring","cron":"0 0 1 1 *"},"transport":"worker"}"#;
    let cue = ok(&emulator, "POST", "/v1/cues", cue).await.text("id");
    for (_, path, headers) in last_answers(&emulator).await {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut connection = Connection::open(emulator.address()).await;
        connection.exchange("GET", path, &headers, b"").await;
        let key = emulator.api_key();
        let fire = format!(
            "POST /v1/cues/{cue}/fire HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\ncontent-length: 0\r\n\r\n"
        );
        connection.write(fire.as_bytes()).await;
        assert_eq!(connection.rest().await, "");
    }
    assert_eq!(emulator.executions().len(), 0);
}

#[tokio::test]
async fn the_pauses_are_those_of_the_real_server_unless_others_are_wanted() {
    let emulator = builder().start().await.unwrap();
    for (status, path, headers) in last_answers(&emulator).await {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut connection = Connection::open(emulator.address()).await;
        connection.exchange("GET", path, &headers, b"").await;
        let started = Instant::now();
        assert!(connection.is_closed().await, "{status}");
        assert!(
            started.elapsed() < Duration::from_secs(2),
            "{status}: {:?}",
            started.elapsed()
        );
    }
    let mut idle = Connection::open(emulator.address()).await;
    idle.exchange("GET", "/status", &[], b"").await;
    let started = Instant::now();
    assert_eq!(idle.rest().await, "");
    let closed = started.elapsed();
    assert!((4..7).contains(&closed.as_secs()), "{closed:?}");
}

#[tokio::test]
async fn callers_that_stall_are_hung_up_on_wherever_they_stall() {
    let emulator = builder().idle_limit(PAUSE).start().await.unwrap();
    let head = "POST /v1/cues HTTP/1.1\r\nhost: localhost\r\n";
    for sent in [
        String::new(),
        "POST".into(),
        "POST /v1/cues HTTP/1.1\r\nhost: localhost\r\nx-slow: ".into(),
        format!("{head}content-length: 100\r\n\r\n{{"),
        format!("{head}content-length: 2000000\r\n\r\n{{"),
        format!("{head}transfer-encoding: chunked\r\n\r\n10"),
        format!("{head}transfer-encoding: chunked\r\n\r\n10;{}", "x".repeat(1000)),
        format!("{head}transfer-encoding: chunked\r\n\r\n1\r\n{{\r\n0\r\nx-trailer: "),
    ] {
        let mut connection = Connection::open(emulator.address()).await;
        connection.write(sent.as_bytes()).await;
        let started = Instant::now();
        connection.rest().await;
        assert!(started.elapsed() < PAUSE * 12, "{sent:?}: {:?}", started.elapsed());
    }
    // One byte now and then is not enough.
    let mut connection = Connection::open(emulator.address()).await;
    let dribble = async {
        loop {
            if connection.try_write(b"x").await.is_err() {
                break;
            }
            tokio::time::sleep(PAUSE / 10).await;
        }
    };
    tokio::time::timeout(PAUSE * 20, dribble)
        .await
        .expect("it is hung up on");
    assert_eq!(ok(&emulator, "GET", "/v1/cues", "").await.status, 200);
}

#[tokio::test]
async fn what_has_no_end_is_cut_off() {
    let emulator = builder().start().await.unwrap();
    let head = "POST /v1/cues HTTP/1.1\r\nhost: localhost\r\n";
    for (start, endless, most) in [
        (String::from("GET /"), "a", 20_000_000),
        (String::from(head), "x-header: y\r\n", 20_000_000),
        (format!("{head}x-header: "), "y", 20_000_000),
        (format!("{head}transfer-encoding: chunked\r\n\r\n1;"), "x", 20_000_000),
        (
            format!("{head}transfer-encoding: chunked\r\n\r\n0\r\n"),
            "x-trailer: y\r\n",
            20_000_000,
        ),
        (
            format!("{head}transfer-encoding: chunked\r\n\r\n"),
            "1\r\n \r\n",
            80_000_000,
        ),
    ] {
        let mut connection = Connection::open(emulator.address()).await;
        connection.write(start.as_bytes()).await;
        let piece = endless.repeat(10_000);
        let mut sent = 0;
        while connection.try_write(piece.as_bytes()).await.is_ok() {
            sent += piece.len();
            assert!(sent < most, "{start:?} and then {endless:?} is read without end");
        }
    }
    assert_eq!(ok(&emulator, "GET", "/v1/cues", "").await.status, 200);
}
