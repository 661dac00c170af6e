//! Schedules, and what is done to cues.

use std::{future::Future, time::Duration};

use cueapi_emulator::{Clock, Emulator, engine::Limits};

use super::{MINUTE, cue_member, emulator, fire, minutes, status, webhook_cue};
use crate::{
    receiver::{Behaviour, Receiver},
    wire::{call, ok},
};

#[tokio::test]
async fn runs_while_a_cue_is_paused_do_not_happen_later() {
    let (emulator, receiver) = (emulator().await, Receiver::open([]).await);
    let cue = webhook_cue(&emulator, &receiver, "*/10 * * * *", "").await;
    let patch = async |body: &str| ok(&emulator, "PATCH", &format!("/v1/cues/{cue}"), body).await;
    emulator.advance(25 * MINUTE).await;
    patch(r#"{"status":"paused"}"#).await;
    emulator.advance(60 * MINUTE).await;
    assert_eq!(
        patch(r#"{"status":"active"}"#).await.text("next_run"),
        "2026-03-02T09:30:00Z"
    );
    emulator.advance(10 * MINUTE).await;
    assert_eq!(minutes(&emulator), [10, 20, 90]);
    assert_eq!(cue_member(&emulator, &cue, "fired_count").await, "3");
}

#[tokio::test]
async fn a_fired_cue_works_in_any_status_and_does_not_count_as_a_scheduled_run() {
    let (emulator, receiver) = (emulator().await, Receiver::open([]).await);
    let cue = webhook_cue(&emulator, &receiver, "0 9 * * *", "").await;
    ok(&emulator, "PATCH", &format!("/v1/cues/{cue}"), r#"{"status":"paused"}"#).await;
    let execution = fire(&emulator, &cue).await;
    emulator.run_until_idle().await;
    assert_eq!(status(&emulator, &execution).await, "success");
    assert_eq!(cue_member(&emulator, &cue, "fired_count").await, "0");
    assert_eq!(cue_member(&emulator, &cue, "run_count").await, "1");
}

#[tokio::test]
async fn a_one_time_webhook_cue_completes_or_fails() {
    for (status, end) in [(200, "completed"), (500, "failed")] {
        let (emulator, receiver) = (emulator().await, Receiver::open([Behaviour::Answer(status); 3]).await);
        let body = format!(
            r#"{{"name":"once","schedule":{{"type":"once","at":"2026-03-02T08:10:00Z"}},"callback":{{"url":"{}"}}}}"#,
            receiver.url()
        );
        let cue = ok(&emulator, "POST", "/v1/cues", &body).await.text("id");
        emulator.advance(60 * MINUTE).await;
        assert_eq!(cue_member(&emulator, &cue, "status").await, end);
        assert_eq!(cue_member(&emulator, &cue, "next_run").await, "null");
    }
}

#[tokio::test]
async fn local_times_move_with_the_clocks_of_the_zone() {
    let (emulator, receiver) = (emulator().await, Receiver::open([]).await);
    let body = format!(
        r#"{{"name":"ny","schedule":{{"type":"recurring","cron":"30 2 * * *","timezone":"america/new_york"}},"callback":{{"url":"{}"}}}}"#,
        receiver.url()
    );
    ok(&emulator, "POST", "/v1/cues", &body).await;
    emulator.advance_to("2026-03-09T23:00:00Z".parse().unwrap()).await;
    let runs: Vec<_> = emulator
        .executions()
        .iter()
        .map(|execution| execution.scheduled_for.to_string())
        .collect();
    // 02:30 does not exist on 8 March 2026: the run comes at 03:00, the first minute after the gap.
    assert_eq!(
        runs[4..],
        ["2026-03-07T07:30:00Z", "2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"]
    );
}

#[tokio::test]
async fn a_time_zone_that_only_the_database_of_zones_knows_is_refused() {
    let emulator = emulator().await;
    for (zone, status) in [
        ("Europe/Paris", 201),
        ("Factory", 422),
        ("factory", 422),
        ("Etc/Unknown", 422),
        ("", 422),
    ] {
        let body = format!(
            r#"{{"name":"z {zone}","transport":"worker","schedule":{{"type":"recurring","cron":"0 9 * * *","timezone":"{zone}"}}}}"#
        );
        let answer = call(&emulator, "POST", "/v1/cues", &body).await;
        assert_eq!(answer.status, status, "{zone}: {}", answer.body);
        if status == 422 {
            assert_eq!(answer.text("error.code"), "invalid_timezone", "{zone}");
        }
    }
}

#[tokio::test]
async fn a_deleted_cue_takes_its_executions_along() {
    let (emulator, receiver) = (emulator().await, Receiver::open([Behaviour::Answer(500)]).await);
    let cue = webhook_cue(&emulator, &receiver, "0 9 * * *", "").await;
    let execution = fire(&emulator, &cue).await;
    emulator.advance(Duration::ZERO).await;
    assert_eq!(ok(&emulator, "DELETE", &format!("/v1/cues/{cue}"), "").await.body, "");
    assert_eq!(
        call(&emulator, "DELETE", &format!("/v1/cues/{cue}"), "").await.status,
        404
    );
    assert_eq!(
        call(&emulator, "GET", &format!("/v1/executions/{execution}"), "")
            .await
            .status,
        404
    );
    emulator.advance(600 * MINUTE).await;
    assert_eq!(receiver.received().len(), 1, "its retry is gone, too");
}

#[tokio::test]
async fn a_receiver_may_call_the_api_while_the_clock_is_moved() {
    let emulator = std::sync::Arc::new(emulator().await);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let api = emulator.clone();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let execution = api.executions()[0].id;
        ok(
            &api,
            "POST",
            &format!("/v1/executions/{execution}/outcome"),
            r#"{"success":true}"#,
        )
        .await;
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .await
            .unwrap();
        tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut Vec::new())
            .await
            .unwrap();
    });
    let body = format!(
        r#"{{"name":"h","schedule":{{"type":"recurring","cron":"1 8 * * *"}},"callback":{{"url":"http://{address}/"}}}}"#
    );
    ok(&emulator, "POST", "/v1/cues", &body).await;
    emulator.advance(MINUTE).await;
    let execution = &emulator.executions()[0];
    assert!(execution.outcome.is_some());
    assert_eq!(execution.http_status, Some(200));
}

#[tokio::test]
async fn with_the_systems_clock_runs_happen_by_themselves() {
    let emulator = Emulator::builder().limits(Limits::unlimited()).start().await.unwrap();
    let receiver = Receiver::open([]).await;
    let cue = webhook_cue(&emulator, &receiver, "* * * * * *", "").await;
    until(async || receiver.received().len() >= 2).await;
    fire(&emulator, &cue).await;
    emulator.run_until_idle().await;
    assert!(receiver.received().len() >= 3);
}

#[tokio::test]
async fn emulators_do_not_know_of_each_other() {
    let start = || {
        Emulator::builder()
            .clock(Clock::held(super::START.parse().unwrap()))
            .start()
    };
    let (one, other) = (start().await.unwrap(), start().await.unwrap());
    assert_ne!(one.base_url(), other.base_url());
    assert_ne!(one.api_key(), other.api_key());
    let receiver = Receiver::open([]).await;
    webhook_cue(&one, &receiver, "1 8 * * *", "").await;
    other.advance(60 * MINUTE).await;
    assert_eq!(receiver.received().len(), 0);
    one.advance(60 * MINUTE).await;
    assert_eq!((receiver.received().len(), other.executions().len()), (1, 0));
}

async fn until<F: Future<Output = bool>>(condition: impl Fn() -> F) {
    let wait = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .expect("it does not come to that");
}
