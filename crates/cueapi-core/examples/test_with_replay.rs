//! Tests code that calls CueAPI without a server, a network or a runtime: a client that answers from a script.

use cueapi_core::{
    Client, Error,
    testing::{self, ReplayClient, json},
    types::{CueStatus, Schedule, Transport},
};

/// The code under test: makes sure that there is a nightly job.
async fn ensure_nightly(client: &Client) -> Result<bool, Error> {
    let mut active = client.cues().list().status(CueStatus::Active).pager();
    while let Some(cue) = active.next().await.transpose()? {
        if cue.name.as_deref() == Some("nightly") {
            return Ok(false);
        }
    }
    client
        .cues()
        .create("nightly", Schedule::cron("0 2 * * *"), Transport::Worker)
        .await?;
    Ok(true)
}

/// In your crate this is a `#[test]`.
fn main() -> Result<(), Error> {
    let replay = ReplayClient::new([
        // The server is busy; the SDK waits and asks again.
        json(503, "{}"),
        json(200, r#"{"cues":[],"total":0,"limit":50,"offset":0}"#),
        json(201, NIGHTLY),
    ]);
    let created = testing::run(ensure_nightly(&replay.client()))?;
    assert!(created);

    // What was asked, word for word. No time has passed: sleeps are recorded and not slept.
    let requests = replay.requests();
    assert!(requests[0].starts_with("GET /v1/cues?status=active\n"));
    assert_eq!(requests[0], requests[1]);
    assert!(requests[2].starts_with("POST /v1/cues\n"));
    assert_eq!(replay.sleeps().len(), 1);
    assert_eq!(replay.unused(), 0);

    println!("{}", requests[2]);
    Ok(())
}

const NIGHTLY: &str = r#"{
    "id": "cue_276dsykz592b", "name": "nightly", "description": null, "status": "active", "transport": "worker",
    "schedule": {"type": "recurring", "timezone": "UTC", "cron": "0 2 * * *"},
    "callback": {"url": null, "method": "POST", "headers": {}},
    "payload": {}, "retry": {"max_attempts": 3, "backoff_minutes": [1, 5, 15]},
    "next_run": "2026-11-24T02:00:00Z", "last_run": null, "run_count": 0, "fired_count": 0,
    "on_failure": {"email": true, "pause": false, "webhook": null}, "verification": null, "warning": null,
    "created_at": "2026-11-23T20:37:07.051453Z", "updated_at": "2026-11-23T20:37:07.051453Z"
}"#;
