//! The states in which the captures of workers and of general errors were made.

use std::time::Duration;

use super::{Capture, world::World};
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
