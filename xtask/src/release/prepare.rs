//! `cargo xtask release prepare`: the next version in changelog, manifests and lockfiles, ready to be committed.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use semver::Version;
use xshell::{Shell, cmd};

use super::{
    changelog, git, manifest,
    train::Train,
    version::{self, may_follow},
};
use crate::workspace;

/// Moves what the changelog has as unreleased under VERSION and today's date, and sets VERSION in manifests and lockfiles.
///
/// Commits nothing. Refuses a tree that is not clean, an empty list of changes, and a version that does not follow.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The version to release, such as 0.2.0.
    #[arg(value_parser = version::parse)]
    version: Version,
    /// Which crates: cueapi-signing has versions of its own, all others have one.
    #[arg(long, value_enum, default_value = "clients")]
    train: Train,
}

/// Lockfiles that name packages of this repository; the second belongs to a workspace of its own.
const LOCKED: &[&str] = &["Cargo.toml", "fuzz/Cargo.toml"];

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        let Self { version, train } = self;
        let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
        let root = workspace::root();
        prepare(&root, train, &version, today)?;

        let sh = Shell::new()?;
        sh.change_dir(&root);
        for manifest in LOCKED {
            cmd!(sh, "cargo update --workspace --offline --manifest-path {manifest}")
                .quiet()
                .run()
                .context("the lockfile cannot be brought up to date")?;
        }
        let tag = train.tag(&version);
        eprintln!(
            "\n{version} is prepared. Next:\n\
             1. git diff                               is it what you mean to release? read {changelog} once more\n\
             2. git commit -am 'Release {tag}', and have it reviewed and merged\n\
             3. cargo xtask release check              on the merged commit\n\
             4. git tag -a {tag} -m {tag}\n\
             5. cargo xtask release publish --execute  checks once more and uploads\n\
             6. git push origin {tag}",
            changelog = train.changelog(),
        );
        Ok(())
    }
}

/// Writes the changelog and the manifests; either all of them or, with an error, none.
fn prepare(root: &Path, train: Train, version: &Version, date: Date) -> Result<()> {
    let sh = Shell::new()?;
    sh.change_dir(root);
    git::is_clean(&sh)?;

    let changes = read(root, train.changelog())?;
    let current = manifest::version(&read(root, train.manifest())?, train.table())?;
    may_follow(version, changelog::last_release(&changes)?.as_ref(), &current)?;
    let changes = changelog::release(&changes, version, date).with_context(|| train.changelog())?;

    let packages = train.names(&workspace::published(root)?);
    let dependencies = manifest::set_dependencies(&read(root, "Cargo.toml")?, &packages, version)?;
    let written = match train {
        Train::Clients => vec![(
            "Cargo.toml",
            manifest::set_version(&dependencies, train.table(), version)?,
        )],
        Train::Signing => {
            let own = manifest::set_version(&read(root, train.manifest())?, train.table(), version)?;
            vec![("Cargo.toml", dependencies), (train.manifest(), own)]
        }
    };
    for (path, text) in written.iter().chain([&(train.changelog(), changes)]) {
        fs::write(root.join(path), text).with_context(|| format!("cannot write {path}"))?;
    }
    Ok(())
}

fn read(root: &Path, path: &str) -> Result<String> {
    fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const ROOT: &str = "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n\n\
        [workspace.package]\nversion = \"0.1.0\"\n\n[workspace.dependencies]\n\
        cueapi-core = { path = \"crates/cueapi-core\", version = \"0.1.0\" }\n\
        cueapi-signing = { path = \"crates/cueapi-signing\", version = \"0.1.0\" }\n";
    const CHANGELOG: &str = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- Everything.\n";
    const FILES: &[(&str, &str)] = &[
        ("Cargo.toml", ROOT),
        ("CHANGELOG.md", CHANGELOG),
        (
            "crates/cueapi-core/Cargo.toml",
            "[package]\nname = \"cueapi-core\"\nversion.workspace = true\n",
        ),
        ("crates/cueapi-core/src/lib.rs", ""),
        (
            "crates/cueapi-signing/Cargo.toml",
            "[package]\nname = \"cueapi-signing\"\nversion = \"0.1.0\"\n",
        ),
        ("crates/cueapi-signing/CHANGELOG.md", CHANGELOG),
        ("crates/cueapi-signing/src/lib.rs", ""),
    ];

    /// A repository of two crates with one commit.
    fn repository(sh: &Shell) -> xshell::TempDir {
        let folder = sh.create_temp_dir().unwrap();
        sh.change_dir(folder.path());
        for (path, text) in FILES {
            sh.write_file(path, text).unwrap();
        }
        commit(sh);
        folder
    }

    fn commit(sh: &Shell) {
        cmd!(sh, "git init --quiet").quiet().run().unwrap();
        cmd!(sh, "git add --all").quiet().run().unwrap();
        cmd!(
            sh,
            "git -c user.name=test -c user.email=test@localhost commit --quiet --message all"
        )
        .quiet()
        .run()
        .unwrap();
    }

    #[test]
    fn the_client_crates_get_one_version_and_signing_keeps_its_own() {
        let sh = Shell::new().unwrap();
        let folder = repository(&sh);
        prepare(
            folder.path(),
            Train::Clients,
            &Version::new(0, 2, 0),
            date(2026, 11, 25),
        )
        .unwrap();
        assert_eq!(
            read(folder.path(), "Cargo.toml").unwrap(),
            ROOT.replace("package]\nversion = \"0.1.0\"", "package]\nversion = \"0.2.0\"")
                .replace("core\", version = \"0.1.0\"", "core\", version = \"0.2.0\"")
        );
        assert!(
            read(folder.path(), "CHANGELOG.md")
                .unwrap()
                .contains("\n## [0.2.0] - 2026-11-25\n\n### Added\n")
        );
        let changed = cmd!(sh, "git status --porcelain").quiet().read().unwrap();
        assert_eq!(changed, " M CHANGELOG.md\n M Cargo.toml");

        let error = prepare(
            folder.path(),
            Train::Clients,
            &Version::new(0, 3, 0),
            date(2026, 11, 26),
        )
        .unwrap_err();
        assert!(error.to_string().contains("the tree is not clean"), "{error}");
        commit(&sh);
        let error = prepare(
            folder.path(),
            Train::Clients,
            &Version::new(0, 2, 0),
            date(2026, 11, 26),
        )
        .unwrap_err();
        assert!(error.to_string().contains("is not greater than 0.2.0"), "{error}");
    }

    #[test]
    fn signing_is_released_alone() {
        let sh = Shell::new().unwrap();
        let folder = repository(&sh);
        prepare(
            folder.path(),
            Train::Signing,
            &Version::new(1, 0, 0),
            date(2026, 11, 25),
        )
        .unwrap();
        assert_eq!(
            read(folder.path(), "Cargo.toml").unwrap(),
            ROOT.replace("signing\", version = \"0.1.0\"", "signing\", version = \"1.0.0\"")
        );
        let own = read(folder.path(), "crates/cueapi-signing/Cargo.toml").unwrap();
        assert!(own.contains("version = \"1.0.0\""), "{own}");
        assert_eq!(read(folder.path(), "CHANGELOG.md").unwrap(), CHANGELOG);
    }

    #[test]
    fn a_release_without_changes_writes_nothing() {
        let sh = Shell::new().unwrap();
        let folder = repository(&sh);
        sh.write_file("CHANGELOG.md", "# Changelog\n\n## [Unreleased]\n")
            .unwrap();
        commit(&sh);
        let error = prepare(
            folder.path(),
            Train::Clients,
            &Version::new(0, 2, 0),
            date(2026, 11, 25),
        )
        .unwrap_err();
        assert!(format!("{error:#}").contains("says nothing under"), "{error:#}");
        git::is_clean(&sh).unwrap();
    }
}
