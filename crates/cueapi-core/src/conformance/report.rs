//! What the suite found.

use std::fmt;

/// The outcome of every case, in the order in which they ran. `Display` lists them.
///
/// ```
/// # use cueapi_core::http::{BlockingHttpClient, HttpError, HttpErrorKind, Request, Response};
/// # struct Unplugged;
/// # impl BlockingHttpClient for Unplugged {
/// #     fn send(&self, _: Request) -> Result<Response, HttpError> { Err(HttpError::new(HttpErrorKind::Connect)) }
/// # }
/// let report = cueapi_core::conformance::run_blocking(Unplugged);
/// for outcome in report.failures() {
///     println!("{}: {}", outcome.name(), outcome.reason());
/// }
/// assert!(!report.passed());
/// ```
#[derive(Debug, Clone)]
pub struct Report {
    outcomes: Vec<Outcome>,
}

/// The outcome of one case.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub(super) name: &'static str,
    pub(super) reason: &'static str,
    pub(super) failure: Option<String>,
}

impl Report {
    pub(super) fn new(outcomes: Vec<Outcome>) -> Self {
        Self { outcomes }
    }

    /// Whether every case passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// Every case that ran.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// The cases that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.failure.is_some())
    }
}

impl Outcome {
    /// The case: a statement about what the client does.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Why the SDK needs it.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// What was expected and what was seen; `None` when the case passed.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for outcome in &self.outcomes {
            writeln!(f, "{outcome}")?;
        }
        let failed = self.failures().count();
        write!(f, "{} passed, {failed} failed", self.outcomes.len() - failed)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failure {
            None => write!(f, "ok    {}", self.name),
            Some(failure) => write!(f, "FAIL  {}\n      {failure}\n      because {}", self.name, self.reason),
        }
    }
}
