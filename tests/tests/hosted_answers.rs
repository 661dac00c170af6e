//! Every answer that the hosted service's documentation shows, as far as the SDK has a call for it: it decodes, nothing of
//! it is lost, and its call ends as it should. From its documentation, never seen running; the values are our own
//! (`fixtures/hosted/answers.json`).

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::{collections::BTreeMap, fmt::Debug};

use cueapi_core::{
    Client, ConfirmDestructive, Error, ErrorKind, RetryPolicy,
    testing::{self, Replay, ReplayClient, json},
};
use cueapi_tests::golden;
use cueapi_types::{Callback, CueStatus, Evidence, ExecutionStatus, Outcome, Payload, Schedule, Transport};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json as value};

#[derive(Deserialize)]
struct Answer {
    status: u16,
    body: Value,
}

impl Answer {
    fn replay(&self) -> Replay {
        json(self.status, self.body.to_string())
    }
}

fn answers() -> BTreeMap<String, Answer> {
    serde_json::from_str(include_str!("../fixtures/hosted/answers.json")).unwrap()
}

/// What is expected of an answer's call.
enum Expected {
    Success,
    Failure(ErrorKind, &'static str),
}
use Expected::{Failure, Success};

/// An answer by its name among the fixtures, the call that it comes to, and how that ends.
type Row = (&'static str, fn(&Client) -> Result<Value, Error>, Expected);

fn call<T: Serialize + Debug>(call: impl Future<Output = Result<T, Error>>) -> Result<Value, Error> {
    testing::run(call).map(|answer| serde_json::to_value(&answer).unwrap())
}

/// In the order of the documentation's pages.
#[rustfmt::skip]
fn table() -> Vec<Row> {
    let create: fn(&Client) -> _ = |c| {
        let callback = Callback::new("https://digest.example.com/run");
        call(c.cues().create("weekly-digest", Schedule::cron("0 7 * * 1"), callback).send())
    };
    let claim: fn(&Client) -> _ = |c| call(c.executions().claim("exec_7200", "host-7").send());
    let beat: fn(&Client) -> _ = |c| call(c.executions().heartbeat("exec_7200").worker("host-7").send());
    let report: fn(&Client) -> _ = |c| call(c.executions().report_outcome("exec_7200", Outcome::success()).send());
    let verify: fn(&Client) -> _ = |c| call(c.executions().mark_verified("exec_7200").send());
    let replay: fn(&Client) -> _ = |c| call(c.executions().replay("exec_7200").send());
    let session: fn(&Client) -> _ = |c| call(c.login().session("stk_44a1").send());
    let refresh: fn(&Client) -> _ = |c| call(c.account().refresh_session().send());
    let start: fn(&Client) -> _ = |c| call(c.login().start("AB12CD34").send());
    let poll: fn(&Client) -> _ = |c| call(c.login().poll("AB12CD34").send());
    let store: fn(&Client) -> _ = |c| call(c.echo().store("0123456789abcdef", value!({"hello": "world"})).send());
    let fetch: fn(&Client) -> _ = |c| call(c.echo().get("0123456789abcdef").send());
    vec![
        // Cues
        ("cue, just created", create, Success),
        ("cue limit reached", create, Failure(ErrorKind::CueLimitExceeded, "cue_limit_exceeded")),
        ("unknown member, in the framework's form", |c| call(c.cues().update("cue_9kd2m4x7q1ab").name("n").send()),
            Failure(ErrorKind::Invalid, "validation_error")),
        ("cue with its last executions", |c| call(c.cues().get("cue_9kd2m4x7q1ab").send()), Success),
        ("cue not found", |c| call(c.cues().get("cue_none").send()), Failure(ErrorKind::NotFound, "cue_not_found")),
        ("cues", |c| call(c.cues().list().send()), Success),
        ("fired", |c| call(c.cues().fire("cue_9kd2m4x7q1ab").send()), Success),
        ("fired too often", |c| call(c.cues().fire("cue_9kd2m4x7q1ab").send()),
            Failure(ErrorKind::RateLimited, "rate_limit_exceeded")),
        // Executions
        ("executions", |c| call(c.executions().list().has_evidence(true).send()), Success),
        ("claimable", |c| call(c.executions().list_claimable().send()), Success),
        ("claimed", claim, Success),
        ("claimed by another", claim, Failure(ErrorKind::Conflict, "already_claimed")),
        ("execution heartbeat", beat, Success),
        ("heartbeat of what is not claimed", beat, Failure(ErrorKind::Conflict, "execution_not_claiming")),
        ("heartbeat of another's", beat, Failure(ErrorKind::Forbidden, "not_execution_owner")),
        ("outcome recorded", report, Success),
        ("outcome recorded, with evidence", report, Success),
        ("execution with artifacts as objects", |c| call(c.executions().get("exec_7200").send()), Success),
        ("execution not found", replay, Failure(ErrorKind::NotFound, "execution_not_found")),
        ("evidence added", |c| call(c.executions().append_evidence("exec_7200", Evidence::new()).send()), Success),
        ("verified", verify, Success),
        ("not to be verified, without a status", verify, Failure(ErrorKind::Conflict, "invalid_state")),
        ("replayed", replay, Success),
        ("replay while it runs", replay, Failure(ErrorKind::Conflict, "execution_in_flight")),
        // Workers
        ("workers", |c| call(c.workers().list().send()), Success),
        ("worker not found", |c| call(c.workers().delete("host-8").send()), Failure(ErrorKind::NotFound, "worker_not_found")),
        // Alerts
        ("alerts", |c| call(c.alerts().list().send()), Success),
        ("alert acknowledged", |c| call(c.alerts().acknowledge("alr_31").send()), Success),
        ("alert not found, not authenticated", |c| call(c.alerts().acknowledge("alr_31").send()),
            Failure(ErrorKind::Authentication, "not_authenticated")),
        ("alert secret", |c| call(c.alerts().webhook_secret().send()), Success),
        ("alert secret replaced", |c| call(c.alerts().regenerate_webhook_secret(ConfirmDestructive).send()), Success),
        // Account, keys, sessions
        ("confirmation missing", |c| call(c.account().regenerate_key(ConfirmDestructive).send()),
            Failure(ErrorKind::Invalid, "confirmation_required")),
        ("account", |c| call(c.account().get().send()), Success),
        ("account, wrong key", |c| call(c.account().get().send()), Failure(ErrorKind::Authentication, "invalid_api_key")),
        ("key shown", |c| call(c.account().key().send()), Success),
        ("key not kept", |c| call(c.account().key().send()), Failure(ErrorKind::Gone, "plaintext_unavailable")),
        ("key replaced", |c| call(c.account().regenerate_key(ConfirmDestructive).send()), Success),
        ("webhook secret", |c| call(c.webhook_secret().get().send()), Success),
        ("webhook secret replaced", |c| call(c.webhook_secret().regenerate(ConfirmDestructive).send()), Success),
        ("session", session, Success),
        ("session token not known", session, Failure(ErrorKind::Authentication, "invalid_token")),
        ("session of nobody", session, Failure(ErrorKind::Authentication, "user_not_found")),
        ("sessions are off", refresh, Failure(ErrorKind::Server, "session_unavailable")),
        ("registered", |c| call(c.login().register("ada@example.com").send()), Success),
        ("device code", start, Success),
        ("device code taken", start, Failure(ErrorKind::Conflict, "device_code_exists")),
        ("login pending", poll, Success),
        ("login approved, with a key", poll, Success),
        ("login approved, with a token", poll, Success),
        ("login expired", poll, Success),
        // Usage, memory, echo, health
        ("usage", |c| call(c.usage().get().send()), Success),
        ("usage, earlier form", |c| call(c.usage().get().send()), Success),
        ("memory block is off", |c| call(c.account().get().send()), Failure(ErrorKind::Forbidden, "memory_block_disabled")),
        ("echo stored", store, Success),
        ("echo token too short", store, Failure(ErrorKind::Invalid, "invalid_token")),
        ("echo too large", store, Failure(ErrorKind::Invalid, "payload_too_large")),
        ("echo waiting", fetch, Success),
        ("echo delivered", fetch, Success),
        ("health, times without an offset", |c| call(c.service().health().send()), Success),
    ]
}

fn client(replay: &ReplayClient) -> Client {
    replay.builder().retry(RetryPolicy::none()).build().unwrap()
}

#[test]
fn every_documented_answer_ends_its_call_as_it_should_and_loses_nothing() {
    let mut answers = answers();
    for (name, call, expected) in table() {
        let answer = answers.remove(name).unwrap_or_else(|| panic!("{name}: no fixture"));
        let outcome = call(&client(&ReplayClient::new([answer.replay()])));
        match (expected, outcome) {
            (Success, Ok(again)) => assert_eq!(golden::differences(&answer.body, &again), [], "{name}"),
            (Failure(kind, code), Err(error)) => {
                let said = error.api().map(|api| api.code.to_string());
                assert_eq!((error.kind(), said.as_deref()), (kind, Some(code)), "{name}");
            }
            (_, outcome) => panic!("{name}: {outcome:?}"),
        }
    }
    assert!(answers.is_empty(), "without a call: {:?}", answers.keys());
}

/// The members without which an answer means nothing.
const ESSENTIAL: &[&str] = &[
    "/alert_webhook_secret",
    "/alerts",
    "/api_key",
    "/cues",
    "/execution_id",
    "/executions",
    "/id",
    "/session_token",
    "/status",
    "/verification_url",
    "/webhook_secret",
    "/workers",
];

#[test]
fn an_answer_without_any_one_of_its_members_is_an_answer_still() {
    let answers = answers();
    for (name, call, expected) in table() {
        let (Success, answer) = (expected, &answers[name]) else {
            continue;
        };
        for place in members(&answer.body, "") {
            let mut body = answer.body.clone();
            let (parent, member) = place.rsplit_once('/').unwrap();
            body.pointer_mut(parent)
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove(member);
            let outcome = call(&client(&ReplayClient::new([json(answer.status, body.to_string())])));
            if let Err(error) = outcome {
                assert!(ESSENTIAL.contains(&&*place), "{name} without {place}: {error}");
            }
        }
    }
}

/// Every member of every object, as a JSON pointer.
fn members(value: &Value, at: &str) -> Vec<String> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (format!("{at}/{key}"), value))
            .collect(),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.map(|(index, value)| (format!("{at}/{index}"), value)).collect()
        }
        _ => Vec::new(),
    };
    let deeper = inner.iter().flat_map(|(place, value)| members(value, place));
    let own = inner
        .iter()
        .map(|(place, _)| place.clone())
        .filter(|_| value.is_object());
    own.chain(deeper.collect::<Vec<_>>()).collect()
}

#[test]
fn what_is_needed_after_a_call_can_be_asked_of_either_form() {
    let answers = answers();
    let of = |name: &str| answers[name].body.to_string();
    let receipt: cueapi_types::OutcomeReceipt = serde_json::from_str(&of("outcome recorded")).unwrap();
    assert!(receipt.is_recorded());
    let beat: cueapi_types::Heartbeat = serde_json::from_str(&of("execution heartbeat")).unwrap();
    assert!(beat.is_acknowledged());
    assert_eq!(beat.lease_extended_until.to_string(), "2026-05-28T11:16:00Z");
    let key: cueapi_types::StoredKey = serde_json::from_str(&of("key shown")).unwrap();
    assert_eq!(key.first_characters(), Some("cue_sk_0f1e2"));
    for (name, plan, cues, requests) in [("usage", "free", 4, 60), ("usage, earlier form", "pro", 4, 200)] {
        let usage: cueapi_types::UsageReport = serde_json::from_str(&of(name)).unwrap();
        assert_eq!(usage.plan.unwrap().name(), Some(plan));
        assert_eq!(usage.cues.unwrap().counted(), Some(cues));
        assert_eq!(usage.rate_limit.unwrap().allowed(), Some(requests));
    }
    let cue: cueapi_types::Cue = serde_json::from_str(&of("cue, just created")).unwrap();
    assert_eq!(cue.payload, None);
    let executions: cueapi_types::ExecutionList = serde_json::from_str(&of("executions")).unwrap();
    assert_eq!(executions.executions[0].reported_success(), Some(false));
}

/// A client whose server gives these answers, one for each call.
fn scripted(names: &[&str]) -> (ReplayClient, Client) {
    let answers = answers();
    let replay = ReplayClient::new(names.iter().map(|name| match *name {
        "204" => json(204, ""),
        name => answers[name].replay(),
    }));
    let client = client(&replay);
    (replay, client)
}

#[test]
fn the_quick_starts_calls_pass() {
    let (replay, client) = scripted(&[
        "cue, just created",
        "cues",
        "fired",
        "claimable",
        "claimed",
        "outcome recorded",
        "execution with artifacts as objects",
        "executions",
        "cue, just created",
        "cue, just created",
        "204",
        "cue not found",
    ]);
    testing::run(async {
        let (cues, executions) = (client.cues(), client.executions());
        let create = cues.create("weekly-digest", Schedule::cron("0 7 * * 1"), Transport::Worker);
        let cue = create.send().await?;
        let mut listed = cues.list().status(CueStatus::Active).pager();
        assert_eq!(listed.next().await.unwrap()?.id, cue.id);
        assert!(listed.next().await.is_none());
        let fired = cues.fire(&cue.id).send().await?;

        let claimed = executions.claim_next("host-7").task("digest").send().await?.unwrap();
        assert_eq!(claimed.execution.execution_id, fired.id);
        let handled = executions
            .handle(&fired.id, claimed.payload(), async |ctx| {
                let job: Value = ctx.payload().parse()?;
                assert_eq!(job["list"], "friends");
                Ok::<_, cueapi_types::PayloadError>(112)
            })
            .await;
        assert_eq!(handled.unwrap(), 112);
        let execution = executions.get(&fired.id).send().await?;
        assert_eq!(execution.status, Some(ExecutionStatus::Success));
        assert_eq!(execution.reported_success(), Some(true));
        executions.list().send().await?;

        cues.pause(&cue.id).send().await?;
        cues.resume(&cue.id).send().await?;
        cues.delete(&cue.id).send().await?;
        assert_eq!(cues.get(&cue.id).send().await.unwrap_err().kind(), ErrorKind::NotFound);
        Ok::<_, Error>(())
    })
    .unwrap();
    assert_eq!(replay.unused(), 0);
}

#[test]
fn the_worker_examples_calls_pass() {
    let (replay, client) = scripted(&["claimable", "claimed", "execution heartbeat", "outcome recorded"]);
    testing::run(async {
        let executions = client.executions();
        let claimed = executions.claim_next("host-7").task("digest").send().await?.unwrap();
        let id = claimed.execution.execution_id.clone();
        let beat = executions.heartbeat(&id).worker("host-7").send().await?;
        assert!(beat.is_acknowledged());
        let report = executions.handle(&id, claimed.payload(), async |_| Ok::<_, String>(()));
        report.await.unwrap();
        Ok::<_, Error>(())
    })
    .unwrap();
    assert_eq!(replay.unused(), 0);

    // The blocking client reads them, too.
    let answers = answers();
    let script = ["claimable", "claimed", "outcome recorded"].map(|name| answers[name].replay());
    let client = ReplayClient::new(script).blocking_client();
    let claimed = client.executions().claim_next("host-7").send().unwrap().unwrap();
    let payload: Payload = claimed.payload();
    let handled = client.executions().handle("exec_7200", payload, |_| Ok::<_, String>(1));
    assert_eq!(handled.unwrap(), 1);
}
