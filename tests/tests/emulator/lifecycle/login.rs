//! Logins by device code, from the first question to the key, through the SDK.

use std::time::Duration;

use cueapi_core::types::LoginStatus;
use cueapi_emulator::Emulator;
use cueapi_hyper::{ApiKey, Client};

use super::{account::client, emulator, emulator_with};
use crate::wire::{Answer, Connection, call};

const CODE: &str = "ABCD-EFGH";

/// Opens the link in the last mail, as the user does.
async fn open_link(emulator: &Emulator) -> Answer {
    let mail = emulator.emails().pop().unwrap();
    let target = &mail.link[mail.link.find("/v1/").unwrap()..];
    Connection::open(emulator.address())
        .await
        .exchange("GET", target, &[], b"")
        .await
}

async fn status(nobody: &Client) -> LoginStatus {
    nobody.login().poll(CODE).await.unwrap().status
}

#[tokio::test]
async fn a_new_user_logs_in_and_gets_the_key_once() {
    let emulator = emulator().await;
    let nobody = client(&emulator, ApiKey::none());
    let started = nobody.login().start(CODE).await.unwrap();
    assert_eq!(started.expires_in, Some(900));
    assert_eq!(
        started.verification_url,
        format!("{}/auth/device?code={CODE}", emulator.base_url())
    );
    assert_eq!(status(&nobody).await, LoginStatus::Pending);

    nobody.login().submit_email(CODE, "new@example.com").await.unwrap();
    assert_eq!(status(&nobody).await, LoginStatus::EmailSent);
    assert_eq!(&*emulator.emails()[0].to, "new@example.com");
    let opened = open_link(&emulator).await;
    assert_eq!(
        (opened.status, opened.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );

    let login = nobody.login().poll(CODE).await.unwrap();
    assert_eq!(
        (login.status, login.email.as_deref()),
        (LoginStatus::Approved, Some("new@example.com"))
    );
    let key = login.api_key.unwrap();
    let account = client(&emulator, key.expose()).account().get().await.unwrap();
    assert_eq!(account.email.as_deref(), Some("new@example.com"));
    assert_eq!(status(&nobody).await, LoginStatus::Claimed);
    assert_eq!(open_link(&emulator).await.status, 400, "a link is good for once");
}

#[tokio::test]
async fn an_existing_user_keeps_the_account_and_can_exchange_the_token_for_a_session_once() {
    let emulator = emulator().await;
    let nobody = client(&emulator, ApiKey::none());
    nobody.login().start(CODE).await.unwrap();
    nobody.login().submit_email(CODE, "dev@example.com").await.unwrap();
    open_link(&emulator).await;

    let token = nobody.login().poll(CODE).await.unwrap().session_token.unwrap();
    let session = nobody.login().session(token.clone()).await.unwrap();
    let by_session = client(&emulator, session.session_token.expose());
    let key = by_session.account().key().await.unwrap().api_key.unwrap();
    assert_eq!(key.expose(), emulator.api_key());
    let again = nobody.login().session(token).await.unwrap_err();
    assert_eq!(again.api().unwrap().code.as_str(), "invalid_token");
}

#[tokio::test]
async fn a_code_is_good_for_900_seconds() {
    let emulator = emulator().await;
    let nobody = client(&emulator, ApiKey::none());
    nobody.login().start(CODE).await.unwrap();
    let in_use = nobody.login().start(CODE).await.unwrap_err();
    assert_eq!(in_use.api().unwrap().code.as_str(), "device_code_exists");
    nobody.login().submit_email(CODE, "new@example.com").await.unwrap();
    emulator.advance(Duration::from_secs(899)).await;
    assert_eq!(status(&nobody).await, LoginStatus::EmailSent);
    emulator.advance(Duration::from_secs(1)).await;
    assert_eq!(status(&nobody).await, LoginStatus::Expired);
    assert_eq!(open_link(&emulator).await.status, 400);
    let late = nobody.login().submit_email(CODE, "new@example.com").await.unwrap_err();
    assert_eq!(late.api().unwrap().code.as_str(), "device_code_expired");
    nobody.login().start(CODE).await.expect("an old code can be used again");
}

#[tokio::test]
async fn every_wrong_step_of_a_login_has_its_code() {
    let emulator = emulator().await;
    let submit = |code: &str| format!(r#"{{"device_code":"{code}","email":"new@example.com"}}"#);
    for (path, body, status, code) in [
        (
            "device-code",
            r#"{"device_code":"short"}"#.to_owned(),
            400,
            "invalid_device_code",
        ),
        (
            "device-code",
            format!(r#"{{"device_code":"{}"}}"#, "x".repeat(129)),
            400,
            "invalid_device_code",
        ),
        ("device-code", "{}".to_owned(), 422, "validation_error"),
        (
            "device-code/submit-email",
            submit("unknown-code"),
            404,
            "device_code_not_found",
        ),
        ("session", r#"{"token":"x"}"#.to_owned(), 401, "invalid_token"),
    ] {
        let answer = call(&emulator, "POST", &format!("/v1/auth/{path}"), &body).await;
        assert_eq!(
            (answer.status, &*answer.text("error.code")),
            (status, code),
            "{path} {body}"
        );
    }
    let unknown = call(&emulator, "POST", "/v1/auth/device-code/poll", r#"{"device_code":"x"}"#).await;
    assert_eq!(unknown.body, r#"{"status":"expired"}"#);

    call(
        &emulator,
        "POST",
        "/v1/auth/device-code",
        r#"{"device_code":"good-code"}"#,
    )
    .await;
    call(
        &emulator,
        "POST",
        "/v1/auth/device-code/submit-email",
        &submit("good-code"),
    )
    .await;
    open_link(&emulator).await;
    let approved = call(
        &emulator,
        "POST",
        "/v1/auth/device-code/submit-email",
        &submit("good-code"),
    )
    .await;
    assert_eq!(
        (approved.status, &*approved.text("error.code")),
        (400, "invalid_status")
    );
}

#[tokio::test]
async fn logins_have_limits_of_their_own_without_a_retry_after() {
    let limits = cueapi_emulator::engine::Limits::free().requests_per_minute(Some(1000));
    let emulator = emulator_with(limits).await;
    let hour = Duration::from_secs(3600);
    let post =
        async |path: &str, body: String| call(&emulator, "POST", &format!("/v1/auth/device-code{path}"), &body).await;
    let submit = |to: &str| format!(r#"{{"device_code":"code-0","email":"{to}@example.com"}}"#);

    for n in 0..5 {
        assert_eq!(post("", format!(r#"{{"device_code":"code-{n}"}}"#)).await.status, 201);
    }
    let sixth = post("", r#"{"device_code":"code-6"}"#.to_owned()).await;
    assert_eq!((sixth.status, &*sixth.text("error.code")), (429, "rate_limit_exceeded"));
    assert_eq!(sixth.header("retry-after"), None);
    for _ in 0..3 {
        assert_eq!(post("/submit-email", submit("a")).await.status, 200);
    }
    assert_eq!(
        post("/submit-email", submit("a")).await.status,
        429,
        "three to one address"
    );
    for to in ["b", "c", "d", "e", "f", "g", "h"] {
        assert_eq!(post("/submit-email", submit(to)).await.status, 200);
    }
    assert_eq!(
        post("/submit-email", submit("i")).await.status,
        429,
        "ten from one address"
    );
    for _ in 0..30 {
        assert_eq!(
            post("/poll", r#"{"device_code":"code-0"}"#.to_owned()).await.status,
            200
        );
    }
    assert_eq!(
        post("/poll", r#"{"device_code":"code-0"}"#.to_owned()).await.status,
        429
    );
    emulator.advance(Duration::from_secs(60)).await;
    assert_eq!(
        post("/poll", r#"{"device_code":"code-0"}"#.to_owned()).await.status,
        200
    );
    emulator.advance(hour).await;
    assert_eq!(post("", r#"{"device_code":"code-6"}"#.to_owned()).await.status, 201);
}

#[tokio::test]
async fn the_page_shows_the_code_and_nothing_that_it_could_run() {
    let emulator = emulator().await;
    let target = "/auth/device?code=%3Cscript%3Ealert(1)%3C/script%3E%22";
    let page = Connection::open(emulator.address())
        .await
        .exchange("GET", target, &[], b"")
        .await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.body.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;") && !page.body.contains("<script>alert"));
    assert_eq!(page.header("x-ratelimit-limit"), None);
}

#[tokio::test]
async fn mails_can_be_shown_as_they_come() {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let show = seen.clone();
    let emulator = Emulator::builder()
        .on_email(move |mail| show.lock().unwrap().push(mail.link.clone()))
        .start()
        .await
        .unwrap();
    let nobody = client(&emulator, ApiKey::none());
    nobody.login().start(CODE).await.unwrap();
    nobody.login().submit_email(CODE, "new@example.com").await.unwrap();
    assert_eq!(*seen.lock().unwrap(), [emulator.emails()[0].link.clone()]);
    let printed = format!("{:?}", emulator.emails());
    assert!(
        printed.contains("new@example.com") && !printed.contains("token"),
        "{printed}"
    );
}
