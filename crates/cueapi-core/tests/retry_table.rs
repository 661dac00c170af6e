//! The retry table, every cell of it, without a runtime.

#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use std::time::Duration;

use cueapi_core::{
    RetryPolicy,
    endpoint::Repeat::{self, Keyed, Safe, Unsafe, WriteOnce},
    http::HttpErrorKind::{Certificate, Connect, Interrupted, Other, Timeout, TooLarge, Unsendable},
    retry::{
        AttemptOutcome::{self, Answered, Failed},
        Decision::{RetryAfter, Stop},
    },
};
use http::StatusCode;

fn status(code: u16) -> AttemptOutcome {
    Answered(StatusCode::from_u16(code).unwrap(), None)
}

fn is_repeated(repeat: Repeat, outcome: AttemptOutcome) -> bool {
    RetryPolicy::default().decide(repeat, outcome, 1, Duration::ZERO, 0) != Stop
}

#[test]
fn what_is_repeated_depends_on_what_is_known_of_the_attempt() {
    //                             Safe   Keyed  WriteOnce Unsafe
    let table = [
        (Failed(Connect), [true, true, true, true]),
        (Failed(Certificate), [false, false, false, false]),
        (Failed(Unsendable), [false, false, false, false]),
        (Failed(Timeout), [true, true, true, false]),
        (Failed(Interrupted), [true, true, true, false]),
        (Failed(TooLarge), [false, false, false, false]),
        (Failed(Other), [false, false, false, false]),
        (status(408), [true, true, true, false]),
        (status(429), [true, true, true, true]),
        (status(500), [true, true, true, false]),
        (status(502), [true, true, true, false]),
        (status(503), [true, true, true, false]),
        (status(504), [true, true, true, false]),
        (status(301), [false, false, false, false]),
        (status(304), [false, false, false, false]),
        (status(307), [false, false, false, false]),
        (status(400), [false, false, false, false]),
        (status(401), [false, false, false, false]),
        (status(403), [false, false, false, false]),
        (status(404), [false, false, false, false]),
        (status(409), [false, false, false, false]),
        (status(413), [false, false, false, false]),
        (status(422), [false, false, false, false]),
        (status(501), [false, false, false, false]),
    ];
    for (outcome, row) in table {
        for (repeat, expected) in [Safe, Keyed, WriteOnce, Unsafe].into_iter().zip(row) {
            assert_eq!(is_repeated(repeat, outcome), expected, "{repeat:?} after {outcome:?}");
        }
    }
}

#[test]
fn the_wait_doubles_up_to_the_cap_with_full_jitter() {
    let policy = RetryPolicy::default().max_attempts(100).max_total_delay(Duration::MAX);
    let wait = |attempt, random| policy.decide(Safe, Failed(Timeout), attempt, Duration::ZERO, random);
    for (attempt, longest) in [(1, 250), (2, 500), (3, 1000), (6, 8000), (7, 8000), (99, 8000)] {
        assert_eq!(
            wait(attempt, u64::MAX),
            RetryAfter(Duration::from_millis(longest)),
            "attempt {attempt}"
        );
        assert_eq!(wait(attempt, 0), RetryAfter(Duration::ZERO), "attempt {attempt}");
        let half = wait(attempt, u64::MAX / 2);
        let RetryAfter(half) = half else { panic!("stopped") };
        assert!(
            half.abs_diff(Duration::from_millis(longest / 2)) < Duration::from_micros(1),
            "{half:?}"
        );
    }
}

#[test]
fn the_server_s_wait_replaces_the_backoff_and_ends_the_call_when_it_is_longer_than_the_cap() {
    let policy = RetryPolicy::default();
    let asked = |seconds| Answered(StatusCode::TOO_MANY_REQUESTS, Some(Duration::from_secs(seconds)));
    assert_eq!(
        policy.decide(Unsafe, asked(8), 1, Duration::ZERO, 0),
        RetryAfter(Duration::from_secs(8))
    );
    assert_eq!(policy.decide(Unsafe, asked(9), 1, Duration::ZERO, 0), Stop);
    assert_eq!(policy.decide(Safe, asked(u64::MAX), 1, Duration::ZERO, 0), Stop);
    let patient = policy.max_delay(Duration::from_secs(60));
    assert_eq!(
        patient.decide(Safe, asked(57), 1, Duration::ZERO, 0),
        RetryAfter(Duration::from_secs(57))
    );
}

#[test]
fn a_call_ends_with_its_attempts_or_with_its_patience() {
    let policy = RetryPolicy::default().max_total_delay(Duration::from_secs(10));
    assert_eq!(policy.decide(Safe, Failed(Connect), 3, Duration::ZERO, 0), Stop);
    assert_eq!(
        RetryPolicy::none().decide(Safe, Failed(Connect), 1, Duration::ZERO, 0),
        Stop
    );
    assert_eq!(policy.max_attempts(0), policy.max_attempts(1));
    let asked = Answered(StatusCode::SERVICE_UNAVAILABLE, Some(Duration::from_secs(5)));
    assert_eq!(
        policy.decide(Safe, asked, 2, Duration::from_secs(5), 0),
        RetryAfter(Duration::from_secs(5))
    );
    assert_eq!(policy.decide(Safe, asked, 2, Duration::from_secs(6), 0), Stop);
}

#[test]
fn no_setting_overflows() {
    let policy = RetryPolicy::default()
        .max_attempts(u32::MAX)
        .base_delay(Duration::MAX)
        .max_delay(Duration::MAX)
        .max_total_delay(Duration::MAX);
    for attempt in [1, 2, 33, u32::MAX - 1] {
        assert_ne!(
            policy.decide(Safe, Failed(Connect), attempt, Duration::MAX, u64::MAX),
            Stop
        );
    }
}
