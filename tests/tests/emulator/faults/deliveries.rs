//! Deliveries that go wrong, as receivers see them.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use cueapi_emulator::{
    Emulator,
    engine::{AttemptResult, ExecutionStatus},
    faults::{DeliveryFault, Fault},
};
use cueapi_hyper::{
    ConfirmDestructive,
    types::{Callback, CueId, Delivery, OnFailure, Schedule},
};
use cueapi_signing::{SignatureHeaders, Verified, Verifier, VerifyError};
use cueapi_webhook::{CueDelivery, Guard, Once, Webhook, seen::MemoryStore};
use http::{HeaderMap, Request, StatusCode};
use jiff::SignedDuration;

use super::{builder, client};
use crate::receiver::Receiver;

const HOOK: &str = "http://jobs.test/hook";

#[derive(Clone, Default)]
struct Inbox(Arc<Mutex<Vec<Request<Bytes>>>>);

impl Inbox {
    fn requests(&self) -> Vec<Request<Bytes>> {
        self.0.lock().unwrap().clone()
    }

    fn attempts(&self) -> Vec<u32> {
        let requests = self.requests();
        requests.iter().map(|request| delivery(request).attempt).collect()
    }
}

fn delivery(request: &Request<Bytes>) -> Delivery {
    Delivery::from_body(request.body()).unwrap()
}

/// An emulator that delivers to an inbox, under a fault, a cue, and the inbox.
async fn under(fault: Fault) -> (Emulator, CueId, Inbox) {
    let inbox = Inbox::default();
    let emulator = builder().fault(fault).start().await.unwrap();
    let shared = inbox.clone();
    emulator.receiver("http://jobs.test", move |request| {
        shared.0.lock().unwrap().push(request);
        async { StatusCode::OK }
    });
    let cue = cue(&emulator, "job", "0 0 1 1 *").await;
    (emulator, cue, inbox)
}

async fn cue(emulator: &Emulator, name: &str, cron: &str) -> CueId {
    let client = client(emulator);
    client
        .cues()
        .create(name, Schedule::cron(cron), Callback::new(HOOK))
        .await
        .unwrap()
        .id
}

async fn fire(emulator: &Emulator, cue: &CueId) {
    client(emulator).cues().fire(cue).await.unwrap();
    emulator.run_until_idle().await;
}

fn results(emulator: &Emulator) -> Vec<AttemptResult> {
    emulator.deliveries().into_iter().map(|sent| sent.result).collect()
}

#[tokio::test]
async fn a_receiver_that_is_not_reached_gets_nothing_and_the_next_attempt_arrives() {
    for (fault, result) in [
        (DeliveryFault::Refused, AttemptResult::Connect),
        (DeliveryFault::Stalled, AttemptResult::Timeout),
        (DeliveryFault::Status(503), AttemptResult::Status(503)),
    ] {
        let started = Instant::now();
        let (emulator, cue, inbox) = under(Fault::deliveries(fault)).await;
        fire(&emulator, &cue).await;
        assert_eq!(results(&emulator), [result, AttemptResult::Status(200)]);
        assert_eq!(inbox.attempts(), [2]);
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "a held clock does not wait"
        );
        emulator.assert_delivered(&cue).times(1);
    }
}

#[tokio::test]
async fn under_the_system_s_clock_a_stalled_delivery_takes_its_time() {
    let timeout = Duration::from_millis(200);
    let emulator = Emulator::builder()
        .delivery_timeout(timeout)
        .receiver("http://jobs.test", async |_| StatusCode::OK)
        .fault(Fault::deliveries(DeliveryFault::Stalled))
        .start()
        .await
        .unwrap();
    let cue = cue(&emulator, "job", "0 0 1 1 *").await;
    let started = Instant::now();
    client(&emulator).cues().fire(&cue).await.unwrap();
    let limit = Duration::from_secs(10);
    emulator
        .wait_until(limit, |emulator| !emulator.deliveries().is_empty())
        .await;
    assert!(started.elapsed() >= timeout);
    assert_eq!(results(&emulator), [AttemptResult::Timeout]);
}

#[tokio::test]
async fn when_the_answer_is_lost_the_work_is_done_again_and_both_times_for_one_execution() {
    let (emulator, cue, inbox) = under(Fault::deliveries(DeliveryFault::AnswerLost)).await;
    fire(&emulator, &cue).await;
    let disconnected = AttemptResult::Failed("Server disconnected without sending a response.".into());
    assert_eq!(results(&emulator), [disconnected, AttemptResult::Status(200)]);
    assert_eq!(inbox.attempts(), [1, 2]);
    assert_eq!(emulator.executions().len(), 1);
}

#[tokio::test]
async fn a_duplicate_is_the_very_same_request_and_a_guard_lets_it_through_once() {
    let (emulator, cue, inbox) = under(Fault::deliveries_of_kind("cue", DeliveryFault::Duplicated)).await;
    fire(&emulator, &cue).await;
    let [first, second] = &inbox.requests()[..] else {
        panic!("two requests")
    };
    assert_eq!((first.headers(), first.body()), (second.headers(), second.body()));
    assert_eq!(emulator.deliveries().len(), 2);
    emulator.assert_delivered(&cue).times(1);

    let verifier = Verifier::new(emulator.webhook_secret()).unwrap();
    let (webhook, guard) = (
        Webhook::new(verifier).clock(emulator.clock()),
        Guard::new(MemoryStore::default()),
    );
    let mut passed = Vec::new();
    for request in [first, second] {
        let delivery: CueDelivery = webhook.receive(request.headers(), request.body().clone()).unwrap();
        passed.push(
            guard
                .once(&delivery, async { Ok::<_, std::fmt::Error>(()) })
                .await
                .unwrap(),
        );
    }
    assert!(matches!(passed[..], [Once::First(()), Once::Repeated]), "{passed:?}");
}

#[tokio::test]
async fn a_duplicate_reaches_a_receiver_on_the_network_too() {
    let receiver = Receiver::open([]).await;
    let emulator = builder()
        .fault(Fault::deliveries(DeliveryFault::Duplicated))
        .start()
        .await
        .unwrap();
    let callback = Callback::new(receiver.url());
    let cue = client(&emulator)
        .cues()
        .create("n", Schedule::cron("0 0 1 1 *"), callback)
        .await
        .unwrap();
    fire(&emulator, &cue.id).await;
    let received = receiver.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].body, received[1].body);
}

#[tokio::test]
async fn a_delivery_that_is_held_back_arrives_after_the_next() {
    let (emulator, _, inbox) = under(Fault::deliveries(DeliveryFault::HeldBack)).await;
    let late = cue(&emulator, "late", "1 8 * * *").await;
    let soon = cue(&emulator, "soon", "3 8 * * *").await;
    emulator.advance(Duration::from_secs(2 * 60)).await;
    assert!(inbox.requests().is_empty());
    emulator.advance(Duration::from_secs(60)).await;

    let names: Vec<_> = inbox.requests().iter().map(|request| delivery(request).name).collect();
    assert_eq!(names, ["soon", "late"]);
    emulator.assert_delivered(&late).times(1);
    emulator.assert_delivered(&soon).times(1);
}

#[tokio::test]
async fn a_delivery_that_is_held_back_and_followed_by_none_is_taken_for_stale() {
    let (emulator, cue, inbox) = under(Fault::deliveries(DeliveryFault::HeldBack)).await;
    fire(&emulator, &cue).await;
    // The second try, and then what was held back.
    assert_eq!(inbox.requests().len(), 2);
    assert_eq!(
        emulator.executions()[0].error_message.as_deref(),
        Some("Recovered from stale delivering state after 300s")
    );
    emulator.assert_delivered(&cue).times(1);
}

fn verify<'a>(
    verifier: &Verifier,
    request: &'a Request<Bytes>,
    emulator: &Emulator,
) -> Result<Verified<'a>, VerifyError> {
    let text = |headers: &HeaderMap, name: &str| headers[name].to_str().unwrap().to_owned();
    let signature = text(request.headers(), "x-cueapi-signature");
    let timestamp = text(request.headers(), "x-cueapi-timestamp");
    verifier.verify(
        request.body(),
        SignatureHeaders::new(&signature, &timestamp),
        emulator.clock()(),
    )
}

/// How a verifier with the account's secret judges a delivery under a fault.
async fn judged(fault: DeliveryFault) -> Option<VerifyError> {
    let (emulator, cue, inbox) = under(Fault::deliveries(fault)).await;
    fire(&emulator, &cue).await;
    let verifier = Verifier::new(emulator.webhook_secret()).unwrap();
    verify(&verifier, &inbox.requests()[0], &emulator).err()
}

#[tokio::test]
async fn signatures_and_timestamps_are_wrong_in_just_the_way_that_was_ordered() {
    let skew = |minutes| DeliveryFault::ClockSkew(SignedDuration::from_mins(minutes));
    assert_eq!(judged(DeliveryFault::WrongSignature).await, Some(VerifyError::Mismatch));
    assert_eq!(judged(skew(-6)).await, Some(VerifyError::Expired));
    assert_eq!(judged(skew(6)).await, Some(VerifyError::Expired));
    assert_eq!(judged(skew(-4)).await, None);
    assert_eq!(judged(skew(4)).await, None);
    assert_eq!(judged(DeliveryFault::OldSecret).await, None, "there is none");
}

#[tokio::test]
async fn a_delivery_signed_with_the_secret_before_the_rotation_needs_both() {
    let (emulator, cue, inbox) = under(Fault::deliveries(DeliveryFault::OldSecret)).await;
    fire(&emulator, &cue).await;
    assert!(emulator.faults().is_empty(), "it waits for a rotation");

    let old = emulator.webhook_secret();
    client(&emulator)
        .webhook_secret()
        .regenerate(ConfirmDestructive)
        .await
        .unwrap();
    fire(&emulator, &cue).await;
    let request = &inbox.requests()[1];
    let new = Verifier::new(emulator.webhook_secret()).unwrap();
    assert_eq!(verify(&new, request, &emulator).err(), Some(VerifyError::Mismatch));
    let both = new.also(&old).unwrap();
    assert_eq!(verify(&both, request, &emulator).unwrap().proof().secret(), 1);
}

#[tokio::test]
async fn faults_can_be_for_one_cue_or_one_kind_of_delivery() {
    let emulator = builder()
        .receiver("http://jobs.test", async |_| StatusCode::OK)
        .fault(Fault::deliveries_of_kind("on_failure", DeliveryFault::Status(500)))
        .start()
        .await
        .unwrap();
    let cues = client(&emulator).cues();
    let (whole, broken) = (cue(&emulator, "whole", "0 0 1 1 *").await, {
        let schedule = Schedule::cron("0 0 1 1 *");
        let notice = OnFailure::new().webhook("http://jobs.test/failed");
        cues.create("broken", schedule, Callback::new(HOOK))
            .on_failure(notice)
            .await
            .unwrap()
            .id
    });
    emulator.inject(Fault::deliveries_of(&broken, DeliveryFault::Refused).times(3));
    emulator.inject(Fault::deliveries_of(&broken, DeliveryFault::WrongSignature));
    let failing = cues.fire(&broken).await.unwrap();
    cues.fire(&whole).await.unwrap();
    emulator.run_until_idle().await;

    emulator.assert_delivered(&whole).times(1);
    emulator.assert_not_delivered(&broken);
    emulator.assert_status(&failing.id, ExecutionStatus::Failed);
    let last = emulator.deliveries_of(&broken).pop().unwrap();
    assert_eq!(
        (last.kind.name(), last.result),
        ("on_failure", AttemptResult::Status(500))
    );
    assert_eq!(emulator.faults().len(), 4);
}
