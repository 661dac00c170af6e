//! One call for one delivery, with the results of the official Python SDK's `verify_webhook`.

use core::time::Duration;

use crate::canonical::{self, CanonicalError};
use crate::header::Signatures;
#[cfg(feature = "std")]
use crate::timestamp;
use crate::verify::{Claim, no_match};
use crate::{Form, Payload, SignatureHeaders, Verified, Verifier, VerifyError};

/// Verifies one delivery as the official Python SDK does, at the time of the system's clock.
///
/// As [`verify_webhook_at`], which see.
///
/// ```
/// use cueapi_signing::{DEFAULT_TOLERANCE, SignatureHeaders, VerifyError, verify_webhook};
///
/// # fn receive(body: &[u8], signature: &str, timestamp: &str) -> Result<(), VerifyError> {
/// let headers = SignatureHeaders::new(signature, timestamp);
/// let verified = verify_webhook(body, headers, "whsec_your_secret", DEFAULT_TOLERANCE)?;
/// println!("{} bytes are genuine", verified.bytes().len());
/// # Ok(()) }
/// # assert_eq!(receive(b"{}", "v1=", "1700000000"), Err(VerifyError::Expired));
/// ```
///
/// # Errors
/// As [`verify_webhook_at`].
#[cfg(feature = "std")]
pub fn verify_webhook<'a>(
    payload: impl Into<Payload<'a>>,
    headers: SignatureHeaders<'_>,
    secret: impl AsRef<[u8]>,
    tolerance: Duration,
) -> Result<Verified<'a>, VerifyError> {
    verify_webhook_at(payload, headers, secret, tolerance, timestamp::system_clock())
}

/// Verifies one delivery as the official Python SDK does: JSON by its canonical form, whatever else as it is.
///
/// A [`Verifier`](crate::Verifier) is the better choice for new code: it keeps the key, tries the body as it was received first
/// and takes several secrets. Use this where both sides of a migration must agree on every delivery. It answers as
/// `cueapi.verify_webhook` does, with these exceptions: where that raises an exception, this returns an error; white space around
/// the secret is left out, and what [cannot be a secret](crate::SecretError) is refused.
///
/// ```
/// use std::time::Duration;
/// use cueapi_signing::{DEFAULT_TOLERANCE, SignatureHeaders, Signer, verify_webhook_at};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let signature = Signer::new("whsec_your_secret")?.sign(1_700_000_000, br#"{"a": 1, "b": 2}"#).to_string();
/// let headers = SignatureHeaders::new(&signature, "1700000000");
/// let now = Duration::from_secs(1_700_000_001);
///
/// let verified = verify_webhook_at(r#"{"b":2,"a":1}"#, headers, "whsec_your_secret", DEFAULT_TOLERANCE, now)?;
/// assert_eq!(verified.bytes(), br#"{"a": 1, "b": 2}"#);
/// # Ok(()) }
/// ```
///
/// # Errors
/// The first check that fails, in the order of [`VerifyError`]'s variants.
pub fn verify_webhook_at<'a>(
    payload: impl Into<Payload<'a>>,
    headers: SignatureHeaders<'_>,
    secret: impl AsRef<[u8]>,
    tolerance: Duration,
    now: Duration,
) -> Result<Verified<'a>, VerifyError> {
    let verifier = Verifier::new(secret).map_err(VerifyError::Secret)?;
    let claim = Claim::read(headers, now, tolerance, Signatures::parse_one)?;

    let payload = payload.into();
    let (body, form) = match (canonical::to_cow(payload), payload.as_bytes()) {
        (Ok(canonical), bytes) => {
            let form = if bytes == Some(&canonical) {
                Form::Raw
            } else {
                Form::Canonical
            };
            (canonical, form)
        }
        (Err(CanonicalError::Syntax), Some(bytes)) => (bytes.into(), Form::Raw),
        (Err(error), _) => return Err(VerifyError::NoCanonicalForm(error)),
    };
    let proof = verifier.find(&claim, form, &body).ok_or_else(|| no_match(&body))?;
    Ok(Verified {
        body: body.into(),
        proof,
    })
}
