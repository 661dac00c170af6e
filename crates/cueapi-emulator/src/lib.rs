#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::print_stdout)]

mod blocking;
mod builder;
mod clock;
mod delivery;
mod emulator;
pub mod engine;
mod http;
pub mod json;
mod listener;
mod server;
#[cfg(feature = "sqlite")]
mod store;
mod time;

pub use self::{
    blocking::BlockingEmulator,
    builder::{Builder, StartError},
    clock::Clock,
    delivery::SentDelivery,
    emulator::Emulator,
};
