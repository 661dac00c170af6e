#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::print_stdout)]

#[path = "generated/mod.rs"]
pub mod api;
mod auth;
mod blocking;
pub mod call;
mod checks;
mod claim_next;
mod client;
mod conditional;
mod config;
mod confirm;
mod echo;
pub mod endpoint;
mod error;
mod handle;
pub mod http;
mod idempotency;
mod memory_block;
mod page;
mod pause;
mod pending;
mod profile;
mod rate_limit;
mod reply;
pub mod retry;
mod settle;

#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "testing")]
pub mod testing;

pub use cueapi_types as types;

pub use self::{
    auth::ApiKey,
    blocking::BlockingClient,
    claim_next::{ClaimNext, ClaimedExecution},
    client::{Client, ClientBuilder},
    conditional::Conditional,
    confirm::ConfirmDestructive,
    echo::{BodyMismatch, BodyVerification},
    endpoint::Endpoint,
    error::{BuildError, Error, ErrorKind},
    handle::{ExecutionContext, HandleError, Handling, Unreported},
    memory_block::MemoryBlock,
    page::{PagedEndpoint, Pager},
    pending::Pending,
    rate_limit::RateLimit,
    reply::{Meta, Reply},
    retry::RetryPolicy,
};
