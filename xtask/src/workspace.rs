//! The packages of this repository, as cargo knows them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{MetadataCommand, Package};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All packages.
pub(crate) fn packages(root: &Path) -> Result<Vec<Package>> {
    let metadata = MetadataCommand::new()
        .current_dir(root)
        .no_deps()
        .exec()
        .context("cargo metadata failed")?;
    Ok(metadata.packages)
}

/// Those that go to crates.io: all that do not say `publish = false`.
pub(crate) fn published(root: &Path) -> Result<Vec<Package>> {
    let mut packages = packages(root)?;
    packages.retain(|package| package.publish.is_none());
    Ok(packages)
}
