//! Does signing really do without the standard library, and without an allocator?

use anyhow::Result;
use xshell::Shell;

use crate::targets::Toolchain;

/// Builds `cueapi-signing` where there is no standard library: for WebAssembly and for a microcontroller.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {}

const TARGETS: [&str; 2] = ["wasm32-unknown-unknown", "thumbv7em-none-eabihf"];

impl Args {
    #[expect(clippy::unused_self, reason = "there are no options yet")]
    pub(crate) fn run(self) -> Result<()> {
        let sh = Shell::new()?;
        let toolchain = Toolchain::for_targets(&sh, &TARGETS)?;
        for target in TARGETS {
            // By default there is no `extern crate alloc` in it either.
            for features in ["", "alloc"] {
                let build = [
                    "build",
                    "--package",
                    "cueapi-signing",
                    "--target",
                    target,
                    "--features",
                    features,
                ];
                toolchain.cargo(&sh, &build).run()?;
            }
        }
        Ok(())
    }
}
