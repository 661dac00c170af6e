//! State that outlives the process: what comes back after a restart, and what is refused.

#![cfg(feature = "sqlite")]
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::{
    error::Error as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use cueapi_core::http::HttpClient as _;
use cueapi_emulator::{Builder, Clock, Emulator, engine::Limits};
use cueapi_hyper::{
    ApiKey, Client,
    types::{Artifact, Callback, Outcome, Schedule, Transport},
};
use tempfile::TempDir;

const START: &str = "2026-03-02T08:00:00Z";

fn at(directory: &TempDir) -> Builder {
    Emulator::builder()
        .clock(Clock::held(START.parse().unwrap()))
        .rate_limit(None)
        .data(directory.path())
}

fn client(emulator: &Emulator) -> Client {
    cueapi_hyper::builder(emulator.api_key())
        .base_url(emulator.base_url())
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_restart_keeps_the_account_the_clock_and_every_row() {
    let directory = tempfile::tempdir().unwrap();
    let emulator = at(&directory).start().await.unwrap();
    let api = client(&emulator);
    let payload = r#"{"n": 18446744073709551616, "f": 1.50, "z": "ü\u0007"}"#;
    let payload: cueapi_hyper::types::Payload = serde_json::from_str(payload).unwrap();
    let cue = api
        .cues()
        .create(
            "job",
            Schedule::cron("0 9 * * *").timezone("Europe/Paris"),
            Transport::Worker,
        )
        .payload(&payload)
        .await
        .unwrap();
    let deleted = api
        .cues()
        .create("gone", Schedule::cron("@daily"), Transport::Worker)
        .await
        .unwrap();
    api.cues().delete(&deleted.id).await.unwrap();
    let fired = api.cues().fire(&cue.id).await.unwrap();
    api.executions()
        .report_outcome(
            &fired.id,
            Outcome::success()
                .external_id("x")
                .artifact(Artifact::new("a", "https://a.test/")),
        )
        .await
        .unwrap();
    api.workers().heartbeat("w1").handlers(["t"]).await.unwrap();
    emulator.advance(Duration::from_secs(90)).await;
    let rejected = api
        .executions()
        .mark_verified(&fired.id)
        .valid(false)
        .reason("empty")
        .await
        .unwrap();
    let before = (
        api.cues().get(&cue.id).await.unwrap(),
        api.executions().list().await.unwrap(),
        api.workers().list().await.unwrap(),
        emulator.api_key(),
        emulator.webhook_secret(),
        emulator.now(),
    );
    emulator.shutdown().await;

    let emulator = at(&directory).start().await.unwrap();
    let api = client(&emulator);
    assert!(api.cues().get(&deleted.id).await.unwrap_err().status().is_some());
    assert_eq!(api.cues().get(&cue.id).await.unwrap(), before.0);
    assert_eq!(api.executions().list().await.unwrap(), before.1);
    assert_eq!(api.workers().list().await.unwrap(), before.2);
    assert_eq!(
        (emulator.api_key(), emulator.webhook_secret(), emulator.now()),
        (before.3, before.4, before.5)
    );
    let executions = emulator.executions();
    let execution = executions.first().unwrap();
    assert_eq!(
        execution.outcome_state.unwrap().as_str(),
        rejected.outcome_state.as_ref().unwrap().as_str()
    );
    assert_eq!(
        execution.outcome.as_ref().unwrap().report.external_id.as_deref(),
        Some("x")
    );

    // The schedule goes on, too.
    emulator.advance(Duration::from_secs(24 * 3600)).await;
    assert_eq!(api.cues().get(&cue.id).await.unwrap().fired_count, 1);
}

#[tokio::test]
async fn a_delivery_that_was_retrying_is_retried_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let emulator = at(&directory).start().await.unwrap();
    let cue = client(&emulator)
        .cues()
        .create(
            "hook",
            Schedule::cron("1 8 2 3 *"),
            Callback::new("http://127.0.0.1:9/"),
        )
        .await
        .unwrap();
    emulator.advance(Duration::from_secs(90)).await;
    assert_eq!(emulator.deliveries().len(), 1);
    emulator.shutdown().await;

    let emulator = at(&directory).start().await.unwrap();
    emulator.run_until_idle().await;
    assert_eq!(emulator.deliveries().len(), 2, "the second and third of three attempts");
    assert_eq!(client(&emulator).cues().get(&cue.id).await.unwrap().run_count, 3);
}

#[tokio::test]
async fn the_systems_clock_does_not_make_up_for_the_time_since_a_held_one_stood() {
    let directory = tempfile::tempdir().unwrap();
    at(&directory).start().await.unwrap().shutdown().await;
    let refused = Emulator::builder().data(directory.path()).start().await.unwrap_err();
    assert!(refused.to_string().contains(&format!("--clock {START}")), "{refused}");
}

#[tokio::test]
async fn a_held_clock_ends_a_year_before_time_does() {
    let start = "9998-12-30T00:00:00Z".parse().unwrap();
    let emulator = Emulator::builder().clock(Clock::held(start)).start().await.unwrap();
    client(&emulator)
        .cues()
        .create("hourly", Schedule::cron("0 * * * *"), Transport::Worker)
        .await
        .unwrap();
    emulator.advance(Duration::from_secs(400 * 24 * 3600)).await;
    assert!(
        emulator.now().to_string().starts_with("9998-12-29"),
        "{}",
        emulator.now()
    );
}

#[tokio::test]
async fn a_directory_in_use_damaged_or_of_another_format_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let emulator = at(&directory).start().await.unwrap();
    let refused = |error: cueapi_emulator::StartError| format!("{error}: {}", error.source().unwrap());
    let in_use = refused(at(&directory).start().await.unwrap_err());
    assert!(in_use.ends_with("another emulator is using it"), "{in_use}");
    emulator.shutdown().await;

    let file = directory.path().join("emulator.db");
    let database = rusqlite::Connection::open(&file).unwrap();
    database
        .execute("UPDATE rows SET row = '{}' WHERE kind = 'accounts'", [])
        .unwrap();
    drop(database);
    let damaged = refused(at(&directory).start().await.unwrap_err());
    assert!(damaged.contains("delete it to begin anew"), "{damaged}");

    let database = rusqlite::Connection::open(&file).unwrap();
    database.pragma_update(None, "user_version", 7).unwrap();
    drop(database);
    let newer = refused(at(&directory).start().await.unwrap_err());
    assert!(newer.contains("format 7"), "{newer}");

    std::fs::remove_file(&file).unwrap();
    let database = rusqlite::Connection::open(&file).unwrap();
    database.execute_batch("CREATE TABLE t (x)").unwrap();
    drop(database);
    let foreign = refused(at(&directory).start().await.unwrap_err());
    assert!(foreign.contains("of something else"), "{foreign}");

    std::fs::write(
        &file,
        "not a database, but long enough to be taken for one at first sight",
    )
    .unwrap();
    assert!(at(&directory).start().await.is_err());
}

#[cfg(unix)]
mod permissions {
    use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

    use super::at;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn only_its_owners(directory: &Path) {
        assert_eq!(mode(directory), 0o700);
        let mut files = 0;
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{}", path.display());
            files += 1;
        }
        assert!(files > 0);
    }

    #[tokio::test]
    async fn only_its_owner_can_look_into_a_new_directory() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("new/data");
        let emulator = at(&parent).data(&directory).start().await.unwrap();
        only_its_owners(&directory);
        emulator.shutdown().await;
        only_its_owners(&directory);
    }

    #[tokio::test]
    async fn an_older_directory_of_its_own_is_closed_to_others() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("data");
        fs::create_dir(&directory).unwrap();
        for loose in [0o755, 0o701, 0o770, 0o777] {
            set(&directory, loose);
            if directory.join("emulator.db").exists() {
                set(&directory.join("emulator.db"), 0o644);
            }
            let emulator = at(&parent).data(&directory).start().await.unwrap();
            only_its_owners(&directory);
            emulator.shutdown().await;
        }
    }

    #[tokio::test]
    async fn a_directory_that_has_other_uses_is_left_as_it_is() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("home");
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("notes.txt"), "mine").unwrap();
        set(&directory, 0o755);
        let refused = at(&parent).data(&directory).start().await.unwrap_err();
        let cause = std::error::Error::source(&refused).unwrap().to_string();
        assert!(cause.contains("chmod 700"), "{cause}");
        assert_eq!(
            (mode(&directory), directory.join("emulator.db").exists()),
            (0o755, false)
        );
        set(&directory, 0o700);
        at(&parent).data(&directory).start().await.unwrap();
    }
}

/// Puts off by so many days what an emulator on the system's clock has planned.
fn leave_alone(directory: &TempDir, days: i64) {
    let database = rusqlite::Connection::open(directory.path().join("emulator.db")).unwrap();
    let mut rows = database
        .prepare("SELECT key, row FROM rows WHERE kind = 'cues'")
        .unwrap();
    let rows: Vec<(String, String)> = rows
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (key, row) in rows {
        let mut row: serde_json::Value = serde_json::from_str(&row).unwrap();
        let next: jiff::civil::DateTime = row["next_run"].as_str().unwrap().parse().unwrap();
        row["next_run"] = (next - jiff::SignedDuration::from_hours(24 * days)).to_string().into();
        database
            .execute(
                "UPDATE rows SET row = ? WHERE kind = 'cues' AND key = ?",
                [row.to_string(), key],
            )
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_are_answered_while_a_week_is_made_up_for() {
    let directory = tempfile::tempdir().unwrap();
    let on_system_clock = || {
        Emulator::builder()
            .rate_limit(None)
            .limits(Limits::unlimited())
            .data(directory.path())
    };
    let emulator = on_system_clock().start().await.unwrap();
    for n in 0..5 {
        let create =
            client(&emulator)
                .cues()
                .create(format!("cue {n}"), Schedule::cron("* * * * *"), Transport::Worker);
        create.await.unwrap();
    }
    emulator.shutdown().await;
    leave_alone(&directory, 7);

    let emulator = on_system_clock()
        .catch_up(Duration::from_secs(3 * 60 * 60))
        .start()
        .await
        .unwrap();
    let api = client(&emulator);
    let (mut slowest, mut asked) = (Duration::ZERO, 0);
    while emulator.executions().len() < 5 * 179 {
        let started = std::time::Instant::now();
        api.usage().get().await.unwrap();
        slowest = slowest.max(started.elapsed());
        asked += 1;
    }
    println!("{asked} requests meanwhile, the slowest took {slowest:?}");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    assert!(
        emulator.executions().len() <= 5 * 182,
        "{}",
        emulator.executions().len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_of_webhooks_goes_out_a_few_at_a_time_and_arrives() {
    let directory = tempfile::tempdir().unwrap();
    let on_system_clock = || {
        Emulator::builder()
            .rate_limit(None)
            .limits(Limits::unlimited())
            .data(directory.path())
    };
    let emulator = on_system_clock().start().await.unwrap();
    let callback = Callback::new("http://jobs.test/hook");
    client(&emulator)
        .cues()
        .create("hook", Schedule::cron("*/5 * * * *"), callback)
        .await
        .unwrap();
    emulator.shutdown().await;
    leave_alone(&directory, 1);

    let (at_once, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, peak) = (at_once.clone(), most.clone());
    let receiver = move |_| {
        let (now, peak) = (now.clone(), peak.clone());
        async move {
            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(5)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            http::StatusCode::OK
        }
    };
    let emulator = on_system_clock()
        .receiver("http://jobs.test", receiver)
        .start()
        .await
        .unwrap();
    let delivered = |emulator: &Emulator| emulator.deliveries().len() >= 287;
    emulator.wait_until(Duration::from_secs(60), delivered).await;
    assert!(
        emulator
            .deliveries()
            .iter()
            .all(cueapi_emulator::SentDelivery::succeeded)
    );
    let most = most.load(Ordering::SeqCst);
    assert!((1..=16).contains(&most), "{most} at once");
}

#[tokio::test]
async fn a_login_under_way_its_account_and_its_session_outlive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let emulator = at(&directory).start().await.unwrap();
    let nobody = |emulator: &Emulator| {
        let builder = cueapi_hyper::builder(ApiKey::none()).base_url(emulator.base_url());
        builder.build().unwrap().login()
    };
    nobody(&emulator).start("ABCD-EFGH").await.unwrap();
    nobody(&emulator)
        .submit_email("ABCD-EFGH", "new@example.com")
        .await
        .unwrap();
    let link = emulator.emails()[0].link.clone();
    let session = client(&emulator)
        .account()
        .refresh_session()
        .await
        .unwrap()
        .session_token;
    emulator.shutdown().await;

    let emulator = at(&directory).start().await.unwrap();
    let path = &link[link.find("/v1/").unwrap()..];
    let request = http::Request::get(format!("{}{path}", emulator.base_url())).body(bytes::Bytes::new());
    let opened = cueapi_hyper::HyperClient::plain().send(request.unwrap()).await.unwrap();
    assert_eq!(opened.status(), 200);
    let login = nobody(&emulator).poll("ABCD-EFGH").await.unwrap();
    for token in [login.api_key.unwrap().expose(), session.expose()] {
        let api = cueapi_hyper::builder(token)
            .base_url(emulator.base_url())
            .build()
            .unwrap();
        api.account().get().await.unwrap();
    }
}
