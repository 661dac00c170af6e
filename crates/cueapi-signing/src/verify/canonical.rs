//! Verification of bodies that were re-encoded on their way.

use super::{Body, Claim, Form, Proof, Verified, Verifier, no_match};
use crate::{VerifyError, ascii, canonical};

impl Verifier {
    /// Accepts bodies that were re-encoded on their way: brings them into the [canonical form](crate::canonical) that CueAPI
    /// signed.
    ///
    /// For gateways and frameworks that parse the body before you see it. Many bodies have the same canonical form, so what
    /// arrived is not what was signed: [`Verified::bytes`] gives the signed bytes, and only those may be parsed. Costs memory in
    /// proportion to the body, also when it is forged; limit its size before. Bodies that come in pieces are never re-encoded.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use cueapi_signing::{Form, SignatureHeaders, Signer, Verifier};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let signature = Signer::new("whsec_0011223344556677")?.sign(1_700_000_000, br#"{"attempt": 1, "name": "n"}"#).to_string();
    /// # let headers = SignatureHeaders::new(&signature, "1700000000");
    /// # let now = Duration::from_secs(1_700_000_001);
    /// let verifier = Verifier::new("whsec_0011223344556677")?.canonical();
    ///
    /// let verified = verifier.verify(br#"{"name":"n","attempt":1}"#, headers, now)?;
    /// assert_eq!(verified.form(), Form::Canonical);
    /// assert_eq!(verified.bytes(), br#"{"attempt": 1, "name": "n"}"#);
    /// # Ok(()) }
    /// ```
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn canonical(mut self) -> Self {
        self.canonical = true;
        self
    }

    /// Tries the likelier form first, because trying one costs a pass over the body.
    ///
    /// What CueAPI signs is the canonical form, so the escaped form is another one only where there is no canonical form.
    pub(super) fn verify_every_form<'a>(&self, body: &'a [u8], claim: &Claim<'_>) -> Result<Verified<'a>, VerifyError> {
        let re_encoded_first = canonical::looks_re_encoded(body);
        for re_encoded in [re_encoded_first, !re_encoded_first] {
            let verified = if re_encoded {
                self.verify_re_encoded(body, claim)
            } else {
                self.verify_raw(body, claim)
            };
            if let Some(verified) = verified {
                return Ok(verified);
            }
        }
        Err(no_match(body))
    }

    /// Whether the body was signed in another form than the one in which it came.
    fn verify_re_encoded<'a>(&self, body: &'a [u8], claim: &Claim<'_>) -> Option<Verified<'a>> {
        let canonical = match canonical::to_cow(body.into()) {
            Ok(canonical) if *canonical == *body => return None,
            Ok(canonical) => canonical,
            Err(_) => return self.verify_escaped(body, claim),
        };
        let proof = self.find(claim, Form::Canonical, &canonical)?;
        if ascii::is_escaped_form(body, &canonical) {
            return Some(Verified::received(
                body,
                Proof {
                    form: Form::AsciiEscaped,
                    ..proof
                },
            ));
        }
        Some(Verified {
            body: Body::from(canonical),
            proof,
        })
    }
}
