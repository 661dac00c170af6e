//! How it looks: nothing sticks out at any width, and pictures for whoever wants to see.

use std::{fs, path::Path, time::Duration};

use cueapi_emulator::Emulator;
use serde_json::json;

use crate::{Browser, Receiver, call, held, receiver::Behaviour};

/// A morning of a small shop: a report, a sync that fails at first, jobs for a worker.
async fn morning(receiver: &Receiver) -> Emulator {
    let emulator = held().start().await.unwrap();
    let cues = [
        json!({"name": "daily-report", "schedule": {"type": "recurring", "cron": "0 9 * * 1-5", "timezone": "Europe/Paris"},
            "callback": {"url": receiver.url(), "headers": {"Authorization": "Bearer shop"}},
            "payload": {"task": "report", "format": "pdf"}}),
        json!({"name": "sync-inventory", "schedule": {"type": "recurring", "cron": "*/15 * * * *"},
            "callback": {"url": receiver.url()}, "payload": {"warehouses": ["north", "south"], "since": "last"}}),
        json!({"name": "renew-certificate", "schedule": {"type": "once", "at": "2026-03-09T03:00:00Z"},
            "callback": {"url": receiver.url()}}),
        json!({"name": "resize-images", "schedule": {"type": "recurring", "cron": "*/30 * * * *"}, "transport": "worker",
            "payload": {"task": "resize"}, "verification": {"mode": "require_result_url"}}),
        json!({"name": "newsletter", "schedule": {"type": "recurring", "cron": "0 10 1 * *"},
            "callback": {"url": "http://127.0.0.1:9/hook"}}),
    ];
    let mut ids = Vec::new();
    for cue in cues {
        ids.push(
            call(&emulator, "POST", "/v1/cues", cue).await["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    let heartbeat = json!({"worker_id": "studio-1", "handlers": ["resize", "thumbnail"]});
    call(&emulator, "POST", "/v1/worker/heartbeat", heartbeat).await;
    call(
        &emulator,
        "PATCH",
        &format!("/v1/cues/{}", ids[4]),
        json!({"status": "paused"}),
    )
    .await;
    emulator.advance(Duration::from_secs(90)).await;
    let claimed = call(
        &emulator,
        "POST",
        "/v1/executions/claim",
        json!({"worker_id": "studio-1"}),
    )
    .await;
    let outcome = json!({"success": true, "summary": "214 images resized", "result_url": "https://shop.example/gallery",
        "external_id": "batch-77", "metadata": {"images": 214, "seconds": 38.50}});
    let path = format!("/v1/executions/{}/outcome", claimed["execution_id"].as_str().unwrap());
    call(&emulator, "POST", &path, outcome).await;
    emulator.advance(Duration::from_secs(31 * 60)).await;
    call(
        &emulator,
        "POST",
        "/v1/executions/claim",
        json!({"worker_id": "studio-1"}),
    )
    .await;
    emulator.advance(Duration::from_secs(60)).await;
    emulator
}

async fn take(browser: &Browser, name: &str) {
    let picture = browser.screenshot().await;
    fs::write(
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("page-{name}.png")),
        picture,
    )
    .unwrap();
    let overhang = browser.eval("document.scrollingElement.scrollWidth - innerWidth").await;
    assert!(overhang.as_i64().unwrap() <= 0, "{name}: {overhang} pixels stick out");
}

pub(crate) async fn nothing_sticks_out_in_light_and_dark_at_any_width() {
    let browser = Browser::open().await;
    let script = [200, 503, 200, 200, 500, 200].map(Behaviour::Answer);
    let receiver = Receiver::open(script).await;
    let emulator = morning(&receiver).await;
    for (name, dark, width, height, open) in [
        ("light", false, 1440, 900, true),
        ("dark", true, 1440, 900, true),
        ("tablet", false, 820, 1100, false),
        ("narrow", false, 360, 2400, true),
        ("narrow-dark", true, 360, 800, false),
    ] {
        browser.dark(dark).await;
        browser.size(width, height).await;
        browser.go(&emulator.base_url()).await;
        browser.until_text("#deliveries", "attempt 2").await;
        if open {
            browser.click("#deliveries tbody tr:nth-child(2) .toggle").await;
            browser.until_text("#deliveries .detail", "X-CueAPI-Signature").await;
            browser.eval("window.scrollTo(0, 0)").await;
        }
        browser.until("document.getAnimations().length === 0").await;
        take(&browser, name).await;
    }

    // What an empty emulator shows.
    let empty = held().start().await.unwrap();
    browser.dark(false).await;
    for (name, width) in [("empty", 1440), ("empty-narrow", 360)] {
        browser.size(width, 900).await;
        browser.go(&empty.base_url()).await;
        browser.until_text("#rust", "cueapi_hyper::from_env()").await;
        take(&browser, name).await;
    }
    assert_eq!(browser.complaints().await, [] as [&str; 0]);
    browser.close().await;
}
