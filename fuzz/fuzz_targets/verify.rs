//! Bodies: what was signed verifies, at once and in pieces, and nothing that differs from it in one bit does.
#![no_main]

use std::time::Duration;

use arbitrary::Arbitrary;
use cueapi_signing::{Form, SignatureHeaders, Signer, Verifier};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    cut: u16,
    flip: u16,
    body: &'a [u8],
}

fuzz_target!(|input: Input| {
    let Input { cut, flip, body } = input;
    let now = Duration::from_secs(17);
    let signer = Signer::new("whsec_fuzz").unwrap();
    let verifier = Verifier::new("whsec_other").unwrap().also("whsec_fuzz").unwrap();
    let verify = |body: &[u8], signature: &str| {
        let headers = SignatureHeaders::new(signature, "17");
        let at_once = verifier.verify(body, headers, now).map(|verified| verified.proof());

        let mut stream = verifier.begin(headers, now).unwrap();
        let (head, tail) = body.split_at(usize::from(cut) % (body.len() + 1));
        stream.update(head);
        stream.update(tail);
        assert_eq!(stream.finish(), at_once);
        at_once.ok()
    };

    let signature = signer.sign(17, body).to_string();
    let proof = verify(body, &signature).unwrap();
    assert_eq!((proof.secret(), proof.form()), (1, Form::Raw));

    if !body.is_empty() {
        let mut flipped = body.to_vec();
        let bit = usize::from(flip) % (body.len() * 8);
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(verify(&flipped, &signature), None);
    }

    if let Ok(text) = std::str::from_utf8(body) {
        // An escape is only where there was none: behind a backslash it would mean something else.
        let escaped = signer.sign_escaped(17, text).to_string();
        let after_backslash = text
            .split('\\')
            .skip(1)
            .any(|rest| rest.starts_with(|char| char >= '\x7f'));
        assert!(verify(body, &escaped).is_some() || after_backslash);
    }
});
