//! The states in which the captures of agents were made.

use cueapi_emulator::json::Json;

use super::{Capture, world::World};

/// The agents of the captures, by the ids that they have there.
pub(super) const ALPHA: &str = "agt_gxtrmmfz6e29";
pub(super) const BETA: &str = "agt_m39zku0z8d8p";
const NAMESAKE: &str = "agt_r2lh8or7veri";

pub(super) async fn set_up(world: &mut World, capture: &Capture) {
    match capture.name.as_str() {
        "agents_create" | "agents_create_400_ssrf" | "agents_create_webhook" => {}
        "agents_create_same_name_suffix" => alpha(world).await,
        "agents_patch" => cast(world).await,
        "live_sessions_register" => alpha(world).await,
        "live_sessions_409" | "live_sessions_heartbeat" | "live_sessions_list" => {
            alpha(world).await;
            let session = r#"{"label":"main","cue_id":"cue_kiic5mvzwfzo","task_name":"live","is_default":true,"session_token":"01ARZ3NDEKTSV4RRFFQ69G5FAV"}"#;
            world
                .ok("POST", &format!("/v1/agents/{ALPHA}/live-sessions"), session)
                .await;
        }
        name => {
            cast(world).await;
            change(world, r#"{"display_name":"Alpha 2","metadata":{"x":1}}"#).await;
            if name.starts_with("agents_patch_") {
                change(world, r#"{"status":"away"}"#).await;
            }
            if name == "agents_patch_webhook_clear" {
                change(world, r#"{"webhook_url":"http://127.0.0.1:8099/h/agent-alpha"}"#).await;
            }
            if name.contains("delete_404") || name.contains("_deleted") && capture.path.contains(ALPHA) {
                world.ok("DELETE", &format!("/v1/agents/{ALPHA}"), "").await;
            }
            if name.starts_with("agents_list_") {
                change(world, r#"{"display_name":"Alpha Agent","metadata":{}}"#).await;
            }
        }
    }
}

async fn change(world: &World, patch: &str) {
    world.ok("PATCH", &format!("/v1/agents/{ALPHA}"), patch).await;
}

async fn alpha(world: &mut World) {
    agent(world, ALPHA, r#"{"display_name":"Alpha Agent"}"#).await;
    world.name("@ref", "@dev");
    world.name("%40ref", "%40dev");
}

/// Alpha, Beta with a webhook, and another one that wants to be called like Alpha.
pub(super) async fn cast(world: &mut World) {
    alpha(world).await;
    let beta = r#"{"display_name":"Beta","slug":"beta","webhook_url":"http://127.0.0.1:8099/h/agent-beta","metadata":{"description":"the beta","k":[1]}}"#;
    agent(world, BETA, beta).await;
    let slug = agent(world, NAMESAKE, r#"{"display_name":"Alpha Agent"}"#).await;
    world.name("alpha-agent-4f27", &slug);
}

/// Alpha alone, for servers that do not let Beta's webhook pass.
pub(super) async fn alone(world: &mut World) {
    alpha(world).await;
}

/// Makes an agent, which the captures call `captured`, and answers its slug.
pub(super) async fn agent(world: &mut World, captured: &str, body: &str) -> String {
    let made = world.ok("POST", "/v1/agents", body).await;
    world.name(captured, &made.text("id"));
    if let Some(Json::Str(user)) = made.json().get("user_id") {
        world.name("d709db96-c9fb-4857-8fb3-8798b144a9c4", user);
    }
    made.text("slug")
}
