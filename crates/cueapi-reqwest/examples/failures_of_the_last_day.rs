//! Lists what failed or was missed in the last 24 hours, however many pages that takes.

use std::{
    error::Error,
    time::{Duration, SystemTime},
};

use cueapi_emulator::{Clock, Emulator};
use cueapi_reqwest::types::{ExecutionStatus, Schedule, Timestamp, Transport};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator = three_bad_days().await?;
    // In a program of yours: let client = cueapi_reqwest::from_env()?;
    let client = cueapi_reqwest::builder(emulator.api_key())
        .base_url(emulator.base_url())
        .build()?;

    let yesterday = Timestamp::try_from(SystemTime::now() - DAY)?;
    let mut failures = client
        .executions()
        .list()
        .status_in([ExecutionStatus::Failed, ExecutionStatus::Missed])
        .limit(10)
        .pager();
    let mut count = 0;
    while let Some(failure) = failures.next().await.transpose()? {
        // The newest come first, so that the first one that is too old is the end.
        if failure.created_at.known().is_some_and(|at| at < yesterday) {
            break;
        }
        count += 1;
        let reason = failure.error_message.as_deref().unwrap_or("no reason given");
        println!(
            "{} {:?} {:?}: {reason}",
            failure.scheduled_for, failure.cue_id, failure.status
        );
    }
    println!("{count} in the last day");
    if (23..=24).contains(&count) {
        Ok(())
    } else {
        Err("a cue fires once an hour".into())
    }
}

/// A server with a cue that fired every hour for three days, and with no worker that would have cared.
async fn three_bad_days() -> Result<Emulator, Box<dyn Error>> {
    let start = Timestamp::try_from(SystemTime::now() - 3 * DAY)?;
    let emulator = Emulator::builder().clock(Clock::held(start.into())).start().await?;
    let client = cueapi_reqwest::builder(emulator.api_key())
        .base_url(emulator.base_url())
        .build()?;
    client
        .cues()
        .create("hourly", Schedule::cron("0 * * * *"), Transport::Worker)
        .await?;
    emulator.advance(3 * DAY).await;
    Ok(emulator)
}
