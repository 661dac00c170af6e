//! What CPython makes of JSON texts, and what the official SDK says of deliveries, is what we make and say.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cueapi_signing::canonical::{self, CanonicalError};
use cueapi_signing::{SignatureHeaders, VerifyError, verify_webhook_at};
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
struct Vectors<T> {
    vectors: Vec<T>,
}

#[derive(Deserialize)]
struct CanonicalCase {
    name: String,
    input_b64: String,
    canonical_b64: Option<String>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct VerifyCase {
    name: String,
    payload_b64: String,
    signature: String,
    timestamp: String,
    secret: String,
    tolerance: f64,
    now: f64,
    expected: Option<bool>,
}

impl VerifyCase {
    fn verify(&self) -> Result<(), VerifyError> {
        let payload = BASE64_STANDARD.decode(&self.payload_b64).unwrap();
        let headers = SignatureHeaders::new(&self.signature, &self.timestamp);
        let tolerance = Duration::from_secs_f64(self.tolerance);
        let now = Duration::from_secs_f64(self.now);
        verify_webhook_at(&payload, headers, &self.secret, tolerance, now).map(drop)
    }
}

fn vectors<T: DeserializeOwned>(name: &str) -> Vec<T> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/vectors")
        .join(name);
    serde_json::from_slice::<Vectors<T>>(&fs::read(path).unwrap())
        .unwrap()
        .vectors
}

#[test]
fn every_text_has_pythons_canonical_form_or_is_refused_for_pythons_reason() {
    for case in vectors::<CanonicalCase>("canonical.json") {
        let input = BASE64_STANDARD.decode(&case.input_b64).unwrap();
        let ours = canonical::to_vec(&input).map_err(|error| match error {
            CanonicalError::Syntax => "JSONDecodeError",
            CanonicalError::Encoding => "UnicodeDecodeError",
            CanonicalError::IntegerTooLong => "ValueError",
            CanonicalError::TooDeep => "RecursionError",
            other => panic!("{}: {other}", case.name),
        });
        let theirs = match (&case.canonical_b64, &case.error) {
            (Some(canonical), None) => Ok(BASE64_STANDARD.decode(canonical).unwrap()),
            (_, error) => Err(error.as_deref().unwrap()),
        };
        assert_eq!(ours, theirs, "{}", case.name);
    }
}

#[test]
fn every_text_is_streamed_as_it_is_written() {
    for case in vectors::<CanonicalCase>("canonical.json") {
        let input = BASE64_STANDARD.decode(&case.input_b64).unwrap();
        let mut streamed = Vec::new();
        let result = canonical::stream(&input, |piece| streamed.extend_from_slice(piece));
        assert_eq!(result.map(|()| streamed), canonical::to_vec(&input), "{}", case.name);
    }
}

#[test]
fn every_delivery_is_judged_as_by_the_official_sdk() {
    for case in vectors::<VerifyCase>("verify.json") {
        // Where that raises an exception, a delivery is not genuine either.
        let genuine = case.expected.unwrap_or(false);
        assert_eq!(case.verify().is_ok(), genuine, "{}", case.name);
    }
}

#[test]
fn a_refusal_says_why() {
    let cases = vectors::<VerifyCase>("verify.json");
    for (name, why) in [
        ("ts_alpha", VerifyError::MalformedTimestamp),
        ("ts_float", VerifyError::MalformedTimestamp),
        ("ts_plus_301", VerifyError::Expired),
        ("ts_minus_300", VerifyError::Expired),
        ("ts_millis", VerifyError::Expired),
        ("ts_thirty_digits", VerifyError::Expired),
        ("no_prefix", VerifyError::MalformedSignature),
        ("sha256_prefix", VerifyError::MalformedSignature),
        ("truncated", VerifyError::MalformedSignature),
        ("non_ascii_signature", VerifyError::MalformedSignature),
        ("sig_upper_case", VerifyError::MalformedSignature),
        ("sig_list", VerifyError::MalformedSignature),
        ("tampered", VerifyError::Mismatch),
        ("wrong_secret", VerifyError::Mismatch),
        ("raw_utf8_signed_as_raw_rejected", VerifyError::Mismatch),
        (
            "invalid_utf8_body",
            VerifyError::NoCanonicalForm(CanonicalError::Encoding),
        ),
        (
            "int_over_4300_digits",
            VerifyError::NoCanonicalForm(CanonicalError::IntegerTooLong),
        ),
        ("too_deep", VerifyError::NoCanonicalForm(CanonicalError::TooDeep)),
    ] {
        let case = cases.iter().find(|case| case.name == name).unwrap();
        assert_eq!(case.verify(), Err(why), "{name}");
    }
}
