//! The canonical form: never a panic, always its own canonical form, and the raw path agrees with it.
#![no_main]

use std::time::Duration;

use cueapi_signing::{Form, SignatureHeaders, Signer, Verifier, canonical};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(canonical) = canonical::to_vec(data) else { return };
    assert!(canonical.is_ascii());

    let mut streamed = Vec::new();
    canonical::stream(data, |piece| streamed.extend_from_slice(piece)).unwrap();
    assert_eq!(streamed, canonical);

    // Bytes may hold two halves of a surrogate pair that are not one character, but are in the canonical form.
    if let Ok(Ok(canonical)) = std::str::from_utf8(data).map(canonical::to_vec) {
        assert_eq!(canonical::to_vec(&canonical).unwrap(), canonical);
        if let Ok(unescaped) = canonical::to_utf8_vec(&canonical) {
            assert_eq!(
                canonical::to_vec(std::str::from_utf8(&unescaped).unwrap()).unwrap(),
                canonical
            );
        }
    }

    let now = Duration::from_secs(17);
    let signature = Signer::new("whsec_fuzz").unwrap().sign(17, &canonical).to_string();
    let headers = SignatureHeaders::new(&signature, "17");
    let verifier = Verifier::new("whsec_fuzz").unwrap();
    let raw = verifier.verify(&canonical, headers, now).unwrap();
    assert_eq!((raw.form(), raw.bytes()), (Form::Raw, &canonical[..]));

    let verified = verifier.canonical().verify(data, headers, now).unwrap();
    match verified.form() {
        Form::Canonical => assert_eq!(verified.bytes(), canonical),
        _ => assert_eq!(verified.bytes(), data),
    }
});
