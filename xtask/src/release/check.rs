//! `cargo xtask release check`: everything that must hold before a release.

use anyhow::Result;
use xshell::{Shell, cmd};

use super::{git, msrv, semver_checks};
use crate::{
    ci,
    steps::{self, Step},
    workspace,
};

/// Checks all that must hold before a release, and changes nothing.
///
/// A clean tree, all that `cargo xtask ci` checks, the features in every combination, the minimum supported Rust version,
/// the public API against the last release, and the packages as they would be uploaded. Needs cargo-deny and cargo-hack:
/// `.ci/release check` installs them first.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Runs only the steps whose name contains this.
    #[arg(long)]
    only: Option<String>,
}

const BEFORE: &[Step] = &[("clean tree", git::is_clean)];

const AFTER: &[Step] = &[
    ("features", features),
    ("minimum Rust version", msrv::run),
    ("public API", semver_checks::run),
    ("dry run", |sh| {
        Ok(cmd!(sh, "cargo publish --workspace --dry-run --locked").run()?)
    }),
];

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        run(self.only.as_deref())
    }
}

/// Runs the steps.
pub(crate) fn run(only: Option<&str>) -> Result<()> {
    steps::run("release check", &[BEFORE, ci::STEPS, AFTER].concat(), only)
}

/// Two features at a time: each is additive, so that what is missing shows where one or two are on.
fn features(sh: &Shell) -> Result<()> {
    let packages = workspace::published(&workspace::root())?;
    let packages = packages.iter().flat_map(|package| ["--package", package.name.as_str()]);
    cmd!(
        sh,
        "cargo hack clippy --feature-powerset --depth 2 {packages...} -- -D warnings"
    )
    .run()?;
    Ok(())
}
