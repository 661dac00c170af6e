//! Deliveries of a real server verify as they were received, and not with a single bit changed.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::time::Duration;

use cueapi_signing::{Form, SignatureHeaders, Signer, Verifier, VerifyError};
use cueapi_tests::captures::{Delivery, delivery};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const SIGNED: [&str; 12] = [
    "alert-1",
    "msg-push-1",
    "normal-1",
    "replay-1",
    "retry-1",
    "retry-2",
    "rotate-1",
    "rotate-2",
    "scheduled-once-1",
    "sub-ascii-1",
    "sub-nonascii-1",
    "torture-1",
];

fn verifier(delivery: &Delivery) -> Verifier {
    let (first, others) = delivery.secrets().split_first().unwrap();
    others.iter().fold(Verifier::new(first).unwrap(), |verifier, secret| {
        verifier.also(secret).unwrap()
    })
}

fn headers(delivery: &Delivery) -> SignatureHeaders<'_> {
    SignatureHeaders::new(delivery.signature(), delivery.timestamp())
}

fn expected_form(name: &str) -> Form {
    if name == "sub-nonascii-1" {
        Form::AsciiEscaped
    } else {
        Form::Raw
    }
}

#[test]
fn every_signed_delivery_verifies_as_received() {
    for name in SIGNED {
        let delivery = delivery(name);
        let verified = verifier(&delivery)
            .verify(&delivery.body, headers(&delivery), delivery.received())
            .unwrap();
        assert_eq!(verified.bytes(), delivery.body, "{name}");
        assert_eq!(verified.form(), expected_form(name), "{name}");
    }
}

#[test]
fn every_signed_delivery_verifies_in_pieces() {
    for name in SIGNED {
        let delivery = delivery(name);
        let verifier = verifier(&delivery);
        for size in [1, 2, 7, 64, 1000] {
            let mut stream = verifier.begin(headers(&delivery), delivery.received()).unwrap();
            delivery.body.chunks(size).for_each(|chunk| stream.update(chunk));
            assert_eq!(
                stream.finish().unwrap().form(),
                expected_form(name),
                "{name} in pieces of {size}"
            );
        }
    }
}

#[test]
fn a_rotation_leaves_deliveries_of_both_secrets() {
    let signed_by = |name| {
        let delivery = delivery(name);
        verifier(&delivery)
            .verify(&delivery.body, headers(&delivery), delivery.received())
            .unwrap()
            .secret()
    };
    assert_ne!(signed_by("rotate-1"), signed_by("rotate-2"));
    for name in ["rotate-1", "rotate-2"] {
        let delivery = delivery(name);
        let one_secret = |secret: &String| {
            Verifier::new(secret)
                .unwrap()
                .verify(&delivery.body, headers(&delivery), delivery.received())
                .is_ok()
        };
        assert_eq!(delivery.secrets().iter().filter(|secret| one_secret(secret)).count(), 1);
    }
}

#[test]
fn one_flipped_bit_anywhere_is_refused() {
    for name in SIGNED {
        let genuine = delivery(name);
        let (body, signature, timestamp) = (&genuine.body, genuine.signature(), genuine.timestamp());
        let verifier = verifier(&genuine);
        // Changing the timestamp shall be caught by the MAC, not by the clock.
        let patient = verifier.clone().tolerance(Duration::MAX);
        let refusal = |verifier: &Verifier, body: &[u8], signature: &[u8], timestamp: &[u8]| {
            verifier
                .verify(body, SignatureHeaders::new(signature, timestamp), genuine.received())
                .err()
        };

        for flipped in flips(body) {
            let why = refusal(&verifier, &flipped, signature.as_bytes(), timestamp.as_bytes());
            assert_eq!(why, Some(VerifyError::Mismatch), "{name}: {flipped:x?}");
        }
        for flipped in flips(signature.as_bytes()) {
            let why = refusal(&verifier, body, &flipped, timestamp.as_bytes());
            assert!(
                matches!(why, Some(VerifyError::Mismatch | VerifyError::MalformedSignature)),
                "{name}: {flipped:x?}"
            );
        }
        for flipped in flips(timestamp.as_bytes()) {
            let why = refusal(&patient, body, signature.as_bytes(), &flipped);
            assert!(
                matches!(why, Some(VerifyError::Mismatch | VerifyError::MalformedTimestamp)),
                "{name}: {flipped:x?}"
            );
        }
        for secret in genuine.secrets() {
            for flipped in flips(secret.as_bytes()) {
                // Some of them cannot be secrets any more.
                let Ok(verifier) = Verifier::new(&flipped) else {
                    continue;
                };
                let why = refusal(&verifier, body, signature.as_bytes(), timestamp.as_bytes());
                assert_eq!(why, Some(VerifyError::Mismatch), "{name}: {flipped:x?}");
            }
        }
    }
}

#[test]
fn a_body_that_lost_or_gained_a_byte_is_refused() {
    for name in SIGNED {
        let genuine = delivery(name);
        let refusal = |body: &[u8]| {
            verifier(&genuine)
                .verify(body, headers(&genuine), genuine.received())
                .err()
        };
        for end in 1..genuine.body.len() {
            assert_eq!(refusal(&genuine.body[..end]), Some(VerifyError::Mismatch));
        }
        assert_eq!(
            refusal(&[&genuine.body[..], b"\n"].concat()),
            Some(VerifyError::Mismatch)
        );
        assert_eq!(refusal(b""), Some(VerifyError::BodyRequired));
    }
}

#[test]
fn bodies_and_timestamps_of_every_length_verify_at_once_and_in_pieces() {
    let verifier = Verifier::new("whsec_1").unwrap();
    let now = Duration::from_secs(17);
    for zeros in 0..70 {
        let timestamp = format!("{}17", "0".repeat(zeros));
        for length in 0..140 {
            let body = vec![b'a'; length];
            let mut hmac = Hmac::<Sha256>::new_from_slice(b"whsec_1").unwrap();
            hmac.update(format!("{timestamp}.{}", "a".repeat(length)).as_bytes());
            let hex: String = (hmac.finalize().into_bytes().iter())
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let signature = format!("v1={hex}");
            let headers = SignatureHeaders::new(&signature, &timestamp);

            let at_once = verifier.verify(&body, headers, now).map(|verified| verified.proof());
            let mut stream = verifier.begin(headers, now).unwrap();
            body.chunks(9).for_each(|chunk| stream.update(chunk));
            assert!(at_once.is_ok(), "{timestamp}, {length} bytes");
            assert_eq!(at_once, stream.finish());
        }
    }
}

/// What is signed is the timestamp, a point and the body: the same text, cut elsewhere, must not be another delivery.
#[test]
fn what_was_signed_cannot_be_cut_into_another_timestamp_and_body() {
    let signer = Signer::new("whsec_1").unwrap();
    let verifier = Verifier::new("whsec_1").unwrap().tolerance(Duration::MAX);
    let signature = signer.sign(17, b"5.{\"ratio\": 1.5}").to_string();
    let text = "17.5.{\"ratio\": 1.5}";
    for (at, _) in text.match_indices('.') {
        let (timestamp, body) = (&text[..at], &text[at + 1..]);
        let verified = verifier.verify(
            body.as_bytes(),
            SignatureHeaders::new(&signature, timestamp),
            Duration::ZERO,
        );
        assert_eq!(verified.is_ok(), timestamp == "17", "{timestamp}");
    }
}

#[test]
fn a_delivery_by_get_has_no_body_to_verify() {
    let delivery = delivery("method-get-1");
    let refusal = verifier(&delivery)
        .verify(&delivery.body, headers(&delivery), delivery.received())
        .unwrap_err();
    assert_eq!(refusal, VerifyError::BodyRequired);
}

#[test]
fn an_on_failure_callback_is_not_signed() {
    let delivery = delivery("on-failure-1");
    let refusal = verifier(&delivery)
        .verify(&delivery.body, headers(&delivery), delivery.received())
        .unwrap_err();
    assert_eq!(refusal, VerifyError::MalformedTimestamp);
}

#[test]
fn an_old_delivery_is_refused_at_any_later_time() {
    let delivery = delivery("normal-1");
    let at = |seconds: u64| {
        let now = Duration::from_secs(delivery.timestamp().parse::<u64>().unwrap() + seconds);
        verifier(&delivery)
            .verify(&delivery.body, headers(&delivery), now)
            .err()
    };
    assert_eq!(at(300), None);
    assert_eq!(at(301), Some(VerifyError::Expired));
    assert_eq!(at(u32::MAX.into()), Some(VerifyError::Expired));
    assert_eq!(
        verifier(&delivery)
            .verify_now(&delivery.body, headers(&delivery))
            .unwrap_err(),
        VerifyError::Expired,
        "it was captured long ago"
    );
}

#[test]
fn the_signer_makes_the_signatures_that_the_server_made() {
    for name in SIGNED {
        let delivery = delivery(name);
        let timestamp = delivery.timestamp().parse().unwrap();
        let text = str::from_utf8(&delivery.body).unwrap();
        let signatures = delivery.secrets().iter().map(|secret| {
            let signer = Signer::new(secret).unwrap();
            match expected_form(name) {
                Form::Raw => signer.sign(timestamp, text.as_bytes()).to_string(),
                _ => signer.sign_escaped(timestamp, text).to_string(),
            }
        });
        assert!(
            signatures
                .into_iter()
                .any(|signature| signature == delivery.signature()),
            "{name}"
        );
    }
}

#[test]
fn one_good_signature_among_several_is_enough() {
    let genuine = delivery("normal-1");
    let list = format!("v1={},{}", "0".repeat(64), genuine.signature());
    let headers = SignatureHeaders::new(&list, genuine.timestamp());
    assert!(
        verifier(&genuine)
            .verify(&genuine.body, headers, genuine.received())
            .is_ok()
    );
}

#[test]
fn no_debug_output_shows_a_secret_or_a_payload() {
    let genuine = delivery("normal-1");
    let verifier = verifier(&genuine);
    let signer = Signer::new(&genuine.secrets()[0]).unwrap();
    let stream = verifier.begin(headers(&genuine), genuine.received()).unwrap();
    let verified = verifier
        .verify(&genuine.body, headers(&genuine), genuine.received())
        .unwrap();
    let shown = format!("{verifier:?} {signer:?} {:?} {stream:?} {verified:?}", signer.begin(0));
    for hidden in [&genuine.secrets()[0], "cue_2flbb8mh2kda", "99, 117, 101"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

/// `bytes` with every single bit flipped in turn.
fn flips(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len() * 8).map(move |bit| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    })
}
