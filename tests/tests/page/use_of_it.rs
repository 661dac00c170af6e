//! What a person does with the page.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use cueapi_emulator::{Emulator, engine::CueStatus};
use serde_json::json;

use crate::{Browser, Receiver, call, held, receiver::Behaviour};

const ENTER: char = '\u{e007}';
const TAB: char = '\u{e004}';

pub(crate) async fn an_empty_emulator_tells_what_to_do_first_and_it_works() {
    let browser = Browser::open().await;
    let emulator = held().start().await.unwrap();
    browser.go(&emulator.base_url()).await;
    browser.until_text("#first", "No cue yet").await;
    browser.until_text("#rust", "cueapi_hyper::from_env()").await;

    let command = browser.text("#curl").await;
    let mut shell = Command::new("bash");
    shell.args([
        "-c",
        &command.replace("curl ", "curl --silent --fail --output /dev/null "),
    ]);
    shell.env("CUEAPI_API_KEY", emulator.api_key());
    let ran = tokio::task::spawn_blocking(move || shell.status()).await.unwrap();
    assert!(ran.unwrap().success(), "{command}");
    browser.until_text("#cues tbody", "hello").await;
    browser.until("document.querySelector('#first').hidden").await;
    browser.close().await;
}

pub(crate) async fn a_cue_is_fired_looked_at_paused_and_resumed() {
    let browser = Browser::open().await;
    let receiver = Receiver::open([Behaviour::Answer(202)]).await;
    let emulator = held().start().await.unwrap();
    let cue = json!({"name": "report", "schedule": {"type": "recurring", "cron": "0 9 * * *"},
        "callback": {"url": receiver.url(), "headers": {"Authorization": "Bearer of-the-shop"}},
        "payload": {"price": 1.50, "list": [1, {"a": []}]}});
    let id = call(&emulator, "POST", "/v1/cues", cue).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    browser.go(&emulator.base_url()).await;
    browser.until_text("#cues", "report").await;

    browser.click("#cues .actions button:nth-child(1)").await;
    browser.until_text("#executions tbody", "success").await;
    browser.until_text("#deliveries tbody", "202").await;
    browser.until_text("#said", "report was fired.").await;

    browser.click("#deliveries .toggle").await;
    browser.until_text("#deliveries .detail", "X-CueAPI-Signature").await;
    let body = browser.text("#deliveries .detail pre").await;
    assert!(
        body.contains("\n  \"payload\": {\n    \"list\": [\n      1,\n      {\n        \"a\": []\n      }\n    ],\n    \"price\": 1.5\n  }"),
        "{body}"
    );
    assert_eq!(emulator.deliveries().len(), 1);
    let page = browser.eval("document.documentElement.outerHTML").await.to_string();
    for secret in ["of-the-shop", &emulator.webhook_secret(), &emulator.api_key()] {
        assert!(!page.contains(secret), "{secret} is on the page");
    }

    browser.click("#cues .actions button:nth-child(2)").await;
    browser.until_text("#cues tbody", "paused").await;
    let paused = call(&emulator, "GET", &format!("/v1/cues/{id}"), json!(null)).await;
    assert_eq!(paused["status"], CueStatus::Paused.as_str());
    browser.click("#cues .actions button:nth-child(2)").await;
    browser.until_text("#cues tbody", "active").await;

    // What it was told meanwhile has left the opened row open.
    assert!(browser.text("#deliveries .detail").await.contains("X-CueAPI-Signature"));
    assert_eq!(browser.complaints().await, [] as [&str; 0]);
    browser.close().await;
}

pub(crate) async fn evidence_is_shown_as_it_is_reported() {
    let browser = Browser::open().await;
    let emulator = held().start().await.unwrap();
    let cue = json!({"name": "resize", "schedule": {"type": "recurring", "cron": "* * * * *"}, "transport": "worker"});
    let cue = call(&emulator, "POST", "/v1/cues", cue).await;
    let fired = call(
        &emulator,
        "POST",
        &format!("/v1/cues/{}/fire", cue["id"].as_str().unwrap()),
        json!({}),
    )
    .await;
    call(
        &emulator,
        "POST",
        "/v1/worker/heartbeat",
        json!({"worker_id": "w-1", "handlers": ["resize"]}),
    )
    .await;
    call(&emulator, "POST", "/v1/executions/claim", json!({"worker_id": "w-1"})).await;
    browser.go(&emulator.base_url()).await;
    browser.until_text("#executions tbody", "by w-1").await;
    browser.until_text("#workers tbody", "resize").await;

    let outcome = json!({"success": true, "result": "done", "result_url": "https://shop.example/p/7", "summary": "All fine",
        "artifacts": [{"type": "file", "url": "https://shop.example/a.pdf"}], "metadata": {"pages": 3}});
    let id = fired["id"].as_str().unwrap();
    call(&emulator, "POST", &format!("/v1/executions/{id}/outcome"), outcome).await;
    browser
        .until_text("#executions tbody", "reported success\nAll fine")
        .await;
    browser.click("#executions .toggle").await;
    for text in [
        "https://shop.example/p/7",
        "https://shop.example/a.pdf",
        "\"pages\": 3",
        "w-1",
    ] {
        browser.until_text("#executions .detail", text).await;
    }
    browser.close().await;
}

pub(crate) async fn messages_are_shown_with_their_pushes() {
    let browser = Browser::open().await;
    let receiver = Receiver::open([]).await;
    let emulator = held().start().await.unwrap();
    let mut ids = Vec::new();
    for name in ["planner", "writer"] {
        let agent = json!({"display_name": name, "slug": name, "webhook_url": receiver.url()});
        ids.push(call(&emulator, "POST", "/v1/agents", agent).await["id"].clone());
    }
    let request = reqwest::Client::new()
        .post(format!("{}/v1/messages", emulator.base_url()))
        .header("authorization", format!("Bearer {}", emulator.api_key()))
        .header("x-cueapi-from-agent", ids[0].as_str().unwrap())
        .header("content-type", "application/json")
        .body(
            json!({"to": ids[1], "subject": "Chapter two", "body": "Please begin.", "metadata": {"page": 7}})
                .to_string(),
        );
    assert_eq!(request.send().await.unwrap().status(), 201);
    browser.go(&emulator.base_url()).await;
    browser.until_text("#messages tbody", "Chapter two").await;
    browser.until_text("#messages tbody", "queued").await;
    browser.click("#advance-next").await;
    browser.until_text("#messages tbody", "delivered").await;
    browser.until_text("#deliveries tbody", "message, attempt 1").await;
    browser.click("#messages .toggle").await;
    for text in ["Please begin.", "\"page\": 7", "msg_", "2026-03-02 07:59:00 UTC"] {
        browser.until_text("#messages .detail", text).await;
    }
    assert_eq!(browser.complaints().await, [] as [&str; 0]);
    browser.close().await;
}

pub(crate) async fn a_held_clock_is_advanced_with_the_mouse_and_with_the_keyboard() {
    let browser = Browser::open().await;
    let receiver = Receiver::open([]).await;
    let emulator = held().start().await.unwrap();
    let cue = json!({"name": "report", "schedule": {"type": "recurring", "cron": "0 9 * * *"},
        "callback": {"url": receiver.url()}});
    call(&emulator, "POST", "/v1/cues", cue).await;
    browser.go(&emulator.base_url()).await;
    browser.until_text("#clock-kind", "next event in 1 h 1 min").await;

    for (button, time) in [
        ("[data-seconds='60']", "2026-03-02 08:00:00"),
        ("[data-seconds='3600']", "2026-03-02 09:00:00"),
        ("[data-seconds='86400']", "2026-03-03 09:00:00"),
        ("#advance-next", "2026-03-04 09:00:00"),
        ("[type='submit']", "2026-03-04 09:15:00"),
    ] {
        browser.click(&format!("#advance {button}")).await;
        browser.until_text("#now", time).await;
        browser.until("!document.querySelector('#advance-next').disabled").await;
    }
    assert_eq!(emulator.now().to_string(), "2026-03-04T09:15:00Z");
    assert_eq!(receiver.received().len(), 3);

    browser.eval("document.activeElement.blur()").await;
    browser.eval("document.querySelector('.skip').focus()").await;
    browser.press(TAB).await;
    assert_eq!(browser.eval("document.activeElement.id").await, "advance-next");
    browser.press(ENTER).await;
    browser.until_text("#now", "2026-03-05 09:00:00").await;
    browser.until_text("#deliveries .count", "4").await;
    browser.close().await;
}

pub(crate) async fn a_long_advance_shows_how_far_it_has_come_and_can_be_stopped() {
    let browser = Browser::open().await;
    let receiver = Receiver::open([Behaviour::Answer(200), Behaviour::Stall]).await;
    let emulator = held().start().await.unwrap();
    let cue = json!({"name": "report", "schedule": {"type": "recurring", "cron": "0 * * * *"},
        "callback": {"url": receiver.url()}});
    call(&emulator, "POST", "/v1/cues", cue).await;
    browser.go(&emulator.base_url()).await;
    browser.until_text("#clock-kind", "next event").await;
    browser.click("#advance [data-seconds='86400']").await;
    browser
        .until_text("#progress", "Advancing to 2026-03-03 07:59:00 UTC.")
        .await;
    browser.until_text("#now", "2026-03-02 09:00:00").await;
    let come = browser.eval("document.querySelector('#progress progress').value").await;
    assert!((0.01..0.1).contains(&come.as_f64().unwrap()), "{come}");
    browser.click("#halt").await;
    browser
        .until_text("#said", "The clock stands at 2026-03-02 09:00:00 UTC.")
        .await;
    browser.until("document.querySelector('#progress').hidden").await;
    assert_eq!(emulator.now().to_string(), "2026-03-02T09:00:00Z");
    assert_eq!(browser.complaints().await, [] as [&str; 0]);
    browser.close().await;
}

pub(crate) async fn the_time_of_the_system_runs_and_cannot_be_moved() {
    let browser = Browser::open().await;
    let emulator = Emulator::start().await.unwrap();
    browser.go(&emulator.base_url()).await;
    browser.until_text("#clock-kind", "The system's clock").await;
    let before = browser.text("#now").await;
    browser
        .until(&format!("document.querySelector('#now').innerText > {before:?}"))
        .await;
    assert_eq!(
        browser
            .eval("document.querySelector('#advance').checkVisibility()")
            .await,
        false
    );
    browser.close().await;
}

pub(crate) async fn one_cue_can_be_looked_at_alone() {
    let browser = Browser::open().await;
    let emulator = held().start().await.unwrap();
    for name in ["one", "two"] {
        let cue = json!({"name": name, "schedule": {"type": "recurring", "cron": "* * * * *"},
            "callback": {"url": "http://127.0.0.1:9/"}});
        call(&emulator, "POST", "/v1/cues", cue).await;
    }
    emulator.advance(Duration::from_secs(60)).await;
    browser.go(&emulator.base_url()).await;
    browser
        .until("document.querySelectorAll('#executions tbody tr').length === 2")
        .await;
    browser
        .click("#cues tr:nth-child(2) .actions button:nth-child(3)")
        .await;
    browser
        .until("document.querySelectorAll('#executions tbody tr').length === 1")
        .await;
    browser.until_text("#executions .all", "one only").await;
    assert!(browser.text("#deliveries tbody").await.contains("one"));
    browser.click("#deliveries .all").await;
    browser
        .until("document.querySelectorAll('#executions tbody tr').length === 2")
        .await;
    browser.close().await;
}

/// Four days of a job that runs every minute, and for which no worker comes.
pub(crate) async fn thousands_of_executions_leave_the_page_quick() {
    let browser = Browser::open().await;
    let emulator = held().start().await.unwrap();
    let cue = json!({"name": "busy", "schedule": {"type": "recurring", "cron": "* * * * *"}, "transport": "worker"});
    call(&emulator, "POST", "/v1/cues", cue).await;
    browser.go(&emulator.base_url()).await;
    browser.until_text("#cues", "busy").await;
    emulator.advance(Duration::from_secs(4 * 86_400)).await;
    browser.until_text("#executions .count", "newest 100 of 5,760").await;
    assert_eq!(
        browser
            .eval("document.querySelectorAll('#executions tbody tr').length")
            .await,
        100
    );

    let started = Instant::now();
    browser.click("#executions .toggle").await;
    browser
        .until_text("#executions .detail", "No outcome has been reported.")
        .await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    browser.close().await;
}

pub(crate) async fn it_says_when_the_emulator_is_gone_and_does_not_keep_it_from_going() {
    let browser = Browser::open().await;
    let emulator = held().start().await.unwrap();
    browser.go(&emulator.base_url()).await;
    browser.until_text("#first", "No cue yet").await;
    let started = Instant::now();
    emulator.shutdown().await;
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    browser.until_text("#said", "does not answer").await;
    browser.close().await;
}
