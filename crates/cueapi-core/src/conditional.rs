//! Answers that may say "as you have it".

use ::http::{StatusCode, header::ETAG};
use serde::de::DeserializeOwned;

use crate::{
    endpoint::{DecodeError, FromResponse},
    http::Response,
};

/// The answer to a request that may say which version the caller has (`If-None-Match`): 304 is one, too.
///
/// ```
/// use cueapi_core::{Conditional, testing::{self, ReplayClient, json, response}};
///
/// let replay = ReplayClient::new([
///     json(200, r#"{"generated_at":"2026-11-23T20:43:39.683008Z","agents":[]}"#).header("etag", "W/\"faa22481f66ab1ae\""),
///     response(304, "").header("etag", "W/\"faa22481f66ab1ae\""),
/// ]);
/// let agents = replay.client().agents();
///
/// let Conditional::Modified { value: roster, etag: Some(etag) } = testing::run(agents.roster().send())? else {
///     panic!("the first answer has a roster")
/// };
/// assert!(roster.agents.is_empty());
/// let again = testing::run(agents.roster().if_none_match(etag).send())?;
/// assert!(again.value().is_none(), "nothing has changed");
/// # Ok::<(), cueapi_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conditional<T> {
    /// Here it is.
    Modified {
        /// What was asked for.
        value: T,
        /// Its version: hand it to `if_none_match` the next time. The text is the server's, quotes and `W/` included.
        etag: Option<String>,
    },
    /// It is what the caller has (304).
    NotModified,
}

impl<T> Conditional<T> {
    /// What was asked for; `None` where it has not changed.
    #[must_use]
    pub fn value(self) -> Option<T> {
        match self {
            Self::Modified { value, .. } => Some(value),
            Self::NotModified => None,
        }
    }

    /// The version of what was asked for, where the server gave one.
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        match self {
            Self::Modified { etag, .. } => etag.as_deref(),
            Self::NotModified => None,
        }
    }
}

impl<T: DeserializeOwned> FromResponse for Conditional<T> {
    fn is_answer(status: StatusCode) -> bool {
        status.is_success() || status == StatusCode::NOT_MODIFIED
    }

    fn from_response(response: &Response) -> Result<Self, DecodeError> {
        if response.status() == StatusCode::NOT_MODIFIED {
            return Ok(Self::NotModified);
        }
        let etag = response.headers().get(ETAG).and_then(|etag| etag.to_str().ok());
        Ok(Self::Modified {
            value: T::from_response(response)?,
            etag: etag.map(str::to_owned),
        })
    }
}
