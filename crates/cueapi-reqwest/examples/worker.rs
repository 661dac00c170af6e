//! A worker: claims executions, keeps them alive while it works, reports, and stops gracefully at Ctrl-C.
//!
//! Two heartbeats, because a server watches two things: that the worker lives (every 30 seconds), and that each execution
//! is being worked on (within 300 seconds, whatever its lease says).

use std::{convert::Infallible, error::Error, pin::pin, time::Duration};

use cueapi_emulator::Emulator;
use cueapi_reqwest::{
    ClaimedExecution, Client,
    types::{Evidence, ExecutionId, Schedule, Transport},
};
use serde_json::json;
use tokio::{select, sync::mpsc, time};

const WORKER: &str = "reports-1";
const TASK: &str = "report";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // In a program of yours: let client = cueapi_reqwest::from_env()?;
    let emulator = Emulator::start().await?;
    let client = cueapi_reqwest::builder(emulator.api_key())
        .base_url(emulator.base_url())
        .build()?;
    let cue = client
        .cues()
        .create("reports", Schedule::cron("0 9 * * *"), Transport::Worker)
        .payload(&json!({"task": TASK, "pages": 3}))
        .await?;
    client.cues().fire(&cue.id).await?;
    client.cues().fire(&cue.id).await?;

    // Stops at Ctrl-C; here also when both reports are done.
    let (done, mut reports) = mpsc::channel(2);
    let stop = async {
        select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = async { (reports.recv().await, reports.recv().await) } => {}
        }
    };
    select! {
        () = work(&client, &done, stop) => println!("stopped"),
        never = live(&client) => match never {},
    }
    Ok(())
}

/// Does one execution after the other until it is told to stop; what it has in hand is finished first.
async fn work(client: &Client, done: &mpsc::Sender<ExecutionId>, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    loop {
        let pause = match client.executions().claim_next(WORKER).task(TASK).await {
            Ok(Some(claimed)) => {
                let id = claimed.execution.execution_id.clone();
                report(client, claimed).await;
                // Whoever waits for it may have gone.
                let _ = done.send(id).await;
                Duration::ZERO
            }
            Ok(None) => Duration::from_secs(5),
            Err(error) => {
                eprintln!("{error}");
                error.retry_after().unwrap_or(Duration::from_secs(15))
            }
        };
        // Only here, between two executions: a claim that is dropped half-way may hold an execution that nobody works on.
        select! {
            biased;
            () = &mut stop => return,
            () = time::sleep(pause) => {}
        }
    }
}

/// Makes one report under a heartbeat of its own; success, failure and panic are told to the server.
async fn report(client: &Client, claimed: ClaimedExecution) {
    let executions = client.executions();
    let payload = claimed.payload();
    let id = claimed.execution.execution_id;
    let work = executions.handle(&id, payload, async |ctx| {
        let job: serde_json::Value = ctx.payload().parse()?;
        ctx.result(format!("{} pages", job["pages"]))
            .evidence(Evidence::new().external_id(format!("report-{id}")));
        Ok::<_, cueapi_reqwest::types::PayloadError>(())
    });
    let worked = select! {
        worked = work => worked,
        never = hold(client, &id) => match never {},
    };
    match worked {
        Ok(()) => println!("reported {id}"),
        Err(error) => eprintln!("{id}: {error}"),
    }
}

/// Says every minute that an execution is being worked on.
async fn hold(client: &Client, id: &ExecutionId) -> Infallible {
    loop {
        time::sleep(Duration::from_secs(60)).await;
        if let Err(error) = client.executions().heartbeat(id).worker(WORKER).await {
            eprintln!("{id}: {error}");
        }
    }
}

/// Says every 30 seconds that the worker lives.
async fn live(client: &Client) -> Infallible {
    let mut beat = time::interval(Duration::from_secs(30));
    loop {
        beat.tick().await;
        if let Err(error) = client.workers().heartbeat(WORKER).handlers([TASK]).await {
            eprintln!("{error}");
        }
    }
}
