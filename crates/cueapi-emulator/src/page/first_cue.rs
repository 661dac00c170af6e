use cueapi_hyper::types::{Callback, Schedule};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Reads CUEAPI_API_KEY and CUEAPI_BASE_URL.
    let client = cueapi_hyper::from_env()?;
    let every_five_minutes = Schedule::cron("*/5 * * * *");
    let callback = Callback::new("http://127.0.0.1:9000/hook");
    let cue = client
        .cues()
        .create("hello", every_five_minutes, callback)
        .await?;
    client.cues().fire(&cue.id).await?;
    Ok(())
}
