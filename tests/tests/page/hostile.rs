//! Names, payloads and answers are anybody's: none of them becomes part of the page.

use serde_json::{Value, json};

use crate::{Browser, call, held};

const ATTACKS: [&str; 4] = [
    "<img src=x onerror=\"window.taken=1\">",
    "</script><script>window.taken=1</script>",
    "\"><svg onload=window.taken=1>",
    "{{constructor.constructor('window.taken=1')()}}",
];

pub(crate) async fn what_looks_like_markup_is_shown_as_text() {
    let browser = Browser::open().await;
    let emulator = held().start().await.unwrap();
    for attack in ATTACKS {
        let cue = json!({"name": attack, "description": attack, "transport": "worker", "payload": {attack: attack},
            "schedule": {"type": "recurring", "cron": "0 9 * * *"}, "callback": {"headers": {"x-note": attack}}});
        let cue = call(&emulator, "POST", "/v1/cues", cue).await;
        let path = format!("/v1/cues/{}/fire", cue["id"].as_str().unwrap());
        let fired = call(&emulator, "POST", &path, json!({})).await;
        call(
            &emulator,
            "POST",
            "/v1/worker/heartbeat",
            json!({"worker_id": attack, "handlers": [attack]}),
        )
        .await;
        call(&emulator, "POST", "/v1/executions/claim", json!({"worker_id": attack})).await;
        let outcome = json!({"success": false, "error": attack, "summary": attack, "external_id": attack,
            "result_url": "https://shop.example/\"><script>", "metadata": {attack: attack}});
        let path = format!("/v1/executions/{}/outcome", fired["id"].as_str().unwrap());
        call(&emulator, "POST", &path, outcome).await;
    }
    browser.go(&emulator.base_url()).await;
    browser
        .until("document.querySelectorAll('#executions tbody tr').length === 4")
        .await;
    for list in ["cues", "executions", "workers"] {
        for row in 1..=ATTACKS.len() {
            // Each opened row adds one of its own below it.
            browser
                .click(&format!("#{list} tbody tr:nth-child({}) .toggle", 2 * row - 1))
                .await;
        }
        browser
            .until(&format!("document.querySelectorAll('#{list} .detail dl').length >= 4"))
            .await;
    }
    let text = browser.text("main").await;
    for attack in ATTACKS {
        assert!(text.contains(attack), "{attack} is not shown in {text}");
    }
    assert_eq!(browser.eval("window.taken ?? null").await, Value::Null);
    assert_eq!(
        browser
            .eval("document.querySelectorAll('main img, main script, main svg').length")
            .await,
        0
    );
    assert_eq!(browser.complaints().await, [] as [&str; 0]);

    // And were there a hole, the browser would refuse what comes through it.
    let hole = "(() => { try { document.body.innerHTML = '<b>'; return 'through' } catch { return 'refused' } })()";
    assert_eq!(browser.eval(hole).await, "refused");
    browser.close().await;
}
