//! Signing: what a CueAPI server does, for tests, emulators and gateways that sign anew.

use core::fmt::{self, Write};

use crate::key::{Key, Message};
use crate::{SecretError, ascii};

/// Signs deliveries with one secret.
///
/// ```
/// use cueapi_signing::Signer;
///
/// # fn main() -> Result<(), cueapi_signing::SecretError> {
/// let signer = Signer::new("whsec_0011223344556677")?;
/// let signature = signer.sign(1_700_000_000, br#"{"attempt": 1}"#);
///
/// assert!(signature.to_string().starts_with("v1="));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Signer {
    key: Key,
}

impl Signer {
    /// Keys the MAC with the whole secret, `whsec_` included. White space around it is left out.
    ///
    /// # Errors
    /// What cannot be a secret; [`SecretError`] says why.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, SecretError> {
        Ok(Self {
            key: Key::new(secret.as_ref())?,
        })
    }

    /// Signs `body` as it is; send `timestamp` (Unix seconds) in [`TIMESTAMP_HEADER`](crate::TIMESTAMP_HEADER), in decimal.
    ///
    /// A receiver that canonicalises accepts this signature only when `body` is in canonical form, as CueAPI's bodies are.
    #[must_use]
    pub fn sign(&self, timestamp: i64, body: &[u8]) -> Signature {
        let mut stream = self.begin(timestamp);
        stream.update(body);
        stream.finish()
    }

    /// Signs the ASCII-escaped form of `json`, as CueAPI does for event subscriptions, whose bodies it sends unescaped.
    ///
    /// ```
    /// # use cueapi_signing::Signer;
    /// # fn main() -> Result<(), cueapi_signing::SecretError> {
    /// let signer = Signer::new("whsec_0011223344556677")?;
    ///
    /// assert_eq!(signer.sign_escaped(17, r#""é""#), signer.sign(17, br#""\u00e9""#));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn sign_escaped(&self, timestamp: i64, json: &str) -> Signature {
        let mut stream = self.begin(timestamp);
        ascii::escape(json, &mut |bytes| stream.update(bytes));
        stream.finish()
    }

    /// Begins a signature whose body comes in pieces.
    ///
    /// ```
    /// # use cueapi_signing::Signer;
    /// # fn main() -> Result<(), cueapi_signing::SecretError> {
    /// let signer = Signer::new("whsec_0011223344556677")?;
    /// let mut stream = signer.begin(17);
    /// stream.update(b"{\"attempt\"");
    /// stream.update(b": 1}");
    ///
    /// assert_eq!(stream.finish(), signer.sign(17, b"{\"attempt\": 1}"));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn begin(&self, timestamp: i64) -> SignatureStream {
        let mut message = self.key.message();
        _ = write!(message, "{timestamp}.");
        SignatureStream { message }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}

/// A signature in the making; see [`Signer::begin`].
#[derive(Clone)]
pub struct SignatureStream {
    message: Message,
}

impl SignatureStream {
    /// Adds the next piece of the body.
    pub fn update(&mut self, bytes: &[u8]) {
        self.message.update(bytes);
    }

    /// The signature of all that was added.
    #[must_use]
    pub fn finish(self) -> Signature {
        Signature {
            bytes: self.message.tag().bytes(),
        }
    }
}

impl fmt::Debug for SignatureStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureStream").finish_non_exhaustive()
    }
}

/// A signature; its `Display` is the value of [`SIGNATURE_HEADER`](crate::SIGNATURE_HEADER), `v1=` and 64 hex digits.
///
/// Signatures are sent in the clear. `==` is for tests: to check one that you received, use a
/// [`Verifier`](crate::Verifier), which compares in constant time and looks at the clock.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    bytes: [u8; 32],
}

impl Signature {
    /// The 32 bytes of the HMAC.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("v1=")?;
        self.bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}
