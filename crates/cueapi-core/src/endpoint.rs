//! One operation of the API as data: where it goes, what it carries, what comes back, and whether it may be repeated.
//!
//! The endpoints that ship with this crate are generated from the API description. The trait is public, so that a
//! route which is not shipped yet can be called into a type of your own, with the same retries and errors.

mod body;
mod from_response;
mod header;
mod path;
mod query;
mod settled;

use std::time::Duration;

use ::http::Method;
use cueapi_types::{ApiError, ErrorCode};

pub(crate) use self::settled::State;
pub use self::{
    body::Body,
    from_response::{DecodeError, FromResponse},
    header::HeaderBuilder,
    path::PathBuilder,
    query::QueryBuilder,
    settled::Settled,
};
use crate::{error::BuildError, http::Response};

/// An operation of the API.
///
/// ```
/// use cueapi_core::endpoint::{Endpoint, PathBuilder, Repeat};
/// use cueapi_core::testing::{self, ReplayClient, json};
///
/// struct Ping;
///
/// impl Endpoint for Ping {
///     type Output = serde_json::Value;
///     const ID: &'static str = "ping";
///     const METHOD: http::Method = http::Method::GET;
///     const REPEAT: Repeat = Repeat::Safe;
///
///     fn path(&self, path: &mut PathBuilder) {
///         path.lit("v1/ping");
///     }
/// }
///
/// let client = ReplayClient::new([json(200, r#"{"pong":true}"#)]).client();
/// let answer = testing::run(client.call(Ping).send())?;
/// assert_eq!(answer["pong"], true);
/// # Ok::<(), cueapi_core::Error>(())
/// ```
pub trait Endpoint {
    /// What a success decodes into: any type that serde decodes, and others that say how (see [`FromResponse`]). A
    /// response without a body (204) decodes as `()`, and as the `None` of an `Option`.
    type Output: FromResponse + Send + 'static;

    /// The operation's name, such as `cues.create`: it stands in errors and in traces.
    const ID: &'static str;

    /// The HTTP method.
    const METHOD: Method;

    /// Whether a request whose fate is unknown may be sent again.
    const REPEAT: Repeat;

    /// Whether the API key goes along. A route that takes none does not get to see it, and works from a client that has
    /// none ([`ApiKey::none`](crate::ApiKey::none)).
    const AUTHENTICATED: bool = true;

    /// Whether the server is asked to give back the body that it received, so that the two are compared; see
    /// [`verify_body`](crate::Pending::verify_body), by which a caller decides otherwise.
    const VERIFY_BODY: bool = false;

    /// The error codes with which the server refuses a second identical request because the first one has done it.
    ///
    /// When an attempt may have reached the server and its repeat is refused with one of these,
    /// [`settle`](Self::settle) decides what the call returns.
    const DONE_WHEN: &'static [ErrorCode] = &[];

    /// Writes the path.
    fn path(&self, path: &mut PathBuilder);

    /// Writes the query parameters.
    fn query(&self, _query: &mut QueryBuilder) {}

    /// Writes headers of this operation; the client adds its own.
    fn headers(&self, _headers: &mut HeaderBuilder) {}

    /// The request body.
    ///
    /// # Errors
    ///
    /// When an argument cannot be sent; nothing has left then.
    fn body(&self) -> Result<Body, BuildError> {
        Ok(Body::Empty)
    }

    /// Whether this very request may be sent again, where that depends on its arguments.
    fn repeat(&self) -> Repeat {
        Self::REPEAT
    }

    /// How long the server may hold the request on purpose before it answers. An attempt may take that much longer.
    fn hold(&self) -> Duration {
        Duration::ZERO
    }

    /// What became of the operation when a repeat is refused with a code of [`DONE_WHEN`](Self::DONE_WHEN).
    ///
    /// By default an earlier attempt did it, and the result is that of a response without a body: `()`, or the `None` of an
    /// `Option`.
    fn settle(&self, _refusal: &ApiError) -> Settled<'_, Self::Output> {
        Self::Output::from_response(&Response::default()).map_or_else(|_| Settled::unknown(), Settled::done)
    }
}

/// Whether a request whose fate is unknown may be sent again. Stated by the API description for every operation.
///
/// All of them are repeated when not one byte was sent, and after a 429, which is refused before any work is done.
///
/// The HTTP stack finds it in the extensions of every request: what may not be repeated must not go to a connection that
/// the server may be about to close (see [`server_may_close`](crate::http::server_may_close)).
///
/// ```
/// use cueapi_core::api::{cues::{FireCue, GetCue}, executions::ReportOutcome};
/// use cueapi_core::endpoint::{Endpoint, Repeat};
///
/// assert_eq!(GetCue::REPEAT, Repeat::Safe);
/// assert_eq!(FireCue::REPEAT, Repeat::Unsafe);
/// assert_eq!(ReportOutcome::REPEAT, Repeat::WriteOnce);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// A second one changes nothing: reads, whole updates, deletes, heartbeats.
    Safe,
    /// An idempotency key goes along, the same one with every attempt.
    Keyed,
    /// The server keeps the first and refuses the rest, and what it kept can be read back.
    WriteOnce,
    /// A second one does the work twice: create, fire, replay, claim.
    Unsafe,
}
