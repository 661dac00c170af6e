//! The hyper adapter keeps the contract of the seam, on every kind of runtime.

use cueapi_core::{conformance, http::SharedHttpClient};
use cueapi_hyper::HyperClient;

#[tokio::test]
async fn conforms_on_one_thread() {
    let report = conformance::run(HyperClient::new().unwrap()).await;
    assert!(report.passed(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms_on_several_threads() {
    let report = conformance::run(HyperClient::plain()).await;
    assert!(report.passed(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn conforms_when_its_type_is_erased() {
    let report = conformance::run(SharedHttpClient::new(HyperClient::plain())).await;
    assert!(report.passed(), "{report}");
}
