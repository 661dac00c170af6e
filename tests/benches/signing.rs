//! What verification costs, beside the bare hash and beside what else one could use: one table in one run.
//!
//! The bodies are deliveries as CueAPI sends them, of four sizes. A re-encoded one is compact, and its keys are shuffled.
//! Every time is the best of many short runs, which take turns: whatever else a machine does can only make them longer.
#![expect(clippy::print_stdout, reason = "a bench prints its results")]

#[path = "signing/bodies.rs"]
mod bodies;
#[path = "signing/python.rs"]
mod python;
#[path = "signing/table.rs"]
mod table;

use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime};

use cueapi_signing::{Form, SignatureHeaders, Signer, Verifier, canonical};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use serde_json::Value;
use sha2::Sha256;
use standardwebhooks::Webhook;

use bodies::{Body, Content};
use python::Python;
use table::Times;

type Error = Box<dyn std::error::Error>;

const SECRET: &str = "whsec_MDAxMTIyMzM0NDU1NjY3Nzg4OTlhYWJiY2NkZGVlZmY=";
const SIZES: [usize; 4] = [256, 1 << 10, 16 << 10, 256 << 10];

fn main() -> Result<(), Error> {
    // `cargo test --benches` only wants to know whether it runs.
    let thorough = std::env::args().any(|argument| argument == "--bench");
    let last = if thorough { SIZES.len() } else { 2 };
    let python = Python::find()?;
    let _heap = heap();
    // There is no batch of events as short as the shortest cue.
    let tables = [
        ("A cue with data", Content::Runs, 0),
        ("A batch of events", Content::Events, 1),
    ];
    for (title, content, first) in tables {
        let times: Vec<Times> = SIZES[first..last]
            .iter()
            .map(|size| measure(&Body::new(content, *size), &python))
            .collect::<Result<_, _>>()?;
        table::print(title, &times);
        println!();
    }
    println!("{}", python.about());
    Ok(())
}

/// Leaves room in the heap, and what keeps the allocator from giving that back to the system: a server has such a heap, and
/// what it costs to get memory from the system is not asked here.
fn heap() -> impl Sized {
    let room: Vec<_> = (0..256).map(|_| vec![1_u8; 64 << 10]).collect();
    let end = vec![1_u8; 64 << 10];
    drop(black_box(room));
    black_box(end)
}

fn measure(body: &Body, python: &Python) -> Result<Times, Error> {
    let (signed, sent) = (&body.canonical, &body.re_encoded);
    let mut bare = bare_hmac(signed)?;
    let mut as_received = ours(Verifier::new(SECRET)?, signed, signed, Form::Raw)?;
    let mut theirs = standard_webhooks(signed)?;
    let mut re_encoded = ours(Verifier::new(SECRET)?.canonical(), signed, sent, Form::Canonical)?;
    let mut form = || drop(black_box(canonical::to_vec(black_box(sent))));
    let mut value = || {
        let value: Result<Value, _> = serde_json::from_slice(black_box(sent));
        drop(black_box(value.map(|value| serde_json::to_vec(&value))));
    };
    let [bare, as_received, theirs, re_encoded, form, value] = best_of([
        &mut bare,
        &mut as_received,
        &mut theirs,
        &mut re_encoded,
        &mut form,
        &mut value,
    ]);
    Ok(Times {
        length: signed.len(),
        bare,
        as_received,
        standardwebhooks: theirs,
        python: python.verify_webhook(signed, SECRET)?,
        re_encoded,
        form,
        value,
    })
}

fn bare_hmac(body: &[u8]) -> Result<impl FnMut(), Error> {
    let keyed = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes())?;
    Ok(move || {
        // What is signed, in the pieces in which a receiver has it.
        let mut hmac = keyed.clone();
        hmac.update(black_box("1700000000").as_bytes());
        hmac.update(b".");
        hmac.update(black_box(body));
        black_box(hmac.finalize());
    })
}

fn ours(verifier: Verifier, signed: &[u8], sent: &[u8], form: Form) -> Result<impl FnMut(), Error> {
    let signature = Signer::new(SECRET)?.sign(1_700_000_000, signed).to_string();
    let now = Duration::from_secs(1_700_000_001);
    let headers = SignatureHeaders::new(&signature, "1700000000");
    assert_eq!(verifier.verify(sent, headers, now)?.form(), form);
    let sent = sent.to_vec();
    Ok(move || {
        let headers = SignatureHeaders::new(black_box(&signature), black_box("1700000000"));
        assert!(black_box(verifier.verify(black_box(&sent), headers, now)).is_ok());
    })
}

fn standard_webhooks(body: &[u8]) -> Result<impl FnMut(), Error> {
    let webhook = Webhook::new(SECRET)?;
    // It always looks at the clock.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let timestamp = i64::try_from(now.as_secs())?;
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", "msg_1".parse()?);
    headers.insert("webhook-timestamp", timestamp.into());
    headers.insert("webhook-signature", webhook.sign("msg_1", timestamp, body)?.parse()?);
    Ok(move || assert!(webhook.verify(black_box(body), black_box(&headers)).is_ok()))
}

/// The shortest times that some functions took, in nanoseconds a call.
fn best_of<const N: usize>(mut functions: [&mut dyn FnMut(); N]) -> [f64; N] {
    const BATCH: Duration = Duration::from_micros(200);
    const ROUNDS: u32 = 1000;
    let calls = functions.each_mut().map(|function| {
        function();
        let start = Instant::now();
        function();
        let once = start.elapsed().max(Duration::from_nanos(50));
        (BATCH.as_nanos() / once.as_nanos()).max(1)
    });
    let mut best = [f64::INFINITY; N];
    for _ in 0..ROUNDS {
        for ((function, calls), best) in functions.iter_mut().zip(calls).zip(&mut best) {
            // The caches are full of what the others did.
            function();
            let start = Instant::now();
            (0..calls).for_each(|_| function());
            *best = best.min(start.elapsed().as_secs_f64() * 1e9 / calls as f64);
        }
    }
    best
}
