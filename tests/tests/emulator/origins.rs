//! Which callers are answered: programs, and no web page of another site.

use cueapi_emulator::{Cors, Emulator, json::Json};

use crate::wire::{Answer, Connection};

const REGISTER: &[u8] = br#"{"email":"evil@example.com"}"#;

/// A request with exactly these headers.
async fn send(emulator: &Emulator, what: &str, headers: &[(&str, &str)]) -> Answer {
    let mut text = format!("{what} HTTP/1.1\r\ncontent-length: {}\r\n", REGISTER.len());
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    let mut connection = Connection::open(emulator.address()).await;
    connection.write(&[text.as_bytes(), REGISTER].concat()).await;
    connection.answer(false).await.unwrap()
}

fn code(answer: &Answer) -> Option<String> {
    answer
        .json()
        .get("error")?
        .get("code")
        .and_then(Json::as_str)
        .map(Into::into)
}

#[tokio::test]
async fn it_answers_by_its_address_as_localhost_and_by_allowed_names_only() {
    let builder = Emulator::builder().rate_limit(None);
    let emulator = builder
        .allowed_host("emulator.test")
        .allowed_host("10.7.7.7")
        .start()
        .await
        .unwrap();
    for host in [
        "127.0.0.1",
        "127.0.0.1:8000",
        "127.7.7.7:1",
        "localhost",
        "LOCALHOST:8000",
        "[::1]:8000",
        "[::ffff:127.0.0.1]",
        "emulator.test",
        "Emulator.TEST:443",
        "10.7.7.7:80",
    ] {
        let answer = send(&emulator, "GET /v1/info", &[("host", host)]).await;
        assert_eq!(answer.status, 200, "{host}");
    }
    for host in [
        "",
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "sub.emulator.test",
        "emulator.test.evil.example",
        "192.168.7.7",
        "0.0.0.0",
        "[::]",
        "10.7.7.8",
        "user@localhost",
        "localhost@evil.example",
        "localhost/",
        "localhost evil.example",
        "localhost,evil.example",
        "xn--lcalhost-0wg",
        "\u{131}ocalhost",
    ] {
        for what in [
            "GET /v1/info",
            "POST /v1/auth/register",
            "OPTIONS /v1/cues",
            "GET /",
            "GET /nothing",
        ] {
            let answer = send(&emulator, what, &[("host", host)]).await;
            assert_eq!(
                (answer.status, code(&answer).as_deref()),
                (403, Some("host_not_allowed")),
                "{what} as {host:?}"
            );
        }
    }
    let both = [("host", "localhost"), ("host", "evil.example")];
    assert_eq!(send(&emulator, "GET /v1/info", &both).await.status, 403);
    assert_eq!(send(&emulator, "GET /v1/info", &[]).await.status, 200, "as on a server");
}

#[tokio::test]
async fn an_emulator_on_all_addresses_answers_by_the_one_that_was_called() {
    let emulator = Emulator::builder()
        .address(([0, 0, 0, 0], 0).into())
        .start()
        .await
        .unwrap();
    assert_eq!(
        send(&emulator, "GET /v1/info", &[("host", "127.0.0.1")]).await.status,
        200
    );
    assert_eq!(
        send(&emulator, "GET /v1/info", &[("host", "192.168.7.7")]).await.status,
        403
    );
}

#[tokio::test]
async fn what_a_browser_sends_for_another_site_is_refused_and_does_nothing() {
    let emulator = Emulator::builder().rate_limit(None).start().await.unwrap();
    for foreign in [
        ("origin", "http://evil.example"),
        ("origin", "http://localhost:9"),
        ("origin", "https://localhost:8000"),
        ("origin", "http://127.0.0.1:8000"),
        ("origin", "http://localhost:8000.evil.example"),
        ("origin", "null"),
        ("origin", ""),
        ("origin", "http://localhost:8000\u{e9}"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "anything"),
    ] {
        for (what, kind) in [
            ("POST /v1/auth/register", "application/json"),
            ("POST /v1/auth/register", "text/plain"),
            ("OPTIONS /v1/auth/register", "application/json"),
            ("GET /v1/info", "text/plain"),
            ("GET /health", "text/plain"),
            ("DELETE /v1/cues/cue_000000000000", "text/plain"),
            ("GET /", "text/plain"),
            ("GET /nothing", "text/plain"),
        ] {
            let headers = [
                ("host", "localhost:8000"),
                foreign,
                ("access-control-request-method", "POST"),
                ("content-type", kind),
            ];
            let answer = send(&emulator, what, &headers).await;
            assert_eq!(
                (answer.status, code(&answer).as_deref()),
                (403, Some("origin_not_allowed")),
                "{what} with {foreign:?}"
            );
            let open = answer
                .headers
                .iter()
                .any(|(name, _)| name.starts_with("access-control"));
            assert!(!open, "{foreign:?}: {:?}", answer.headers);
        }
    }
    let program = [("host", "localhost:8000"), ("content-type", "application/json")];
    let answer = send(&emulator, "POST /v1/auth/register", &program).await;
    assert_eq!(answer.status, 201, "nobody has registered so far: {}", answer.body);
}

#[tokio::test]
async fn its_own_site_is_no_other_site() {
    let emulator = Emulator::builder().rate_limit(None).start().await.unwrap();
    for (host, own) in [
        ("localhost:8000", ("origin", "http://localhost:8000")),
        ("localhost", ("origin", "http://localhost:80")),
        ("[::1]:8000", ("origin", "http://[::1]:8000")),
        ("localhost:8000", ("sec-fetch-site", "same-origin")),
        ("localhost:8000", ("sec-fetch-site", "none")),
    ] {
        assert_eq!(
            send(&emulator, "GET /v1/info", &[("host", host), own]).await.status,
            200,
            "{own:?}"
        );
    }
}

#[tokio::test]
async fn every_page_may_call_the_api_where_that_is_wanted() {
    let emulator = Emulator::builder().cors(Cors::Any).start().await.unwrap();
    let headers = [
        ("host", "localhost:8000"),
        ("origin", "http://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("content-type", "application/json"),
    ];
    let answer = send(&emulator, "POST /v1/auth/register", &headers).await;
    assert_eq!(answer.status, 201);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("http://evil.example")
    );
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    let answer = send(&emulator, "GET /v1/info", &[("host", "evil.example")]).await;
    assert_eq!(answer.status, 403, "not under a name that is not the emulator's");
}
