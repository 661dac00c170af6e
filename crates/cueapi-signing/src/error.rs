//! Why a secret, or a delivery, was refused.
//!
//! Every error is a plain reason: none carries a secret, a signature or a byte of the payload, so all of them may be logged.

/// Why a text cannot be a webhook secret.
///
/// CueAPI's secrets are `whsec_` or nothing, followed by 64 hex digits. White space around a secret is not part of it.
///
/// ```
/// use cueapi_signing::{SecretError, Verifier};
///
/// let file = "CUEAPI_WEBHOOK_SECRET=whsec_0011223344556677\n";
/// assert_eq!(Verifier::new(file).unwrap_err(), SecretError::Prefixed);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The secret is empty or white space: anyone can sign with such a key, so it would authenticate anything.
    ///
    /// Usually an environment variable that is set but has no value.
    #[error("the webhook secret is blank: pass the whsec_… value from GET /v1/auth/webhook-secret")]
    Empty,
    /// The secret is not longer than `whsec_`: anyone can guess it.
    #[error("the webhook secret is too short: pass all of the value from GET /v1/auth/webhook-secret")]
    TooShort,
    /// The secret begins or ends with a quotation mark, as in a file that a shell was to read.
    #[error("the webhook secret has quotes around it: pass what is between them")]
    Quoted,
    /// Something stands before the secret: `Bearer `, or the name of a variable and `=`.
    #[error("the webhook secret has something before it, such as `Bearer ` or `NAME=`: pass the value alone")]
    Prefixed,
    /// The secret is an API key, which begins with `cue_sk_`.
    #[error("the webhook secret is an API key: pass the whsec_… value from GET /v1/auth/webhook-secret")]
    ApiKey,
    /// The secret is not UTF-8, or has a space, a control character or an invisible character in it; or begins with `whsec_` and
    /// has a character outside ASCII in it.
    #[error(
        "the webhook secret has a character in it that no secret has, such as a space or a byte-order mark: copy it again"
    )]
    Unprintable,
    /// The verifier holds [`MAX_SECRETS`](crate::MAX_SECRETS) secrets already.
    #[error("more than {} webhook secrets", crate::MAX_SECRETS)]
    TooMany,
}

/// Why a delivery was not accepted.
///
/// The order of the variants is the order in which the checks are made, and the first that fails is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The secret cannot be used. From `verify_webhook` only.
    #[error("{0}")]
    #[cfg(feature = "alloc")]
    Secret(SecretError),
    /// There is no `X-CueAPI-Timestamp` header.
    #[error("the timestamp header is missing")]
    MissingTimestamp,
    /// There is no `X-CueAPI-Signature` header.
    ///
    /// CueAPI's `on_failure` callbacks are never signed; see to it that they reach another route.
    #[error("the signature header is missing")]
    MissingSignature,
    /// The timestamp header is not a whole number of seconds, or there are several of them.
    #[error("the timestamp header is not a number of seconds")]
    MalformedTimestamp,
    /// The timestamp is further from now than the tolerance, into the past or into the future.
    ///
    /// An old delivery that somebody sends again looks like this, and so does a machine whose clock is wrong.
    #[error("the timestamp is outside the tolerance")]
    Expired,
    /// The signature header holds no `v1=` and 64 lower-case hex digits, or too many of them.
    ///
    /// A cue's own callback headers can overwrite the header; then the delivery cannot be verified.
    #[error("the signature header is not `v1=` and 64 hex digits")]
    MalformedSignature,
    /// The body is empty and does not match the signature.
    ///
    /// For a cue whose callback method is GET, CueAPI signs the body and then sends none, so that nobody can verify the
    /// delivery. Use POST, PUT or PATCH.
    #[error("the body is empty, but a body was signed")]
    BodyRequired,
    /// The body is JSON that the official SDK cannot read either: bytes that are no text in their encoding, an integer of
    /// thousands of digits, or a thousand nested containers. From `verify_webhook` only.
    #[error("the body has no canonical form: {0}")]
    #[cfg(feature = "alloc")]
    NoCanonicalForm(crate::canonical::CanonicalError),
    /// Neither of the secrets signed this body at this time: a forgery, a changed byte, or the wrong secret.
    #[error("the signature does not match")]
    Mismatch,
}
