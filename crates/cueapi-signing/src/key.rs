//! A secret, keyed once, and the MAC of one message under it.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac, digest::CtOutput};
use sha2::Sha256;

use crate::{SecretError, secret};

/// HMAC-SHA256 with the secret already absorbed, so that a message costs no key schedule.
#[derive(Clone)]
pub(crate) struct Key(Hmac<Sha256>);

impl Key {
    pub(crate) fn new(secret: &[u8]) -> Result<Self, SecretError> {
        let secret = secret::read(secret)?;
        #[expect(clippy::expect_used, reason = "HMAC is defined for keys of every length")]
        let keyed = Hmac::new_from_slice(secret).expect("HMAC takes a key of any length");
        Ok(Self(keyed))
    }

    /// The tag of a message in pieces.
    #[inline]
    pub(crate) fn tag(&self, pieces: [&[u8]; 3]) -> Tag {
        let mut hmac = self.0.clone();
        pieces.iter().for_each(|piece| hmac.update(piece));
        Tag(hmac.finalize())
    }

    /// Begins a message.
    #[inline]
    pub(crate) fn message(&self) -> Message {
        Message(self.0.clone())
    }
}

/// A MAC in the making.
#[derive(Clone)]
pub(crate) struct Message(Hmac<Sha256>);

impl Message {
    #[inline]
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    #[inline]
    pub(crate) fn tag(self) -> Tag {
        Tag(self.0.finalize())
    }
}

impl fmt::Write for Message {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.update(text.as_bytes());
        Ok(())
    }
}

/// A finished MAC; `==` takes the same time wherever the difference is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Tag(CtOutput<Hmac<Sha256>>);

impl Tag {
    pub(crate) fn bytes(&self) -> [u8; 32] {
        self.0.as_bytes().0
    }
}

impl From<[u8; 32]> for Tag {
    #[inline]
    fn from(bytes: [u8; 32]) -> Self {
        Self(CtOutput::new(bytes.into()))
    }
}

#[cfg(all(test, feature = "zeroize"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_secret_is_erased_when_it_is_dropped() {
        // Without the feature these are plain numbers, whose memory is left as it is.
        assert!(core::mem::needs_drop::<Key>());
        assert!(core::mem::needs_drop::<Message>());
        const fn is_erased<T: hmac::digest::zeroize::ZeroizeOnDrop>() {}
        is_erased::<CtOutput<Hmac<Sha256>>>();
    }
}
