//! Connecting, and the connectors that are used when none is given: TCP, and TLS where the URL says `https`.

use std::{future::poll_fn, time::Duration};

use cueapi_core::http::{HttpError, HttpErrorKind};
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use tower_service::Service;

use crate::error::{self, BoxError};

/// How long connecting may take, TLS included, before the attempt is given up; an attempt that has less time gives up
/// sooner.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// `https` through rustls and ring, and plain `http`.
#[cfg(feature = "rustls")]
pub type TlsConnector = hyper_rustls::HttpsConnector<HttpConnector>;

/// Asks a connector for a stream. Whatever goes wrong here, nothing was sent.
pub(crate) async fn connect<C>(mut connector: C, url: Uri) -> Result<C::Response, HttpError>
where
    C: Service<Uri, Error: Into<BoxError>>,
{
    let connecting = async {
        poll_fn(|context| connector.poll_ready(context)).await?;
        connector.call(url).await
    };
    match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(connected) => connected.map_err(error::from_connect),
        Err(_) => {
            Err(HttpError::new(HttpErrorKind::Connect).with_source(format!("not connected after {CONNECT_TIMEOUT:?}")))
        }
    }
}

/// TCP, with the settings that suit small requests.
pub(crate) fn tcp() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector
}

/// TLS over [`tcp`], trusting what the operating system trusts.
#[cfg(feature = "rustls")]
pub(crate) fn tls() -> std::io::Result<TlsConnector> {
    let mut tcp = tcp();
    tcp.enforce_http(false);
    // The provider is named, because a process in which another crate has switched on a second one has no default.
    let tls = hyper_rustls::HttpsConnectorBuilder::new()
        .with_provider_and_platform_verifier(rustls::crypto::ring::default_provider())?
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    Ok(tls)
}
