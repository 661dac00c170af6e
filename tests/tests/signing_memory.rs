//! However hostile a body is, its canonical form takes memory in proportion to its length.

use std::time::Duration;

use cueapi_signing::{SignatureHeaders, Signer, Verifier};
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// What the README says: so many times the length of the body, at most.
const BOUND: usize = 25;

// One test, because the counter counts for the whole process.
#[test]
fn a_forged_body_takes_at_most_twenty_five_times_its_length() {
    let signature = Signer::new("whsec_other").unwrap().sign(17, b"").to_string();
    let verifier = Verifier::new("whsec_1").unwrap().canonical();
    for count in [1 << 10, (1 << 13) + 1, (1 << 14) + 1, 20_000] {
        for body in hostile(count) {
            ALLOCATOR.reset_peak_usage();
            let before = ALLOCATOR.current_usage();
            let headers = SignatureHeaders::new(&signature, "17");
            assert!(
                verifier
                    .verify(body.as_bytes(), headers, Duration::from_secs(17))
                    .is_err()
            );
            let peak = ALLOCATOR.peak_usage() - before;
            assert!(
                peak <= BOUND * body.len(),
                "{peak} bytes for {}: {}…",
                body.len(),
                body.chars().take(40).collect::<String>()
            );
        }
    }
}

/// Texts in which there is as much to note down for each byte as can be.
fn hostile(count: usize) -> impl Iterator<Item = String> {
    let items = [
        "1",
        "\n1\n",
        "1e1",
        "1e9 ",
        "\"é\"",
        "{}",
        "{\"\":1}",
        "{\"b\":1,\"a\":1}",
        "{\"b\":{\"b\":1,\"a\":1},\"a\":1}",
    ];
    let arrays = items
        .into_iter()
        .map(move |item| format!("[{}]", vec![item; count].join(",")));
    let members = move |key: &dyn Fn(usize) -> String| {
        let members: Vec<_> = (0..count)
            .rev()
            .map(|number| format!("\"{}\" :1e1\n", key(number)))
            .collect();
        format!("{{{}}}", members.join(","))
    };
    let long_object = format!("{{\"b\":\"{}\",\"a\":1}}", "x".repeat(4096));
    // Long as soon as its DELs are escaped, and in as many arrays as there may be.
    let nested = format!(
        "{}{{\"b\":\"{}\",\"a\":0}}{}",
        "[".repeat(991),
        "\u{7f}".repeat(682),
        "]".repeat(991)
    );
    arrays.chain([
        format!("[{}]", vec![nested; count / 1000].join(",")),
        format!("{{{}}}", vec!["\"\":1"; count].join(",")),
        format!("[{}]", vec![long_object; count / 1000].join(",")),
        members(&|_| String::new()),
        members(&|number| number.to_string()),
        members(&|number| format!("é{number}")),
        format!("\"{}\"", "\u{7f}".repeat(count)),
        format!("[{}x]", "1 ,".repeat(count)),
    ])
}
