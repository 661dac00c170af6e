//! Helpers that the cross-crate tests share.

pub mod captures;
pub mod contract;
pub mod exchanges;
#[path = "generated/mod.rs"]
mod generated;
pub mod golden;
pub mod models;
pub mod trials;

/// The README, so that its Rust is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
