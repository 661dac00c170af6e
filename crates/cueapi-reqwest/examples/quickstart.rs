//! The whole story of a cue: created, fired, delivered, verified, worked on, accounted for, deleted.
//!
//! Needs no account, no Docker and no network: without `CUEAPI_API_KEY` it talks to an emulator in this process.
//! With it (and, for a server of your own, `CUEAPI_BASE_URL`) it talks to that server, through a worker cue, since the
//! server cannot reach a webhook on this machine. Exits with an error when any step is not as it should be.

use std::{error::Error, net::Ipv4Addr, time::Duration};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use cueapi_emulator::Emulator;
use cueapi_reqwest::{
    Client, ErrorKind,
    types::{
        Callback, CueId, CueStatus, Delivery, Evidence, ExecutionId, OutcomeState, Payload, PayloadError, Schedule,
        Transport, VerificationMode,
    },
};
use cueapi_signing::{SignatureHeaders, Verifier};
use serde::Deserialize;
use serde_json::json;
use tokio::{net::TcpListener, sync::mpsc, time::timeout};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What our cue is for: the payload of the job.
#[derive(Deserialize)]
struct Job {
    records: u32,
}

#[tokio::main]
async fn main() -> Result<()> {
    if std::env::var_os("CUEAPI_API_KEY").is_some() {
        let client = cueapi_reqwest::from_env()?;
        println!("server     the one that CUEAPI_API_KEY belongs to");
        let cue = create(&client, Transport::Worker).await?;
        let story = by_worker(&client, &cue).await;
        let ending = delete(&client, &cue).await;
        story.and(ending)
    } else {
        let emulator = Emulator::start().await?;
        let client = cueapi_reqwest::builder(emulator.api_key())
            .base_url(emulator.base_url())
            .build()?;
        println!("emulator   at {}, in this process", emulator.base_url());
        let mut inbox = Inbox::open().await?;
        let cue = create(&client, Callback::new(&inbox.url).into()).await?;
        by_webhook(&client, &cue, &mut inbox, &emulator.webhook_secret()).await?;
        delete(&client, &cue).await
    }
}

async fn create(client: &Client, transport: Transport) -> Result<CueId> {
    let name = format!("quickstart-{}", std::process::id());
    let cue = client
        .cues()
        .create(
            &name,
            Schedule::cron("0 9 * * *").timezone("America/Los_Angeles"),
            transport,
        )
        .description("Every morning at nine in Los Angeles")
        .payload(&json!({"task": &name, "records": 47}))
        .verification(VerificationMode::RequireExternalId)
        .await?;
    println!(
        "created    {} \"{name}\", next run {}",
        cue.id,
        cue.next_run.known().ok_or("an active cue has a next run")?
    );

    let mut active = client.cues().list().status(CueStatus::Active).pager();
    while let Some(listed) = active.next().await {
        if listed?.id == cue.id {
            println!("listed     among the active cues");
            return Ok(cue.id);
        }
    }
    Err("the new cue is not listed".into())
}

/// Fires the cue and receives its webhook.
async fn by_webhook(client: &Client, cue: &CueId, inbox: &mut Inbox, secret: &str) -> Result<()> {
    let fired = client.cues().fire(cue).await?;
    println!("fired      execution {}", fired.id);

    let delivery = inbox.next().await?;
    println!(
        "delivered  {} bytes, attempt {}",
        delivery.body.len(),
        delivery.header("x-cueapi-attempt")?
    );

    let verifier = Verifier::new(secret)?;
    let signature = SignatureHeaders::new(
        delivery.header("x-cueapi-signature")?,
        delivery.header("x-cueapi-timestamp")?,
    );
    let verified = verifier.verify_now(&delivery.body, signature)?;
    println!("verified   the signature is the server's");

    let mut tampered = delivery.body.to_vec();
    tampered[0] ^= 1;
    let refusal = verifier
        .verify_now(&tampered, signature)
        .err()
        .ok_or("a tampered delivery was accepted")?;
    println!("rejected   a copy with one bit flipped: {refusal}");

    let delivered = Delivery::from_body(verified.bytes())?;
    work(client, &delivered.execution_id, delivered.payload).await?;
    pause_and_resume(client, cue).await
}

/// Fires the cue and claims its execution.
async fn by_worker(client: &Client, cue: &CueId) -> Result<()> {
    let fired = client.cues().fire(cue).await?;
    println!("fired      execution {}", fired.id);

    let task = format!("quickstart-{}", std::process::id());
    let claimed = client
        .executions()
        .claim_next("quickstart")
        .task(task)
        .await?
        .ok_or("there is nothing to claim")?;
    println!(
        "claimed    as worker \"quickstart\", from the cue \"{}\"",
        claimed.execution.cue_name.as_deref().unwrap_or_default()
    );

    work(client, &fired.id, claimed.payload()).await?;
    pause_and_resume(client, cue).await
}

/// Does the work; success or failure is reported for us.
async fn work(client: &Client, execution: &ExecutionId, payload: Payload) -> Result<()> {
    let executions = client.executions();
    let records = executions
        .handle(execution, payload, async |ctx| {
            let job: Job = ctx.payload().parse()?;
            ctx.result(format!("Processed {} records", job.records))
                .evidence(Evidence::new().external_id("batch-7842"));
            Ok::<_, PayloadError>(job.records)
        })
        .await?;
    println!("handled    {records} records");

    let outcome = executions
        .get(execution)
        .await?
        .outcome
        .ok_or("no outcome is recorded")?;
    let verified = executions.list().outcome_state(OutcomeState::VerifiedSuccess).await?;
    if outcome.success != Some(true) || !verified.executions.iter().any(|verified| &verified.id == execution) {
        return Err("the outcome is not the one that was reported".into());
    }
    println!(
        "outcome    \"{}\", its evidence accepted: verified_success",
        outcome.result.unwrap_or_default()
    );
    Ok(())
}

async fn pause_and_resume(client: &Client, cue: &CueId) -> Result<()> {
    let paused = client.cues().pause(cue).await?;
    if paused.status != Some(CueStatus::Paused) || !paused.next_run.is_missing() {
        return Err("a paused cue has no next run".into());
    }
    println!("paused     no next run");
    let resumed = client.cues().resume(cue).await?;
    println!(
        "resumed    next run {}",
        resumed.next_run.known().ok_or("a resumed cue has a next run")?
    );
    Ok(())
}

async fn delete(client: &Client, cue: &CueId) -> Result<()> {
    client.cues().delete(cue).await?;
    println!("deleted    {cue}");
    match client.cues().get(cue).await {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            println!("not found  {error}");
            Ok(())
        }
        Err(error) => Err(error.into()),
        Ok(_) => Err("a deleted cue is still there".into()),
    }
}

/// A webhook receiver on a free port: what a service would have behind its public URL.
struct Inbox {
    url: String,
    deliveries: mpsc::Receiver<Received>,
}

struct Received {
    headers: HeaderMap,
    body: Bytes,
}

impl Inbox {
    async fn open() -> Result<Self> {
        async fn receive(State(inbox): State<mpsc::Sender<Received>>, headers: HeaderMap, body: Bytes) {
            // Nobody listens any more when the story is over.
            let _ = inbox.send(Received { headers, body }).await;
        }
        let (sender, deliveries) = mpsc::channel(8);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}/cue", listener.local_addr()?);
        let router = Router::new().route("/cue", post(receive)).with_state(sender);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, deliveries })
    }

    async fn next(&mut self) -> Result<Received> {
        let delivery = timeout(Duration::from_secs(30), self.deliveries.recv()).await;
        delivery
            .map_err(|_| "no delivery came within 30 s")?
            .ok_or_else(|| "the receiver is closed".into())
    }
}

impl Received {
    fn header(&self, name: &str) -> Result<&str> {
        Ok(self
            .headers
            .get(name)
            .ok_or_else(|| format!("the delivery has no header {name}"))?
            .to_str()?)
    }
}
