//! Which version may follow.

use anyhow::{Context, Result, ensure};
use semver::Version;

/// Reads a version as crates.io takes it.
pub(crate) fn parse(text: &str) -> Result<Version> {
    let version = Version::parse(text)
        .with_context(|| format!("{text} is no version of Semantic Versioning, such as 0.2.0 or 1.0.0-rc.1"))?;
    ensure!(
        version.build.is_empty(),
        "{text} has build metadata, which crates.io does not tell apart: leave out +{}",
        version.build
    );
    Ok(version)
}

/// Whether a version may be released after the last release, or as the first one while the manifests have `current`.
pub(crate) fn may_follow(version: &Version, last: Option<&Version>, current: &Version) -> Result<()> {
    match last {
        Some(last) => ensure!(
            version > last,
            "{version} is not greater than {last}, which is released: take the next one"
        ),
        None => ensure!(
            version >= current,
            "{version} is less than {current}, which stands in the manifests: the first release may be that or a greater one"
        ),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        parse(text).unwrap()
    }

    #[test]
    fn only_semantic_versions_are_taken() {
        for text in ["1.0", "v1.0.0", "1.0.0.0", "01.0.0", "", "next"] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains("is no version of Semantic Versioning"), "{error}");
        }
        assert!(parse("1.0.0+7").unwrap_err().to_string().contains("leave out +7"));
        assert_eq!(version("1.0.0-rc.1").to_string(), "1.0.0-rc.1");
    }

    #[test]
    fn a_version_is_greater_than_the_last_release() {
        let may = |new: &str, last: &str| may_follow(&version(new), Some(&version(last)), &version("0.1.0"));
        for (new, last) in [
            ("0.1.1", "0.1.0"),
            ("0.10.0", "0.9.0"),
            ("1.0.0", "1.0.0-rc.2"),
            ("2.0.0", "1.9.9"),
        ] {
            may(new, last).unwrap();
        }
        for (new, last) in [("0.1.0", "0.1.0"), ("0.9.0", "0.10.0"), ("1.0.0-rc.1", "1.0.0")] {
            let error = may(new, last).unwrap_err().to_string();
            assert!(error.contains("is not greater than"), "{error}");
        }
    }

    #[test]
    fn the_first_release_may_have_the_version_of_the_manifests() {
        let may = |new: &str| may_follow(&version(new), None, &version("0.1.0"));
        may("0.1.0").unwrap();
        may("0.2.0").unwrap();
        assert!(may("0.0.9").unwrap_err().to_string().contains("is less than 0.1.0"));
    }
}
