//! What a forged body of two megabytes costs before it is refused, for the worst of each kind that we found.
//!
//! `cargo test --release -p cueapi-signing --features std --test cost -- --nocapture` prints the table. Without `--release` the texts are
//! shorter, and the bound is the same.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::{fmt::Write as _, iter, time::Duration};

use cpu_time::ThreadTime;
use cueapi_signing::{SignatureHeaders, Signer, Verifier};

/// As long as a receiver takes by default.
const LENGTH: usize = if cfg!(debug_assertions) { 1 << 16 } else { 2 << 20 };

/// How many times an ordinary body's time a forged one may take. Four is what we want of a quiet machine.
const BOUND: f64 = 6.0;

const ORDINARY: &str = r#"{"account": "acme", "rows": 120, "ratio": 0.25, "done": true, "note": "all day long"}"#;

#[test]
fn no_forged_body_costs_many_times_what_an_ordinary_one_does() {
    println!(
        "| forged body | ns a byte, re-encoded | of an ordinary body | ns a byte, as received |\n|---|---|---|---|"
    );
    let ordinary = array(iter::repeat_n(ORDINARY.to_owned(), LENGTH));
    let mut worst = (0.0, "");
    for (name, body) in iter::once(("ordinary", ordinary.clone())).chain(bodies()) {
        // In turns, so that a busy machine is busy for both.
        let rounds: Vec<_> = (0..7)
            .map(|_| (cost(&body, true), cost(&ordinary, true), cost(&body, false)))
            .collect();
        let least = |of: fn(&(f64, f64, f64)) -> f64| rounds.iter().map(of).fold(f64::INFINITY, f64::min);
        let (re_encoded, usual, received) = (least(|round| round.0), least(|round| round.1), least(|round| round.2));
        let ratio = re_encoded / usual;
        println!("| {name} | {re_encoded:.1} | {ratio:.1} × | {received:.1} |");
        if ratio > worst.0 {
            worst = (ratio, name);
        }
    }
    assert!(worst.0 < BOUND, "{worst:?}");
}

/// Nanoseconds of processor time for each byte of a body that nobody signed.
fn cost(body: &str, canonical: bool) -> f64 {
    let signature = Signer::new("whsec_of_nobody").unwrap().sign(17, b"").to_string();
    let verifier = Verifier::new("whsec_0011223344556677").unwrap();
    let verifier = if canonical { verifier.canonical() } else { verifier };
    let started = ThreadTime::now();
    let refused = verifier.verify(
        body.as_bytes(),
        SignatureHeaders::new(&signature, "17"),
        Duration::from_secs(17),
    );
    let took = started.elapsed();
    assert!(refused.is_err());
    took.as_secs_f64() * 1e9 / f64::from(u32::try_from(body.len()).unwrap())
}

fn bodies() -> impl Iterator<Item = (&'static str, String)> {
    let repeated = [
        ("`5e-324`", "5e-324"),
        ("`9.5e-309`", "9.5e-309"),
        ("`2.2250738585072011e-308`", "2.2250738585072011e-308"),
        ("`1.797e308`", "1.797e308"),
        ("`1.7976931348623157e308`", "1.7976931348623157e308"),
        ("`1e400`", "1e400"),
        ("`1e5`", "1e5"),
        ("`1e15`", "1e15"),
        ("`1e23`", "1e23"),
        ("`0.30000000000000004`", "0.30000000000000004"),
        (
            "`4503599627370496.5`, in the middle of two doubles",
            "4503599627370496.5",
        ),
        ("`9007199254740992999e280`", "9007199254740992999e280"),
        (
            "`17976931348623158079e289`, next to the middle",
            "17976931348623158079e289",
        ),
        ("`-0`", "-0"),
        ("`[]`", "[]"),
        ("`{}`", "{}"),
        ("`\"\"`", "\"\""),
        ("`\"é\"`", "\"é\""),
        ("`\"😀\"`", "\"😀\""),
        ("`\"\\n\"`", "\"\\n\""),
        ("`{\"b\":0,\"a\":0}`", "{\"b\":0,\"a\":0}"),
    ];
    let repeated = repeated.map(|(name, item)| (name, array(iter::repeat_n(item.to_owned(), LENGTH))));
    // The middle of the two greatest doubles, to more digits than are read at first.
    let half = format!("1797693134862315807{}e290", "9".repeat(780));
    let nest = format!("{}0{}", "{\"b\":0,\"a\":".repeat(990), "}".repeat(990));
    let others = [
        (
            "800 digits next to the middle of two doubles",
            array(iter::repeat_n(half, LENGTH)),
        ),
        (
            "objects in objects, 990 deep, out of order",
            array(iter::repeat_n(nest, LENGTH)),
        ),
        (
            "U+007F, which is escaped to six characters",
            format!("[\"{}\"]", "\x7f".repeat(LENGTH - 4)),
        ),
        ("`é` in one string", format!("[\"{}\"]", "é".repeat(LENGTH / 2 - 2))),
        (
            "short keys out of order",
            object(|random| format!("{:x}", random & 0xff_ffff)),
        ),
        (
            "keys with the same beginning",
            object(|random| format!("aaaaaaaaa{:x}", random & 0xff_ffff)),
        ),
        (
            "keys with the same kilobyte before them",
            object(|random| format!("{}{random:x}", "a".repeat(1000))),
        ),
        (
            "keys with escapes",
            object(|random| format!("\\n{:x}", random & 0xff_ffff)),
        ),
        ("the same key, as often as it fits", object(|_| "a".to_owned())),
        ("white space", format!("{}0", " ".repeat(LENGTH - 1))),
        (
            "digits of one integer after the other",
            array(iter::repeat_n("7".repeat(4300), LENGTH)),
        ),
    ];
    repeated.into_iter().chain(others)
}

/// As many items as fit, without a space between them.
fn array(items: impl Iterator<Item = String>) -> String {
    let mut text = String::from("[0");
    for item in items {
        if text.len() + item.len() + 2 > LENGTH {
            break;
        }
        write!(text, ",{item}").unwrap();
    }
    text + "]"
}

/// As many members as fit, with keys made from numbers without an order.
fn object(key: impl Fn(u32) -> String) -> String {
    let mut text = String::from("{\"\":0");
    let mut random = 1_u32;
    loop {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let member = format!(",\"{}\":0", key(random >> 4));
        if text.len() + member.len() + 1 > LENGTH {
            return text + "}";
        }
        text.push_str(&member);
    }
}
