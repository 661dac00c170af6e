//! A script without a runtime: pauses every cue whose name begins with a prefix, and says which.
//!
//! ```sh
//! cargo run -p cueapi-reqwest --features blocking --example blocking_script
//! ```

use std::error::Error;

use cueapi_emulator::BlockingEmulator;
use cueapi_reqwest::{
    BlockingClient, blocking,
    types::{CueStatus, Schedule, Transport},
};

fn main() -> Result<(), Box<dyn Error>> {
    // In a program of yours: let client = blocking::from_env()?;
    let emulator = BlockingEmulator::start()?;
    let client = blocking::builder(emulator.api_key())
        .base_url(emulator.base_url())
        .build_blocking()?;
    for name in ["billing-daily", "billing-monthly", "weekly-report"] {
        client
            .cues()
            .create(name, Schedule::cron("0 9 * * *"), Transport::Worker)
            .send()?;
    }

    pause_all(&client, "billing-")
}

fn pause_all(client: &BlockingClient, prefix: &str) -> Result<(), Box<dyn Error>> {
    // All rows before the first change: a paused cue leaves this list, and the pages move up.
    let active: Vec<_> = client
        .cues()
        .list()
        .status(CueStatus::Active)
        .pager()
        .collect::<Result<_, _>>()?;
    for cue in active
        .iter()
        .filter(|cue| cue.name.as_deref().is_some_and(|name| name.starts_with(prefix)))
    {
        client.cues().pause(&cue.id).send()?;
        println!("paused {}", cue.id);
    }
    Ok(())
}
