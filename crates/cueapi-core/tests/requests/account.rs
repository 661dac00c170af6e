//! The account, its login, its limits and secrets, and the server.

use cueapi_core::{
    ApiKey, ClientBuilder, ConfirmDestructive, ErrorKind,
    testing::{self, ReplayClient, json},
    types::{AlertType, BillingInterval, PaidPlan},
};
use serde_json::json as value;

use crate::{at, patch, post, request};

#[test]
fn the_webhook_secret() {
    assert_eq!(request(|c| c.webhook_secret().get()), "GET /v1/auth/webhook-secret\n\n");
    assert_eq!(
        request(|c| c.webhook_secret().regenerate(ConfirmDestructive)),
        "POST /v1/auth/webhook-secret/regenerate\nx-confirm-destructive: true\n\n"
    );
}

#[test]
fn the_service() {
    assert_eq!(request(|c| c.service().info()), "GET /v1/info\n\n");
    assert_eq!(request(|c| c.service().health()), "GET /health\n\n");
    assert_eq!(request(|c| c.service().status()), "GET /status\n\n");
}

#[test]
fn the_account() {
    assert_eq!(request(|c| c.account().get()), "GET /v1/auth/me\n\n");
    assert_eq!(
        request(|c| c.account().update().email("b@example.com")),
        patch("/v1/auth/me", r#"{"email":"b@example.com"}"#)
    );
    assert_eq!(
        request(|c| c.account().update().alert_webhook_url("https://a.example")),
        patch("/v1/auth/me", r#"{"alert_webhook_url":"https://a.example"}"#)
    );
    assert_eq!(request(|c| c.account().key()), "GET /v1/auth/key\n\n");
    assert_eq!(
        request(|c| c.account().regenerate_key(ConfirmDestructive)),
        "POST /v1/auth/key/regenerate\nx-confirm-destructive: true\n\n"
    );
    assert_eq!(
        request(|c| c.account().refresh_session()),
        "POST /v1/auth/session/refresh\n\n"
    );
    assert_eq!(request(|c| c.usage().get()), "GET /v1/usage\n\n");
}

#[test]
fn the_account_on_the_hosted_service() {
    assert_eq!(
        request(|c| c.account().update().memory_block_enabled(true)),
        patch("/v1/auth/me", r#"{"memory_block_enabled":true}"#)
    );
    assert_eq!(request(|c| c.account().memory_block()), "GET /v1/memory-block\n\n");
    assert_eq!(request(|c| c.account().export()), "GET /v1/auth/me/export\n\n");
    assert_eq!(request(|c| c.account().processing()), "GET /v1/auth/me/processing\n\n");
    assert_eq!(
        request(|c| c.account().delete(ConfirmDestructive)),
        "DELETE /v1/auth/me\nx-confirm-destructive: true\n\n"
    );
    // In the body, although a query would do as well: URLs end up in logs.
    assert_eq!(
        request(|c| c.account().cancel_deletion("4f1c")),
        post("/v1/auth/me/cancel-deletion", r#"{"token":"4f1c"}"#)
    );
}

#[test]
fn named_keys() {
    assert_eq!(request(|c| c.keys().list()), "GET /v1/auth/keys\n\n");
    assert_eq!(
        request(|c| c.keys().create("deploy")),
        post("/v1/auth/keys", r#"{"label":"deploy"}"#)
    );
    assert_eq!(
        request(|c| c.keys().rename("k/1", "deploy")),
        patch("/v1/auth/keys/k%2F1", r#"{"label":"deploy"}"#)
    );
    assert_eq!(
        request(|c| c.keys().revoke("k1", ConfirmDestructive)),
        "DELETE /v1/auth/keys/k1\nx-confirm-destructive: true\n\n"
    );
}

#[test]
fn billing() {
    assert_eq!(
        request(|c| c.billing().checkout(PaidPlan::Pro, BillingInterval::Annual)),
        post("/v1/billing/checkout", r#"{"plan":"pro","interval":"annual"}"#)
    );
    assert_eq!(request(|c| c.billing().portal()), "POST /v1/billing/portal\n\n");
}

#[test]
fn logging_in() {
    assert_eq!(
        request(|c| c.login().register("a@example.com")),
        post("/v1/auth/register", r#"{"email":"a@example.com"}"#)
    );
    assert_eq!(
        request(|c| c.login().start("ABCD-EFGH")),
        post("/v1/auth/device-code", r#"{"device_code":"ABCD-EFGH"}"#)
    );
    assert_eq!(
        request(|c| c.login().submit_email("ABCD-EFGH", "a@example.com")),
        post(
            "/v1/auth/device-code/submit-email",
            r#"{"device_code":"ABCD-EFGH","email":"a@example.com"}"#
        )
    );
    assert_eq!(
        request(|c| c.login().poll("ABCD-EFGH")),
        post("/v1/auth/device-code/poll", r#"{"device_code":"ABCD-EFGH"}"#)
    );
    assert_eq!(
        request(|c| c.login().session("4f1c")),
        post("/v1/auth/session", r#"{"token":"4f1c"}"#)
    );
    assert_eq!(
        request(|c| c.login().mcp_exchange("stk_4f1c", "my-client").label("laptop")),
        post(
            "/v1/auth/mcp-exchange",
            r#"{"session_token":"stk_4f1c","client_id":"my-client","label":"laptop"}"#
        )
    );
}

#[test]
fn the_key_goes_where_it_is_asked_for_and_nowhere_else() {
    let sends_key = |authenticated: bool, call: &dyn Fn(&ReplayClient)| {
        let replay = ReplayClient::new([json(404, "{}")]);
        call(&replay);
        let request = &replay.raw_requests()[0];
        assert_eq!(
            request.headers().contains_key("authorization"),
            authenticated,
            "{}",
            request.uri()
        );
    };
    sends_key(true, &|r| drop(testing::run(r.client().account().get().send())));
    sends_key(true, &|r| {
        drop(testing::run(r.client().echo().get("0123456789abcdef").send()))
    });
    sends_key(false, &|r| {
        drop(testing::run(r.client().login().poll("ABCD-EFGH").send()))
    });
    sends_key(false, &|r| {
        drop(testing::run(r.client().login().register("a@example.com").send()))
    });
    sends_key(false, &|r| {
        drop(testing::run(r.client().login().mcp_exchange("stk_4f1c", "c").send()))
    });
    sends_key(false, &|r| {
        drop(testing::run(r.client().account().cancel_deletion("4f1c").send()))
    });
    sends_key(true, &|r| {
        drop(testing::run(r.client().account().delete(ConfirmDestructive).send()))
    });
    sends_key(false, &|r| {
        drop(testing::run(
            r.client().echo().store("0123456789abcdef", value!({})).send(),
        ))
    });
    sends_key(false, &|r| drop(testing::run(r.client().service().status().send())));
}

#[test]
fn a_client_without_a_key_can_log_in_and_nothing_else() {
    let replay = ReplayClient::new([json(200, r#"{"status":"pending"}"#)]);
    let client = ClientBuilder::new(ApiKey::none(), replay.clone()).build().unwrap();
    let progress = testing::run(client.login().poll("ABCD-EFGH").send()).unwrap();
    assert_eq!(progress.status.as_str(), "pending");

    let error = testing::run(client.cues().list().send()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Build);
    assert!(error.to_string().contains("without an API key"), "{error}");
    assert_eq!(replay.requests().len(), 1, "nothing more was sent");
}

#[test]
fn alerts() {
    assert_eq!(request(|c| c.alerts().list()), "GET /v1/alerts\n\n");
    assert_eq!(
        request(|c| {
            c.alerts()
                .list()
                .alert_type(AlertType::ConsecutiveFailures)
                .since(at("2026-11-23T20:00:00+00:00"))
                .cue_id("cue_1")
                .acknowledged(false)
                .limit(2)
                .offset(4)
        }),
        "GET /v1/alerts?alert_type=consecutive_failures&since=2026-11-23T20%3A00%3A00Z&cue_id=cue_1&acknowledged=false&limit=2&offset=4\n\n"
    );
    assert_eq!(
        request(|c| c.alerts().acknowledge("a1")),
        "POST /v1/alerts/a1/acknowledge\n\n"
    );
    assert_eq!(
        request(|c| c.alerts().webhook_secret()),
        "GET /v1/auth/alert-webhook-secret\n\n"
    );
    assert_eq!(
        request(|c| c.alerts().regenerate_webhook_secret(ConfirmDestructive)),
        "POST /v1/auth/alert-webhook-secret/regenerate\nx-confirm-destructive: true\n\n"
    );
}

#[test]
fn the_echo() {
    assert_eq!(
        request(|c| c.echo().store("0123456789abcdef", value!({"b": 1, "a": [null]}))),
        post("/v1/echo/0123456789abcdef", r#"{"a":[null],"b":1}"#)
    );
    assert_eq!(
        request(|c| c.echo().get("a/b 0123456789ab")),
        "GET /v1/echo/a%2Fb%200123456789ab\n\n"
    );
}
