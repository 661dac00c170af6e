//! `cargo xtask release publish`: uploads what crates.io does not have yet.

use std::{collections::BTreeSet, env, fs};

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::Package;
use xshell::{Shell, cmd};

use super::{changelog, check, git, registry, train::Train};
use crate::workspace;

/// Uploads to crates.io every crate whose version is not there yet, each after those that it needs.
///
/// Refuses a tree that is not clean, a commit without the release's tag (v0.2.0, cueapi-signing-v0.1.1), a version that the
/// changelog does not have, and whatever `cargo xtask release check` refuses: it runs that first. Needs an API token of
/// crates.io: `cargo login`, or with --checked CARGO_REGISTRY_TOKEN, which nothing that is built or run can read then.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Really upload. What is once on crates.io stays there.
    #[arg(long)]
    execute: bool,
    /// `cargo xtask release check` has passed for this commit: upload, and build and run nothing.
    #[arg(long)]
    checked: bool,
}

const TOKEN: &str = "CARGO_REGISTRY_TOKEN";

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        let sh = Shell::new()?;
        sh.change_dir(workspace::root());
        let mut packages = Vec::new();
        for package in workspace::published(&workspace::root())? {
            if !registry::has(&format!("{}@{}", package.name, package.version))? {
                packages.push(package);
            }
        }
        if packages.is_empty() {
            eprintln!("crates.io has every version that stands in the manifests: there is nothing to publish");
            return Ok(());
        }
        for package in &packages {
            eprintln!("to publish: {} {}", package.name, package.version);
        }
        if !self.execute {
            bail!("what is once on crates.io stays there: add --execute to check and upload these");
        }
        git::is_clean(&sh)?;
        let missing = missing(&packages, &git::tags(&sh)?, |path| {
            Ok(fs::read_to_string(workspace::root().join(path))?)
        })?;
        ensure!(
            missing.is_empty(),
            "this commit is no release yet:\n{}",
            missing.join("\n")
        );
        if !self.checked {
            ensure!(
                env::var_os(TOKEN).is_none(),
                "what the checks build and run could read {TOKEN}: run `cargo xtask release check` without it, then this with \
                 --checked"
            );
            check::run(None)?;
        }
        // The check's dry run has built them as they are uploaded.
        let names = packages.iter().flat_map(|package| ["--package", package.name.as_str()]);
        cmd!(sh, "cargo publish --locked --no-verify {names...}").run()?;
        Ok(())
    }
}

/// What each release lacks: its tag on this commit, its section in the changelog.
fn missing(packages: &[Package], tags: &[String], read: impl Fn(&str) -> Result<String>) -> Result<Vec<String>> {
    let releases: BTreeSet<_> = packages
        .iter()
        .map(|package| (Train::of(&package.name), &package.version))
        .collect();
    let mut missing = Vec::new();
    for (train, version) in releases {
        let tag = train.tag(version);
        if !tags.contains(&tag) {
            missing.push(format!("the tag {tag} is missing: git tag -a {tag} -m {tag}"));
        }
        let path = train.changelog();
        let text = read(path).with_context(|| format!("cannot read {path}"))?;
        if changelog::notes(&text, version)?.is_none() {
            missing.push(format!(
                "{path} says nothing about {version}: {}",
                train.prepare(version)
            ));
        }
    }
    Ok(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Result<String> {
        Ok(match path {
            "CHANGELOG.md" => "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-11-25\n\n- All.\n".to_owned(),
            _ => "# Changelog\n\n## [Unreleased]\n\n- All.\n".to_owned(),
        })
    }

    #[test]
    fn each_release_needs_its_tag_and_its_section() {
        let mut packages = workspace::published(&workspace::root()).unwrap();
        for package in &mut packages {
            package.version = match Train::of(&package.name) {
                Train::Clients => semver::Version::new(0, 2, 0),
                Train::Signing => semver::Version::new(0, 1, 1),
            };
        }
        assert_eq!(
            missing(&packages, &["v0.2.0".to_owned()], read).unwrap(),
            [
                "the tag cueapi-signing-v0.1.1 is missing: git tag -a cueapi-signing-v0.1.1 -m cueapi-signing-v0.1.1",
                "crates/cueapi-signing/CHANGELOG.md says nothing about 0.1.1: \
                 cargo xtask release prepare 0.1.1 --train signing",
            ]
        );
        packages.retain(|package| Train::of(&package.name) == Train::Clients);
        assert_eq!(missing(&packages, &["v0.2.0".to_owned()], read).unwrap(), [""; 0]);
    }
}
