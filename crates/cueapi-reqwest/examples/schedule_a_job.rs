//! Schedules a job for every working day at nine, wherever that is, and a reminder for tomorrow.
//!
//! Safe to run at every start of a program: the cue is made once, and brought up to date after that.

use std::{
    error::Error,
    time::{Duration, SystemTime},
};

use cueapi_emulator::Emulator;
use cueapi_reqwest::{
    Client,
    types::{Callback, Cue, ErrorCode, OnFailure, Retry, Schedule, Timestamp},
};
use serde_json::json;

const NAME: &str = "morning-report";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // In a program of yours: let client = cueapi_reqwest::from_env()?;
    let emulator = Emulator::start().await?;
    let client = cueapi_reqwest::builder(emulator.api_key())
        .base_url(emulator.base_url())
        .build()?;

    for start in ["first", "second"] {
        let cue = schedule(&client).await?;
        println!("{start} start: {} runs next at {}", cue.id, cue.next_run);
    }

    let tomorrow = Timestamp::try_from(SystemTime::now() + Duration::from_secs(24 * 60 * 60))?;
    let reminder = client
        .cues()
        .create(
            "reminder",
            Schedule::at(tomorrow),
            Callback::new("https://api.example.com/remind"),
        )
        .await?;
    println!("{} runs once, at {tomorrow}", reminder.id);
    Ok(())
}

async fn schedule(client: &Client) -> Result<Cue, Box<dyn Error>> {
    let schedule = Schedule::cron("0 9 * * mon-fri").timezone("America/Los_Angeles");
    let callback = Callback::new("https://api.example.com/report");
    let created = client
        .cues()
        .create(NAME, schedule.clone(), callback.clone())
        .payload(&json!({"task": "report", "format": "pdf"}))
        .retry(Retry::new().max_attempts(4).backoff_minutes([1, 5, 30]))
        .on_failure(OnFailure::new().webhook("https://api.example.com/failed"))
        .await;
    match created {
        // The name is taken: by ourselves, last time.
        Err(error) if error.api().is_some_and(|api| api.code == ErrorCode::DuplicateCueName) => {
            let mut cues = client.cues().list().pager();
            while let Some(cue) = cues.next().await.transpose()? {
                if cue.name.as_deref() == Some(NAME) {
                    return Ok(client
                        .cues()
                        .update(cue.id)
                        .schedule(schedule)
                        .callback(callback)
                        .await?);
                }
            }
            Err("the cue was deleted meanwhile".into())
        }
        created => Ok(created?),
    }
}
