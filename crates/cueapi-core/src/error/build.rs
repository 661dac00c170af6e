//! Requests that cannot be made, and say so before anything is sent.

use std::{borrow::Cow, fmt, sync::Arc};

use cueapi_types::PayloadError;

/// Why a request or a client cannot be built from what was given.
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
