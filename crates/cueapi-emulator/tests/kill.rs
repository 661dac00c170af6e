//! `kill -9` at any moment, under load: nothing that was acknowledged is lost.
//!
//! `CUEAPI_KILLS=100 cargo test -p cueapi-emulator --test kill` kills a hundred times.

#![cfg(all(feature = "cli", unix))]
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::{
    collections::BTreeMap,
    env,
    hash::{BuildHasher as _, RandomState},
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use cueapi_hyper::{
    Client, Error, RetryPolicy,
    types::{ExecutionId, Outcome, Schedule, Transport},
};
use tokio::{sync::Notify, task::JoinSet};

const KEY: &str = "cue_sk_00000000000000000000000000000000";
const WRITERS: usize = 4;

/// The program, and a client for it.
struct Server {
    process: Child,
    client: Client,
}

impl Server {
    fn start(data: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_cueapi-emulator"))
            .args(["--port", "0", "--limits", "off", "--api-key", KEY, "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_prefix("export CUEAPI_BASE_URL=").unwrap();
        let client = cueapi_hyper::builder(KEY)
            .base_url(address)
            .retry(RetryPolicy::none())
            .build()
            .unwrap();
        Self { process, client }
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// What the server has said that it did.
#[derive(Default)]
struct Acknowledged {
    count: AtomicU32,
    more: Notify,
    /// Each execution, and what was reported about it.
    executions: Mutex<BTreeMap<ExecutionId, Option<String>>>,
}

impl Acknowledged {
    fn note(&self, execution: &ExecutionId, reported: Option<String>) {
        self.executions.lock().unwrap().insert(execution.clone(), reported);
        self.count.fetch_add(1, Ordering::SeqCst);
        self.more.notify_one();
    }

    async fn reaches(&self, count: u32) {
        while self.count.load(Ordering::SeqCst) < count {
            self.more.notified().await;
        }
    }
}

/// Makes cues, fires them and reports outcomes, until the server is gone.
async fn write(client: Client, name: String, acknowledged: Arc<Acknowledged>) -> Result<(), Error> {
    for round in 0.. {
        let cue = client
            .cues()
            .create(
                format!("{name}-{round}"),
                Schedule::cron("0 0 1 1 *"),
                Transport::Worker,
            )
            .await?;
        let fired = client.cues().fire(&cue.id).await?;
        acknowledged.note(&fired.id, None);
        client.executions().claim(&fired.id, "worker").await?;
        let proof = format!("{name}-{round}");
        client
            .executions()
            .report_outcome(&fired.id, Outcome::success().result(&proof))
            .retry_policy(RetryPolicy::none())
            .await?;
        acknowledged.note(&fired.id, Some(proof));
        client.cues().pause(&cue.id).await?;
    }
    Ok(())
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_by_killing_the_program_at_any_moment() {
    let kills: u32 = env::var("CUEAPI_KILLS").map_or(12, |text| text.parse().unwrap());
    let data = tempfile::tempdir().unwrap();
    let mut all = BTreeMap::new();
    for kill in 0..kills {
        let mut server = Server::start(data.path());
        let acknowledged = Arc::new(Acknowledged::default());
        let mut writers: JoinSet<_> = (0..WRITERS)
            .map(|writer| write(server.client.clone(), format!("{kill}-{writer}"), acknowledged.clone()))
            .collect();
        // At another point of the load each time, down to a few steps inside one command.
        let random = RandomState::new().hash_one(kill);
        tokio::select! {
            () = acknowledged.reaches(u32::try_from(random % 60).unwrap()) => {}
            Some(refused) = writers.join_next() => panic!("before it was killed: {refused:?}"),
        }
        for _ in 0..random % 1000 {
            tokio::task::yield_now().await;
        }
        server.kill();
        for ended in writers.join_all().await {
            let error = ended.unwrap_err();
            assert!(
                error.status().is_none(),
                "the server only ever refused by dying: {error}"
            );
        }

        let mut server = Server::start(data.path());
        let noted = std::mem::take(&mut *acknowledged.executions.lock().unwrap());
        check(&server.client, &noted).await;
        all.extend(noted);
        server.kill();
    }
    let mut server = Server::start(data.path());
    check(&server.client, &all).await;
    server.kill();
    println!("{kills} kills, {} executions acknowledged, none lost", all.len());
}

async fn check(client: &Client, noted: &BTreeMap<ExecutionId, Option<String>>) {
    for (id, reported) in noted {
        let execution = client.executions().get(id).await.unwrap();
        let result = execution.outcome.and_then(|outcome| outcome.result);
        match reported {
            Some(proof) => assert_eq!(result.as_ref(), Some(proof), "the outcome of {id} is lost"),
            // The report may have been written without its answer having come.
            None => assert!(result.is_none_or(|result| !result.is_empty())),
        }
    }
}
