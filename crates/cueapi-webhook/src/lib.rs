#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::print_stdout)]

#[cfg(feature = "actix-web")]
pub mod actix_web;
#[cfg(feature = "axum")]
pub mod axum;
#[cfg(any(feature = "axum", feature = "tower"))]
mod body;
mod claim;
mod clock;
mod delivered;
mod guard;
mod headers;
mod kind;
mod rejection;
pub mod seen;
#[cfg(feature = "tower")]
pub mod tower;
mod webhook;

pub use cueapi_signing as signing;
pub use cueapi_types as types;

pub use self::{
    claim::Claim,
    delivered::{AlertDelivery, CueDelivery, Delivered, EventDelivery, MessageDelivery},
    guard::{Guard, Once, OnceError},
    headers::{AlertHeaders, CueHeaders, EventHeaders, MessageHeaders},
    kind::DeliveryBody,
    rejection::{Malformed, Rejection},
    webhook::{DEFAULT_BODY_LIMIT, Webhook},
};
#[doc(no_inline)]
pub use cueapi_signing::{Verifier, VerifyError};
