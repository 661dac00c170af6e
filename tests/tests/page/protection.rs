//! Other sites can neither read the page's data nor press its buttons.

use cueapi_emulator::Emulator;
use reqwest::{Client, Method, Response};
use serde_json::json;

use crate::{Browser, Receiver, call, held};

async fn send(emulator: &Emulator, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Client::new()
        .request(method, format!("{}{path}", emulator.base_url()))
        .header("accept", "text/html, */*")
        .body("{\"seconds\":60}");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

#[tokio::test]
async fn only_addresses_and_localhost_are_names_of_the_page() {
    let emulator = held().start().await.unwrap();
    for (host, status) in [
        ("127.0.0.1:8000", 200),
        ("localhost:8000", 200),
        ("LOCALHOST", 200),
        ("[::1]:8000", 200),
        ("192.168.7.7", 200),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("evil.example:127", 403),
        ("user@evil.example", 403),
    ] {
        for path in ["/", "/emulator/state", "/emulator/page.js"] {
            let answer = send(&emulator, Method::GET, path, &[("host", host)]).await;
            assert_eq!(answer.status(), status, "{path} as {host}");
        }
    }
    let answer = send(&emulator, Method::GET, "/v1/info", &[("host", "evil.example")]).await;
    assert_eq!(answer.status(), 200, "the API itself has its key");
}

#[tokio::test]
async fn a_button_needs_a_header_that_no_other_site_can_send() {
    let emulator = held().start().await.unwrap();
    let before = emulator.now();
    let answer = send(&emulator, Method::POST, "/emulator/advance", &[]).await;
    assert_eq!((answer.status().as_u16(), emulator.now()), (403, before));
    let answer = send(
        &emulator,
        Method::POST,
        "/emulator/advance",
        &[("x-cueapi-emulator", "1")],
    )
    .await;
    assert_eq!(answer.status(), 200);
    assert_eq!(emulator.now().to_string(), "2026-03-02T08:00:00Z");

    let preflight = [
        ("origin", "http://evil.example"),
        ("access-control-request-method", "POST"),
    ];
    let answer = send(&emulator, Method::OPTIONS, "/emulator/advance", &preflight).await;
    assert!(!answer.status().is_success(), "{}", answer.status());
    let headers = answer.headers().keys();
    assert_eq!(
        headers
            .filter(|name| name.as_str().starts_with("access-control"))
            .count(),
        0
    );
}

#[tokio::test]
async fn a_page_of_another_site_gets_nowhere() {
    let Some(browser) = Browser::open().await else { return };
    let emulator = held().start().await.unwrap();
    let cue = json!({"name": "private", "schedule": {"type": "recurring", "cron": "* * * * *"}, "transport": "worker"});
    call(&emulator, "POST", "/v1/cues", cue).await;
    // Any server is another site.
    let site = Receiver::open([]).await;
    browser.go(&site.url()).await;
    let base = emulator.base_url();
    for attempt in [
        format!("fetch('{base}/emulator/state').then((answer) => answer.text())"),
        format!(
            "fetch('{base}/emulator/advance', {{method: 'POST', body: '{{\"seconds\":60}}', headers: {{'X-CueAPI-Emulator': '1'}}}})"
        ),
    ] {
        let outcome = browser
            .eval(&format!("{attempt}.then(() => 'through', () => 'refused')"))
            .await;
        assert_eq!(outcome, "refused", "{attempt}");
    }
    // Without the header, a request does arrive; it does nothing.
    browser
        .eval(&format!("fetch('{base}/emulator/advance', {{method: 'POST', mode: 'no-cors', body: '{{\"seconds\":60}}'}}).then(() => 0, () => 0)"))
        .await;
    assert_eq!(emulator.now().to_string(), "2026-03-02T07:59:00Z");

    let framed = format!(
        "new Promise((done) => {{ const frame = document.createElement('iframe'); frame.src = '{base}/'; frame.onload = () => done(1); document.documentElement.append(frame); }})"
    );
    browser.eval(&framed).await;
    let complaints = browser.complaints().await.concat();
    assert!(complaints.contains("frame-ancestors"), "{complaints}");
    browser.close().await;
}

#[tokio::test]
async fn every_answer_forbids_what_the_page_does_not_need() {
    let emulator = held().start().await.unwrap();
    for path in ["/", "/emulator/state", "/emulator/page.js", "/emulator/deliveries/7"] {
        let answer = send(&emulator, Method::GET, path, &[]).await;
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("cross-origin-resource-policy", "same-origin"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.headers()[name], value, "{path}");
        }
    }
}

#[tokio::test]
async fn the_page_can_be_left_out_and_is_left_out_where_others_could_look() {
    let without = held().page(false).start().await.unwrap();
    let exposed = held().address(([0, 0, 0, 0], 0).into()).start().await.unwrap();
    for emulator in [&without, &exposed] {
        for path in ["/", "/emulator/state"] {
            let answer = send(emulator, Method::GET, path, &[]).await;
            assert_eq!(answer.status(), 404);
            assert!(
                answer.text().await.unwrap().contains(r#""code":"http_error""#),
                "as a server answers"
            );
        }
    }
    let wanted = held()
        .address(([0, 0, 0, 0], 0).into())
        .page(true)
        .start()
        .await
        .unwrap();
    assert_eq!(send(&wanted, Method::GET, "/", &[]).await.status(), 200);
}

#[tokio::test]
async fn for_clients_there_is_nothing_at_the_root_as_on_a_server() {
    let emulator = held().start().await.unwrap();
    let answer = Client::new().get(emulator.base_url()).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert!(answer.headers().get("content-security-policy").is_none());
    let answer = send(&emulator, Method::POST, "/", &[]).await;
    assert_eq!(answer.status(), 404);
}

#[tokio::test]
async fn wishes_that_make_no_sense_are_explained() {
    let emulator = held().start().await.unwrap();
    let client = Client::new();
    for (body, expected) in [
        ("", "Send {"),
        ("[1]", "Send {"),
        (r#"{"seconds":-1}"#, "Send {"),
        (r#"{"seconds":9223372036854775807}"#, "366 days"),
        (r#"{"to":"tomorrow"}"#, "Send {"),
        (r#"{"to":"2026-03-02T07:00:00Z"}"#, "forward only"),
        (r#"{"seconds":40000000}"#, "366 days"),
        ("{}", "Nothing is going to happen"),
    ] {
        let request = client
            .post(format!("{}/emulator/advance", emulator.base_url()))
            .header("x-cueapi-emulator", "1");
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{body}");
        let text = answer.text().await.unwrap();
        assert!(text.contains(expected), "{body}: {text}");
    }
    for path in ["/emulator/cues/cue_nobody00000/fire", "/emulator/cues/%00/pause"] {
        let answer = send(&emulator, Method::POST, path, &[("x-cueapi-emulator", "1")]).await;
        assert_eq!(answer.status(), 404, "{path}");
    }
    assert_eq!(emulator.now().to_string(), "2026-03-02T07:59:00Z");
}
