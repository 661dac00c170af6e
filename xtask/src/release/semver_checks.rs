//! Does the public API keep what the last release promised?

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use super::registry;
use crate::{steps::Skipped, targets::target_folder, workspace};

/// Compares every crate that has been released with its last release.
pub(crate) fn run(sh: &Shell) -> Result<()> {
    let mut released = Vec::new();
    for package in workspace::published(&workspace::root())? {
        if registry::has(&package.name)? {
            released.extend(["--package".to_owned(), package.name.to_string()]);
        } else {
            eprintln!(
                "{} is not on crates.io: there is no release to compare it with",
                package.name
            );
        }
    }
    if released.is_empty() {
        bail!(Skipped(
            "nothing is on crates.io yet: no release to compare with".to_owned()
        ));
    }
    let tools = target_folder().join("tools");
    let path = std::env::join_paths(
        [tools.join("bin")]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    )?;
    let _path = sh.push_env("PATH", path);
    if cmd!(sh, "cargo semver-checks --version")
        .quiet()
        .ignore_stderr()
        .run()
        .is_err()
    {
        eprintln!("installing cargo-semver-checks from source, which takes a quarter of an hour");
        cmd!(
            sh,
            "cargo install --locked --quiet --root {tools} cargo-semver-checks@0.51.0"
        )
        .run()
        .context("cannot install cargo-semver-checks")?;
    }
    cmd!(sh, "cargo semver-checks {released...}").run()?;
    Ok(())
}
