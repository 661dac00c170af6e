//! What is lost when a future is dropped before it is ready: the attempt that is under way, and nothing else.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::{
    future::pending,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Waker},
    time::Duration,
};

use cueapi_core::{
    Client, ClientBuilder,
    http::{HttpClient, HttpError, Request, Response},
    testing::{self, Replay, ReplayClient, json},
    types::Payload,
};
use serde_json::json as value;

/// Answers from a script, and hangs in the exchange or the sleep that it is told to, after it has recorded it.
#[derive(Clone)]
struct Hanging {
    replay: ReplayClient,
    hang: Arc<Mutex<Option<&'static str>>>,
}

impl Hanging {
    fn new(hang: &'static str, script: impl IntoIterator<Item = Replay>) -> Self {
        Self {
            replay: ReplayClient::new(script),
            hang: Arc::new(Mutex::new(Some(hang))),
        }
    }

    fn client(&self) -> Client {
        ClientBuilder::new("cue_sk_1", self.clone()).build().unwrap()
    }

    /// The lines of the requests so far.
    fn sent(&self) -> Vec<String> {
        let line = |request: String| request.lines().next().unwrap_or_default().to_owned();
        self.replay.requests().into_iter().map(line).collect()
    }

    fn is_to_hang(&self, at: &str) -> bool {
        self.hang.lock().unwrap().take_if(|hang| at.contains(*hang)).is_some()
    }
}

impl HttpClient for Hanging {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let line = format!("{} {}", request.method(), request.uri());
        let answer = HttpClient::send(&self.replay, request).await;
        if self.is_to_hang(&line) {
            // It has reached the server, whose answer is on its way.
            pending::<()>().await;
        }
        answer
    }

    async fn sleep(&self, duration: Duration) {
        HttpClient::sleep(&self.replay, duration).await;
        if self.is_to_hang("sleep") {
            pending::<()>().await;
        }
    }
}

/// Polls a future until it hangs and drops it.
fn drop_when_it_hangs<T>(future: impl Future<Output = T>) {
    let mut future = pin!(future);
    let poll = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(poll.is_pending(), "it did not hang");
}

#[test]
fn a_future_that_was_never_polled_has_sent_nothing() {
    let replay = ReplayClient::default();
    let client = replay.client();
    drop(client.cues().fire("cue_1").send());
    drop(client.executions().claim_next("w").send());
    drop(client.cues().list().pager().next());
    drop(
        client
            .executions()
            .handle("e1", Payload::default(), async |_| Ok::<_, String>(())),
    );
    let boxed: Pin<Box<dyn Future<Output = _> + Send>> = client.cues().fire("cue_1").into_future();
    drop(boxed);
    assert!(replay.requests().is_empty());
}

#[test]
fn a_call_that_is_dropped_sends_nothing_more() {
    let hanging = Hanging::new("/fire", []);
    drop_when_it_hangs(hanging.client().cues().fire("cue_1").send());
    assert_eq!(hanging.sent(), ["POST /v1/cues/cue_1/fire"]);

    // While it waits between two attempts, no attempt is under way.
    let hanging = Hanging::new("sleep", [json(503, "{}")]);
    drop_when_it_hangs(hanging.client().workers().list().send());
    assert_eq!(hanging.sent().len(), 1);
    // The client is as good as before.
    assert!(testing::run(hanging.client().workers().list().send()).is_err());
    assert_eq!(hanging.sent().len(), 2);
}

fn claimable() -> Replay {
    let row = |id: &str| {
        value!({"execution_id": id, "cue_id": "cue_1", "cue_name": "n", "task": "t",
            "scheduled_for": "2026-11-23T20:41:10Z", "payload": {"task": "t"}, "attempt": 0})
    };
    json(200, value!({"executions": [row("e1"), row("e2")]}).to_string())
}

#[test]
fn a_claim_next_that_is_dropped_while_it_lists_holds_nothing_and_later_at_most_the_claim_under_way() {
    let hanging = Hanging::new("claimable", [claimable()]);
    drop_when_it_hangs(hanging.client().executions().claim_next("w").send());
    assert_eq!(hanging.sent(), ["GET /v1/executions/claimable"]);

    let taken = json(200, r#"{"claimed":true,"execution_id":"e1","lease_seconds":900}"#);
    let hanging = Hanging::new("/e1/claim", [claimable(), taken]);
    drop_when_it_hangs(hanging.client().executions().claim_next("w").send());
    assert_eq!(
        hanging.sent(),
        ["GET /v1/executions/claimable", "POST /v1/executions/e1/claim"]
    );
}

#[test]
fn a_pager_loses_no_row_when_next_is_dropped() {
    let row = |id: &str| {
        value!({"id": id, "cue_id": "cue_1", "scheduled_for": "2026-11-23T20:41:10Z", "status": "success",
            "http_status": null, "attempts": 1, "error_message": null, "started_at": null, "delivered_at": null,
            "last_attempt_at": null, "outcome": null, "created_at": "2026-11-23T20:41:10Z", "updated_at": "2026-11-23T20:41:11Z"})
    };
    let page = |ids: &[&str]| {
        let rows: Vec<_> = ids.iter().map(|id| row(id)).collect();
        let page = value!({"executions": rows, "total": 3, "limit": 2, "offset": 0, "has_more": true, "oldest_claimed_at": null});
        json(200, page.to_string())
    };
    // The answer to the second page is lost with the future, and asked for again.
    let hanging = Hanging::new("offset=2", [page(&["a", "b"]), page(&["c"]), page(&["c"]), page(&[])]);
    let mut pager = hanging.client().executions().list().limit(2).pager();
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(testing::run(pager.next()).unwrap().unwrap().id.to_string());
    }
    drop_when_it_hangs(pager.next());
    ids.push(testing::run(pager.next()).unwrap().unwrap().id.to_string());
    assert_eq!(ids, ["a", "b", "c"]);
}

#[test]
fn work_that_is_dropped_reports_nothing_and_a_report_that_is_dropped_may_have_arrived() {
    let hanging = Hanging::new("-", []);
    let began = AtomicBool::new(false);
    drop_when_it_hangs(
        hanging
            .client()
            .executions()
            .handle("e1", Payload::default(), async |_| {
                began.store(true, Ordering::Relaxed);
                pending::<Result<(), String>>().await
            }),
    );
    assert!(began.into_inner());
    assert!(hanging.sent().is_empty());

    let hanging = Hanging::new("/outcome", []);
    drop_when_it_hangs(
        hanging
            .client()
            .executions()
            .handle("e1", Payload::default(), async |_| Ok::<_, String>(())),
    );
    assert_eq!(hanging.sent(), ["POST /v1/executions/e1/outcome"]);
}
