//! `cargo xtask golden --check FILE…`: captured exchanges, decoded by the SDK and encoded again.
//!
//! The work is done by a program of the `tests` package. xtask itself must build without the generated crates: when the
//! generated code is broken, it is xtask that writes it anew.

use std::path::PathBuf;

use anyhow::Result;
use xshell::{Shell, cmd};

/// Checks that the SDK loses, changes and misses nothing in captured exchanges and deliveries.
///
/// Finds the operation of each exchange by method and path, decodes its response through the SDK, encodes it again, and prints
/// how many agreed, what was lost, changed or unknown in the others, and the names of those that belong to no operation. Of a
/// delivery it verifies the signature with the secrets of its time, and decodes and encodes the body where the SDK has a type
/// for it: deliveries of cues, and notices of failure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files of captures: JSON lists of `{name, request, response}`, or one delivery with `headers`, `body_b64`, `received_unix`
    /// and `analysis.secrets_tried`.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    check: Vec<PathBuf>,
}

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        let sh = Shell::new()?;
        let files = self.check;
        Ok(cmd!(
            sh,
            "cargo run --quiet --package cueapi-tests --bin golden -- {files...}"
        )
        .quiet()
        .run()?)
    }
}
