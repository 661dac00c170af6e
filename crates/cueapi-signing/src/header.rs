//! The two headers that sign a delivery, and how the signatures in one of them are spelled.

use crate::VerifyError;
use crate::key::Tag;

/// Name of the header that holds the signature: `X-CueAPI-Signature: v1=<64 hex digits>`.
///
/// In lower case, as HTTP/2 and the `http` crate want it; header names are compared without regard to case.
pub const SIGNATURE_HEADER: &str = "x-cueapi-signature";

/// Name of the header that holds the time of signing: `X-CueAPI-Timestamp: 1700000000`, Unix seconds.
pub const TIMESTAMP_HEADER: &str = "x-cueapi-timestamp";

/// Signatures looked at in one header. CueAPI sends one; a gateway that rotates secrets may send a few.
const MAX_SIGNATURES: usize = 8;

const SCHEME: &[u8] = b"v1=";

/// The values of the two headers, exactly as received.
#[derive(Clone, Copy, Debug)]
pub struct SignatureHeaders<'a> {
    pub(crate) signature: &'a [u8],
    pub(crate) timestamp: &'a [u8],
}

impl<'a> SignatureHeaders<'a> {
    /// Takes the values of [`SIGNATURE_HEADER`] and [`TIMESTAMP_HEADER`], as text or as bytes.
    ///
    /// Hand them over as they came, untrimmed: the spelling of the timestamp is part of what was signed.
    ///
    /// ```
    /// use cueapi_signing::SignatureHeaders;
    ///
    /// let text = SignatureHeaders::new("v1=53c1…", "1795467021");
    /// let bytes = SignatureHeaders::new(b"v1=53c1", b"1795467021");
    /// ```
    #[must_use]
    pub fn new<S, T>(signature: &'a S, timestamp: &'a T) -> Self
    where
        S: AsRef<[u8]> + ?Sized,
        T: AsRef<[u8]> + ?Sized,
    {
        Self {
            signature: signature.as_ref(),
            timestamp: timestamp.as_ref(),
        }
    }
}

/// The `v1` signatures of one header, all of them well-formed.
pub(crate) enum Signatures<'a> {
    One(Decoded),
    /// The header.
    Several(&'a [u8]),
}

impl<'a> Signatures<'a> {
    /// Reads one or several `v1=<hex>`, separated by commas or spaces; signatures of another version are passed over.
    ///
    /// Only lower-case hex is read: nothing else is sent, and a signature should have one spelling.
    #[inline]
    pub(crate) fn parse(header: &'a [u8]) -> Result<Self, VerifyError> {
        Self::parse_one(header).or_else(|_| Self::parse_several(header))
    }

    /// Reads a header that is one signature and nothing else.
    #[inline]
    pub(crate) fn parse_one(header: &'a [u8]) -> Result<Self, VerifyError> {
        let hex = header.strip_prefix(SCHEME).ok_or(VerifyError::MalformedSignature)?;
        decode(hex).map(Self::One)
    }

    #[cold]
    fn parse_several(header: &'a [u8]) -> Result<Self, VerifyError> {
        let mut count = 0;
        for signature in signatures(header).take(MAX_SIGNATURES + 1) {
            signature?;
            count += 1;
        }
        match count {
            1..=MAX_SIGNATURES => Ok(Self::Several(header)),
            _ => Err(VerifyError::MalformedSignature),
        }
    }

    #[inline]
    pub(crate) fn contain(&self, tag: &Tag) -> bool {
        match self {
            Self::One(signature) => *tag == Tag::from(signature.0),
            Self::Several(header) => signatures(header)
                .flatten()
                .any(|signature| *tag == Tag::from(signature.0)),
        }
    }

    /// The signatures without their header.
    pub(crate) fn to_owned(&self) -> OwnedSignatures {
        let mut owned = [None; MAX_SIGNATURES];
        match self {
            Self::One(signature) => owned[0] = Some(*signature),
            Self::Several(header) => {
                (owned.iter_mut().zip(signatures(header))).for_each(|(owned, signature)| *owned = signature.ok())
            }
        }
        OwnedSignatures(owned)
    }
}

/// A signature in bytes; aligned, so that it moves as fast as it can.
#[derive(Clone, Copy)]
#[repr(align(16))]
pub(crate) struct Decoded([u8; 32]);

/// The signatures of a header that is not there any more.
#[derive(Clone)]
pub(crate) struct OwnedSignatures([Option<Decoded>; MAX_SIGNATURES]);

impl OwnedSignatures {
    pub(crate) fn contain(&self, tag: &Tag) -> bool {
        self.0.iter().flatten().any(|signature| *tag == Tag::from(signature.0))
    }
}

/// The `v1` signatures in a header, one after the other.
fn signatures(header: &[u8]) -> impl Iterator<Item = Result<Decoded, VerifyError>> {
    let entries = header.split(|byte| matches!(byte, b',' | b' '));
    entries.filter_map(|entry| entry.strip_prefix(SCHEME)).map(decode)
}

/// Two digits at a time and without a branch, so that it compiles to vector instructions.
#[inline]
fn decode(hex: &[u8]) -> Result<Decoded, VerifyError> {
    let hex: &[u8; 64] = hex.try_into().map_err(|_| VerifyError::MalformedSignature)?;
    let (mut bytes, mut wrong) = ([0; 32], 0);
    for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
        let pair = u16::from_be_bytes([pair[0], pair[1]]);
        // The low four bits of a digit, and nine more for a letter, which has bit 6.
        let values = (pair & 0x0f0f) + (pair >> 6 & 0x0101) * 9;
        let letters = (values + 0x0606) >> 4 & 0x0101;
        wrong |= (values & 0xf0f0) | (pair ^ (values + 0x3030 + letters * (u16::from(b'a' - 10 - b'0'))));
        [_, *byte] = (values >> 4 | values).to_be_bytes();
    }
    if wrong == 0 {
        Ok(Decoded(bytes))
    } else {
        Err(VerifyError::MalformedSignature)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    const ONE: &str = "v1=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    fn count(header: &str) -> Option<usize> {
        match Signatures::parse(header.as_bytes()).ok()? {
            Signatures::One(_) => Some(1),
            Signatures::Several(header) => Some(signatures(header).count()),
        }
    }

    #[test]
    fn one_signature_is_sixty_four_lower_case_hex_digits_after_v1() {
        assert_eq!(count(ONE), Some(1));
        let upper = ONE.to_ascii_uppercase();
        for wrong in [
            "",
            "v1=",
            "v1",
            " ",
            ",",
            "v0=00",
            &ONE[3..],
            &ONE[..66],
            &format!("{ONE}0"),
            &upper,
        ] {
            assert_eq!(count(wrong), None, "{wrong:?}");
        }
        assert_eq!(count(&ONE.replace("aa", "AA")), None);
        assert_eq!(count(&ONE.replace("aa", "a\u{e9}")), None);
        assert_eq!(count(&ONE.replace("v1", "sha256")), None);
    }

    #[test]
    fn every_byte_in_every_place_is_a_digit_or_refused() {
        for place in 0..64 {
            for byte in 0..=u8::MAX {
                let mut hex = [b'0'; 64];
                hex[place] = byte;
                let mut value = [0; 32];
                let expected = match byte {
                    b'0'..=b'9' => Ok(byte - b'0'),
                    b'a'..=b'f' => Ok(byte - b'a' + 10),
                    _ => Err(VerifyError::MalformedSignature),
                };
                let expected = expected.map(|digit| {
                    value[place / 2] = if place % 2 == 0 { digit << 4 } else { digit };
                    value
                });
                assert_eq!(decode(&hex).map(|decoded| decoded.0), expected, "{byte:#x} at {place}");
            }
        }
    }

    #[test]
    fn several_signatures_are_read_up_to_a_bound() {
        assert_eq!(count(&format!("{ONE},{ONE}")), Some(2));
        assert_eq!(count(&format!("{ONE} {ONE}, {ONE}")), Some(3));
        assert_eq!(count(&format!("v2=abc,{ONE}")), Some(1));
        assert_eq!(count(&[ONE; MAX_SIGNATURES].join(",")), Some(MAX_SIGNATURES));
        assert_eq!(count(&[ONE; MAX_SIGNATURES + 1].join(",")), None);
        assert_eq!(count(&format!("{ONE},v1=short")), None);
    }

    #[test]
    #[cfg(feature = "alloc")]
    fn parity_takes_a_single_signature_only() {
        assert!(Signatures::parse_one(ONE.as_bytes()).is_ok());
        for wrong in [format!(" {ONE}"), format!("{ONE} "), format!("{ONE},{ONE}")] {
            assert!(Signatures::parse_one(wrong.as_bytes()).is_err(), "{wrong:?}");
        }
    }
}
