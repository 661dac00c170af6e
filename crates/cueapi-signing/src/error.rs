//! Why a secret, or a delivery, was refused.
//!
//! Every error is a plain reason: none carries a secret, a signature or a byte of the payload, so all of them may be logged.

/// Why a secret cannot be used as a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The secret is empty: anyone can sign with an empty key, so it would authenticate anything.
    ///
    /// Usually an environment variable that is set but has no value.
    #[error("the webhook secret is empty")]
    Empty,
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
