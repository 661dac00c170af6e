//! The contract suite against the emulator: the emulator keeps the contract, and the suite cleans up after itself.

#![expect(clippy::unwrap_used, reason = "a helper of a test that panics fails the test")]

use std::future::pending;

use cueapi_core::types::{Schedule, Transport};
use cueapi_emulator::{Emulator, engine::Limits};
use cueapi_hyper::Client;
use cueapi_tests::contract::{self, Report, ServerKind, Target, Verdict};
use tokio::sync::oneshot;

async fn emulator() -> Emulator {
    Emulator::builder().rate_limit(Some(100_000)).start().await.unwrap()
}

async fn check(emulator: &Emulator) -> Report {
    check_with(emulator, false).await
}

async fn check_with(emulator: &Emulator, destructive: bool) -> Report {
    let (server, key) = (emulator.base_url(), emulator.api_key());
    let target = Target::new(&server, &key).destructive(destructive);
    contract::run(target, pending(), |_| {}).await.unwrap()
}

fn client(emulator: &Emulator) -> Client {
    cueapi_hyper::builder(emulator.api_key())
        .base_url(emulator.base_url())
        .build()
        .unwrap()
}

#[tokio::test]
async fn the_emulator_keeps_the_contract() {
    let emulator = emulator().await;
    let report = check(&emulator).await;

    let failures: Vec<String> = report.failures().map(ToString::to_string).collect();
    assert!(report.passed(), "{}\n{report}", failures.join("\n"));
    assert_eq!(report.server, ServerKind::SelfHosted);
    let skipped: Vec<_> = report.skipped().map(|row| row.statement).collect();
    assert_eq!(skipped, SKIPPED, "what is skipped is not known to be kept");
}

/// What must be asked for.
const SKIPPED: [&str; 4] = [
    "who registers gets a key that works",
    "a new webhook secret takes the place of the old one",
    "a new alert secret takes the place of the old one",
    "a new key takes the place of the old one at once",
];

#[tokio::test]
async fn what_cannot_be_undone_is_checked_when_it_is_asked_for() {
    let emulator = emulator().await;
    let old = emulator.api_key();
    let report = check_with(&emulator, true).await;

    let failures: Vec<String> = report.failures().map(ToString::to_string).collect();
    assert!(report.passed(), "{}\n{report}", failures.join("\n"));
    assert!(report.skipped().all(|row| row.area != "destroy"));
    assert_ne!(emulator.api_key(), old);
    assert_eq!(report.new_key.unwrap().expose(), emulator.api_key());
    assert_eq!(
        client(&emulator).cues().list().await.unwrap().total,
        0,
        "cleaned up with the new key"
    );
}

#[tokio::test]
async fn nothing_is_left_behind() {
    let emulator = emulator().await;
    let report = check(&emulator).await;

    assert_eq!(report.left_behind, [""; 0]);
    assert_eq!(client(&emulator).cues().list().await.unwrap().total, 0);
    assert!(client(&emulator).workers().list().await.unwrap().workers.is_empty());
    assert_eq!(client(&emulator).agents().list().await.unwrap().total, 0);
}

#[tokio::test]
async fn nothing_is_left_behind_when_it_is_interrupted() {
    let emulator = emulator().await;
    let others = client(&emulator)
        .cues()
        .create("not-the-suites", Schedule::cron("0 0 1 1 *"), Transport::Worker)
        .await
        .unwrap();
    let (server, key) = (emulator.base_url(), emulator.api_key());
    for rows in [6, 26, 41] {
        let (stop, stopped) = oneshot::channel::<()>();
        let mut stop = Some(stop);
        let mut left = rows;
        let stopped = async { drop(stopped.await) };
        let report = contract::run(Target::new(&server, &key), stopped, |_| {
            left -= 1;
            if left == 0 {
                drop(stop.take());
            }
        });
        let report = report.await.unwrap();

        assert!(report.interrupted && !report.passed());
        assert_eq!(report.left_behind, [""; 0]);
        let cues = client(&emulator).cues().list().await.unwrap().cues;
        assert_eq!(cues.iter().map(|cue| &cue.id).collect::<Vec<_>>(), [&others.id]);
    }
}

#[tokio::test]
async fn a_server_that_does_otherwise_fails_check_by_check() {
    let limits = Limits::free().cues(Some(0)).requests_per_minute(Some(100_000));
    let emulator = Emulator::builder().limits(limits).start().await.unwrap();
    let report = check(&emulator).await;

    assert!(!report.passed());
    let failed = report
        .failures()
        .find(|row| row.statement == "a paused cue can be fired")
        .unwrap();
    let Verdict::Fail { expected, seen } = &failed.verdict else {
        panic!("{failed}");
    };
    assert_eq!(expected, "an answer");
    assert!(seen.contains("403 cue_limit_exceeded"), "{seen}");
    let passed = report
        .rows
        .iter()
        .filter(|row| matches!(row.verdict, Verdict::Pass { .. }));
    assert!(
        passed.count() > 10,
        "what has to do with no cue is checked all the same"
    );
}

#[tokio::test]
async fn without_a_server_or_a_key_there_is_nothing_to_check() {
    let emulator = emulator().await;
    let address = emulator.base_url();
    let wrong_key = contract::run(Target::new(&address, "cue_sk_wrong"), pending(), |row| panic!("{row}")).await;
    assert!(wrong_key.unwrap_err().to_string().contains("invalid_api_key"));

    emulator.shutdown().await;
    let nobody = contract::run(Target::new(&address, "cue_sk_any"), pending(), |row| panic!("{row}")).await;
    assert!(nobody.is_err());
}
