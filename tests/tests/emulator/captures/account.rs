//! The states in which the captures of accounts, their usage, alerts and echoes were made.

use std::time::Duration;

use cueapi_emulator::json::Json;

use super::{
    Capture,
    world::{World, webhook_cue, worker_cue},
};
use crate::wire::Connection;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) async fn set_up(world: &mut World, capture: &Capture) {
    match capture.name.as_str() {
        "auth_401_key_rotated" => world.rotate_key().await,
        "auth_401_session_expired" => {
            world.token = Some(session(world).await);
            world.emulator.advance(DAY).await;
        }
        "auth_register_409_duplicate" | "auth_me_patch_500_duplicate_email" => {
            register(world, "ref@example.com").await;
        }
        "auth_session_refresh" => world.token = Some(register(world, "rot@example.com").await),
        "auth_me_with_session_jwt" => {
            world.token = Some(register(world, "rot@example.com").await);
            let patch = r#"{"email":"rot3@example.com "}"#;
            world.ok("PATCH", "/v1/auth/me", patch).await;
            world.token = Some(session(world).await);
        }
        "auth_me" | "auth_me_raised" => {
            world.token = Some(register(world, "ref@example.com").await);
            use_up(world, capture, "active_cues", "executions_this_month").await;
        }
        "usage_raised" | "usage_with_outcomes" => use_up(world, capture, "cues.used", "executions.used").await,
        "usage_at_cue_limit" => {
            for n in 0..10 {
                world.worker_cue(&format!("cue-{n}")).await;
            }
        }
        "usage_over_limit" => {
            let hook = world.create(&webhook_cue("hook", "")).await;
            for n in 0..9 {
                world.worker_cue(&format!("cue-{n}")).await;
            }
            for n in 1..=400 {
                world.fire(&hook).await;
                if n % 40 == 0 {
                    world.emulator.advance(Duration::from_secs(60)).await;
                }
            }
            world.emulator.run_until_idle().await;
        }
        "auth_device_code_create_duplicate" | "auth_device_code_poll_pending" | "auth_device_code_submit_email" => {
            let code = Json::parse(capture.body.as_bytes()).unwrap();
            let code = code.get("device_code").unwrap().as_str().unwrap();
            let body = format!(r#"{{"device_code":"{code}"}}"#);
            world.ok("POST", "/v1/auth/device-code", &body).await;
        }
        "alerts_list_after_alert_webhooks" => {
            unproven(world, capture, &[2, 1]).await;
            three_failures(world, capture).await;
        }
        "alerts_list_limit" => unproven(world, capture, &[1, 1, 1, 1, 1, 1, 0, 1]).await,
        "echo_get_delivered" => echoed(world, capture).await,
        _ => {}
    }
}

/// Has stored what the capture's caller sent, with the same headers in the same order.
async fn echoed(world: &World, capture: &Capture) {
    let json = capture.json();
    let Some(Json::Object(headers)) = json.get("headers") else {
        panic!("no headers in {}", capture.answer)
    };
    let mut request = format!("POST {} HTTP/1.1\r\n", capture.path);
    for (name, value) in headers {
        request.push_str(&format!("{name}: {}\r\n", value.as_str().unwrap()));
    }
    request.push_str("\r\n{\"hello\":\"wörld\",\"f\":1e+16}");
    let mut connection = Connection::open(world.emulator.address()).await;
    connection.write(request.as_bytes()).await;
    assert_eq!(connection.answer(false).await.unwrap().status, 200);
}

/// Opens an account and answers its key.
async fn register(world: &World, email: &str) -> String {
    let body = format!(r#"{{"email":"{email}"}}"#);
    world.ok("POST", "/v1/auth/register", &body).await.text("api_key")
}

async fn session(world: &World) -> String {
    let answer = world.ok("POST", "/v1/auth/session/refresh", "").await;
    answer.text("session_token")
}

/// Makes as many cues, webhook deliveries and outcomes as the capture counts.
async fn use_up(world: &World, capture: &Capture, cues: &str, deliveries: &str) {
    let json = capture.json();
    let count = |path: &str| match path.split('.').try_fold(&json, |json, key| json.get(key)) {
        Some(Json::Int(count)) => *count,
        _ => 0,
    };
    let hook = world.create(&webhook_cue("hook", "")).await;
    for _ in 0..count(deliveries) {
        world.fire(&hook).await;
    }
    world.emulator.run_until_idle().await;
    if count(cues) == 0 {
        world.ok("DELETE", &format!("/v1/cues/{hook}"), "").await;
        return;
    }
    let mut worker = String::new();
    for n in 1..count(cues) {
        worker = world.worker_cue(&format!("cue-{n}")).await;
    }
    for n in 0..count("outcomes.reported") {
        let execution = world.fire(&worker).await;
        let body = format!(r#"{{"success":{}}}"#, n < count("outcomes.succeeded"));
        let path = format!("/v1/executions/{execution}/outcome");
        world.ok("POST", &path, &body).await;
    }
}

/// Successes without the evidence that they need. The capture lists them by place, newest first; the numbers here say
/// which one each stands for.
async fn unproven(world: &mut World, capture: &Capture, places: &[usize]) {
    let cue = worker_cue("unproven", "{}", r#","verification":{"mode":"require_external_id"}"#);
    let cue = world.create(&cue).await;
    for place in places {
        let execution = world.fire(&cue).await;
        report(world, &execution, true).await;
        call_it(world, capture, *place, &cue, &execution);
    }
}

async fn three_failures(world: &mut World, capture: &Capture) {
    let cue = world.worker_cue("failing").await;
    for _ in 0..3 {
        let execution = world.fire(&cue).await;
        report(world, &execution, false).await;
        call_it(world, capture, 0, &cue, &execution);
    }
}

async fn report(world: &World, execution: &str, success: bool) {
    let path = format!("/v1/executions/{execution}/outcome");
    let body = format!(r#"{{"success":{success}}}"#);
    world.ok("POST", &path, &body).await;
    world.emulator.advance(Duration::from_millis(3)).await;
}

/// The cue and the execution of an alert in the capture are these.
fn call_it(world: &mut World, capture: &Capture, place: usize, cue: &str, execution: &str) {
    let json = capture.json();
    let Some(Json::Array(alerts)) = json.get("alerts") else {
        panic!("no alerts in {}", capture.answer)
    };
    let Some(alert) = alerts.get(place) else { return };
    let text = |key: &str| alert.get(key).and_then(Json::as_str).unwrap();
    world.name(text("cue_id"), cue);
    world.name(text("execution_id"), execution);
}
