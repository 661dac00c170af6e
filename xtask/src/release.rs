//! `cargo xtask release`: from "unreleased" in the changelog to packages on crates.io, in three commands.
//!
//! What they decide is in functions without side effects: which version may follow ([`version`]), what becomes of the
//! changelog and the manifests ([`changelog`], [`manifest`]), what may be in a package ([`contents`]).

mod changelog;
mod check;
mod contents;
mod git;
mod manifest;
mod msrv;
mod prepare;
mod publish;
mod registry;
mod semver_checks;
mod train;
mod version;

use anyhow::Result;

pub(crate) use self::contents::packages;

/// Prepares, checks and publishes a release. CONTRIBUTING.md tells the whole way.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Prepare(prepare::Args),
    Check(check::Args),
    Publish(publish::Args),
}

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        match self.command {
            Command::Prepare(args) => args.run(),
            Command::Check(args) => args.run(),
            Command::Publish(args) => args.run(),
        }
    }
}
