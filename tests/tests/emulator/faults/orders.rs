//! When a fault strikes, and how it is written.

use cueapi_emulator::{
    Emulator,
    faults::{CallFault, DeliveryFault, Fault, Target},
};
use jiff::SignedDuration;

use super::{builder, client};

/// Which of ten calls failed.
async fn failed_of_ten(emulator: &Emulator) -> Vec<u32> {
    let client = client(emulator);
    let mut failed = Vec::new();
    for call in 0..10 {
        if client.service().health().await.is_err() {
            failed.push(call);
        }
    }
    failed
}

async fn failed_under(seed: u64, fault: Fault) -> Vec<u32> {
    let emulator = builder().seed(seed).fault(fault).start().await.unwrap();
    let failed = failed_of_ten(&emulator).await;
    assert_eq!(emulator.faults().len(), failed.len());
    failed
}

#[tokio::test]
async fn a_fault_strikes_once_so_many_times_always_or_after_some() {
    let fault = || Fault::call("service.health", CallFault::Error(503));
    assert_eq!(failed_under(1, fault()).await, [0]);
    assert_eq!(failed_under(1, fault().times(3)).await, [0, 1, 2]);
    assert_eq!(failed_under(1, fault().after(2).times(2)).await, [2, 3]);
    assert_eq!(failed_under(1, fault().after(7).always()).await, [7, 8, 9]);
    assert_eq!(failed_under(1, fault().times(0)).await, [0; 0]);
    assert_eq!(
        failed_under(1, Fault::call("cues.list", CallFault::Error(503)).always()).await,
        [0; 0]
    );
}

#[tokio::test]
async fn chance_is_drawn_from_the_seed() {
    let fault = || Fault::any_call(CallFault::Error(503)).always().chance(0.5);
    let first = failed_under(1, fault()).await;
    assert_eq!(failed_under(1, fault()).await, first);
    let mut others = Vec::new();
    for seed in 2..5 {
        others.push(failed_under(seed, fault()).await);
    }
    assert!(others.iter().any(|other| *other != first), "{first:?} {others:?}");
    assert_eq!(failed_under(1, fault().chance(0.0)).await, [0; 0]);
}

#[tokio::test]
async fn several_faults_take_turns_and_can_be_taken_back() {
    let emulator = builder().start().await.unwrap();
    emulator.inject(Fault::any_call(CallFault::Error(503)));
    emulator.inject(Fault::any_call(CallFault::Error(502)).times(2));
    assert_eq!(failed_of_ten(&emulator).await, [0, 1, 2]);
    emulator.inject(Fault::any_call(CallFault::Error(503)).always());
    emulator.clear_faults();
    assert_eq!(failed_of_ten(&emulator).await, [0; 0]);

    let struck: Vec<_> = emulator.faults().iter().map(|fired| fired.fault.to_string()).collect();
    assert_eq!(
        struck,
        ["calls:error=503", "calls:error=502,times=2", "calls:error=502,times=2"]
    );
    let health = Target::Call {
        operation: "service.health",
        path: "/health".into(),
    };
    assert!(emulator.faults().iter().all(|fired| fired.target == health));
}

#[test]
fn every_fault_can_be_written_and_read_back() {
    let written = [
        "cues.fire:refused",
        "calls:stalled,always",
        "cues.fire:answer-lost,times=3",
        "cues.get:answer-cut,after=2",
        "cues.get:answer-slow=20ms",
        "usage.get:rate-limited",
        "usage.get:rate-limited=30",
        "usage.get:rate-limited=2026-03-02T08:00:00Z",
        "calls:error=503,always,chance=0.1",
        "calls:error-after=502",
        "executions.claim_oldest:claimed-twice",
        "deliveries:refused",
        "deliveries:stalled",
        "deliveries:answer-lost",
        "deliveries/cue_abc:duplicated",
        "deliveries/on_failure:held-back",
        "deliveries/cue:wrong-signature",
        "deliveries:old-secret",
        "deliveries:clock-skew=-10m",
        "deliveries:status=503,times=2,after=1,chance=0.25",
    ];
    for text in written {
        assert_eq!(text.parse::<Fault>().unwrap().to_string(), text);
    }
    let skew = DeliveryFault::ClockSkew(SignedDuration::from_mins(-10));
    assert_eq!("deliveries:clock-skew=-600s".parse(), Ok(Fault::deliveries(skew)));
}

#[test]
fn what_cannot_be_read_is_explained() {
    let complaints = [
        ("cues.fire", "expected WHERE:WHAT"),
        (
            "cues.shoot:refused",
            "cues.shoot is not calls, deliveries or an operation: cues.create,",
        ),
        (
            "deliveries/agents:refused",
            "neither a cue's id nor one of cue, on_failure",
        ),
        ("cues.fire:duplicated", "a call cannot be duplicated, but refused,"),
        (
            "deliveries:claimed-twice",
            "a delivery cannot be claimed-twice, but refused,",
        ),
        ("calls:error", "error needs a value, as in error=503"),
        ("calls:error=42", "error cannot be 42, but is written as in error=503"),
        ("calls:error=x", "error cannot be x"),
        ("calls:answer-slow=-1s", "answer-slow cannot be -1s"),
        (
            "calls:refused,often",
            "expected times=N, always, after=N or chance=P, not often",
        ),
        ("calls:refused,chance=1.5", "chance cannot be 1.5"),
    ];
    for (text, complaint) in complaints {
        let error = text.parse::<Fault>().unwrap_err().to_string();
        assert!(error.contains(complaint), "{text}: {error}");
    }
}

#[test]
#[should_panic(expected = "no operation is called cues.shoot; there are cues.create, cues.list")]
fn an_operation_that_is_not_there_is_noticed_at_once() {
    drop(Fault::call("cues.shoot", CallFault::Refused));
}
