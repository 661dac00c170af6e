//! Accounts: opened, changed, and called with keys and sessions.

use std::time::Duration;

use cueapi_core::{ConfirmDestructive, ErrorKind};
use cueapi_emulator::{Cors, Emulator, engine::Limits};
use cueapi_hyper::{ApiKey, Client};

use super::{emulator, emulator_with};
use crate::wire::{call, call_as, ok_as};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn client(emulator: &Emulator, key: impl Into<ApiKey>) -> Client {
    cueapi_hyper::builder(key)
        .base_url(emulator.base_url())
        .build()
        .unwrap()
}

#[tokio::test]
async fn who_registers_gets_a_key_that_works_and_sees_nothing_of_others() {
    let emulator = emulator().await;
    let nobody = client(&emulator, ApiKey::none());
    let registered = nobody.login().register("New.User+x@Example.COM").await.unwrap();
    assert_eq!(registered.email.as_deref(), Some("New.User+x@example.com"));

    let client = client(&emulator, registered.api_key.expose());
    let account = client.account().get().await.unwrap();
    assert_eq!(account.email.as_deref(), Some("New.User+x@example.com"));
    assert_eq!(account.slug.as_deref(), Some("new-user-x"));
    assert_eq!(client.cues().list().await.unwrap().total, 0);
    let again = nobody.login().register("New.User+x@example.com").await.unwrap_err();
    assert_eq!(again.api().unwrap().code.as_str(), "duplicate_email");
}

#[tokio::test]
async fn a_registered_account_has_the_limits_of_the_first() {
    let emulator = emulator_with(Limits::free().cues(Some(3))).await;
    let nobody = client(&emulator, ApiKey::none());
    let registered = nobody.login().register("a@example.com").await.unwrap();
    let client = client(&emulator, registered.api_key.expose());
    assert_eq!(client.account().get().await.unwrap().active_cue_limit, Some(3));
}

/// Each answer is one of pydantic 2.13.3 with email-validator 2.4.0.
#[tokio::test]
async fn what_is_no_address_is_refused_in_the_words_of_pydantic() {
    let emulator = emulator().await;
    for (address, reason) in [
        ("", "An email address must have an @-sign."),
        ("@b.com", "There must be something before the @-sign."),
        ("a@", "There must be something after the @-sign."),
        (
            "a@b",
            "The part after the @-sign is not valid. It should have a period.",
        ),
        (
            "a@b@c.com",
            "The part after the @-sign contains invalid characters: '@'.",
        ),
        (
            "a b@c.com",
            "The email address contains invalid characters before the @-sign: SPACE.",
        ),
        (
            "a,b@c.com",
            "The email address contains invalid characters before the @-sign: ','.",
        ),
        (
            "a\t@b.com",
            "The email address contains invalid characters before the @-sign: U+0009.",
        ),
        ("a..b@c.com", "An email address cannot have two periods in a row."),
        (".a@c.com", "An email address cannot start with a period."),
        (
            "a.@c.com",
            "An email address cannot have a period immediately before the @-sign.",
        ),
        ("a@b..com", "An email address cannot have two periods in a row."),
        (
            "a@.com",
            "An email address cannot have a period immediately after the @-sign.",
        ),
        ("a@b.com.", "An email address cannot end with a period."),
        (
            "a@-b.com",
            "An email address cannot have a hyphen immediately after the @-sign.",
        ),
        (
            "a@b-.com",
            "An email address cannot have a period and a hyphen next to each other.",
        ),
        (
            "a@b.c1",
            "The part after the @-sign is not valid. It is not within a valid top-level domain.",
        ),
        (
            "a@x.test",
            "The part after the @-sign is a special-use or reserved name that cannot be used with email.",
        ),
    ] {
        let body = format!(
            r#"{{"email":{}}}"#,
            cueapi_emulator::json::Json::from(address).to_compact()
        );
        let answer = call(&emulator, "POST", "/v1/auth/register", &body).await;
        assert_eq!(answer.status, 422, "{address}");
        let message = format!("body.email: value is not a valid email address: {reason}");
        assert_eq!(answer.text("error.message"), message, "{address}");
    }
    for (address, kept) in [(" Name <a@b.com> ", "a@b.com"), ("é@c.com", "é@c.com")] {
        let body = format!(r#"{{"email":"{address}"}}"#);
        let answer = call(&emulator, "POST", "/v1/auth/register", &body).await;
        assert_eq!((answer.status, answer.text("email")), (201, kept.to_owned()));
    }
}

#[tokio::test]
async fn a_session_stands_in_for_the_key_for_a_day() {
    let emulator = emulator().await;
    let by_key = client(&emulator, emulator.api_key());
    let session = by_key.account().refresh_session().await.unwrap().session_token;

    let by_session = client(&emulator, session.expose());
    let key = by_session.account().key().await.unwrap().api_key.unwrap();
    assert_eq!(key.expose(), emulator.api_key());
    emulator.advance(DAY - Duration::from_secs(1)).await;
    let renewed = by_session.account().refresh_session().await.unwrap().session_token;
    emulator.advance(Duration::from_secs(1)).await;
    let expired = by_session.account().get().await.unwrap_err();
    assert_eq!(expired.api().unwrap().code.as_str(), "session_expired");
    client(&emulator, renewed.expose()).account().get().await.unwrap();
}

#[tokio::test]
async fn a_session_token_that_was_tampered_with_is_none() {
    let emulator = emulator().await;
    let token = ok_as(&emulator, &emulator.api_key(), "POST", "/v1/auth/session/refresh", "")
        .await
        .text("session_token");
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let flipped = if signature.starts_with('A') { 'B' } else { 'A' };
    for wrong in [
        format!("{signed}.{flipped}{}", &signature[1..]),
        format!("{signed}."),
        signed.to_owned(),
        format!("{header}.{}.{signature}", &claims[1..]),
        format!("eyJhbGciOiJub25lIn0.{claims}.{signature}"),
        "..".to_owned(),
    ] {
        let answer = call_as(&emulator, &wrong, "GET", "/v1/auth/me", "").await;
        assert_eq!(
            (answer.status, answer.text("error.code")),
            (401, "invalid_session".into()),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn a_regenerated_key_replaces_the_old_one_and_what_destroys_must_be_confirmed() {
    let emulator = emulator().await;
    let old = client(&emulator, emulator.api_key());
    let new = old.account().regenerate_key(ConfirmDestructive).await.unwrap().api_key;
    assert_eq!(new.expose(), emulator.api_key());
    let refused = old.account().get().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Authentication);
    assert_eq!(refused.api().unwrap().code.as_str(), "key_rotated");
    for route in ["key", "webhook-secret", "alert-webhook-secret"] {
        let answer = call(&emulator, "POST", &format!("/v1/auth/{route}/regenerate"), "").await;
        assert_eq!(
            (answer.status, answer.text("error.code")),
            (400, "confirmation_required".into())
        );
    }
}

#[tokio::test]
async fn web_pages_may_call_and_read_the_headers_of_the_api_where_that_is_wanted() {
    let emulator = Emulator::builder().cors(Cors::Any).start().await.unwrap();
    let mut connection = crate::wire::Connection::open(emulator.address()).await;
    let origin = ("origin", "https://app.example");
    let asked = [
        origin,
        ("access-control-request-method", "PATCH"),
        ("access-control-request-headers", "authorization,content-type"),
    ];
    let preflight = connection.exchange("OPTIONS", "/v1/cues/cue_x", &asked, b"").await;
    assert_eq!((preflight.status, &*preflight.body), (200, "OK"));
    assert_eq!(
        preflight.header("access-control-allow-origin"),
        Some("https://app.example")
    );
    assert_eq!(preflight.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(
        preflight.header("access-control-allow-headers"),
        Some("authorization,content-type")
    );
    assert!(
        preflight
            .header("access-control-allow-methods")
            .unwrap()
            .contains("PATCH")
    );

    let refused = connection.exchange("GET", "/v1/cues", &[origin], b"").await;
    assert_eq!(refused.status, 401);
    assert_eq!(
        refused.header("access-control-allow-origin"),
        Some("https://app.example")
    );
    assert!(
        refused
            .header("access-control-expose-headers")
            .unwrap()
            .contains("X-Request-Id")
    );
    assert_eq!(refused.header("vary"), Some("Origin"));

    let plain = connection.exchange("GET", "/v1/info", &[], b"").await;
    assert_eq!(
        (plain.header("vary"), plain.header("server")),
        (Some("Origin"), Some("uvicorn"))
    );
    assert_eq!(plain.header("access-control-allow-origin"), None);
    let without_question = connection.exchange("OPTIONS", "/v1/cues", &[origin], b"").await;
    assert_eq!(without_question.status, 405);
}

#[tokio::test]
async fn what_only_the_hosted_service_has_is_not_here() {
    let emulator = emulator().await;
    for (method, target, status) in [
        ("POST", "/v1/cues/bulk-delete", 405),
        (
            "POST",
            "/v1/alerts/a361b0cd-33c3-46d1-9e05-77a5ef683b99/acknowledge",
            404,
        ),
        ("GET", "/v1/agents/agt_000000000000/presence", 404),
        ("DELETE", "/v1/auth/me", 405),
        ("POST", "/v1/billing/checkout", 404),
        ("GET", "/openapi.json", 404),
    ] {
        let answer = call(&emulator, method, target, "").await;
        assert_eq!(
            (answer.status, &*answer.text("error.code")),
            (status, "http_error"),
            "{method} {target}"
        );
    }
}
