//! How a check says what it expected and what it saw.

use std::fmt::Debug;

use cueapi_core::{Error, ErrorKind, http::HttpError};

/// What was seen, in a few words, or why the check did not get there.
pub(super) type Checked = Result<String, Stop>;

/// Why a check ended before its end.
#[derive(Debug)]
pub(super) enum Stop {
    Fail {
        expected: String,
        seen: String,
    },
    /// This server has no such thing, or it cannot be checked without harm.
    Skip(String),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        fail("an answer", error.to_string())
    }
}

impl From<HttpError> for Stop {
    fn from(error: HttpError) -> Self {
        fail("an answer", error.to_string())
    }
}

impl From<serde_json::Error> for Stop {
    fn from(error: serde_json::Error) -> Self {
        fail("JSON", error.to_string())
    }
}

pub(super) fn fail(expected: impl Into<String>, seen: impl Into<String>) -> Stop {
    Stop::Fail {
        expected: expected.into(),
        seen: seen.into(),
    }
}

/// The two are equal.
pub(super) fn same<E: Debug, S: PartialEq<E> + Debug>(what: &str, expected: E, seen: S) -> Result<(), Stop> {
    if seen == expected {
        Ok(())
    } else {
        Err(fail(format!("{what} {expected:?}"), format!("{seen:?}")))
    }
}

/// It is as it should be.
pub(super) fn holds(truth: bool, expected: &str, seen: impl Debug) -> Result<(), Stop> {
    if truth {
        Ok(())
    } else {
        Err(fail(expected, format!("{seen:?}")))
    }
}

/// The server looks a URL up before it takes it; where it cannot look example.com up, there is nothing to check.
pub(super) fn reached<T>(result: Result<T, Error>) -> Result<T, Stop> {
    match result {
        Err(error)
            if error
                .api()
                .is_some_and(|api| api.code.as_str() == "invalid_callback_url") =>
        {
            Err(Stop::Skip("it does not reach https://example.com".to_owned()))
        }
        other => Ok(other?),
    }
}

/// Servers take few starts, mails and echoes an hour from one address: where these are used up, there is nothing to check.
pub(super) fn few<T>(answer: Result<T, Error>) -> Result<Result<T, Error>, Stop> {
    match answer {
        Err(error) if error.kind() == ErrorKind::RateLimited => Err(Stop::Skip(
            "what it takes of this in an hour from one address is used up".to_owned(),
        )),
        answer => Ok(answer),
    }
}

/// The server refused with this status and this error code.
pub(super) fn refused<T>(result: Result<T, Error>, status: u16, code: &str) -> Checked {
    let expected = format!("{status} {code}");
    match result {
        Ok(_) => Err(fail(expected, "it was accepted")),
        Err(error) => {
            let seen_code = error.api().map_or("no code", |api| api.code.as_str());
            let seen_status = error.status().map_or(0, |status| status.as_u16());
            if seen_status == status && seen_code == code {
                Ok(expected)
            } else {
                Err(fail(expected, error.to_string()))
            }
        }
    }
}
