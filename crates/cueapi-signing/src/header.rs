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

/// The `v1` signatures of one header, decoded.
#[derive(Clone)]
pub(crate) struct Signatures {
    tags: [[u8; 32]; MAX_SIGNATURES],
    count: usize,
}

impl Signatures {
    const NONE: Self = Self {
        tags: [[0; 32]; MAX_SIGNATURES],
        count: 0,
    };

    /// Reads one or several `v1=<hex>`, separated by commas or spaces; signatures of another version are passed over.
    ///
    /// Only lower-case hex is read: nothing else is sent, and a signature should have one spelling.
    pub(crate) fn parse(header: &[u8]) -> Result<Self, VerifyError> {
        let mut signatures = Self::NONE;
        for entry in header.split(|byte| matches!(byte, b',' | b' ')) {
            if let Some(hex) = entry.strip_prefix(SCHEME) {
                signatures.push(hex)?;
            }
        }
        if signatures.count == 0 {
            return Err(VerifyError::MalformedSignature);
        }
        Ok(signatures)
    }

    /// Reads a header that is one signature and nothing else.
    #[cfg(feature = "alloc")]
    pub(crate) fn parse_one(header: &[u8]) -> Result<Self, VerifyError> {
        let mut signatures = Self::NONE;
        signatures.push(header.strip_prefix(SCHEME).ok_or(VerifyError::MalformedSignature)?)?;
        Ok(signatures)
    }

    #[inline]
    pub(crate) fn contain(&self, tag: &Tag) -> bool {
        self.tags[..self.count]
            .iter()
            .any(|candidate| *tag == Tag::from(*candidate))
    }

    fn push(&mut self, hex: &[u8]) -> Result<(), VerifyError> {
        let free = self.tags.get_mut(self.count).ok_or(VerifyError::MalformedSignature)?;
        *free = decode(hex)?;
        self.count += 1;
        Ok(())
    }
}

fn decode(hex: &[u8]) -> Result<[u8; 32], VerifyError> {
    let hex: &[u8; 64] = hex.try_into().map_err(|_| VerifyError::MalformedSignature)?;
    let mut bytes = [0; 32];
    let mut invalid = 0;
    for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
        let (high, low) = (nibble(pair[0]), nibble(pair[1]));
        invalid |= high | low;
        *byte = high << 4 | low & 0xf;
    }
    if invalid > 0xf {
        Err(VerifyError::MalformedSignature)
    } else {
        Ok(bytes)
    }
}

/// The value of a hex digit, or a number above fifteen.
#[inline]
fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => u8::MAX,
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    const ONE: &str = "v1=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    fn count(header: &str) -> Option<usize> {
        Signatures::parse(header.as_bytes()).ok().map(|found| found.count)
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
