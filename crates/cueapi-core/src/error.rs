//! What went wrong, what the server may have done all the same, and what the caller can do about it.

mod build;
mod kind;
mod refusal;

use std::{fmt, time::Duration};

use ::http::{HeaderMap, HeaderName, StatusCode, Uri};
use bytes::Bytes;
use cueapi_types::{ApiError, RecordedOutcome, UnreadableRow};

pub(crate) use self::refusal::{MAX_BYTES as MAX_ERROR_BYTES, Refusal, coding, text};
pub use self::{build::BuildError, kind::ErrorKind};
use crate::{
    echo::BodyMismatch,
    endpoint::Repeat,
    http::{HttpError, HttpErrorKind, Response},
    rate_limit::RateLimit,
    reply::Meta,
};

/// Why a call failed. One pointer wide.
///
/// Match on [`kind`](Self::kind); before you repeat a call that creates or fires something, ask
/// [`may_have_executed`](Self::may_have_executed). Neither `Display` nor `Debug` shows a key, a secret or a body.
///
/// ```
/// use cueapi_core::{ErrorKind, testing::{self, ReplayClient, json}};
///
/// let body = r#"{"error":{"code":"cue_not_found","message":"Cue not found","status":404}}"#;
/// let client = ReplayClient::new([json(404, body).header("x-request-id", "5f2c")]).client();
/// let error = testing::run(client.cues().get("cue_none").send()).unwrap_err();
///
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// assert!(!error.may_have_executed());
/// assert_eq!(error.to_string(), "cues.get failed: 404 cue_not_found: Cue not found (request 5f2c, 1 attempt)");
/// ```
pub struct Error(Box<Inner>);

const _: () = assert!(size_of::<Result<(), Error>>() == size_of::<usize>());

struct Inner {
    kind: ErrorKind,
    operation: &'static str,
    repeat: Repeat,
    /// What happened, where neither the server's error body nor the kind says it.
    message: Option<String>,
    answer: Option<Refusal>,
    attempts: u32,
    may_have_executed: bool,
    /// Whether the call would have gone on, had there been time.
    out_of_time: bool,
    recorded_outcome: Option<Box<RecordedOutcome>>,
    body_mismatch: Option<Box<BodyMismatch>>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The operation that failed, such as `cues.create`; `client.build` for a client that could not be built.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// The HTTP status of the response, where there was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.answer.as_ref().map(Refusal::status)
    }

    /// What the server says about the failure: its error code, message and field errors.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        self.0.answer.as_ref()?.api()
    }

    /// The server's id of the request (`X-Request-Id`): quote it when you ask for support.
    ///
    /// CueAPI sends none with an internal error (500).
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        request_id(self.0.answer.as_ref()?.headers())
    }

    /// How long the server asks to wait before the next call.
    ///
    /// One second longer than the header says, because CueAPI rounds down; at most 100 years, so that it can be added to a
    /// time. A `Retry-After` that cannot be read counts as 60 seconds, the window of CueAPI's rate limit.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.answer.as_ref()?.retry_after()
    }

    /// The state of the rate limit that came with the response.
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimit> {
        RateLimit::from_headers(self.0.answer.as_ref()?.headers())
    }

    /// How many times the request was sent; 0 when it never was.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether the same call may succeed later and cannot do its work twice.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            ErrorKind::Connect | ErrorKind::RateLimited => !self.0.may_have_executed || self.0.repeat != Repeat::Unsafe,
            ErrorKind::Timeout | ErrorKind::Interrupted | ErrorKind::Server => self.0.repeat != Repeat::Unsafe,
            _ => false,
        }
    }

    /// Whether the server may have carried the operation out although the call failed.
    ///
    /// `false` only when it certainly did not: for a scheduler that is the difference between one job and two.
    /// When `true`, look at the server (list by name, read the execution) before you repeat the call.
    #[must_use]
    pub fn may_have_executed(&self) -> bool {
        self.0.may_have_executed
    }

    /// The response body as it came, for diagnosis; of an error response at most the first 64 KiB. May hold secrets: log it
    /// with care.
    #[must_use]
    pub fn raw_body(&self) -> Option<&Bytes> {
        self.0.answer.as_ref().map(Refusal::body)
    }

    /// The outcome that stands on the execution, when `report_outcome` lost to another reporter.
    #[must_use]
    pub fn recorded_outcome(&self) -> Option<&RecordedOutcome> {
        self.0.recorded_outcome.as_deref()
    }

    /// How the body that the server received differs from what was sent, when that was asked for.
    #[must_use]
    pub fn body_mismatch(&self) -> Option<&BodyMismatch> {
        self.0.body_mismatch.as_deref()
    }

    /// What usually helps with this kind of failure, in one sentence.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        self.0.kind.help(self.api().map(|api| &api.code))
    }
}

impl Error {
    pub(crate) fn build(operation: &'static str, error: BuildError) -> Self {
        let (message, source) = error.into_parts();
        Self(Box::new(Inner {
            message: Some(message.into_owned()),
            source,
            ..Inner::new(ErrorKind::Build, operation, Repeat::Safe, 0)
        }))
    }

    /// No response came.
    pub(crate) fn exchange(
        operation: &'static str,
        repeat: Repeat,
        attempts: u32,
        target: &Uri,
        error: HttpError,
        may_have_executed: bool,
    ) -> Self {
        let kind = match error.kind() {
            HttpErrorKind::Connect => ErrorKind::Connect,
            HttpErrorKind::Certificate => ErrorKind::Certificate,
            HttpErrorKind::Unsendable => ErrorKind::Build,
            HttpErrorKind::Timeout => ErrorKind::Timeout,
            HttpErrorKind::Interrupted => ErrorKind::Interrupted,
            HttpErrorKind::TooLarge | HttpErrorKind::Other => ErrorKind::Http,
        };
        Self(Box::new(Inner {
            message: Some(not_exchanged(target, &error)),
            may_have_executed,
            source: error.into_source(),
            ..Inner::new(kind, operation, repeat, attempts)
        }))
    }

    /// The server answered with something other than success.
    pub(crate) fn refused(
        operation: &'static str,
        repeat: Repeat,
        attempts: u32,
        refusal: Refusal,
        message: Option<String>,
        may_have_executed: bool,
    ) -> Self {
        let kind = ErrorKind::of(refusal.status(), refusal.api());
        let message = message.or_else(|| refusal.api().is_none().then(|| refusal.explain()));
        Self(Box::new(Inner {
            message,
            may_have_executed,
            answer: Some(refusal),
            ..Inner::new(kind, operation, repeat, attempts)
        }))
    }

    /// The server reported success in words that we do not understand.
    pub(crate) fn decode(
        operation: &'static str,
        repeat: Repeat,
        attempts: u32,
        response: Response,
        message: String,
    ) -> Self {
        Self(Box::new(Inner {
            message: Some(message),
            may_have_executed: true,
            answer: Some(Refusal::unusable(response)),
            ..Inner::new(ErrorKind::Decode, operation, repeat, attempts)
        }))
    }

    /// A row of a list is in a form that we do not understand; the list itself was read.
    pub(crate) fn unreadable(operation: &'static str, row: UnreadableRow) -> Self {
        Self(Box::new(Inner {
            message: Some(row.to_string()),
            source: Some(Box::new(row)),
            ..Inner::new(ErrorKind::Decode, operation, Repeat::Safe, 0)
        }))
    }

    /// The server did it, but with another body than the one that was sent.
    pub(crate) fn body_differs(
        operation: &'static str,
        repeat: Repeat,
        attempts: u32,
        response: Response,
        mismatch: Box<BodyMismatch>,
    ) -> Self {
        let mut error = Self::decode(operation, repeat, attempts, response, mismatch.to_string());
        error.0.kind = ErrorKind::BodyMismatch;
        error.0.body_mismatch = Some(mismatch);
        error
    }

    /// For a call that its total time has ended.
    pub(crate) fn out_of_time(mut self) -> Self {
        self.0.out_of_time = true;
        if self.0.attempts == 0 {
            self.0.message = Some("no time was left to send it".to_owned());
        }
        self
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The facts of the response, for a call that succeeds all the same.
    pub(crate) fn into_meta(self) -> Meta {
        let attempts = self.0.attempts;
        let answer = self.0.answer.unwrap_or_else(|| Refusal::unusable(Response::default()));
        Meta::new(answer.status(), answer.into_headers(), attempts)
    }

    pub(crate) fn with_recorded_outcome(mut self, outcome: Box<RecordedOutcome>) -> Self {
        self.0.recorded_outcome = Some(outcome);
        self
    }

    /// For a write that is known to be somebody else's after all.
    pub(crate) fn certainly_not_executed(mut self) -> Self {
        self.0.may_have_executed = false;
        self
    }
}

impl Inner {
    fn new(kind: ErrorKind, operation: &'static str, repeat: Repeat, attempts: u32) -> Self {
        Self {
            kind,
            operation,
            repeat,
            message: None,
            answer: None,
            attempts,
            may_have_executed: false,
            out_of_time: false,
            recorded_outcome: None,
            body_mismatch: None,
            source: None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        write!(f, "{} failed: ", inner.operation)?;
        if let Some(answer) = &inner.answer {
            f.write_str(answer.status().as_str())?;
            f.write_str(if inner.message.is_some() { ": " } else { " " })?;
        }
        match (&inner.message, self.api()) {
            (Some(message), _) => f.write_str(message)?,
            (None, Some(api)) if api.message.is_empty() => f.write_str(api.code.as_str())?,
            (None, Some(api)) => write!(f, "{}: {}", api.code, api.message)?,
            (None, None) => write!(f, "{:?}", inner.kind)?,
        }
        let mut notes = Vec::new();
        if let Some(id) = self.request_id() {
            notes.push(format!("request {id}"));
        }
        match inner.attempts {
            0 => {}
            1 => notes.push("1 attempt".to_owned()),
            n => notes.push(format!("{n} attempts")),
        }
        if inner.may_have_executed && matches!(inner.repeat, Repeat::Unsafe | Repeat::WriteOnce) {
            notes.push("the server may have done it".to_owned());
        }
        if inner.out_of_time {
            notes.push("its total time is used up".to_owned());
        }
        if !notes.is_empty() {
            write!(f, " ({})", notes.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        let mut out = f.debug_struct("Error");
        out.field("kind", &inner.kind).field("message", &self.to_string());
        if let Some(api) = self.api() {
            out.field("code", &api.code.as_str()).field("details", &api.details);
        }
        out.field("attempts", &inner.attempts)
            .field("may_have_executed", &inner.may_have_executed);
        if let Some(wait) = self.retry_after() {
            out.field("retry_after", &wait);
        }
        if let Some(answer) = &inner.answer {
            out.field("body_bytes", &answer.body().len());
        }
        if let Some(source) = &inner.source {
            out.field("source", source);
        }
        if let Some(help) = self.help() {
            out.field("help", &help);
        }
        out.finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// Says why no response came; where nothing was sent, also what the HTTP stack says of it and which server was tried.
fn not_exchanged(target: &Uri, error: &HttpError) -> String {
    let cause = error.cause();
    match error.kind() {
        HttpErrorKind::Connect => format!("{error} at {}{cause}", address(target)),
        HttpErrorKind::Certificate => format!("{error}{cause} (at {})", address(target)),
        HttpErrorKind::Unsendable => format!("{error}{cause}"),
        _ => error.to_string(),
    }
}

/// Host and port, also where the URL leaves the port to its scheme.
fn address(target: &Uri) -> String {
    let default = if target.scheme_str() == Some("https") { 443 } else { 80 };
    format!(
        "{}:{}",
        target.host().unwrap_or_default(),
        target.port_u16().unwrap_or(default)
    )
}

/// The server's id of a request.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    text(headers, HeaderName::from_static("x-request-id"))
}
