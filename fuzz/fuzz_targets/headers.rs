//! Header values: whatever they are, they are refused with a reason, and a good signature among others is found.
#![no_main]

use std::time::Duration;

use arbitrary::Arbitrary;
use cueapi_signing::{SignatureHeaders, Signer, Verifier, VerifyError};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    signature: &'a [u8],
    timestamp: &'a [u8],
    now: Duration,
    tolerance: Duration,
    before: Vec<&'a str>,
    after: &'a str,
}

fuzz_target!(|input: Input| {
    let verifier = Verifier::new("whsec_fuzz").unwrap().tolerance(input.tolerance);
    let headers = SignatureHeaders::new(input.signature, input.timestamp);
    let refusal = verifier.verify(b"{}", headers, input.now).unwrap_err();
    if refusal == VerifyError::Mismatch {
        assert!(input.signature.windows(3).any(|window| window == b"v1="));
    }

    // A good signature counts among those of other versions, and not behind too many or behind a malformed one.
    let good = Signer::new("whsec_fuzz").unwrap().sign(17, b"{}").to_string();
    let list = input
        .before
        .iter()
        .chain([&good.as_str(), &input.after])
        .copied()
        .collect::<Vec<_>>()
        .join(",");
    let verified =
        verifier
            .tolerance(Duration::ZERO)
            .verify(b"{}", SignatureHeaders::new(&list, "17"), Duration::from_secs(17));
    match verified {
        Ok(verified) => assert_eq!(verified.bytes(), b"{}"),
        Err(refusal) => {
            assert_eq!(refusal, VerifyError::MalformedSignature);
            assert!(list.matches("v1=").count() > 1);
        }
    }
});
