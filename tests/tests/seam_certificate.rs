//! A server whose certificate is not trusted: a failure of its own, through both adapters, with nothing sent.

#![expect(clippy::unwrap_used, reason = "a helper of a test that panics fails the test")]

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use cueapi_core::{Client, ClientBuilder, Error, ErrorKind};
use cueapi_hyper::HyperClient;
use cueapi_reqwest::ReqwestClient;
use hyper_rustls::HttpsConnectorBuilder;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
};

/// An authority that the clients of these tests trust.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self {
            issuer: Issuer::new(params, key),
            certificate,
        }
    }

    fn reqwest(&self, url: &str) -> Client {
        let root = reqwest::Certificate::from_der(&self.certificate).unwrap();
        let builder = || reqwest::Client::builder().no_proxy().tls_certs_only([root.clone()]);
        client(ReqwestClient::from_builder(builder).unwrap(), url)
    }

    fn hyper(&self, url: &str) -> Client {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .build();
        client(HyperClient::with_connector(connector), url)
    }

    /// A server with a certificate of this authority, and how many requests it has seen.
    fn server(&self, name: &str, is_expired: bool) -> (String, Arc<AtomicUsize>) {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        if is_expired {
            params.not_after = date_time_ymd(2020, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let requests = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut tls = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
                // Fails with a client that does not trust it.
                if tls.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {
                    seen.fetch_add(1, Ordering::Relaxed);
                    let _ = tls.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n{\"workers\":[]}");
                }
            }
        });
        (url, requests)
    }
}

fn client(http: impl cueapi_core::http::HttpClient, url: &str) -> Client {
    ClientBuilder::new("cue_sk_test", http).base_url(url).build().unwrap()
}

async fn untrusted(client: Client) -> Error {
    let error = client.workers().list().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts(), error.may_have_executed()),
        (ErrorKind::Certificate, 1, false),
        "{error:?}"
    );
    let text = error.to_string();
    assert!(
        text.starts_with("workers.list failed: the server's certificate is not trusted: invalid peer certificate"),
        "{text}"
    );
    assert!(text.contains("(at localhost:"), "{text}");
    error
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_a_failure_of_its_own() {
    let (ours, others) = (Authority::new(), Authority::new());
    for (authority, name, is_expired) in [
        (&others, "localhost", false),
        (&ours, "localhost", true),
        (&ours, "elsewhere.example", false),
    ] {
        let (url, requests) = authority.server(name, is_expired);
        untrusted(ours.hyper(&url)).await;
        untrusted(ours.reqwest(&url)).await;
        assert_eq!(requests.load(Ordering::Relaxed), 0);
    }
    let (url, _) = ours.server("localhost", false);
    untrusted(client(HyperClient::new().unwrap(), &url)).await;
    untrusted(client(ReqwestClient::new().unwrap(), &url)).await;
}

#[tokio::test]
async fn a_certificate_of_a_trusted_authority_is_trusted() {
    let ours = Authority::new();
    let (url, requests) = ours.server("localhost", false);
    ours.hyper(&url).workers().list().await.unwrap();
    ours.reqwest(&url).workers().list().await.unwrap();
    assert_eq!(requests.load(Ordering::Relaxed), 2);
}
