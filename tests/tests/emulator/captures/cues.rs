//! The states in which the captures of cues were made.

use cueapi_emulator::json::Json;
use jiff::{SignedDuration, Timestamp};

use super::{
    Capture,
    world::{World, webhook_cue, worker_cue},
};

/// For captures of what has happened to a cue: when it was made.
pub(super) fn earlier_start(capture: &Capture) -> Option<Timestamp> {
    let story = [
        "cues_get_cron_after_fires",
        "cues_get_once_",
        "cues_patch_resume_completed_once",
    ];
    if !story.iter().any(|name| capture.name.starts_with(name)) {
        return None;
    }
    capture.json().get("created_at")?.as_str()?.parse().ok()
}

pub(super) async fn set_up(world: &mut World, capture: &Capture) {
    let name = capture.name.as_str();
    match name {
        "cues_create_409_duplicate_name" => {
            world.worker_cue("cues_create_cron_webhook_bare").await;
        }
        "cues_create_403_cue_limit_counts_paused" => {
            for n in 1..=10 {
                let id = world.worker_cue(&format!("free-{n}")).await;
                if n == 1 {
                    world
                        .ok("PATCH", &format!("/v1/cues/{id}"), r#"{"status":"paused"}"#)
                        .await;
                }
            }
        }
        // The captured server let loopback pass, and refused the second URL only.
        "cues_create_400_on_failure_webhook_ssrf" => world.name("http://127.0.0.1:8099/h/none", "https://example.com/"),
        "cues_get_404_after_delete" => {
            let id = world.worker_cue("gone").await;
            world.ok("DELETE", &format!("/v1/cues/{id}"), "").await;
            world.name("cue_mdfrgejdb2vy", &id);
        }
        "cues_get_cron_after_fires" => {
            let id = world.create(&body_of(&capture.json())).await;
            world.name("cue_rmjb8o95dvpl", &id);
            world.advance(SignedDuration::from_secs(4)).await;
            world
                .ok("PATCH", &format!("/v1/cues/{id}"), r#"{"status":"paused"}"#)
                .await;
        }
        "cues_get_paused_by_on_failure" => {
            let id = world.create(&body_of(&capture.json())).await;
            world.name("cue_urjf0ots0ot6", &id);
            world.fire(&id).await;
            world.emulator.run_until_idle().await;
        }
        _ if name.contains("once_") && name.contains("get_") || name == "cues_patch_resume_completed_once" => {
            once(world, capture).await;
        }
        _ if name.contains("_usage_") => {
            let hook = world.create(&webhook_cue("hook", "")).await;
            list_of(world, capture).await;
            world.fire(&hook).await;
            world.emulator.run_until_idle().await;
        }
        _ if name.starts_with("cues_list_") && capture.status == 200 => list_of(world, capture).await,
        _ if name.starts_with("cues_fire_") => {
            let id = world.worker_cue("beta").await;
            world.name("cue_1pgid6xv1m54", &id);
        }
        _ if name.starts_with("cues_patch_") || name.starts_with("cues_pause_") || name.starts_with("cues_resume_") => {
            patched(world, capture).await;
        }
        _ if name.starts_with("cues_get_") && capture.status == 200 || name.contains("other_users") => {
            let expected = capture.json();
            let body = if capture.status == 200 {
                body_of(&expected)
            } else {
                worker_cue("alpha", "{}", "")
            };
            let id = world.create(&body).await;
            world.name("cue_6vjxq2faw1ky", &id);
        }
        _ => {}
    }
}

/// A request that makes such a cue as this one.
fn body_of(cue: &Json) -> String {
    let members = [
        "name",
        "description",
        "schedule",
        "callback",
        "transport",
        "payload",
        "retry",
        "on_failure",
        "verification",
    ];
    let members = members.map(|name| (name.into(), cue.get(name).cloned().unwrap_or(Json::Null)));
    Json::Object(members.into()).to_compact()
}

/// The story of a one-time cue for workers: fired, claimed, reported, resumed.
async fn once(world: &mut World, capture: &Capture) {
    let id = world.create(&body_of(&capture.json())).await;
    world.name("cue_rl3n3ll6znhp", &id);
    world.advance(SignedDuration::from_secs(2)).await;
    if capture.name == "cues_get_once_fired" {
        return;
    }
    let claimed = world
        .ok("POST", "/v1/executions/claim", r#"{"worker_id":"w"}"#)
        .await
        .text("execution_id");
    world
        .ok(
            "POST",
            &format!("/v1/executions/{claimed}/outcome"),
            r#"{"success":true}"#,
        )
        .await;
    if capture.name == "cues_get_once_resumed_later" {
        world
            .ok("PATCH", &format!("/v1/cues/{id}"), r#"{"status":"active"}"#)
            .await;
        world.advance(SignedDuration::from_secs(1)).await;
    }
}

/// The cues of a list, and as many others as it says there are.
async fn list_of(world: &mut World, capture: &Capture) {
    let answer = capture.json();
    let (Some(Json::Array(items)), Some(Json::Int(total)), Some(Json::Int(offset))) =
        (answer.get("cues"), answer.get("total"), answer.get("offset"))
    else {
        panic!("not a list")
    };
    let older = usize::try_from(total - offset).unwrap() - items.len();
    // Captures of the usage warning have one more cue already.
    let older = if capture.name.contains("_usage_") {
        older - 1
    } else {
        older
    };
    for n in 0..older {
        world.worker_cue(&format!("older-{n}")).await;
    }
    for item in items.iter().rev() {
        let id = world.create(&body_of(item)).await;
        if item.get("status").and_then(Json::as_str) == Some("paused") {
            world
                .ok("PATCH", &format!("/v1/cues/{id}"), r#"{"status":"paused"}"#)
                .await;
        }
    }
    for n in 0..*offset {
        world.worker_cue(&format!("newer-{n}")).await;
    }
}

/// A cue that the request turns into the captured one: what the request sets is something else at first.
async fn patched(world: &mut World, capture: &Capture) {
    let captured_id = capture.path.trim_start_matches("/v1/cues/");
    if capture.status != 200 {
        let id = world.worker_cue("alpha").await;
        if capture.status == 500 {
            world.worker_cue("beta").await;
        }
        if capture.status != 404 {
            world.name(captured_id, &id);
        }
        return;
    }
    let mut cue = capture.json();
    let Ok(Json::Object(request)) = Json::parse(capture.body.as_bytes()) else {
        panic!("no patch")
    };
    for (name, value) in &request {
        let before = match &**name {
            "payload" => r#"{"before":true}"#,
            "schedule" => r#"{"type":"recurring","cron":"1 1 1 1 *","timezone":"Asia/Tokyo"}"#,
            "verification" => r#"{"mode":"require_artifacts"}"#,
            _ => continue,
        };
        let Json::Object(members) = &mut cue else {
            panic!("not a cue")
        };
        let member = members.iter_mut().find(|(key, _)| key == name).unwrap();
        if *value != Json::Null {
            member.1 = Json::parse(before.as_bytes()).unwrap();
        }
    }
    let id = world.create(&body_of(&cue)).await;
    let paused = cue.get("status").and_then(Json::as_str) == Some("paused");
    let again = capture.name.ends_with("_again");
    let resumes = capture.name.contains("_resume_");
    if (paused && (again || request.iter().all(|(name, _)| &**name != "status"))) || (resumes && !again) {
        world
            .ok("PATCH", &format!("/v1/cues/{id}"), r#"{"status":"paused"}"#)
            .await;
    }
    world.name(captured_id, &id);
}
