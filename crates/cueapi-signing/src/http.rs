//! The two headers from an [`http::HeaderMap`].

use http::HeaderMap;

use crate::{SIGNATURE_HEADER, SignatureHeaders, TIMESTAMP_HEADER, VerifyError};

impl<'a> SignatureHeaders<'a> {
    /// Takes the two headers out of a request's headers.
    ///
    /// Each must be there once. A second one, which a cue's own callback headers can bring in, is refused, because it is not
    /// clear which one counts.
    ///
    /// ```
    /// use cueapi_signing::{SignatureHeaders, VerifyError};
    ///
    /// let mut headers = http::HeaderMap::new();
    /// headers.insert("X-CueAPI-Timestamp", "1795467021".parse().unwrap());
    /// assert_eq!(SignatureHeaders::from_http(&headers).unwrap_err(), VerifyError::MissingSignature);
    ///
    /// headers.insert("X-CueAPI-Signature", "v1=53c1".parse().unwrap());
    /// assert!(SignatureHeaders::from_http(&headers).is_ok());
    /// ```
    ///
    /// # Errors
    /// [`VerifyError::MissingTimestamp`] and [`VerifyError::MissingSignature`]; [`VerifyError::MalformedTimestamp`] and
    /// [`VerifyError::MalformedSignature`] when there is more than one.
    pub fn from_http(headers: &'a HeaderMap) -> Result<Self, VerifyError> {
        let timestamp = single(
            headers,
            TIMESTAMP_HEADER,
            VerifyError::MissingTimestamp,
            VerifyError::MalformedTimestamp,
        )?;
        let signature = single(
            headers,
            SIGNATURE_HEADER,
            VerifyError::MissingSignature,
            VerifyError::MalformedSignature,
        )?;
        Ok(Self { signature, timestamp })
    }
}

fn single<'a>(
    headers: &'a HeaderMap,
    name: &str,
    missing: VerifyError,
    several: VerifyError,
) -> Result<&'a [u8], VerifyError> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(missing)?;
    if values.next().is_some() {
        Err(several)
    } else {
        Ok(value.as_bytes())
    }
}
