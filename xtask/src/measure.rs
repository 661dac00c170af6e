//! `cargo xtask measure`: what the SDK costs those who compile it. The numbers in `tests/README.md` come from here.

mod build;
mod symbols;

use anyhow::Result;

/// Measures what the SDK costs to compile, and what is in a program more than once.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Build(build::Args),
    Symbols(symbols::Args),
}

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        match self.command {
            Command::Build(args) => args.run(),
            Command::Symbols(args) => args.run(),
        }
    }
}
