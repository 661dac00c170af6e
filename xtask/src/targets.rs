//! Compilers for targets other than this machine.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use semver::Version;
use xshell::{Cmd, Shell, cmd};

use crate::steps::Missing;

/// Where code for a target comes from.
pub(crate) enum Toolchain {
    /// The toolchain in use, to which rustup could add the target.
    Rustup,
    /// Another one of rustup's, by its version.
    Version(String),
    /// One of its own, from Debian's packages; this file sets its environment.
    Debian(PathBuf),
}

impl Toolchain {
    /// Makes sure that there is a compiler for these targets: by rustup, or where that has none, from Debian's packages.
    pub(crate) fn for_targets(sh: &Shell, targets: &[&str]) -> Result<Self> {
        if cmd!(sh, "rustup target add")
            .args(targets)
            .quiet()
            .ignore_stderr()
            .run()
            .is_ok()
        {
            return Ok(Self::Rustup);
        }
        eprintln!("rustup has no such target; taking a toolchain from Debian's packages instead");
        Self::debian(sh, targets)
    }

    /// A compiler of this version, such as 1.85: by rustup, or where that has none, from Debian's packages if theirs is it.
    pub(crate) fn of_version(sh: &Shell, version: &Version) -> Result<Option<Self>> {
        let version = format!("{}.{}", version.major, version.minor);
        if cmd!(sh, "rustup toolchain install --profile minimal {version}")
            .quiet()
            .ignore_stderr()
            .ignore_stdout()
            .run()
            .is_ok()
        {
            return Ok(Some(Self::Version(version)));
        }
        eprintln!("rustup has no toolchain {version}; looking at the one of Debian's packages");
        let Ok(debian) = Self::debian(sh, &[]) else {
            return Ok(None);
        };
        let found = debian.cargo(sh, &["--version"]).quiet().read()?;
        Ok(found.starts_with(&format!("cargo {version}.")).then_some(debian))
    }

    fn debian(sh: &Shell, targets: &[&str]) -> Result<Self> {
        let prefix = target_folder().join("debian-toolchain");
        let environment = prefix.join("env");
        if !environment.exists() {
            let script = include_str!("targets/debian.sh");
            let targets = targets.join(" ");
            cmd!(sh, "bash -c {script} debian.sh {prefix} {targets}")
                .quiet()
                .run()
                .context(Missing("a toolchain for these targets"))?;
        }
        Ok(Self::Debian(environment))
    }

    /// A cargo command.
    pub(crate) fn cargo<'a>(&self, sh: &'a Shell, arguments: &[&str]) -> Cmd<'a> {
        match self {
            Self::Rustup => cmd!(sh, "cargo").args(arguments),
            Self::Version(version) => cmd!(sh, "cargo +{version}").args(arguments),
            Self::Debian(environment) => {
                let script = r#". "$0"; exec cargo "$@""#;
                cmd!(sh, "bash -c {script} {environment}").args(arguments)
            }
        }
    }
}

/// Where cargo builds.
pub(crate) fn target_folder() -> PathBuf {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(default, PathBuf::from)
}
