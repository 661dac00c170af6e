//! What is on crates.io.

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

/// Whether crates.io has this package (`name`) or this version of it (`name@1.2.3`).
pub(crate) fn has(package: &str) -> Result<bool> {
    // Outside of the workspace, or cargo would find the package right there.
    let sh = Shell::new()?;
    let folder = sh.create_temp_dir()?;
    sh.change_dir(folder.path());
    let answer = cmd!(sh, "cargo info --quiet --registry crates-io {package}")
        .quiet()
        .ignore_status()
        .output()
        .context("cannot start cargo")?;
    read(answer.status.success(), &String::from_utf8_lossy(&answer.stderr))
        .with_context(|| format!("cannot find out whether crates.io has {package}"))
}

/// What `cargo info` says; that it could not ask is neither yes nor no.
fn read(found: bool, stderr: &str) -> Result<bool> {
    match found {
        true => Ok(true),
        false if stderr.contains("could not find `") => Ok(false),
        false => bail!("{}", stderr.trim()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_that_cannot_be_asked_says_neither_yes_nor_no() {
        assert!(read(true, "").unwrap());
        assert!(!read(false, "error: could not find `a-name` in registry `crates-io`").unwrap());
        assert!(read(false, "error: failed to download from the registry").is_err());
    }
}
