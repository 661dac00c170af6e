//! Receivers in this process get what receivers on the network get, and count like them.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, routing::post};
use bytes::Bytes;
use cueapi_emulator::{
    Builder, Clock, Emulator,
    engine::{AttemptResult, Limits},
};
use cueapi_hyper::{
    Client, ClientBuilder, HyperClient,
    types::{Callback, CueId, Delivery, Outcome, Schedule},
};
use cueapi_webhook::{CueDelivery, Verifier, Webhook};
use http::{Request, StatusCode};

use crate::receiver::{Received, Receiver};

const MINUTE: Duration = Duration::from_secs(60);

fn builder() -> Builder {
    Emulator::builder()
        .clock(Clock::held("2026-03-02T08:00:00Z".parse().unwrap()))
        .limits(Limits::unlimited())
        .seed(7)
}

fn client(emulator: &Emulator) -> Client {
    ClientBuilder::new(emulator.api_key(), HyperClient::plain())
        .base_url(emulator.base_url())
        .build()
        .unwrap()
}

async fn cue(emulator: &Emulator, url: &str) -> CueId {
    let cues = client(emulator).cues();
    let created = cues.create("job", Schedule::cron("* * * * *"), Callback::new(url));
    created.payload(&serde_json::json!({"é": 1})).await.unwrap().id
}

fn results(emulator: &Emulator) -> Vec<AttemptResult> {
    emulator.deliveries().into_iter().map(|sent| sent.result).collect()
}

#[tokio::test]
async fn a_function_gets_the_request_that_the_network_would_have_brought() {
    let network = Receiver::open([]).await;
    let there = builder().start().await.unwrap();
    cue(&there, &network.url()).await;
    there.advance(MINUTE).await;

    let inbox = Arc::new(Mutex::new(Vec::new()));
    let shared = inbox.clone();
    let here = builder()
        .receiver("http://jobs.test:8080", move |request: Request<Bytes>| {
            shared.lock().unwrap().push(request);
            async { StatusCode::OK }
        })
        .start()
        .await
        .unwrap();
    cue(&here, "http://jobs.test:8080/hook?key=1").await;
    here.advance(MINUTE).await;

    let [Received { method, headers, body }] = &network.received()[..] else {
        panic!("one request")
    };
    let request = inbox.lock().unwrap().pop().unwrap();
    assert_eq!(request.uri(), "/hook?key=1");
    assert_eq!(request.method().as_str(), method);
    assert_eq!(request.body(), body);
    let sorted = |headers: &[(String, String)]| {
        let mut headers = headers.to_vec();
        headers.retain(|(name, _)| name != "host");
        headers.sort();
        headers
    };
    let pairs: Vec<_> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    assert_eq!(sorted(&pairs), sorted(headers));
    assert_eq!(request.headers()["host"], "jobs.test:8080");
}

#[tokio::test]
async fn an_axum_router_with_the_webhook_extractor_is_a_receiver() {
    async fn job(delivery: CueDelivery) -> StatusCode {
        assert_eq!(delivery.name, "job");
        StatusCode::ACCEPTED
    }
    let emulator = builder().start().await.unwrap();
    let webhook = Webhook::new(Verifier::new(emulator.webhook_secret()).unwrap()).clock(emulator.clock());
    emulator.service(
        "http://jobs.test",
        Router::new().route("/hook", post(job)).with_state(webhook),
    );
    let there = cue(&emulator, "http://jobs.test/hook").await;
    let nowhere =
        client(&emulator)
            .cues()
            .create("no", Schedule::cron("* * * * *"), Callback::new("http://jobs.test/no"));
    let nowhere = nowhere.await.unwrap().id;
    emulator.advance(MINUTE).await;
    emulator.assert_delivered(&there).times(1);
    assert_eq!(emulator.deliveries_of(&there)[0].result, AttemptResult::Status(202));
    assert_eq!(emulator.deliveries_of(&nowhere)[0].result, AttemptResult::Status(404));
}

#[tokio::test]
async fn a_receiver_that_panics_has_cut_the_connection_and_is_told_on() {
    for in_the_future in [false, true] {
        let emulator = builder()
            .receiver("http://jobs.test", move |_| {
                assert!(in_the_future, "{} refused", 1);
                async { panic!("later") as StatusCode }
            })
            .start()
            .await
            .unwrap();
        cue(&emulator, "http://jobs.test/hook").await;
        emulator.advance(MINUTE).await;
        let sent = emulator.deliveries().pop().unwrap();
        let disconnected = "Server disconnected without sending a response.".into();
        assert_eq!(sent.result, AttemptResult::Failed(disconnected));
        assert_eq!(
            sent.panic.as_deref(),
            Some(if in_the_future { "later" } else { "1 refused" })
        );
        let timeline = emulator.timeline().to_string();
        assert!(timeline.contains("(the receiver panicked)"), "{timeline}");
    }
}

#[tokio::test]
async fn a_receiver_may_call_the_api_while_the_clock_is_being_moved() {
    let emulator = builder().start().await.unwrap();
    let executions = client(&emulator).executions();
    emulator.receiver("http://jobs.test", move |request| {
        let executions = executions.clone();
        async move {
            let delivery: Delivery = Delivery::from_body(request.body()).unwrap();
            executions
                .report_outcome(&delivery.execution_id, Outcome::success())
                .await
                .unwrap();
            StatusCode::OK
        }
    });
    let cue = cue(&emulator, "http://jobs.test/hook").await;
    emulator.advance(5 * MINUTE).await;
    emulator.assert_delivered(&cue).times(5);
    for execution in emulator.executions_of(&cue) {
        emulator.assert_outcome(execution.id, "reported_success");
    }
}

#[tokio::test]
async fn a_receiver_that_takes_too_long_has_timed_out() {
    let emulator = builder()
        .delivery_timeout(Duration::from_millis(300))
        .receiver("http://jobs.test", async |_| std::future::pending::<StatusCode>().await)
        .start()
        .await
        .unwrap();
    cue(&emulator, "http://jobs.test/hook").await;
    emulator.advance(MINUTE).await;
    assert_eq!(results(&emulator), [AttemptResult::Timeout]);
}

#[tokio::test]
async fn an_origin_is_scheme_host_and_port_and_the_rest_goes_over_the_network() {
    let network = Receiver::open([]).await;
    let answer =
        |status| move |_: Request<Bytes>| async move { http::Response::builder().status(status).body(()).unwrap() };
    let emulator = builder()
        .receiver("http://jobs.test:80/", answer(201))
        .receiver("https://jobs.test", answer(202))
        .receiver("http://jobs.test:8080", answer(203))
        .start()
        .await
        .unwrap();
    let urls = [
        "http://JOBS.test/a",
        "https://jobs.test:443/b",
        "http://jobs.test:8080",
        &network.url(),
    ];
    for (number, url) in urls.iter().enumerate() {
        let created =
            client(&emulator)
                .cues()
                .create(number.to_string(), Schedule::cron("* * * * *"), Callback::new(*url));
        created.await.unwrap();
    }
    emulator.advance(MINUTE).await;
    assert_eq!(results(&emulator), [201, 202, 203, 200].map(AttemptResult::Status));
    assert_eq!(network.received().len(), 1);
}

#[test]
#[should_panic(expected = r#""http://jobs.test/hook" is not an origin such as http://jobs.test"#)]
fn a_receiver_for_less_than_an_origin_is_refused() {
    drop(builder().receiver("http://jobs.test/hook", async |_| StatusCode::OK));
}
