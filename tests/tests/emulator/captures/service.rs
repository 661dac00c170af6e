//! The states in which the captures of workers and of general errors were made.

use std::time::Duration;

use super::{
    Capture,
    world::{World, webhook_cue},
};
use crate::wire::Connection;

pub(super) async fn set_up(world: &mut World, capture: &Capture) {
    match capture.name.as_str() {
        "workers_list" => {
            let beats = [
                r#"{"worker_id":"w1","handlers":["report","beta"]}"#,
                r#"{"worker_id":"w-2"}"#,
                r#"{"worker_id":"host/1 é"}"#,
                r#"{"worker_id":""}"#,
            ];
            for beat in beats {
                world.ok("POST", "/v1/worker/heartbeat", beat).await;
                world.emulator.advance(Duration::from_millis(15)).await;
            }
        }
        "auth_401_key_rotated" => world.rotate_key().await,
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
        name if name.starts_with("rate_limit_429") => {
            let limit: u32 = capture.answer_header("x-ratelimit-limit").unwrap().parse().unwrap();
            let authorization = format!("Bearer {}", world.emulator.api_key());
            let mut connection = Connection::open(world.emulator.address()).await;
            let with_key = capture.headers.iter().any(|(name, _)| name == "Authorization");
            let headers: &[(&str, &str)] = if with_key {
                &[("authorization", &authorization)]
            } else {
                &[]
            };
            for _ in 0..limit {
                connection.exchange("GET", "/v1/cues", headers, b"").await;
            }
            // The captured refusals came a few seconds after the window had begun.
            let waited = 60 - capture.answer_header("retry-after").unwrap().parse::<u64>().unwrap();
            world.emulator.advance(Duration::from_secs(waited)).await;
        }
        _ => {}
    }
}
