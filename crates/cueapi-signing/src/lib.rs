#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::alloc_instead_of_core
)]

#[cfg(test)]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod ascii;
mod error;
mod header;
mod key;
mod sign;
mod timestamp;
mod verify;

pub use error::{SecretError, VerifyError};
pub use header::{SIGNATURE_HEADER, SignatureHeaders, TIMESTAMP_HEADER};
pub use sign::{Signature, SignatureStream, Signer};
pub use verify::stream::VerifyStream;
pub use verify::{DEFAULT_TOLERANCE, Form, MAX_SECRETS, Proof, Verified, Verifier};
