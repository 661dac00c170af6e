//! Do the published crates compile with the oldest compiler that their manifests promise?

use anyhow::{Result, bail};
use xshell::Shell;

use crate::{
    steps::Skipped,
    targets::{Toolchain, target_folder},
    workspace,
};

pub(crate) fn run(sh: &Shell) -> Result<()> {
    let packages = workspace::published(&workspace::root())?;
    let Some(oldest) = packages
        .iter()
        .filter_map(|package| package.rust_version.as_ref())
        .min()
    else {
        bail!("no package says its rust-version");
    };
    let Some(toolchain) = Toolchain::of_version(sh, oldest)? else {
        bail!(Skipped(format!(
            "rustc {oldest} is to be had neither from rustup nor from Debian's packages"
        )));
    };
    // One by one: otherwise the features that one turns on could hide what another lacks.
    let folder = target_folder().join("oldest-rust");
    for package in &packages {
        let check = [
            "check",
            "--locked",
            "--all-features",
            "--package",
            &package.name,
            "--target-dir",
        ];
        toolchain.cargo(sh, &check).arg(&folder).run()?;
    }
    Ok(())
}
