//! The states in which the captures of messages, mailboxes, events and subscriptions were made.

use cueapi_emulator::json::Json;

use super::{
    Capture,
    agents::{ALPHA, BETA, agent, alone, cast},
    world::World,
};
use crate::wire::Connection;

/// The message that most captures are about, from Alpha to Beta.
const FIRST: &str = "msg_6bawcqgxztrq";

pub(super) async fn set_up(world: &mut World, capture: &Capture) {
    let name = capture.name.as_str();
    if name.contains("ssrf") {
        return alone(world).await;
    }
    cast(world).await;
    match name {
        "messages_send_404_from_deleted" => {
            world.ok("DELETE", &format!("/v1/agents/{ALPHA}"), "").await;
        }
        "messages_send_403_cross_tenant" => foreign_agent(world).await,
        "messages_send_409_idempotency_conflict" => {
            let sent = send(world, ALPHA, &[("idempotency-key", "K1")], BETA, r#""body":"idem""#).await;
            world.name("msg_c7ysxqe7rzzs", &sent);
        }
        "messages_send_push" => {
            sender_and_receiver(world, "agt_y8ffcg0h3tt8").await;
        }
        "messages_get_after_push_retry" => {
            sender_and_receiver(world, "agt_aylasbff6wmo").await;
            like(world, &capture.json()).await;
            world.emulator.run_until_idle().await;
        }
        "messages_get" => {
            like(world, &capture.json()).await;
            world.emulator.run_until_idle().await;
        }
        "messages_send_reply" | "messages_get_404_other_user" => first(world).await,
        "messages_ack_again" | "messages_read_409_after_ack" => {
            first(world).await;
            world.ok("POST", &format!("/v1/messages/{FIRST}/ack"), "").await;
        }
        "messages_read_again" => {
            first(world).await;
            world.ok("POST", &format!("/v1/messages/{FIRST}/read"), "").await;
        }
        "inbox_count_only" => {
            for _ in 0..6 {
                send(world, BETA, &[], ALPHA, r#""body":"x""#).await;
            }
        }
        _ if capture.status == 200 && (name.starts_with("inbox_") || name.starts_with("sent_")) => {
            mailbox(world, &capture.json()).await;
        }
        _ if name.starts_with("events_pull") && capture.status == 200 => events(world).await,
        _ => {}
    }
}

async fn first(world: &mut World) {
    let id = send(world, ALPHA, &[], BETA, r#""body":"hello""#).await;
    world.name(FIRST, &id);
}

async fn foreign_agent(world: &mut World) {
    let authorization = format!("Bearer {}", world.other_key());
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
    ];
    let mut connection = Connection::open(world.emulator.address()).await;
    let body = br#"{"display_name":"Foreign"}"#;
    let made = connection.exchange("POST", "/v1/agents", &headers, body).await;
    world.name("agt_gx85mm7e2eqj", &made.text("id"));
}

async fn sender_and_receiver(world: &mut World, receiver: &str) {
    agent(world, "agt_cw7d6zk4mnzg", r#"{"display_name":"Sender"}"#).await;
    let body = r#"{"display_name":"Receiver","webhook_url":"http://127.0.0.1:8099/h/x"}"#;
    agent(world, receiver, body).await;
}

/// The messages of a list, and as many older ones as it says there are.
async fn mailbox(world: &mut World, list: &Json) {
    let (Some(Json::Array(items)), Some(Json::Int(total))) = (list.get("messages"), list.get("total")) else {
        panic!("not a list")
    };
    if items.iter().any(|item| item.get("reply_to") != Some(&Json::Null)) {
        first(world).await;
    }
    let text = |key: &str| items[0].get(key).unwrap().as_str().unwrap().to_owned();
    for _ in items.len()..usize::try_from(*total).unwrap() {
        send(
            world,
            &text("from_agent_id"),
            &[],
            &text("to_agent_id"),
            r#""body":"older""#,
        )
        .await;
    }
    for item in items.iter().rev() {
        like(world, item).await;
    }
}

/// A reply, and three urgent messages.
async fn events(world: &mut World) {
    first(world).await;
    let bodies = [
        format!(r#""body":"re","reply_to":"{FIRST}""#),
        r#""body":"p","priority":4"#.to_owned(),
        r#""body":"p","priority":4"#.to_owned(),
        r#""body":"p","priority":4"#.to_owned(),
        r#""body":"for poll""#.to_owned(),
    ];
    let captured = [
        "msg_nz3mj8la3cem",
        "msg_axxptfn4199x",
        "msg_0d1kl1s9hq6r",
        "msg_eals10iifgsm",
    ];
    for (at, body) in bodies.iter().enumerate() {
        let id = send(world, BETA, &[], ALPHA, body).await;
        if let Some(captured) = captured.get(at) {
            world.name(captured, &id);
        }
    }
    let events = world.ok("GET", &format!("/v1/agents/{ALPHA}/events?limit=2"), "").await;
    world.name("since=16", &format!("since={}", events.text("next_cursor")));
}

/// Sends such a message as this one, which then has its id.
async fn like(world: &mut World, message: &Json) {
    let text = |key: &str| message.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    let names = [
        "body",
        "subject",
        "reply_to",
        "priority",
        "expects_reply",
        "metadata",
        "correlation_id",
    ];
    let members = names.map(|name| (name.into(), message.get(name).cloned().unwrap_or(Json::Null)));
    let members = Json::Object(members.into()).to_compact();
    let members = members
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .unwrap();
    let id = send(world, &text("from_agent_id"), &[], &text("to_agent_id"), members).await;
    world.name(&text("id"), &id);
}

/// Sends a message whose further members are given, and answers its id.
async fn send(world: &World, from: &str, more: &[(&str, &str)], to: &str, members: &str) -> String {
    let authorization = format!("Bearer {}", world.emulator.api_key());
    let from = world.translate(from);
    let mut headers = vec![
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
        ("x-cueapi-from-agent", from.as_str()),
    ];
    headers.extend(more);
    let body = world.translate(&format!(r#"{{"to":"{to}",{members}}}"#));
    let mut connection = Connection::open(world.emulator.address()).await;
    let sent = connection
        .exchange("POST", "/v1/messages", &headers, body.as_bytes())
        .await;
    assert_eq!(sent.status, 201, "{}", sent.body);
    sent.text("id")
}
