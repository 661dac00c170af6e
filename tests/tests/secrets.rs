//! One rule says what can be a webhook secret or an API key, whichever way it comes in.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::time::Duration;

use cueapi_core::{ClientBuilder, testing::ReplayClient};
use cueapi_signing::{SecretError, SignatureHeaders, Signer, Verifier, VerifyError, verify_webhook_at};
use serde::Deserialize;

/// A text, and a part of the reason why it cannot be a secret or a key; an empty one where it can.
#[derive(Deserialize)]
struct Case {
    name: String,
    text: String,
    secret: String,
    key: String,
}

/// The edge module is held to the same ones (`cargo xtask edge`).
fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../fixtures/secrets.json")).unwrap()
}

fn assert_refused_as(case: &Case, expected: &str, refused: Option<String>) {
    match refused {
        Some(reason) => {
            assert!(
                !expected.is_empty() && reason.contains(expected),
                "{}: {reason}",
                case.name
            );
            assert!(
                !reason.contains("0011") && !reason.contains("0123"),
                "{}: {reason}",
                case.name
            );
        }
        None => assert_eq!(expected, "", "{}", case.name),
    }
}

#[test]
fn what_cannot_be_a_secret_is_refused_with_what_to_do_wherever_it_comes_in() {
    for case in cases() {
        let reason = |error: SecretError| error.to_string();
        let good = Verifier::new("whsec_other").unwrap();
        assert_refused_as(&case, &case.secret, Verifier::new(&case.text).err().map(reason));
        assert_refused_as(&case, &case.secret, good.also(&case.text).err().map(reason));
        assert_refused_as(&case, &case.secret, Signer::new(&case.text).err().map(reason));
        let now = Duration::from_secs(17);
        let headers = SignatureHeaders::new("v1=", "17");
        let refused = match verify_webhook_at("{}", headers, &case.text, Duration::ZERO, now).unwrap_err() {
            VerifyError::Secret(error) => Some(error.to_string()),
            error => (error != VerifyError::MalformedSignature).then(|| error.to_string()),
        };
        assert_refused_as(&case, &case.secret, refused);
    }
}

#[test]
fn what_cannot_be_a_key_is_refused_with_what_to_do_before_anything_is_sent() {
    for case in cases() {
        let built = ClientBuilder::new(&case.text, ReplayClient::new([])).build();
        assert_refused_as(&case, &case.key, built.err().map(|error| error.to_string()));
    }
}

#[test]
fn bytes_that_are_no_text_cannot_be_a_secret() {
    let utf_16: Vec<u8> = "whsec_0011223344556677"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for bytes in [&b"whsec_\xff\xff"[..], &[0; 32], &utf_16] {
        assert_eq!(Verifier::new(bytes).unwrap_err(), SecretError::Unprintable);
    }
}

#[test]
fn a_secret_read_from_a_file_verifies_what_the_secret_signs() {
    let signature = Signer::new("whsec_0011223344556677")
        .unwrap()
        .sign(17, b"{}")
        .to_string();
    let headers = SignatureHeaders::new(&signature, "17");
    for file in ["whsec_0011223344556677\n", "\t whsec_0011223344556677\r\n"] {
        for verifier in [Verifier::new(file), Verifier::new("whsec_other").unwrap().also(file)] {
            assert!(
                verifier
                    .unwrap()
                    .verify(b"{}", headers, Duration::from_secs(17))
                    .is_ok()
            );
        }
        assert_eq!(Signer::new(file).unwrap().sign(17, b"{}").to_string(), signature);
    }
}
