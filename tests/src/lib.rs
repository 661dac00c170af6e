//! Helpers that the cross-crate tests share.

pub mod captures;
pub mod exchanges;
