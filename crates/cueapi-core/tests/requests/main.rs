//! Every operation's request, as text: what goes over the wire does not change unseen.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod account;
mod jobs;
mod messaging;
mod sessions;

use cueapi_core::{
    Client, Endpoint, Pending,
    testing::{self, ReplayClient, json},
    types::Timestamp,
};

/// The request that a call makes, without the headers that every request has.
fn request<E: Endpoint>(call: impl FnOnce(Client) -> Pending<Client, E>) -> String {
    let replay = ReplayClient::new([json(404, "{}")]);
    let _ = testing::run(call(replay.client()).send());
    let requests = replay.requests();
    let common = [
        "accept: application/json\n",
        "accept-encoding: identity\n",
        concat!("user-agent: cueapi-rust/", env!("CARGO_PKG_VERSION"), "\n"),
    ];
    common.iter().fold(requests[0].clone(), |text, line| {
        assert!(text.contains(line), "{text}");
        text.replace(line, "")
    })
}

fn post(path: &str, body: &str) -> String {
    format!("POST {path}\ncontent-type: application/json\n\n{body}")
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn patch(path: &str, body: &str) -> String {
    post(path, body).replacen("POST", "PATCH", 1)
}
