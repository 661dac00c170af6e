//! What every reqwest client of ours has in common, and how a request gets into one unchanged.

use std::time::Duration;

use cueapi_core::http::{HttpError, HttpErrorKind};
use reqwest::{ClientBuilder, Url, redirect, retry};

use crate::connecting::Watch;

/// How long connecting may take before the attempt is given up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection is kept for the next call. CueAPI is served by uvicorn, which closes after 5 seconds, and a
/// worker polls every 5 seconds: a connection kept as long would be closed just while it is written to.
pub(crate) const KEEP: Duration = Duration::from_secs(4);

/// The settings of a client that was not configured by its user.
pub(crate) fn defaults() -> ClientBuilder {
    ClientBuilder::new().http1_only().connect_timeout(CONNECT_TIMEOUT)
}

/// The settings that the seam's contract asks for, whoever configured the rest: one exchange a call, bodies as they came,
/// connections that are kept no longer than the server keeps them.
pub(crate) fn conforming(builder: ClientBuilder) -> ClientBuilder {
    builder
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .pool_idle_timeout(KEEP)
        .connector_layer(Watch)
}

/// Refuses a request that reqwest would send to another path: its URL type resolves dots and escapes quotes.
pub(crate) fn check_target(target: &::http::Uri, url: &Url) -> Result<(), HttpError> {
    if url.path() == target.path() && url.query() == target.query() {
        return Ok(());
    }
    let message = format!("reqwest would rewrite the path {:?} to {:?}", target.path(), url.path());
    Err(HttpError::new(HttpErrorKind::Unsendable).with_source(message))
}
