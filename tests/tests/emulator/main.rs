//! The emulator over real HTTP: captured exchanges, lifecycles, limits, and the engine without a runtime.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a panic is how a test fails"
)]

mod assertions;
mod captures;
mod catch_up;
mod connections;
mod cron;
mod differential;
mod engine;
mod faults;
mod lifecycle;
mod limits;
mod origins;
mod properties;
mod receiver;
mod receivers;
mod secrecy;
mod validation;
mod wire;
