//! What a successful verification gives: the bytes to trust, and how they were proved.

#[cfg(feature = "alloc")]
use alloc::{borrow::Cow, vec::Vec};
use core::fmt;

/// A body that one of the secrets stands behind.
///
/// Its `Debug` shows how long the body is and not what is in it: payloads do not belong in logs.
#[derive(Clone)]
pub struct Verified<'a> {
    pub(crate) body: Body<'a>,
    pub(crate) proof: Proof,
}

impl<'a> Verified<'a> {
    pub(crate) const fn received(body: &'a [u8], proof: Proof) -> Self {
        Self {
            body: Body::Received(body),
            proof,
        }
    }

    /// The bytes to parse.
    ///
    /// Parse these and no others: they are what was authenticated. Unless the form is [`Canonical`](Form), they are the body as
    /// it was received.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::Received(body) => body,
            #[cfg(feature = "alloc")]
            Body::Written(body) => body,
        }
    }

    /// [`bytes`](Self::bytes), owned when they had to be written anew.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn into_bytes(self) -> Cow<'a, [u8]> {
        match self.body {
            Body::Received(body) => body.into(),
            Body::Written(body) => body.into(),
        }
    }

    /// Which of the verifier's secrets signed: 0 for the one given to [`Verifier::new`](crate::Verifier::new), 1 for the first of
    /// [`Verifier::also`](crate::Verifier::also), and so on.
    #[must_use]
    pub const fn secret(&self) -> usize {
        self.proof.secret
    }

    /// What it was that the secret signed.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.proof.form
    }

    /// All of the above but the bytes.
    #[must_use]
    pub const fn proof(&self) -> Proof {
        self.proof
    }
}

impl fmt::Debug for Verified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("len", &self.bytes().len())
            .field("proof", &self.proof)
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
pub(crate) enum Body<'a> {
    /// As it was received.
    Received(&'a [u8]),
    /// Written anew.
    #[cfg(feature = "alloc")]
    Written(Vec<u8>),
}

#[cfg(feature = "alloc")]
impl<'a> From<Cow<'a, [u8]>> for Body<'a> {
    fn from(body: Cow<'a, [u8]>) -> Self {
        match body {
            Cow::Borrowed(body) => Self::Received(body),
            Cow::Owned(body) => Self::Written(body),
        }
    }
}

/// How a delivery was proved to be genuine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    pub(crate) form: Form,
    pub(crate) secret: usize,
    pub(crate) signed_at: i64,
}

impl Proof {
    /// Which of the verifier's secrets signed: 0 for the one given to [`Verifier::new`](crate::Verifier::new), 1 for the first of
    /// [`Verifier::also`](crate::Verifier::also), and so on.
    #[must_use]
    pub const fn secret(&self) -> usize {
        self.secret
    }

    /// What it was that the secret signed.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// When it was signed, in Unix seconds.
    #[must_use]
    pub const fn signed_at(&self) -> i64 {
        self.signed_at
    }
}

/// Which form of a body a signature covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// The bytes as they came: cue, message and alert deliveries.
    Raw,
    /// The bytes with every character from DEL on written as `\uXXXX`: event-subscription deliveries with such characters.
    ///
    /// Two JSON texts with the same escaped form have the same meaning, so the bytes as they came are as good.
    AsciiEscaped,
    /// The [canonical form](crate::canonical) of the bytes: a body that was re-encoded on its way.
    #[cfg(feature = "alloc")]
    Canonical,
}
