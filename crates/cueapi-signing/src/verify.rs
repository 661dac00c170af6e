//! Verification: does one of my secrets stand behind this body, at this time?

#[cfg(feature = "alloc")]
mod canonical;
mod stream;
mod verified;

use core::fmt;
use core::time::Duration;

use crate::ascii::{self, Escaper};
use crate::header::Signatures;
use crate::key::{Key, Message, Tag};
use crate::{SecretError, SignatureHeaders, VerifyError, timestamp};

pub use stream::VerifyStream;
#[cfg(feature = "alloc")]
pub(crate) use verified::Body;
pub use verified::{Form, Proof, Verified};

/// How far from now a timestamp may be when nothing else is said: five minutes, as in the official SDK.
pub const DEFAULT_TOLERANCE: Duration = Duration::from_secs(300);

/// Secrets that one [`Verifier`] can hold.
pub const MAX_SECRETS: usize = 4;

/// Verifies deliveries; make one for each route and keep it.
///
/// The secret is absorbed once, here, so that a delivery costs one pass over its bytes and no allocation.
///
/// ```
/// use std::time::Duration;
/// use cueapi_signing::{SignatureHeaders, Signer, Verifier, VerifyError};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let verifier = Verifier::new("whsec_0011223344556677")?;
///
/// # let signature = Signer::new("whsec_0011223344556677")?.sign(1_700_000_000, br#"{"attempt": 1}"#).to_string();
/// let headers = SignatureHeaders::new(&signature, "1700000000");
/// let now = Duration::from_secs(1_700_000_001); // since the Unix epoch
///
/// let verified = verifier.verify(br#"{"attempt": 1}"#, headers, now)?;
/// assert_eq!(verified.bytes(), br#"{"attempt": 1}"#);
///
/// assert_eq!(verifier.verify(br#"{"attempt": 2}"#, headers, now).unwrap_err(), VerifyError::Mismatch);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Verifier {
    keys: [Option<Key>; MAX_SECRETS],
    tolerance: Duration,
    #[cfg(feature = "alloc")]
    canonical: bool,
}

impl Verifier {
    /// Takes the whole secret as CueAPI shows it, `whsec_` included; nothing is decoded. White space around it is left out.
    ///
    /// # Errors
    /// What cannot be a secret; [`SecretError`] says why.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, SecretError> {
        let verifier = Self {
            keys: [const { None }; MAX_SECRETS],
            tolerance: DEFAULT_TOLERANCE,
            #[cfg(feature = "alloc")]
            canonical: false,
        };
        verifier.also(secret)
    }

    /// Accepts deliveries signed with `secret` too.
    ///
    /// After a rotation CueAPI signs new deliveries with the new secret, and some that were queued before it with the old
    /// one. Accept both until the queue has drained. [`Verified::secret`] says which one matched.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`SecretError::TooMany`] beyond [`MAX_SECRETS`].
    ///
    /// ```
    /// # use cueapi_signing::{SecretError, Verifier};
    /// # fn main() -> Result<(), SecretError> {
    /// let verifier = Verifier::new("whsec_new")?.also("whsec_old")?;
    /// # Ok(()) }
    /// ```
    pub fn also(mut self, secret: impl AsRef<[u8]>) -> Result<Self, SecretError> {
        let key = Key::new(secret.as_ref())?;
        let free = self
            .keys
            .iter_mut()
            .find(|key| key.is_none())
            .ok_or(SecretError::TooMany)?;
        *free = Some(key);
        Ok(self)
    }

    /// Accepts timestamps up to this far from now, into the past and into the future ([`DEFAULT_TOLERANCE`]).
    ///
    /// The tolerance is what limits the time in which a captured delivery can be sent again. To tell a repetition from a first
    /// arrival, remember the ids of deliveries for at least twice this long.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Checks a delivery: the body exactly as it was received, its two headers, and the time now since the Unix epoch.
    ///
    /// # Errors
    /// The first check that fails, in the order of [`VerifyError`]'s variants.
    #[inline]
    pub fn verify<'a>(
        &self,
        body: &'a [u8],
        headers: SignatureHeaders<'_>,
        now: Duration,
    ) -> Result<Verified<'a>, VerifyError> {
        let claim = Claim::read(headers, now, self.tolerance, Signatures::parse)?;
        #[cfg(feature = "alloc")]
        if self.canonical {
            return self.verify_every_form(body, &claim);
        }
        let verified = self
            .verify_raw(body, &claim)
            .or_else(|| self.verify_escaped(body, &claim));
        verified.ok_or_else(|| no_match(body))
    }

    /// [`verify`](Self::verify) with the time from the system's clock.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    #[cfg(feature = "std")]
    pub fn verify_now<'a>(&self, body: &'a [u8], headers: SignatureHeaders<'_>) -> Result<Verified<'a>, VerifyError> {
        self.verify(body, headers, timestamp::system_clock())
    }

    /// Begins to check a delivery whose body comes in pieces; the headers are checked at once.
    ///
    /// # Errors
    /// What is wrong with the headers. The body's faults come from [`VerifyStream::finish`].
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use cueapi_signing::{SignatureHeaders, Signer, Verifier};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let signature = Signer::new("whsec_0011223344556677")?.sign(1_700_000_000, br#"{"attempt": 1}"#).to_string();
    /// let verifier = Verifier::new("whsec_0011223344556677")?;
    /// let headers = SignatureHeaders::new(&signature, "1700000000");
    ///
    /// let mut stream = verifier.begin(headers, Duration::from_secs(1_700_000_001))?;
    /// stream.update(br#"{"attempt"#);
    /// stream.update(br#"": 1}"#);
    /// let proof = stream.finish()?;
    /// assert_eq!(proof.secret(), 0);
    /// # Ok(()) }
    /// ```
    pub fn begin(&self, headers: SignatureHeaders<'_>, now: Duration) -> Result<VerifyStream, VerifyError> {
        let claim = Claim::read(headers, now, self.tolerance, Signatures::parse)?;
        let messages = self
            .keys
            .each_ref()
            .map(|key| key.as_ref().map(|key| claim.message(key)));
        Ok(VerifyStream::new(
            claim.signatures.to_owned(),
            claim.signed_at,
            messages,
        ))
    }

    /// Whether the body was signed as it was received.
    #[inline]
    fn verify_raw<'a>(&self, body: &'a [u8], claim: &Claim<'_>) -> Option<Verified<'a>> {
        Some(Verified::received(body, self.find(claim, Form::Raw, body)?))
    }

    /// Whether the body was signed with its characters escaped.
    #[cold]
    fn verify_escaped<'a>(&self, body: &'a [u8], claim: &Claim<'_>) -> Option<Verified<'a>> {
        if !ascii::differs(body) {
            return None;
        }
        let proof = self.find_tag(claim, Form::AsciiEscaped, |key| {
            let (mut message, mut escaper) = (claim.message(key), Escaper::default());
            escaper.push(body, &mut |bytes| message.update(bytes)).ok()?;
            escaper.finish().ok()?;
            Some(message.tag())
        })?;
        Some(Verified::received(body, proof))
    }

    /// The first secret under which a body has one of the claimed signatures.
    #[cfg_attr(target_family = "wasm", inline(never))]
    #[cfg_attr(not(target_family = "wasm"), inline)]
    pub(crate) fn find(&self, claim: &Claim<'_>, form: Form, body: &[u8]) -> Option<Proof> {
        self.find_tag(claim, form, |key| Some(claim.tag(key, body)))
    }

    /// The same, given how to make the tag of the message; none when there is no such message.
    #[inline]
    fn find_tag(&self, claim: &Claim<'_>, form: Form, tag: impl Fn(&Key) -> Option<Tag>) -> Option<Proof> {
        let mut keys = self.keys.iter().map_while(Option::as_ref);
        let secret = keys.position(|key| tag(key).is_some_and(|tag| claim.signatures.contain(&tag)))?;
        Some(Proof {
            form,
            secret,
            signed_at: claim.signed_at,
        })
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("secrets", &self.keys.iter().flatten().count())
            .field("tolerance", &self.tolerance)
            .finish_non_exhaustive()
    }
}

/// What the headers of a delivery claim, once they are known to be well-formed and of this time.
pub(crate) struct Claim<'a> {
    timestamp: &'a [u8],
    signed_at: i64,
    signatures: Signatures<'a>,
}

impl<'a> Claim<'a> {
    /// Reads the headers, of which `signatures` reads one.
    #[cfg_attr(not(target_family = "wasm"), inline)]
    pub(crate) fn read(
        headers: SignatureHeaders<'a>,
        now: Duration,
        tolerance: Duration,
        signatures: fn(&'a [u8]) -> Result<Signatures<'a>, VerifyError>,
    ) -> Result<Self, VerifyError> {
        let SignatureHeaders { signature, timestamp } = headers;
        let signed_at = timestamp::parse(timestamp)?;
        timestamp::check(signed_at, now, tolerance)?;
        Ok(Self {
            timestamp,
            signed_at,
            signatures: signatures(signature)?,
        })
    }

    /// The tag of what is signed: the timestamp exactly as it is spelled, a point, and the body.
    fn tag(&self, key: &Key, body: &[u8]) -> Tag {
        let length = self.timestamp.len();
        // One whole block, which the hash need not put together out of pieces.
        let mut start = [0; 97];
        key.tag(match body.first_chunk::<64>() {
            Some(body_start) if length <= 32 => {
                start[..length].copy_from_slice(self.timestamp);
                start[length] = b'.';
                start[length + 1..][..64].copy_from_slice(body_start);
                [&start[..64], &body[63 - length..], &[]]
            }
            _ => [self.timestamp, b".", body],
        })
    }

    #[inline]
    fn message(&self, key: &Key) -> Message {
        let mut message = key.message();
        // The timestamp exactly as it is spelled.
        message.update(self.timestamp);
        message.update(b".");
        message
    }
}

/// Why a well-formed claim to a body is refused.
pub(crate) fn no_match(body: &[u8]) -> VerifyError {
    if body.is_empty() {
        VerifyError::BodyRequired
    } else {
        VerifyError::Mismatch
    }
}
