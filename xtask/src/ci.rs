//! Everything that CI checks, in the order in which it fails fastest; the same on a developer's machine.

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::{
    clients, codegen, confine, contract, cookbook, drift, edge, no_std, parity, release,
    steps::{self, Step},
    workflows, workspace,
};

/// Runs all that CI runs: format, lints, generated code, docs, dependencies, tests, examples.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Runs only the steps whose name contains this.
    #[arg(long)]
    only: Option<String>,
}

pub(crate) const STEPS: &[Step] = &[
    ("format", |sh| Ok(cmd!(sh, "cargo fmt --all --check").run()?)),
    ("codegen", |_| codegen::run(true)),
    ("parity", |_| parity::run()),
    ("drift", |_| drift::Args::default().run()),
    ("workflows", |_| workflows::run()),
    ("clippy of the workspace", |sh| {
        Ok(cmd!(
            sh,
            "cargo clippy --workspace --all-targets --all-features -- -D warnings"
        )
        .run()?)
    }),
    ("clippy of each package", clippy_each),
    ("docs", |sh| {
        let _flags = sh.push_env("RUSTDOCFLAGS", "-D warnings");
        Ok(cmd!(sh, "cargo doc --workspace --no-deps --all-features").run()?)
    }),
    ("dependencies", |sh| {
        Ok(cmd!(sh, "cargo deny check bans licenses sources").run()?)
    }),
    ("what core reaches", |sh| confine::run(sh)),
    ("packages", release::packages),
    ("no standard library", |_| no_std::Args::default().run()),
    ("edge", |_| edge::Args::default().run()),
    ("tests", |sh| Ok(cmd!(sh, "cargo test --workspace").run()?)),
    ("contract", |sh| contract::run_against_emulator(sh)),
    ("cookbook", |sh| cookbook::run(sh)),
    ("other people's clients", |sh| clients::run(sh, None)),
];

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        steps::run("ci", STEPS, self.only.as_deref())
    }
}

/// Each package by itself, since features that another one turns on can hide what is missing.
fn clippy_each(sh: &Shell) -> Result<()> {
    for package in workspace::packages(&workspace::root())? {
        let name = package.name.as_str();
        cmd!(sh, "cargo clippy -p {name} --all-targets -- -D warnings").run()?;
    }
    Ok(())
}
