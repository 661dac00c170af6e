//! Which crates are released together.

use cargo_metadata::Package;
use semver::Version;

const SIGNING: &str = "cueapi-signing";

/// Crates that share one version and one changelog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Train {
    /// The client and all that shows its types: every published crate but cueapi-signing.
    Clients,
    /// cueapi-signing alone: its users verify webhooks and need none of the client.
    Signing,
}

impl Train {
    pub(crate) fn of(package: &str) -> Self {
        if package == SIGNING {
            Self::Signing
        } else {
            Self::Clients
        }
    }

    /// The names of its packages, out of all that are published.
    pub(crate) fn names(self, published: &[Package]) -> Vec<String> {
        let names = published.iter().map(|package| package.name.to_string());
        names.filter(|name| Self::of(name) == self).collect()
    }

    /// The manifest in which its version stands.
    pub(crate) const fn manifest(self) -> &'static str {
        match self {
            Self::Clients => "Cargo.toml",
            Self::Signing => "crates/cueapi-signing/Cargo.toml",
        }
    }

    /// The table of that manifest in which it stands.
    pub(crate) const fn table(self) -> &'static [&'static str] {
        match self {
            Self::Clients => &["workspace", "package"],
            Self::Signing => &["package"],
        }
    }

    pub(crate) const fn changelog(self) -> &'static str {
        match self {
            Self::Clients => "CHANGELOG.md",
            Self::Signing => "crates/cueapi-signing/CHANGELOG.md",
        }
    }

    /// The command that prepares a release of it.
    pub(crate) fn prepare(self, version: &Version) -> String {
        match self {
            Self::Clients => format!("cargo xtask release prepare {version}"),
            Self::Signing => format!("cargo xtask release prepare {version} --train signing"),
        }
    }

    pub(crate) fn tag(self, version: &Version) -> String {
        match self {
            Self::Clients => format!("v{version}"),
            Self::Signing => format!("{SIGNING}-v{version}"),
        }
    }
}
