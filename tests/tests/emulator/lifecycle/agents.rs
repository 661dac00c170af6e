//! Agents: their addresses, and whether they are there.

use super::{MINUTE, agent, emulator, reachable, send};
use crate::{
    receiver::Receiver,
    wire::{Connection, call, ok},
};

#[tokio::test]
async fn the_roster_tells_who_is_there_and_has_a_version_that_changes_with_it() {
    let emulator = emulator().await;
    let (writer, reader) = (
        agent(&emulator, "writer", "").await,
        agent(&emulator, "reader", "").await,
    );
    let roster = ok(&emulator, "GET", "/v1/agents/roster", "").await;
    assert!(roster.body.contains(r#""name":"writer","display_name":"writer","description":null,"online":false,"last_seen_relative":"never","preferred_contact":"async","status":"offline""#));

    send(&emulator, &writer, &reader, "").await;
    for (minutes, expected) in [
        (0, r#""online":true,"last_seen_relative":"active now""#),
        (5, r#""online":true,"last_seen_relative":"active now""#),
        (
            6,
            r#""online":false,"last_seen_relative":"6m ago","preferred_contact":"async","status":"away""#,
        ),
        (
            31,
            r#""online":false,"last_seen_relative":"31m ago","preferred_contact":"async","status":"offline""#,
        ),
        (130, r#""last_seen_relative":"2h ago""#),
        (3000, r#""last_seen_relative":"2d ago""#),
    ] {
        let start: jiff::Timestamp = super::START.parse().unwrap();
        emulator.advance_to(start + minutes * MINUTE).await;
        let roster = ok(&emulator, "GET", "/v1/agents/roster", "").await;
        assert!(roster.body.contains(expected), "{minutes}: {}", roster.body);
    }
    ok(
        &emulator,
        "PATCH",
        &format!("/v1/agents/{writer}"),
        r#"{"status":"away"}"#,
    )
    .await;
    send(&emulator, &writer, &reader, "").await;
    let roster = ok(&emulator, "GET", "/v1/agents/roster", "").await;
    let set = r#""name":"writer","display_name":"writer","description":null,"online":false,"last_seen_relative":"active now","preferred_contact":"async","status":"away""#;
    assert!(roster.body.contains(set), "what is set stands: {}", roster.body);
}

#[tokio::test]
async fn whoever_has_the_roster_gets_a_304_after_which_the_connection_ends() {
    let emulator = emulator().await;
    agent(&emulator, "writer", "").await;
    let etag = ok(&emulator, "GET", "/v1/agents/roster", "")
        .await
        .header("etag")
        .unwrap()
        .to_owned();
    let authorization = format!("Bearer {}", emulator.api_key());
    let known = format!(" {etag} ");
    let headers = [("authorization", authorization.as_str()), ("if-none-match", &known)];
    let mut connection = Connection::open(emulator.address()).await;
    let unchanged = connection.exchange("GET", "/v1/agents/roster", &headers, b"").await;
    assert_eq!((unchanged.status, unchanged.header("etag")), (304, Some(&*etag)));
    assert!(unchanged.body.is_empty() && unchanged.header("cache-control").is_none());
    assert!(connection.is_closed().await);

    for other in ["*", &format!("{etag}, \"x\""), "W/\"0000000000000000\""] {
        let headers = [("authorization", authorization.as_str()), ("if-none-match", other)];
        let mut connection = Connection::open(emulator.address()).await;
        let full = connection.exchange("GET", "/v1/agents/roster", &headers, b"").await;
        assert_eq!(full.status, 200, "{other}");
    }
    emulator.advance(MINUTE).await;
    agent(&emulator, "reader", "").await;
    let changed = ok(&emulator, "GET", "/v1/agents/roster", "").await;
    assert_ne!(changed.header("etag"), Some(&*etag));
}

#[tokio::test]
async fn a_name_suggests_a_slug_and_a_deleted_agent_keeps_its_own() {
    let emulator = emulator().await;
    for (name, slug) in [
        ("  Report: Writer (2) ", "report-writer-2"),
        ("Çelik", "elik"),
        ("!!!", "agent"),
    ] {
        let made = ok(
            &emulator,
            "POST",
            "/v1/agents",
            &format!(r#"{{"display_name":"{name}"}}"#),
        )
        .await;
        assert_eq!(made.text("slug"), slug);
    }
    let refused = call(
        &emulator,
        "POST",
        "/v1/agents",
        r#"{"display_name":"x","slug":"admin"}"#,
    )
    .await;
    assert_eq!(
        (refused.status, refused.text("error.code")),
        (400, "reserved_slug".into())
    );
    let crashed = call(
        &emulator,
        "POST",
        "/v1/agents",
        r#"{"display_name":"x","webhook_url":""}"#,
    )
    .await;
    assert_eq!(crashed.status, 500);

    let id = agent(&emulator, "writer", "").await;
    ok(&emulator, "DELETE", "/v1/agents/writer@dev", "").await;
    let again = call(
        &emulator,
        "POST",
        "/v1/agents",
        r#"{"display_name":"x","slug":"writer"}"#,
    )
    .await;
    assert_eq!(again.text("error.code"), "slug_taken");
    assert_eq!(
        call(&emulator, "GET", &format!("/v1/agents/{id}"), "").await.status,
        404
    );
    ok(&emulator, "GET", &format!("/v1/agents/{id}/inbox"), "").await;
}

#[tokio::test]
async fn a_secret_comes_and_goes_with_the_url() {
    let (emulator, receiver) = (emulator().await, Receiver::open([]).await);
    let id = agent(&emulator, "writer", "").await;
    let path = format!("/v1/agents/{id}");
    let secret = format!("{path}/webhook-secret");
    assert_eq!(
        call(&emulator, "GET", &secret, "").await.text("error.code"),
        "no_webhook_secret"
    );

    let url = format!(r#"{{"webhook_url":"{}"}}"#, receiver.url());
    ok(&emulator, "PATCH", &path, &url).await;
    let first = ok(&emulator, "GET", &secret, "").await.text("webhook_secret");
    ok(
        &emulator,
        "PATCH",
        &path,
        r#"{"webhook_url":"http://127.0.0.1:9/other"}"#,
    )
    .await;
    assert_eq!(ok(&emulator, "GET", &secret, "").await.text("webhook_secret"), first);
    let empty = call(&emulator, "PATCH", &path, r#"{"webhook_url":""}"#).await;
    assert_eq!(
        (empty.status, empty.text("error.code")),
        (400, "invalid_callback_url".into())
    );
    ok(&emulator, "PATCH", &path, r#"{"webhook_url":null}"#).await;
    assert_eq!(call(&emulator, "GET", &secret, "").await.status, 404);
    ok(&emulator, "PATCH", &path, &url).await;
    assert_ne!(ok(&emulator, "GET", &secret, "").await.text("webhook_secret"), first);
}

#[tokio::test]
async fn nobody_sees_another_users_agents() {
    let (emulator, receiver) = (emulator().await, Receiver::open([]).await);
    let id = reachable(&emulator, "writer", &receiver).await;
    let other = emulator.open_account("dev@example.org", cueapi_emulator::engine::Limits::unlimited());
    let authorization = format!("Bearer {other}");
    let headers = [("authorization", authorization.as_str())];
    for path in [
        format!("/v1/agents/{id}"),
        "/v1/agents/writer@dev".to_owned(),
        format!("/v1/agents/{id}/inbox"),
        format!("/v1/agents/{id}/events"),
        format!("/v1/agents/{id}/webhook-secret"),
    ] {
        let mut connection = Connection::open(emulator.address()).await;
        let hidden = connection.exchange("GET", &path, &headers, b"").await;
        assert_eq!(
            (hidden.status, hidden.text("error.code")),
            (404, "agent_not_found".into()),
            "{path}"
        );
    }
}
