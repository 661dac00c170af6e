//! Tests what happens in a month, in a moment: the emulator's clock is in your hand.

use std::{error::Error, time::Duration};

use cueapi_emulator::{Clock, Emulator};
use cueapi_hyper::{
    ClientBuilder, HyperClient,
    types::{CueStatus, ExecutionStatus, Outcome, Schedule, Timestamp, Transport},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// In your crate this is a `#[tokio::test]`.
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Two weeks before the clocks change in New York.
    let start = Timestamp::parse("2026-10-18T12:00:00Z")?;
    let emulator = Emulator::builder().clock(Clock::held(start.into())).start().await?;
    let client = ClientBuilder::new(emulator.api_key(), HyperClient::plain())
        .base_url(emulator.base_url())
        .build()?;

    let nine = Schedule::cron("0 9 * * *").timezone("America/New_York");
    let daily = client.cues().create("daily", nine, Transport::Worker).await?;
    assert_eq!(daily.next_run, Some(Timestamp::parse("2026-10-18T13:00:00Z")?));

    emulator.advance(30 * DAY).await;
    let daily = client.cues().get(&daily.id).await?;
    assert_eq!(daily.fired_count, 30);
    assert_eq!(
        daily.next_run,
        Some(Timestamp::parse("2026-11-17T14:00:00Z")?),
        "nine is an hour later in winter"
    );

    // Nobody came for an execution: after 15 minutes it is missed.
    let once = Schedule::at(Timestamp::parse("2026-11-18T00:00:00Z")?);
    let once = client.cues().create("once", once, Transport::Worker).await?;
    emulator.advance(DAY).await;
    let once = client.cues().get(&once.id).await?;
    assert_eq!(once.status, Some(CueStatus::Failed));
    assert_eq!(once.executions[0].status, Some(ExecutionStatus::Missed));

    // A late report is accepted all the same.
    let outcome = Outcome::success().result("done, late");
    client
        .executions()
        .report_outcome(&once.executions[0].id, outcome)
        .await?;
    assert_eq!(client.cues().get(&once.id).await?.status, Some(CueStatus::Completed));

    println!("31 days went by; it is now {}", emulator.now());
    Ok(())
}
