//! Verifying and signing as received, escaped, and in pieces, asks the allocator for nothing.

use std::alloc::System;
use std::hint::black_box;

use cueapi_signing::{SignatureHeaders, Signer, Verifier};
use cueapi_tests::captures::delivery;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn allocations(work: impl FnOnce()) -> usize {
    let region = Region::new(ALLOCATOR);
    work();
    let change = region.change();
    change.allocations + change.reallocations
}

// One test, because the counter counts for the whole process.
#[test]
fn nothing_is_allocated_but_for_the_canonical_form() {
    for name in ["normal-1", "sub-nonascii-1", "torture-1", "method-get-1"] {
        let delivery = delivery(name);
        let secret = &delivery.secrets()[0];
        let headers = SignatureHeaders::new(delivery.signature(), delivery.timestamp());
        let text = std::str::from_utf8(&delivery.body).unwrap();
        let now = delivery.received();

        let count = allocations(|| {
            let verifier = Verifier::new("whsec_new").unwrap().also(secret).unwrap();
            black_box(verifier.verify(&delivery.body, headers, now).is_ok());
            black_box(verifier.verify(b"forged", headers, now).is_ok());

            let mut stream = verifier.begin(headers, now).unwrap();
            delivery.body.chunks(100).for_each(|chunk| stream.update(chunk));
            black_box(stream.finish().is_ok());

            let signer = Signer::new(secret).unwrap();
            black_box(signer.sign(17, &delivery.body));
            black_box(signer.sign_escaped(17, text));
        });
        assert_eq!(count, 0, "{name}");

        let canonical = Verifier::new(secret).unwrap().canonical();
        let refused = allocations(|| {
            black_box(canonical.verify(b"{\"forged\":true}", headers, now).is_ok());
        });
        assert!(refused > 0, "the counter counts");
    }
}
