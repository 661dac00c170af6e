//! Agents, messages, subscriptions and events.

use cueapi_core::{
    ConfirmDestructive, ErrorKind,
    testing::{self, ReplayClient, json},
    types::{AgentId, AgentStatus, DeliveryState, EventTarget, EventType, LiveFallbackMode},
};
use serde_json::json as value;

use crate::{at, patch, post, request};

#[test]
fn agents() {
    assert_eq!(
        request(|c| c.agents().create("Report writer")),
        post("/v1/agents", r#"{"display_name":"Report writer"}"#)
    );
    assert_eq!(
        request(|c| {
            c.agents()
                .create("B")
                .slug("b")
                .webhook_url("https://a.example")
                .metadata(&value!({"description": "d"}))
                .parent_agent_id("agt_1")
        }),
        post(
            "/v1/agents",
            r#"{"display_name":"B","slug":"b","webhook_url":"https://a.example","metadata":{"description":"d"},"parent_agent_id":"agt_1"}"#
        )
    );
    assert_eq!(request(|c| c.agents().list()), "GET /v1/agents\n\n");
    assert_eq!(
        request(|c| c
            .agents()
            .list()
            .status(AgentStatus::Away)
            .include_deleted(true)
            .limit(1)
            .offset(2)),
        "GET /v1/agents?status=away&include_deleted=true&limit=1&offset=2\n\n"
    );
    assert_eq!(
        request(|c| c.agents().get("writer@acme")),
        "GET /v1/agents/writer%40acme\n\n"
    );
    assert_eq!(
        request(|c| c.agents().get(AgentId::from("agt_1")).include_deleted(true)),
        "GET /v1/agents/agt_1?include_deleted=true\n\n"
    );
    assert_eq!(request(|c| c.agents().delete("agt_1")), "DELETE /v1/agents/agt_1\n\n");
    assert_eq!(
        request(|c| c.agents().webhook_secret("agt_1")),
        "GET /v1/agents/agt_1/webhook-secret\n\n"
    );
    assert_eq!(
        request(|c| c.agents().regenerate_webhook_secret("agt_1", ConfirmDestructive)),
        "POST /v1/agents/agt_1/webhook-secret/regenerate\nx-confirm-destructive: true\n\n"
    );
    assert_eq!(
        request(|c| c.agents().presence("agt_1")),
        "GET /v1/agents/agt_1/presence\n\n"
    );
}

#[test]
fn an_agent_s_webhook_url_is_left_set_or_cleared() {
    let path = "/v1/agents/agt_1";
    assert_eq!(
        request(|c| c
            .agents()
            .update("agt_1")
            .display_name("A")
            .status(AgentStatus::Online)
            .metadata(&value!({"x": 1}))),
        patch(path, r#"{"display_name":"A","status":"online","metadata":{"x":1}}"#)
    );
    assert_eq!(
        request(|c| c.agents().update("agt_1").webhook_url("https://a.example")),
        patch(path, r#"{"webhook_url":"https://a.example"}"#)
    );
    assert_eq!(
        request(|c| c.agents().update("agt_1").clear_webhook_url()),
        patch(path, r#"{"webhook_url":null}"#)
    );
}

#[test]
fn the_roster() {
    assert_eq!(request(|c| c.agents().roster()), "GET /v1/agents/roster\n\n");
    assert_eq!(
        request(|c| c.agents().roster().if_none_match("W/\"faa22481f66ab1ae\"")),
        "GET /v1/agents/roster\nif-none-match: W/\"faa22481f66ab1ae\"\n\n"
    );
}

#[test]
fn inbox_and_sent() {
    assert_eq!(request(|c| c.agents().inbox("agt_1")), "GET /v1/agents/agt_1/inbox\n\n");
    assert_eq!(
        request(|c| {
            c.agents()
                .inbox("agt_1")
                .state([DeliveryState::Queued, DeliveryState::Read])
                .since(at("2026-11-23T20:00:00Z"))
                .thread_id("msg_1")
                .counterpart("writer@acme")
                .limit(1)
                .offset(2)
        }),
        "GET /v1/agents/agt_1/inbox?state=queued%2Cread&since=2026-11-23T20%3A00%3A00Z&thread_id=msg_1&counterpart=writer%40acme&limit=1&offset=2\n\n"
    );
    assert_eq!(
        request(|c| c.agents().inbox_count("agt_1")),
        "GET /v1/agents/agt_1/inbox?count_only=true\n\n"
    );
    assert_eq!(
        request(|c| c.agents().inbox_count("agt_1").state([DeliveryState::Queued])),
        "GET /v1/agents/agt_1/inbox?count_only=true&state=queued\n\n"
    );
    assert_eq!(request(|c| c.agents().sent("agt_1")), "GET /v1/agents/agt_1/sent\n\n");
    assert_eq!(
        request(|c| c.agents().sent("agt_1").state([DeliveryState::Acked]).limit(2)),
        "GET /v1/agents/agt_1/sent?state=acked&limit=2\n\n"
    );
    assert_eq!(
        request(|c| c.agents().sent_count("agt_1").thread_id("msg_1")),
        "GET /v1/agents/agt_1/sent?count_only=true&thread_id=msg_1\n\n"
    );
}

fn message(headers: &str, body: &str) -> String {
    format!("POST /v1/messages\ncontent-type: application/json\n{headers}\n{body}")
}

#[test]
fn messages_send_says_who_sends_it_and_asks_for_its_text_back() {
    assert_eq!(
        request(|c| c
            .messages()
            .send("planner@acme", "agt_2", "Héllo")
            .idempotency_key("K1")),
        message(
            "idempotency-key: K1\nx-cueapi-from-agent: planner@acme\nx-cueapi-verify-echo: true\n",
            r#"{"to":"agt_2","body":"Héllo"}"#
        )
    );
    assert_eq!(
        request(|c| {
            c.messages()
                .send("agt_1", "agt_2", "x")
                .idempotency_key("K2")
                .verify_body(false)
                .subject("s")
                .reply_to("msg_1")
                .priority(4)
                .expects_reply(true)
                .reply_to_agent("writer@acme")
                .metadata(&value!({"k": 1}))
                .correlation_id("c")
                .send_at(at("2026-11-23T22:00:00+02:00"))
                .live_fallback_mode(LiveFallbackMode::LiveOnly)
                .delivery_mode("inbox")
                .notify(["boss@acme"])
        }),
        message(
            "idempotency-key: K2\nx-cueapi-from-agent: agt_1\n",
            concat!(
                r#"{"to":"agt_2","body":"x","subject":"s","reply_to":"msg_1","priority":4,"expects_reply":true,"#,
                r#""reply_to_agent":"writer@acme","metadata":{"k":1},"correlation_id":"c","send_at":"2026-11-23T20:00:00Z","#,
                r#""live_fallback_mode":"live_only","delivery_mode":"inbox","notify":["boss@acme"]}"#
            )
        )
    );
}

#[test]
fn messages() {
    assert_eq!(request(|c| c.messages().get("msg_1")), "GET /v1/messages/msg_1\n\n");
    assert_eq!(
        request(|c| c.messages().mark_read("msg_1")),
        "POST /v1/messages/msg_1/read\n\n"
    );
    assert_eq!(
        request(|c| c.messages().ack("msg_1")),
        "POST /v1/messages/msg_1/ack\n\n"
    );
}

#[test]
fn a_message_that_no_server_takes_is_refused_before_it_is_sent() {
    let refused = |text: &str, key: &str| {
        let replay = ReplayClient::new([json(404, "{}")]);
        let call = replay
            .client()
            .messages()
            .send("agt_1", "agt_2", text)
            .idempotency_key(key);
        let error = testing::run(call.send()).unwrap_err();
        assert_eq!((error.kind(), replay.requests().len()), (ErrorKind::Build, 0));
        error.to_string()
    };
    assert!(refused(&"é".repeat(16_385), "K").contains("32,768 bytes and not 32770"));
    assert!(refused("x", "").contains("1 to 255 characters"));
    assert!(refused("x", &"k".repeat(256)).contains("1 to 255 characters"));
}

#[test]
fn subscriptions_and_events() {
    assert_eq!(
        request(|c| c
            .subscriptions()
            .create("agt_1", EventType::MessageDelivered, EventTarget::Pull)),
        post(
            "/v1/agents/agt_1/subscriptions",
            r#"{"event_type":"message.delivered","delivery_target":"pull"}"#
        )
    );
    assert_eq!(
        request(|c| {
            c.subscriptions()
                .create(
                    "agt_1",
                    EventType::MessageDigest,
                    EventTarget::webhook("https://a.example"),
                )
                .inline_body(true)
        }),
        post(
            "/v1/agents/agt_1/subscriptions",
            r#"{"event_type":"message.digest","inline_body":true,"delivery_target":"webhook","webhook_url":"https://a.example"}"#
        )
    );
    assert_eq!(
        request(|c| c.subscriptions().list("agt_1")),
        "GET /v1/agents/agt_1/subscriptions\n\n"
    );
    assert_eq!(
        request(|c| c.subscriptions().delete("agt_1", "s1")),
        "DELETE /v1/agents/agt_1/subscriptions/s1\n\n"
    );
    assert_eq!(
        request(|c| c.subscriptions().ack("agt_1", "s1", 7)),
        patch("/v1/agents/agt_1/subscriptions/s1/ack", r#"{"acked_event_id":7}"#)
    );
    assert_eq!(request(|c| c.events().pull("agt_1")), "GET /v1/agents/agt_1/events\n\n");
    assert_eq!(
        request(|c| {
            c.events()
                .pull("agt_1")
                .since(16)
                .limit(2)
                .event_type(EventType::TurnPass)
                .wait()
        }),
        "GET /v1/agents/agt_1/events?since=16&limit=2&event_type=turn.pass&wait=long\n\n"
    );
}
