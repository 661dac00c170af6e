//! Bodies that were re-encoded on their way verify by their canonical form, and only when that is asked for.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::time::Duration;

use cueapi_signing::canonical::{self, CanonicalError};
use cueapi_signing::{
    Form, SecretError, SignatureHeaders, Signer, Verifier, VerifyError, verify_webhook, verify_webhook_at,
};
use cueapi_tests::captures::{Delivery, delivery};
use http::{HeaderMap, HeaderValue};
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use serde_json::{Value, json};

const SIGNED: [&str; 5] = ["alert-1", "msg-push-1", "normal-1", "sub-nonascii-1", "torture-1"];

fn verifier(delivery: &Delivery) -> Verifier {
    Verifier::new(&delivery.secrets()[0]).unwrap()
}

fn headers(delivery: &Delivery) -> SignatureHeaders<'_> {
    SignatureHeaders::new(delivery.signature(), delivery.timestamp())
}

/// The body as gateways and frameworks re-encode it, and the same text in other encodings.
fn re_encoded(body: &[u8]) -> Vec<Vec<u8>> {
    let text = std::str::from_utf8(body).unwrap();
    let compact = text.replace("\": ", "\":").replace(", \"", ",\"");
    vec![
        text.replace("{\"", "{\n  \"").replace(", \"", ",\n  \"").into_bytes(),
        text.replace('a', "\\u0061").into_bytes(),
        text.replace("\\u00e9", "é")
            .replace("\\ud83d\\ude00", "😀")
            .replace('/', "\\/")
            .into_bytes(),
        format!("\u{feff}{compact}").into_bytes(),
        text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        compact.chars().flat_map(|char| u32::from(char).to_be_bytes()).collect(),
        compact.into_bytes(),
    ]
}

#[test]
fn a_re_encoded_body_verifies_as_what_was_signed() {
    for name in SIGNED {
        let delivery = delivery(name);
        let signed = canonical::to_vec(&delivery.body).unwrap();
        for body in re_encoded(&delivery.body) {
            let shown = body.escape_ascii();
            let refusal = verifier(&delivery)
                .verify(&body, headers(&delivery), delivery.received())
                .map(drop);
            let verified = verifier(&delivery)
                .canonical()
                .verify(&body, headers(&delivery), delivery.received())
                .unwrap();
            assert_eq!(verified.bytes(), signed, "{name}: {shown}");
            match verified.form() {
                Form::Canonical => assert_eq!(refusal, Err(VerifyError::Mismatch), "{name}: {shown}"),
                // Some ways to re-encode a body leave this one as it is.
                _ => assert_eq!(body, delivery.body, "{name}: {shown}"),
            }
        }
    }
}

#[test]
fn a_body_as_received_is_handed_back_as_it_is() {
    for name in SIGNED {
        let delivery = delivery(name);
        let verifier = verifier(&delivery).canonical();
        let verified = verifier
            .verify(&delivery.body, headers(&delivery), delivery.received())
            .unwrap();
        assert_eq!(verified.bytes(), delivery.body, "{name}");
        assert!(matches!(verified.into_bytes(), std::borrow::Cow::Borrowed(_)), "{name}");
    }
}

#[test]
fn a_body_that_is_not_json_verifies_as_it_is() {
    let signature = Signer::new("whsec_1")
        .unwrap()
        .sign(1_700_000_000, b"a=1&b=2")
        .to_string();
    let headers = SignatureHeaders::new(&signature, "1700000000");
    let now = Duration::from_secs(1_700_000_000);
    assert!(
        Verifier::new("whsec_1")
            .unwrap()
            .canonical()
            .verify(b"a=1&b=2", headers, now)
            .is_ok()
    );
    assert!(verify_webhook_at("a=1&b=2", headers, "whsec_1", Duration::ZERO, now).is_ok());
}

#[test]
fn the_older_of_two_secrets_verifies_a_re_encoded_body_too() {
    let old = delivery("normal-1");
    let verifier = Verifier::new("whsec_new")
        .unwrap()
        .also(&old.secrets()[0])
        .unwrap()
        .canonical();
    let compact = canonical_but_compact(&old.body);
    let verified = verifier.verify(&compact, headers(&old), old.received()).unwrap();
    assert_eq!((verified.secret(), verified.form()), (1, Form::Canonical));
}

#[test]
fn a_changed_value_is_refused_in_every_form() {
    let genuine = delivery("normal-1");
    let verifier = verifier(&genuine).canonical();
    let changed = String::from_utf8(canonical_but_compact(&genuine.body))
        .unwrap()
        .replace("\"n\":1", "\"n\":2");
    let refusal = verifier
        .verify(changed.as_bytes(), headers(&genuine), genuine.received())
        .unwrap_err();
    assert_eq!(refusal, VerifyError::Mismatch);
}

#[test]
fn with_one_flipped_bit_a_body_is_refused_or_means_what_was_signed() {
    for name in SIGNED {
        let genuine = delivery(name);
        let verifier = verifier(&genuine).canonical();
        let signed = canonical::to_vec(&genuine.body).unwrap();
        for bit in 0..genuine.body.len() * 8 {
            let mut flipped = genuine.body.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            match verifier.verify(&flipped, headers(&genuine), genuine.received()) {
                // The case of a digit in an escape, for one.
                Ok(verified) => assert_eq!(verified.bytes(), signed, "{name}: {}", flipped.escape_ascii()),
                Err(refusal) => assert_eq!(refusal, VerifyError::Mismatch, "{name}: {}", flipped.escape_ascii()),
            }
        }
    }
}

#[test]
fn one_call_verifies_bytes_text_and_values() {
    let delivery = delivery("torture-1");
    let text = String::from_utf8(delivery.body.clone()).unwrap();
    let (headers, secret) = (headers(&delivery), &delivery.secrets()[0]);
    let tolerance = Duration::from_secs(300);
    let now = delivery.received();
    assert!(verify_webhook_at(&delivery.body, headers, secret, tolerance, now).is_ok());
    assert!(verify_webhook_at(&text, headers, secret, tolerance, now).is_ok());
    assert_eq!(
        verify_webhook(&text, headers, secret, tolerance).unwrap_err(),
        VerifyError::Expired,
        "it was captured long ago"
    );
    assert_eq!(
        verify_webhook_at(&text, headers, "", tolerance, now).unwrap_err(),
        VerifyError::Secret(SecretError::Empty)
    );

    let body = json!({"name": "é", "attempt": 1, "payload": {"ratio": 1.0, "big": u64::MAX}});
    let signed = br#"{"attempt": 1, "name": "\u00e9", "payload": {"big": 18446744073709551615, "ratio": 1.0}}"#;
    let signature = Signer::new("whsec_1").unwrap().sign(17, signed).to_string();
    let headers = SignatureHeaders::new(&signature, "17");
    let verified = verify_webhook_at(&body, headers, "whsec_1", tolerance, Duration::from_secs(17)).unwrap();
    assert_eq!(verified.bytes(), signed);
}

#[test]
fn headers_come_from_an_http_request() {
    let delivery = delivery("normal-1");
    let mut map = HeaderMap::new();
    for (name, value) in &delivery.headers {
        map.insert(
            http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
            value.parse().unwrap(),
        );
    }
    let verify = |map: &HeaderMap| {
        let headers = SignatureHeaders::from_http(map)?;
        verifier(&delivery)
            .verify(&delivery.body, headers, delivery.received())
            .map(drop)
    };
    assert_eq!(verify(&map), Ok(()));

    let mut twice = map.clone();
    twice.append("x-cueapi-signature", HeaderValue::from_static("v1=0"));
    assert_eq!(verify(&twice), Err(VerifyError::MalformedSignature));
    let mut binary = map.clone();
    binary.insert("x-cueapi-timestamp", HeaderValue::from_bytes(b"\xff").unwrap());
    assert_eq!(verify(&binary), Err(VerifyError::MalformedTimestamp));
    map.remove("x-cueapi-signature");
    assert_eq!(verify(&map), Err(VerifyError::MissingSignature));
    assert_eq!(verify(&HeaderMap::new()), Err(VerifyError::MissingTimestamp));
}

#[test]
fn the_unescaped_form_is_what_event_subscriptions_are_sent() {
    let delivery = delivery("sub-nonascii-1");
    assert_eq!(canonical::to_utf8_vec(&delivery.body).unwrap(), delivery.body);
    assert_eq!(
        canonical::to_utf8_vec(r#""\ud800""#),
        Err(CanonicalError::LoneSurrogate)
    );
    assert_eq!(
        canonical::to_utf8_vec(r#"["\\u00e9", "\u00e9\u001f\"\u007f"]"#).unwrap(),
        "[\"\\\\u00e9\", \"é\\u001f\\\"\u{7f}\"]".as_bytes()
    );
}

#[test]
fn hostile_texts_are_refused_in_time_and_memory_in_proportion_to_their_length() {
    // Sorting in place would move every byte once for each object around it.
    let depth = 900;
    let long = format!("\"{}\"", "x".repeat(1 << 20));
    let filled = format!("{}{long}{}", "{\"b\":".repeat(depth), ",\"a\":1}".repeat(depth));
    assert!(canonical::to_vec(&filled).unwrap().len() < filled.len() + 10 * depth);

    for hostile in ["[", "{\"a\":", "\"\\", "-", "1e", "\u{7f}"].map(|piece| piece.repeat(1 << 18)) {
        assert!(canonical::to_vec(&hostile).is_err());
    }
    let deletes = format!("\"{}\"", "\u{7f}".repeat(1 << 16));
    assert_eq!(canonical::to_vec(&deletes).unwrap().len(), 6 * (1 << 16) + 2);
}

fn canonical_but_compact(body: &[u8]) -> Vec<u8> {
    std::str::from_utf8(body)
        .unwrap()
        .replace("\": ", "\":")
        .replace(", \"", ",\"")
        .into_bytes()
}

/// A text in which the members of every object stand in the order of their hashes.
fn out_of_order(value: &Value) -> String {
    let list = |items: Vec<String>| items.join(",");
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_cached_key(|(key, _)| BuildHasherDefault::<DefaultHasher>::default().hash_one(key));
            let member =
                |(key, value): (&String, &Value)| format!("{}:{}", Value::from(key.as_str()), out_of_order(value));
            format!("{{{}}}", list(members.into_iter().map(member).collect()))
        }
        Value::Array(items) => format!("[{}]", list(items.iter().map(out_of_order).collect())),
        scalar => scalar.to_string(),
    }
}

fn values() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
        // The members of long objects are moved in another way than those of short ones.
        (4000..5000_usize).prop_map(|length| Value::from("x".repeat(length))),
    ];
    scalar.prop_recursive(4, 64, 8, |value| {
        prop_oneof![
            proptest::collection::vec(value.clone(), 0..8).prop_map(Value::from),
            proptest::collection::btree_map(".*", value, 0..8).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn a_canonical_form_means_what_the_text_means_and_is_its_own(value in values()) {
        let text = value.to_string();
        let canonical = canonical::to_vec(&text).unwrap();
        assert!(canonical.is_ascii());
        assert_eq!(&canonical, &canonical::to_vec(&canonical).unwrap());
        assert_eq!(&canonical, &canonical::to_vec(&value).unwrap());
        assert_eq!(serde_json::from_slice::<Value>(&canonical).unwrap(), serde_json::from_str::<Value>(&text).unwrap());

        let unescaped = canonical::to_utf8_vec(&text).unwrap();
        assert_eq!(&canonical, &canonical::to_vec(&unescaped).unwrap());
    }

    #[test]
    fn the_order_of_members_makes_no_difference(value in values()) {
        assert_eq!(canonical::to_vec(&out_of_order(&value)).unwrap(), canonical::to_vec(&value.to_string()).unwrap());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        let _ = canonical::to_vec(&bytes);
        let headers = SignatureHeaders::new(&bytes, "17");
        let _ = Verifier::new("whsec_1").unwrap().canonical().verify(&bytes, headers, Duration::from_secs(17));
    }
}
