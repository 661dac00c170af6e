//! What git knows of the tree.

use anyhow::{Result, ensure};
use xshell::{Shell, cmd};

/// Fails when something is not committed: what is released is what can be checked out again.
pub(crate) fn is_clean(sh: &Shell) -> Result<()> {
    let changes = cmd!(sh, "git status --porcelain").quiet().read()?;
    ensure!(
        changes.is_empty(),
        "the tree is not clean: commit or stash these first\n{changes}"
    );
    Ok(())
}

/// The tags of the commit that is checked out.
pub(crate) fn tags(sh: &Shell) -> Result<Vec<String>> {
    let tags = cmd!(sh, "git tag --points-at HEAD").quiet().read()?;
    Ok(tags.lines().map(str::to_owned).collect())
}
