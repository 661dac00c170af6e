//! Kinds of failure: by the server's error code first, by the HTTP status second.

use ::http::StatusCode;
use cueapi_types::{ApiError, ErrorCode};

/// What kind of failure an [`Error`](super::Error) is.
///
/// ```
/// use cueapi_core::{ErrorKind, testing::{self, ReplayClient, json}};
///
/// let body = r#"{"error":{"code":"cue_limit_exceeded","message":"Plan limit","status":403}}"#;
/// let client = ReplayClient::new([json(403, body)]).client();
/// let error = testing::run(client.cues().resume("cue_1").send()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::CueLimitExceeded);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request cannot be made from what was given; nothing was sent.
    Build,
    /// No connection to the server; nothing was sent.
    Connect,
    /// The server's certificate is not trusted; nothing was sent.
    Certificate,
    /// The last attempt ran out of time.
    Timeout,
    /// The connection broke before the response was complete.
    Interrupted,
    /// The HTTP exchange failed in another way, or the response was too large.
    Http,
    /// Too many requests; [`retry_after`](super::Error::retry_after) says when to come back.
    RateLimited,
    /// The API key or session is missing, wrong, rotated or expired.
    Authentication,
    /// The plan's number of cues is used up. Paused cues count.
    CueLimitExceeded,
    /// The plan's number of executions for this month is used up. *Hosted.*
    ExecutionLimitExceeded,
    /// The key may not do this, for instance because another worker holds the execution.
    Forbidden,
    /// There is no such thing, or it belongs to somebody else.
    NotFound,
    /// It was there and cannot be had any more (410): a key of which only a hash is kept, a deletion that is over. *Hosted.*
    Gone,
    /// The state of the thing does not allow this: the name is taken, an outcome is recorded, another worker was faster.
    Conflict,
    /// The cron expression, the time or the time zone is not accepted.
    InvalidSchedule,
    /// Another argument is not accepted; [`ApiError::details`] names the fields.
    Invalid,
    /// The server failed (5xx).
    Server,
    /// The server refused with a status that has no kind of its own.
    Api,
    /// The server reported success in a form that does not decode.
    Decode,
    /// The server did it, but received another body than the one that was sent:
    /// [`body_mismatch`](super::Error::body_mismatch) says where they differ.
    BodyMismatch,
}

impl ErrorKind {
    pub(super) fn of(status: StatusCode, api: Option<&ApiError>) -> Self {
        if let Some(kind) = api.and_then(Self::of_code) {
            return kind;
        }
        match status.as_u16() {
            400 | 413 | 422 => Self::Invalid,
            401 => Self::Authentication,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            410 => Self::Gone,
            409 => Self::Conflict,
            429 => Self::RateLimited,
            500..=599 => Self::Server,
            _ => Self::Api,
        }
    }

    /// The codes that say more than their status, or that come with a status of another kind.
    fn of_code(api: &ApiError) -> Option<Self> {
        Some(match &api.code {
            ErrorCode::CueLimitExceeded => Self::CueLimitExceeded,
            ErrorCode::InvalidSchedule | ErrorCode::InvalidTimezone => Self::InvalidSchedule,
            ErrorCode::ValidationError if api.details.first().is_some_and(|detail| is_schedule(&detail.field)) => {
                Self::InvalidSchedule
            }
            ErrorCode::RateLimitExceeded
            | ErrorCode::PriorityHighRateLimit
            | ErrorCode::RateLimited
            | ErrorCode::ExportRateLimited => Self::RateLimited,
            ErrorCode::ExecutionLimitExceeded => Self::ExecutionLimitExceeded,
            ErrorCode::InvalidApiKey
            | ErrorCode::KeyRotated
            | ErrorCode::KeyRevoked
            | ErrorCode::NotAuthenticated
            | ErrorCode::Unauthorized
            | ErrorCode::SessionExpired
            | ErrorCode::InvalidSession => Self::Authentication,
            _ => return None,
        })
    }

    /// What usually helps: by the code where that says more than the kind.
    pub(super) fn help(self, code: Option<&ErrorCode>) -> Option<&'static str> {
        code.and_then(help_with).or_else(|| self.help_in_general())
    }

    fn help_in_general(self) -> Option<&'static str> {
        Some(match self {
            Self::Connect => "check the base URL and that the server is reachable; nothing was sent",
            Self::Certificate => {
                "check the base URL and the machine's clock; give the HTTP client the server's certificate authority if it is your own"
            }
            Self::Timeout => "raise the timeout if the server is slow; ask may_have_executed() before repeating",
            Self::Interrupted => "ask may_have_executed() before repeating",
            Self::RateLimited => "wait for retry_after() and send fewer requests a minute",
            Self::Authentication => "check the API key: it starts with cue_sk_ and is shown once when it is made",
            Self::CueLimitExceeded => "delete a cue (paused ones count too) or raise the plan's limit",
            Self::ExecutionLimitExceeded => {
                "wait for the next month (UTC), or raise the plan's limit: usage().get() shows both"
            }
            Self::Forbidden => "use a key that may do this, or the worker that has claimed the execution",
            Self::Gone => "do not ask again: the answer stays the same",
            Self::Conflict => "read the thing first: its state does not allow this, or somebody else was faster",
            Self::NotFound => "check the id, and that the key belongs to its owner",
            Self::InvalidSchedule => {
                "check the cron expression (five fields), the IANA time zone, and that the time is in the future"
            }
            Self::Invalid => "api().details names the fields that were refused",
            Self::Decode => "the server may be newer than this crate, or not CueAPI: look at raw_body()",
            Self::BodyMismatch => "something on the way to the server changes bodies: look at body_mismatch()",
            _ => return None,
        })
    }
}

/// What helps with a code for which the advice of its kind is too general.
fn help_with(code: &ErrorCode) -> Option<&'static str> {
    Some(match code {
        ErrorCode::KeyRotated | ErrorCode::KeyRevoked => "this key was replaced or revoked: use another one",
        ErrorCode::LastKeyProtected => "create another key before you revoke this one",
        ErrorCode::PlaintextUnavailable => "the server keeps a hash only: create another key with keys().create",
        ErrorCode::RateLimited => "wait: ten keys can be created in an hour",
        ErrorCode::ExportRateLimited => "an account can be exported once in an hour: wait, or use the last export",
        ErrorCode::DeletionAlreadyPending => {
            "nothing more is to do: the account is deleted when its grace period is over"
        }
        ErrorCode::DeletionAlreadyCompleted => "the account is deleted, which cannot be undone",
        ErrorCode::AlreadyCancelled => "nothing more is to do: the account stays",
        ErrorCode::TokenRequired => "pass the token from the mail about the deletion",
        ErrorCode::MemoryBlockDisabled => "turn it on with account().update().memory_block_enabled(true)",
        ErrorCode::InvalidPlan => "pass the plan pro or scale",
        ErrorCode::InvalidInterval => "pass the interval monthly or annual",
        ErrorCode::NoStripeCustomer => "buy a plan with billing().checkout first: there is nothing to manage yet",
        ErrorCode::OutcomeAlreadyRecorded | ErrorCode::OutcomeAlreadyReported => {
            "the first outcome stands: read it with executions().get"
        }
        ErrorCode::ClaimFailed | ErrorCode::AlreadyClaimed => "claim another execution: claim_next does",
        _ => return None,
    })
}

fn is_schedule(field: &str) -> bool {
    field == "body.schedule" || field.starts_with("body.schedule.") || field.starts_with("body.send_at")
}
