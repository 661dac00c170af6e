#![doc = include_str!("../README.md")]

pub mod http;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use cueapi_types as types;
