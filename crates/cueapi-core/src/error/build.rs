//! Requests that cannot be made, and say so before anything is sent.

use std::{borrow::Cow, fmt, sync::Arc};

use cueapi_types::PayloadError;

/// Why a request or a client cannot be built from what was given.
///
/// ```
/// use cueapi_core::{BuildError, ErrorKind, testing::{self, ReplayClient}};
///
/// // From a call, it is an error of the kind `Build`, with its own text in it.
/// let error = testing::run(ReplayClient::default().client().cues().get("..").send()).unwrap_err();
/// assert_eq!((error.kind(), error.attempts()), (ErrorKind::Build, 0));
///
/// // An endpoint of your own refuses in the same way what it cannot send.
/// let refused = BuildError::new("the report has no pages: give it one");
/// assert_eq!(refused.to_string(), "the report has no pages: give it one");
/// ```
#[derive(Clone)]
pub struct BuildError {
    message: Cow<'static, str>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl BuildError {
    /// Says what is wrong and what to give instead. Never put a key, a secret or a payload into it.
    #[must_use]
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            message: message.into(),
            source: None,
        }
    }

    /// Adds the error that was the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into().into());
        self
    }

    pub(crate) fn into_parts(self) -> (Cow<'static, str>, Option<Box<dyn std::error::Error + Send + Sync>>) {
        (self.message, self.source.map(|source| Box::new(source) as _))
    }
}

impl From<PayloadError> for BuildError {
    fn from(error: PayloadError) -> Self {
        Self::new(error.to_string())
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuildError")
            .field("message", &self.message)
            .field("source", &self.source)
            .finish()
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
