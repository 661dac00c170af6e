//! Why a request was not taken, and the status that says so.

use std::fmt;

use cueapi_signing::VerifyError;
use http::{Response, StatusCode};

/// Why a request did not become a delivery.
///
/// Its `Display` is one line that names the reason and quotes neither secrets, signatures nor the body, so it may be logged and
/// sent back; the frameworks' answers are this status and this line.
///
/// ```
/// use cueapi_webhook::{Rejection, VerifyError};
///
/// let rejection = Rejection::from(VerifyError::BodyRequired);
/// assert_eq!(rejection.status(), 401);
/// assert_eq!(rejection.to_string(), "the body is empty, but a body was signed");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// None of the secrets stands behind it: 401.
    ///
    /// [`VerifyError::BodyRequired`] means that the callback's method is GET: CueAPI signs a body and then sends none, so that
    /// nobody can verify it. Use POST, PUT or PATCH.
    #[error(transparent)]
    Unverified(#[from] VerifyError),
    /// The body is longer than the receiver takes: 413.
    #[error("the body is longer than {limit} bytes")]
    TooLarge {
        /// The most that is taken, in bytes.
        limit: usize,
    },
    /// The connection ended before the body did: 400.
    #[error("the body could not be read to its end")]
    Incomplete,
    /// It is genuine, but not what the handler asks for: 400.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

impl Rejection {
    /// The status to answer with: 400, 401 or 413.
    ///
    /// Each of them makes CueAPI count the attempt as failed.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Unverified(_) => StatusCode::UNAUTHORIZED,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Incomplete | Self::Malformed(_) => StatusCode::BAD_REQUEST,
        }
    }
}

impl<B: From<String>> From<Rejection> for Response<B> {
    /// Status and reason.
    fn from(rejection: Rejection) -> Self {
        let mut response = Self::new(rejection.to_string().into());
        *response.status_mut() = rejection.status();
        response
    }
}

/// Why a genuine body is not the delivery that was asked for: another kind came to this route, or another payload.
///
/// Neither `Display` nor `Debug` quotes the body.
#[derive(Clone, PartialEq, Eq)]
pub struct Malformed {
    reason: &'static str,
    line: usize,
    column: usize,
    detail: Box<str>,
}

impl Malformed {
    pub(crate) fn new(reason: &'static str) -> Self {
        Self {
            reason,
            line: 0,
            column: 0,
            detail: reason.into(),
        }
    }

    pub(crate) fn json(reason: &'static str, error: &serde_json::Error) -> Self {
        Self {
            reason,
            line: error.line(),
            column: error.column(),
            detail: error.to_string().into(),
        }
    }

    /// What the JSON library says. It may quote parts of the payload, so think before you log it.
    ///
    /// ```
    /// use cueapi_webhook::{CueDelivery, Rejection, Verifier, Webhook, signing::Signer};
    /// use std::time::Duration;
    ///
    /// let body = br#"{"attempt": 1, "cue_id": "c", "execution_id": "e", "name": "n", "payload": {"pin": "1234"},
    ///     "scheduled_for": "2026-11-23T20:30:00+00:00"}"#;
    /// let signature = Signer::new("whsec_0011223344556677")?.sign(17, body).to_string();
    /// let mut headers = http::HeaderMap::new();
    /// headers.insert("X-CueAPI-Signature", signature.parse()?);
    /// headers.insert("X-CueAPI-Timestamp", "17".parse()?);
    ///
    /// let webhook = Webhook::new(Verifier::new("whsec_0011223344556677")?).clock(|| Duration::from_secs(17));
    /// let refused = webhook.receive(&headers, body).map(|_: CueDelivery<Vec<u8>>| ()).unwrap_err();
    /// assert_eq!(refused.to_string(), "the body is not a cue delivery with such a payload (line 1 column 75)");
    ///
    /// let Rejection::Malformed(reason) = refused else { panic!() };
    /// assert!(reason.detail().contains("expected a sequence"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason)?;
        match self.line {
            0 => Ok(()),
            line => write!(f, " (line {line} column {})", self.column),
        }
    }
}

impl fmt::Debug for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Malformed({self})")
    }
}

impl std::error::Error for Malformed {}
