//! Everything that CI checks, in the order in which it fails fastest; the same on a developer's machine.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::{codegen, confine, contract, cookbook, parity};

/// Runs all that CI runs: format, lints, generated code, docs, dependencies, tests, examples.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Runs only the steps whose name contains this.
    #[arg(long)]
    only: Option<String>,
}

type Check = fn(&Shell) -> Result<()>;

const STEPS: &[(&str, Check)] = &[
    ("format", |sh| Ok(cmd!(sh, "cargo fmt --all --check").run()?)),
    ("codegen", |_| codegen::run(true)),
    ("parity", |_| parity::run()),
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
    ("tests", |sh| Ok(cmd!(sh, "cargo test --workspace").run()?)),
    ("contract", |sh| contract::run_against_emulator(sh)),
    ("cookbook", |sh| cookbook::run(sh)),
];

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        let sh = Shell::new()?;
        let started = Instant::now();
        let mut ran = 0;
        for (name, check) in STEPS {
            if self.only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
                continue;
            }
            let step = Instant::now();
            eprintln!("\n==== {name}");
            check(&sh).with_context(|| format!("the step `{name}` failed; alone: cargo xtask ci --only '{name}'"))?;
            eprintln!("==== {name}: {} s", step.elapsed().as_secs());
            ran += 1;
        }
        ensure!(
            ran > 0,
            "no step is named like that; the steps are {:?}",
            STEPS.iter().map(|(name, _)| name).collect::<Vec<_>>()
        );
        eprintln!("\n{ran} steps passed in {} s", started.elapsed().as_secs());
        Ok(())
    }
}

/// Each package by itself, since features that another one turns on can hide what is missing.
fn clippy_each(sh: &Shell) -> Result<()> {
    for package in packages(sh)? {
        cmd!(sh, "cargo clippy -p {package} --all-targets -- -D warnings").run()?;
    }
    Ok(())
}

fn packages(sh: &Shell) -> Result<Vec<String>> {
    let package = "{p}";
    let tree = cmd!(sh, "cargo tree --workspace --depth 0 --prefix none --format {package}")
        .quiet()
        .read()?;
    Ok(tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect())
}
