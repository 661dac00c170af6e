//! The changelog, in the form of Keep a Changelog: what is released, what is not yet, and the move from one to the other.

use anyhow::{Context, Result, ensure};
use jiff::civil::Date;
use semver::Version;

const UNRELEASED: &str = "Unreleased";

/// The greatest version that has a section of its own.
pub(crate) fn last_release(changelog: &str) -> Result<Option<Version>> {
    let sections = parse_changelog::parse(changelog)?;
    let versions = sections.keys().filter(|name| **name != UNRELEASED);
    let versions = versions.map(|name| super::version::parse(name).context("in the changelog"));
    Ok(versions.collect::<Result<Vec<_>>>()?.into_iter().max())
}

/// What the changelog says about a version.
pub(crate) fn notes<'a>(changelog: &'a str, version: &Version) -> Result<Option<&'a str>> {
    let sections = parse_changelog::parse(changelog)?;
    Ok(sections.get(version.to_string().as_str()).map(|section| section.notes))
}

/// The changelog after a release: what was unreleased stands under the version and its date.
pub(crate) fn release(changelog: &str, version: &Version, date: Date) -> Result<String> {
    let sections = parse_changelog::parse(changelog)?;
    let unreleased = sections
        .get(UNRELEASED)
        .context("the changelog has no section `## [Unreleased]`: add it above the last release")?;
    let says_something = unreleased
        .notes
        .lines()
        .any(|line| !line.trim().is_empty() && !line.starts_with('#'));
    ensure!(
        says_something,
        "the changelog says nothing under `## [Unreleased]`: write there what changes for users"
    );
    let heading = format!("## {}\n", unreleased.title);
    let (before, after) = changelog
        .split_once(&heading)
        .with_context(|| format!("the changelog has no line `{}`", heading.trim_end()))?;
    Ok(format!("{before}{heading}\n## [{version}] - {date}\n{after}"))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const CHANGELOG: &str = "# Changelog\n\nThe form is Keep a Changelog.\n\n## [Unreleased]\n\n### Added\n\n- Time.\n\n\
        ## [0.2.0] - 2026-01-02\n\n### Fixed\n\n- Space.\n\n## [0.10.0-rc.1] - 2026-01-01\n\n- First.\n";

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn what_was_unreleased_stands_under_its_version() {
        let released = release(CHANGELOG, &version("0.11.0"), date(2026, 11, 25)).unwrap();
        let wanted = CHANGELOG.replace("## [Unreleased]\n", "## [Unreleased]\n\n## [0.11.0] - 2026-11-25\n");
        assert_eq!(released, wanted);
        assert_eq!(
            notes(&released, &version("0.11.0")).unwrap(),
            Some("### Added\n\n- Time.")
        );
        assert_eq!(last_release(&released).unwrap(), Some(version("0.11.0")));
        let again = release(&released, &version("0.12.0"), date(2026, 11, 26)).unwrap_err();
        assert!(again.to_string().contains("says nothing under"), "{again}");
    }

    #[test]
    fn headings_alone_say_nothing() {
        let empty = CHANGELOG.replace("- Time.\n", "");
        let error = release(&empty, &version("1.0.0"), date(2026, 11, 25)).unwrap_err();
        assert!(error.to_string().contains("says nothing under"), "{error}");
        let without = CHANGELOG.replace("[Unreleased]", "[0.11.0]");
        let error = release(&without, &version("1.0.0"), date(2026, 11, 25)).unwrap_err();
        assert!(error.to_string().contains("has no section"), "{error}");
    }

    #[test]
    fn the_last_release_is_the_greatest() {
        assert_eq!(last_release(CHANGELOG).unwrap(), Some(version("0.10.0-rc.1")));
        assert_eq!(
            last_release("# Changelog\n\n## [Unreleased]\n\n- All.\n").unwrap(),
            None
        );
        assert_eq!(notes(CHANGELOG, &version("0.3.0")).unwrap(), None);
    }
}
