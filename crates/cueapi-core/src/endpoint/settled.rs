//! What became of an operation whose repeat was refused.

use cueapi_types::{Execution, ExecutionId};

use crate::settle::{Judgement, ReadBack};

/// What became of an operation whose repeat was refused, from [`Endpoint::settle`](super::Endpoint::settle).
///
/// ```
/// use cueapi_core::{ErrorKind, endpoint::{Endpoint, PathBuilder, Repeat}, http::HttpErrorKind};
/// use cueapi_core::testing::{self, ReplayClient, failure, json};
/// use cueapi_core::types::ErrorCode;
///
/// struct Remove;
///
/// impl Endpoint for Remove {
///     type Output = ();
///     const ID: &'static str = "remove";
///     const METHOD: http::Method = http::Method::DELETE;
///     const REPEAT: Repeat = Repeat::Safe;
///     const DONE_WHEN: &'static [ErrorCode] = &[ErrorCode::NotFound];
///
///     fn path(&self, path: &mut PathBuilder) {
///         path.lit("v1/things/7");
///     }
/// }
///
/// let gone = || json(404, r#"{"error":{"code":"not_found","message":"Not found","status":404}}"#);
/// let client = ReplayClient::new([failure(HttpErrorKind::Timeout), gone(), gone()]).client();
/// testing::run(client.call(Remove).send())?; // the attempt without a response has removed it
/// assert_eq!(testing::run(client.call(Remove).send()).unwrap_err().kind(), ErrorKind::NotFound);
/// # Ok::<(), cueapi_core::Error>(())
/// ```
#[expect(missing_debug_implementations, reason = "may hold a closure")]
pub struct Settled<'a, T>(pub(crate) State<'a, T>);

pub(crate) enum State<'a, T> {
    Done(T),
    Unknown,
    ReadBack(ReadBack<'a, T>),
}

impl<'a, T> Settled<'a, T> {
    /// An earlier attempt did it: the call succeeds with this value.
    #[must_use]
    pub fn done(value: T) -> Self {
        Self(State::Done(value))
    }

    /// It cannot be told: the call fails with the refusal.
    #[must_use]
    pub fn unknown() -> Self {
        Self(State::Unknown)
    }

    /// The execution shows it.
    pub(crate) fn read_back(execution: &'a ExecutionId, judge: impl FnOnce(Execution) -> Judgement<T> + 'a) -> Self {
        Self(State::ReadBack(ReadBack {
            execution,
            judge: Box::new(judge),
        }))
    }
}
