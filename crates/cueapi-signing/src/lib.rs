#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(
    clippy::print_stdout,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::alloc_instead_of_core
)]

#[cfg(any(feature = "alloc", test))]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod ascii;
#[cfg(feature = "alloc")]
pub mod canonical;
mod error;
mod header;
#[cfg(feature = "http")]
mod http;
mod key;
#[cfg(feature = "alloc")]
mod payload;
mod secret;
mod sign;
mod timestamp;
mod verify;
#[cfg(feature = "alloc")]
mod webhook;

pub use error::{SecretError, VerifyError};
pub use header::{SIGNATURE_HEADER, SignatureHeaders, TIMESTAMP_HEADER};
#[cfg(feature = "alloc")]
pub use payload::Payload;
pub use sign::{Signature, SignatureStream, Signer};
pub use verify::{DEFAULT_TOLERANCE, Form, MAX_SECRETS, Proof, Verified, Verifier, VerifyStream};
#[cfg(feature = "std")]
pub use webhook::verify_webhook;
#[cfg(feature = "alloc")]
pub use webhook::verify_webhook_at;
