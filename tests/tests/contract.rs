//! The contract suite against the emulator: the emulator keeps the contract, and the suite cleans up after itself.

#![expect(clippy::unwrap_used, reason = "a helper of a test that panics fails the test")]

#[path = "contract/hosted.rs"]
mod hosted;
#[path = "contract/overlay.rs"]
mod overlay;

use std::{collections::HashSet, future::pending};

use cueapi_core::types::{Schedule, Transport};
use cueapi_emulator::{Emulator, engine::Limits};
use cueapi_hyper::Client;
use cueapi_tests::contract::{self, Report, ServerKind, Target, Verdict};
use tokio::sync::oneshot;

use self::overlay::{Asked, Canned, Overlay};

async fn emulator() -> Emulator {
    Emulator::builder().rate_limit(Some(100_000)).start().await.unwrap()
}

async fn check(emulator: &Emulator) -> Report {
    check_with(emulator, false).await
}

async fn check_at(base_url: &str, key: &str) -> Report {
    contract::run(Target::new(base_url, key), pending(), |_| {})
        .await
        .unwrap()
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
    let overlay = Overlay::start(|_| None).await;
    let report = check_at(&overlay.base_url, &overlay.emulator.api_key()).await;

    assert_eq!(report.left_behind, [""; 0]);
    assert!(overlay.left().is_empty(), "{:?}", overlay.left());
    for part in ["live-sessions", "attachments", "subscriptions"] {
        let asked = overlay.count(|asked| asked.is_of_an_agent("POST", part));
        assert!(asked > 0, "none of the {part} was recorded");
    }
    let client = client(&overlay.emulator);
    assert_eq!(client.cues().list().await.unwrap().total, 0);
    assert!(client.workers().list().await.unwrap().workers.is_empty());
    assert_eq!(client.agents().list().await.unwrap().total, 0);
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

const NO_DNS: Canned = (
    400,
    None,
    r#"{"error":{"code":"invalid_callback_url","message":"Could not resolve hostname","status":400}}"#,
);
const TOO_MANY: Canned = (
    429,
    None,
    r#"{"error":{"code":"rate_limit_exceeded","message":"Too many device code requests","status":429}}"#,
);
const LIMITED: Canned = (
    429,
    Some(("retry-after", "1")),
    r#"{"error":{"code":"rate_limit_exceeded","message":"Rate limit exceeded. Retry after 1 seconds.","status":429}}"#,
);
const INTERNAL: Canned = (
    500,
    None,
    r#"{"error":{"code":"internal_error","message":"An internal error occurred","status":500}}"#,
);

/// Runs one check against a server that answers in part as a real one did.
async fn verdict(only: &str, answers: impl FnMut(&Asked) -> Option<Canned> + Send + 'static) -> (Verdict, Overlay) {
    let overlay = Overlay::start(answers).await;
    let key = overlay.emulator.api_key();
    let target = Target::new(&overlay.base_url, &key).destructive(true).only(Some(only));
    let mut report = contract::run(target, pending(), |_| {}).await.unwrap();
    assert_eq!(report.rows.len(), 1, "{report}");
    assert_eq!(report.left_behind, [""; 0]);
    (report.rows.remove(0).verdict, overlay)
}

fn skipped((verdict, _): (Verdict, Overlay)) -> bool {
    matches!(verdict, Verdict::Skip { .. })
}

fn passed((verdict, _): (Verdict, Overlay)) {
    assert!(matches!(verdict, Verdict::Pass { .. }), "{verdict:?}");
}

#[tokio::test]
async fn a_server_that_cannot_look_example_com_up_is_not_checked_with_it() {
    let of_a_cue = |asked: &Asked| (asked.body["callback"] != serde_json::Value::Null).then_some(NO_DNS);
    assert!(skipped(verdict("has its callback, method and headers", of_a_cue).await));
    let of_an_agent = |asked: &Asked| asked.body["webhook_url"].is_string().then_some(NO_DNS);
    assert!(skipped(
        verdict("comes with a secret and takes it away", of_an_agent).await
    ));
}

#[tokio::test]
async fn a_login_that_is_one_too_many_within_the_hour_is_not_checked() {
    for allowed in [0, 1] {
        let mut starts = 0;
        let start = move |asked: &Asked| {
            starts += usize::from(asked.is("POST", "/v1/auth/device-code"));
            (asked.is("POST", "/v1/auth/device-code") && starts > allowed).then_some(TOO_MANY)
        };
        assert!(
            skipped(verdict("a login that was started is pending", start).await),
            "after {allowed}"
        );
    }
}

#[tokio::test]
async fn a_session_token_is_never_used_twice_by_any_run() {
    let mut used = HashSet::new();
    let overlay = Overlay::start(move |asked| {
        let token = asked.body["ipc_session_token"].as_str()?;
        // A real server answers 500 to a token that any account has ever used.
        (!used.insert(token.to_owned())).then_some(INTERNAL)
    });
    let overlay = overlay.await;
    let key = overlay.emulator.api_key();
    for _ in 0..2 {
        let target = Target::new(&overlay.base_url, &key).only(Some("live"));
        let report = contract::run(target, pending(), |_| {}).await.unwrap();
        assert!(report.passed(), "{:?}", report.failures().collect::<Vec<_>>());
        assert_eq!(report.skipped().count(), 0);
    }
    assert!(overlay.count(|asked| asked.is_of_an_agent("POST", "attachments")) > 5);
}

#[tokio::test]
async fn what_a_daemon_does_not_name_is_downgraded_and_can_be_detached() {
    let detached = |asked: &Asked| asked.is_of_an_agent("DELETE", "attachments").then_some((204, None, ""));
    passed(verdict("what a daemon does not name", detached).await);
    let gone = |asked: &Asked| {
        let gone = (200, None, r#"{"deleted":false,"reason":"already_deleted"}"#);
        asked.is_of_an_agent("DELETE", "attachments").then_some(gone)
    };
    let (verdict, _) = verdict("what a daemon does not name", gone).await;
    assert!(matches!(verdict, Verdict::Fail { .. }), "{verdict:?}");
}

#[tokio::test]
async fn a_short_echo_token_is_waited_for_or_refused() {
    let only = "nothing has arrived under a token";
    let echo = |answer: Canned| move |asked: &Asked| asked.is("GET", "/v1/echo/fifteen-letters").then_some(answer);
    passed(verdict(only, echo((200, None, r#"{"status":"waiting"}"#))).await);
    let refusal = r#"{"error":{"code":"invalid_token","message":"Token must be at least 16 characters","status":400}}"#;
    passed(verdict(only, echo((400, None, refusal))).await);
}

#[tokio::test]
async fn runs_that_fail_meanwhile_count_among_the_failed_outcomes() {
    let mut failed = 5;
    let usage = move |asked: &Asked| {
        failed += 2 * usize::from(asked.is("GET", "/v1/usage"));
        let body = match failed {
            7 => r#"{"plan":"free","outcomes":{"reported":3,"succeeded":1,"failed":7}}"#,
            _ => r#"{"plan":"free","outcomes":{"reported":4,"succeeded":1,"failed":9}}"#,
        };
        asked.is("GET", "/v1/usage").then_some((200, None, body))
    };
    passed(verdict("an outcome counts", usage).await);
}

#[tokio::test]
async fn after_the_key_has_changed_the_limiter_is_waited_for() {
    let (mut first, mut refused) = (None, 0);
    let limiter = move |asked: &Asked| {
        let old = first.get_or_insert_with(|| asked.key.clone());
        // The limiter looks at the old key before anything else does, more often than the client's own patience reaches.
        (asked.is("GET", "/v1/auth/me") && asked.key == *old && refused < 6).then(|| {
            refused += 1;
            LIMITED
        })
    };
    passed(verdict("a new key takes the place of the old one", limiter).await);
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
