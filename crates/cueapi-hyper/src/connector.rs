//! The connectors that are used when none is given: TCP, and TLS where the URL says `https`.

use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;

/// How long connecting may take before the attempt is given up; an attempt that has less time gives up sooner.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// `https` through rustls and ring, and plain `http`.
#[cfg(feature = "rustls")]
pub type TlsConnector = hyper_rustls::HttpsConnector<HttpConnector>;

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
