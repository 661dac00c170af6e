#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::print_stdout)]

mod advance;
mod assertions;
mod blocking;
mod builder;
mod clock;
mod decoding;
mod delivery;
mod dispatch;
mod emulator;
pub mod engine;
pub mod faults;
mod gate;
mod http;
pub mod json;
mod listener;
mod mailbox;
mod page;
mod patience;
mod random;
mod receivers;
mod sent;
mod server;
mod shared;
#[cfg(feature = "sqlite")]
mod store;
mod time;
mod timeline;

pub use self::{
    assertions::Delivered,
    blocking::BlockingEmulator,
    builder::{Builder, StartError},
    clock::Clock,
    delivery::SentDelivery,
    emulator::Emulator,
    gate::Cors,
    receivers::Answer,
    timeline::Timeline,
};
