//! The emulator over real HTTP: captured exchanges, lifecycles, limits, and the engine without a runtime.

mod captures;
mod cron;
mod engine;
mod lifecycle;
mod limits;
mod properties;
mod receiver;
mod wire;
