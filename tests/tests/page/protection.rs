//! Other sites can neither read the page's data nor press its buttons.

use cueapi_emulator::{Cors, Emulator, engine::Limits};
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

/// The page's token, as the page itself gets it.
async fn token(emulator: &Emulator) -> String {
    let page = send(emulator, Method::GET, "/", &[]).await.text().await.unwrap();
    let (_, rest) = page.split_once("<meta name=\"token\" content=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

pub(crate) async fn a_button_needs_the_token_of_the_page_or_the_key() {
    let emulator = held().start().await.unwrap();
    let token = token(&emulator).await;
    let other_account = emulator.open_account("other@example.com", Limits::free());
    let before = emulator.now();
    let key = |key: &str| ("authorization", format!("Bearer {key}"));
    for header in [
        ("accept-language", "en".to_owned()),
        ("x-cueapi-emulator", "1".to_owned()),
        ("x-cueapi-emulator", String::new()),
        ("x-cueapi-emulator", token[1..].to_owned()),
        ("x-cueapi-emulator", emulator.api_key()),
        key(&token),
        key(&other_account),
        key(""),
    ] {
        let headers = [(header.0, header.1.as_str())];
        let answer = send(&emulator, Method::POST, "/emulator/advance", &headers).await;
        assert_eq!((answer.status().as_u16(), emulator.now()), (403, before), "{header:?}");
    }
    let again = held().start().await.unwrap();
    let headers = [("x-cueapi-emulator", token.as_str())];
    let answer = send(&again, Method::POST, "/emulator/advance", &headers).await;
    assert_eq!(answer.status(), 403, "the token of another start");
    for (name, value) in [("x-cueapi-emulator", token.clone()), key(&emulator.api_key())] {
        let headers = [(name, value.as_str())];
        let answer = send(&emulator, Method::POST, "/emulator/advance", &headers).await;
        assert_eq!(answer.status(), 200, "{name}");
    }
    assert_eq!(emulator.now().to_string(), "2026-03-02T08:01:00Z");
}

pub(crate) async fn a_link_to_the_page_can_be_followed_and_nothing_else_of_it_is_for_other_sites() {
    // Not even where every page may call the API.
    let emulator = held().cors(Cors::Any).start().await.unwrap();
    let link = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    assert_eq!(send(&emulator, Method::GET, "/", &link).await.status(), 200);
    let frame = [link[0], link[1], ("sec-fetch-dest", "iframe")];
    assert_eq!(send(&emulator, Method::GET, "/", &frame).await.status(), 403);
    let token = token(&emulator).await;
    for (method, path) in [
        (Method::GET, "/emulator/state"),
        (Method::GET, "/emulator/deliveries/1"),
        (Method::POST, "/emulator/advance"),
        (Method::OPTIONS, "/emulator/advance"),
    ] {
        for foreign in [
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "cross-site"),
            ("origin", "http://127.0.0.1:1"),
            ("origin", "null"),
        ] {
            let headers = [foreign, ("x-cueapi-emulator", token.as_str())];
            let answer = send(&emulator, method.clone(), path, &headers).await;
            assert_eq!(answer.status(), 403, "{method} {path} with {foreign:?}");
            let mut names = answer.headers().keys();
            assert!(
                !names.any(|name| name.as_str().starts_with("access-control")),
                "{foreign:?}"
            );
        }
    }
    assert_eq!(emulator.now().to_string(), "2026-03-02T07:59:00Z");
}

/// Every way to send something that a script in a page has, to read it or not.
fn attempts(base: &str) -> Vec<String> {
    let mut attempts = Vec::new();
    for mode in ["cors", "no-cors"] {
        for (path, init) in [
            ("/v1/info", ""),
            ("/emulator/state", ""),
            (
                "/v1/auth/register",
                ", method: 'POST', body: '{\"email\":\"evil@example.com\"}'",
            ),
            (
                "/v1/auth/device-code",
                ", method: 'POST', body: '{\"device_code\":\"ABCD-EFGH\"}'",
            ),
            (
                "/v1/echo/evil-token-1234567890",
                ", method: 'POST', body: '{}', headers: {'Content-Type': 'text/plain'}",
            ),
            ("/emulator/advance", ", method: 'POST', body: '{\"seconds\":60}'"),
            (
                "/emulator/advance",
                ", method: 'POST', body: '{\"seconds\":60}', headers: {'X-CueAPI-Emulator': '1'}",
            ),
            (
                "/v1/auth/register",
                ", method: 'POST', body: '{\"email\":\"evil@example.com\"}', headers: {'Content-Type': 'application/json'}",
            ),
        ] {
            attempts.push(format!(
                "fetch('{base}{path}', {{mode: '{mode}', credentials: 'include'{init}}})"
            ));
        }
    }
    attempts
}

/// That nothing was read or changed from the page that the browser shows.
async fn gets_nothing(browser: &Browser, emulator: &Emulator) {
    let base = emulator.base_url();
    let own = browser.eval("location.origin").await;
    let same_origin = own
        .as_str()
        .is_some_and(|own| own.ends_with(&format!(":{}", emulator.address().port())));
    let base = if same_origin {
        own.as_str().unwrap()
    } else {
        base.as_str()
    };
    for attempt in attempts(base) {
        let read = "async (answer) => ({status: answer.status, text: await answer.text()}), () => null";
        let read = browser.eval(&format!("{attempt}.then({read})")).await;
        // An opaque answer has neither, a refused request nothing at all.
        let refused = read.is_null() || read["status"] == 403 || read["status"] == 0 && read["text"] == "";
        assert!(refused, "{attempt}: {read}");
        assert!(!read.to_string().contains("private"), "{attempt}: {read}");
    }
    for form in ["/v1/auth/register", "/emulator/advance"] {
        let submit = format!(
            "new Promise((done) => {{ const frame = document.createElement('iframe'); frame.name = 'f'; frame.onload = () => done(1); \
             document.documentElement.append(frame); const form = document.createElement('form'); form.action = '{base}{form}'; \
             form.method = 'POST'; form.enctype = 'text/plain'; form.target = 'f'; document.documentElement.append(form); form.submit(); }})"
        );
        browser.eval(&submit).await;
    }
    for embed in ["script", "img", "iframe"] {
        let load = format!(
            "new Promise((done) => {{ const it = document.createElement('{embed}'); it.src = '{base}/emulator/state'; \
             it.onload = it.onerror = () => done(1); document.documentElement.append(it); }})"
        );
        browser.eval(&load).await;
    }
    assert_eq!(emulator.now().to_string(), "2026-03-02T07:59:00Z");
    assert_eq!(emulator.emails().len(), 0);
    let registered = call(
        emulator,
        "POST",
        "/v1/auth/register",
        json!({"email": "evil@example.com"}),
    )
    .await;
    assert_eq!(registered["email"], "evil@example.com", "nobody has it yet");
}

pub(crate) async fn a_page_on_another_port_of_this_machine_gets_nothing() {
    let browser = Browser::open().await;
    let emulator = held().start().await.unwrap();
    let cue = json!({"name": "private", "schedule": {"type": "recurring", "cron": "* * * * *"}, "transport": "worker"});
    call(&emulator, "POST", "/v1/cues", cue).await;
    // Any server is another site.
    let site = Receiver::open([]).await;
    browser.go(&site.url()).await;
    gets_nothing(&browser, &emulator).await;
    browser.close().await;
}

/// As after a rebinding: the name is the attacker's, the address is the emulator's, and the browser sees one site.
pub(crate) async fn a_page_whose_name_was_made_to_point_here_gets_nothing() {
    let browser = Browser::open().await;
    let emulator = held().start().await.unwrap();
    let cue = json!({"name": "private", "schedule": {"type": "recurring", "cron": "* * * * *"}, "transport": "worker"});
    call(&emulator, "POST", "/v1/cues", cue).await;
    let port = emulator.address().port();
    browser.go(&format!("http://rebound.evil.test:{port}/")).await;
    let text = browser.text("body").await;
    assert!(text.contains("host_not_allowed"), "{text}");
    gets_nothing(&browser, &emulator).await;
    browser.close().await;
}

pub(crate) async fn every_answer_forbids_what_the_page_does_not_need() {
    let emulator = held().start().await.unwrap();
    for path in ["/", "/emulator/state", "/emulator/page.js", "/emulator/deliveries/7"] {
        let answer = send(&emulator, Method::GET, path, &[]).await;
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
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

pub(crate) async fn the_page_can_be_left_out_and_is_left_out_where_others_could_look() {
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

pub(crate) async fn for_clients_there_is_nothing_at_the_root_as_on_a_server() {
    let emulator = held().start().await.unwrap();
    let answer = Client::new().get(emulator.base_url()).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert!(answer.headers().get("content-security-policy").is_none());
    let answer = send(&emulator, Method::POST, "/", &[]).await;
    assert_eq!(answer.status(), 404);
}

pub(crate) async fn wishes_that_make_no_sense_are_explained() {
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
            .bearer_auth(emulator.api_key());
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{body}");
        let text = answer.text().await.unwrap();
        assert!(text.contains(expected), "{body}: {text}");
    }
    for path in ["/emulator/cues/cue_nobody00000/fire", "/emulator/cues/%00/pause"] {
        let authorization = format!("Bearer {}", emulator.api_key());
        let answer = send(&emulator, Method::POST, path, &[("authorization", &authorization)]).await;
        assert_eq!(answer.status(), 404, "{path}");
    }
    assert_eq!(emulator.now().to_string(), "2026-03-02T07:59:00Z");
}
