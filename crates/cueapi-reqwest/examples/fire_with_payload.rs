//! Fires a cue by hand with a payload for the occasion, and makes sure that it runs once.

use std::error::Error;

use cueapi_emulator::Emulator;
use cueapi_reqwest::types::{Schedule, Transport};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // In a program of yours: let client = cueapi_reqwest::from_env()?;
    let emulator = Emulator::start().await?;
    let client = cueapi_reqwest::builder(emulator.api_key())
        .base_url(emulator.base_url())
        .build()?;
    let cues = client.cues();
    let cue = cues
        .create("export", Schedule::cron("0 3 * * *"), Transport::Worker)
        .await?;

    // The hosted service takes a payload for this one firing: cues.fire(&cue.id).payload_override(&payload).
    // A self-hosted server ignores that; there an execution has the payload that its cue has when it is claimed.
    let payload = json!({"task": "export", "account": "acme"});
    cues.update(&cue.id).payload(&payload).await?;

    match cues.fire(&cue.id).await {
        Ok(fired) => println!("fired {}", fired.id),
        // The SDK repeats what the server has refused, and never what it may have begun: the export could run twice.
        Err(error) if error.may_have_executed() => {
            let recent = client.executions().list().cue_id(&cue.id).limit(5).await?;
            println!("{error}; look at these before you fire again: {:?}", recent.executions);
        }
        Err(error) => return Err(error.into()),
    }

    let claimed = client.executions().claim_next("worker-1").task("export").await?;
    let claimed = claimed.ok_or("nothing was fired")?;
    println!("a worker gets {}", claimed.payload().as_str());
    Ok(())
}
