//! The reqwest adapter keeps the contract of the seam, async and blocking.

use cueapi_core::conformance;
use cueapi_reqwest::{BlockingReqwestClient, ReqwestClient};

/// A user's own builder, which asks for what the contract forbids; the proxies of the environment are not ours to test.
fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::limited(5))
}

#[tokio::test]
async fn conforms_on_one_thread() {
    let report = conformance::run(ReqwestClient::from_builder(builder).unwrap()).await;
    assert!(report.passed(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms_on_several_threads() {
    let report = conformance::run(ReqwestClient::from_builder(builder).unwrap()).await;
    assert!(report.passed(), "{report}");
}

#[test]
fn conforms_without_a_runtime() {
    let report = conformance::run_blocking(BlockingReqwestClient::from_builder(builder).unwrap());
    assert!(report.passed(), "{report}");
}
