//! What is in the packages: all that belongs there and nothing else.

use std::fs;

use anyhow::{Context, Result, ensure};
use cargo_metadata::Package;
use xshell::{Shell, cmd};

use crate::workspace;

/// What every package has.
const REQUIRED: &[&str] = &["Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];

/// What cargo adds, and what some packages have. The picture is one of a README.
const KNOWN: &[&str] = &[
    ".cargo_vcs_info.json",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml.orig",
    "page.png",
];

/// Where code is.
const CODE: &[&str] = &["benches/", "examples/", "src/", "tests/"];

/// What code includes, from beside it.
const INCLUDED: &[&str] = &["css", "html", "js", "svg"];

const MAX_FILE: u64 = 100 << 10;
const MAX_PACKAGE: u64 = 1 << 20;

/// Fails when a package would be uploaded with something stray, too large or missing.
pub(crate) fn packages(sh: &Shell) -> Result<()> {
    let mut complaints = Vec::new();
    for package in workspace::published(&workspace::root())? {
        let files = files(sh, &package)?;
        let bytes: u64 = files.iter().map(|(_, bytes)| bytes).sum();
        eprintln!(
            "{} {}: {} files, {} KiB",
            package.name,
            package.version,
            files.len(),
            bytes >> 10
        );
        let found = manifest(&package).into_iter().chain(review(&files));
        complaints.extend(found.map(|complaint| format!("{}: {complaint}", package.name)));
    }
    ensure!(complaints.is_empty(), "{}", complaints.join("\n"));
    Ok(())
}

/// The files that would be uploaded, with their sizes; what cargo only makes while it packs counts as nothing.
fn files(sh: &Shell, package: &Package) -> Result<Vec<(String, u64)>> {
    let name = package.name.as_str();
    let list = cmd!(sh, "cargo package --list --allow-dirty --package {name}")
        .quiet()
        .read()
        .with_context(|| format!("cannot list the files of {name}"))?;
    let folder = package.manifest_path.parent().context("a manifest without a folder")?;
    let size = |path: &str| fs::metadata(folder.join(path)).map_or(0, |file| file.len());
    Ok(list.lines().map(|path| (path.to_owned(), size(path))).collect())
}

fn is_code(path: &str) -> bool {
    let (_, extension) = path.rsplit_once('.').unwrap_or_default();
    match extension {
        "rs" => CODE.iter().any(|folder| path.starts_with(folder)),
        other => path.starts_with("src/") && INCLUDED.contains(&other),
    }
}

fn review(files: &[(String, u64)]) -> Vec<String> {
    let mut complaints = Vec::new();
    for required in REQUIRED {
        if !files.iter().any(|(path, _)| path == required) {
            complaints.push(format!("{required} is missing"));
        }
    }
    for (path, bytes) in files {
        if !is_code(path) && !REQUIRED.contains(&path.as_str()) && !KNOWN.contains(&path.as_str()) {
            complaints.push(format!(
                "{path} does not belong in a package: `exclude` it, or name it in contents.rs"
            ));
        }
        if *bytes > MAX_FILE {
            complaints.push(format!("{path} has {bytes} bytes, more than {MAX_FILE}"));
        }
    }
    let total: u64 = files.iter().map(|(_, bytes)| bytes).sum();
    if total > MAX_PACKAGE {
        complaints.push(format!("the package has {total} bytes, more than {MAX_PACKAGE}"));
    }
    complaints
}

/// What crates.io and docs.rs show.
fn manifest(package: &Package) -> Vec<String> {
    let fields = [
        ("description", package.description.is_some()),
        ("license", package.license.is_some()),
        ("repository", package.repository.is_some()),
        ("readme", package.readme.is_some()),
        ("keywords", !package.keywords.is_empty()),
        ("categories", !package.categories.is_empty()),
        ("rust-version", package.rust_version.is_some()),
        ("metadata.docs.rs", package.metadata["docs"]["rs"].is_object()),
    ];
    let missing = fields.iter().filter(|(_, there)| !there);
    missing
        .map(|(field, _)| format!("the manifest has no {field}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(more: &[(&str, u64)]) -> Vec<(String, u64)> {
        let files = REQUIRED.iter().map(|path| (*path, 100)).chain([("src/lib.rs", 1000)]);
        files
            .chain(more.iter().copied())
            .map(|(path, bytes)| (path.to_owned(), bytes))
            .collect()
    }

    #[test]
    fn code_and_front_matter_are_all_that_is_uploaded() {
        let usual = [
            (".cargo_vcs_info.json", 0),
            ("CHANGELOG.md", 2000),
            ("examples/worker.rs", 3000),
            ("src/page/index.html", 3000),
        ];
        assert_eq!(review(&package(&usual)), [""; 0]);
        for stray in [
            "tests/fixtures/golden.json",
            "tests/page.html",
            "src/lib.rs.orig",
            ".env",
            "target.log",
            "notes/a.rs",
        ] {
            let complaints = review(&package(&[(stray, 1)]));
            assert!(
                complaints[0].starts_with(&format!("{stray} does not belong")),
                "{complaints:?}"
            );
        }
    }

    #[test]
    fn what_is_missing_or_large_is_named() {
        let without: Vec<_> = package(&[])
            .into_iter()
            .filter(|(path, _)| path != "LICENSE-MIT")
            .collect();
        assert_eq!(review(&without), ["LICENSE-MIT is missing"]);
        let large = review(&package(&[("src/table.rs", MAX_FILE + 1)]));
        assert_eq!(large, ["src/table.rs has 102401 bytes, more than 102400"]);
        let names: Vec<_> = (0..11).map(|n| format!("src/part_{n}.rs")).collect();
        let many: Vec<_> = names.iter().map(|name| (name.as_str(), MAX_FILE)).collect();
        let complaints = review(&package(&many));
        assert!(complaints[0].starts_with("the package has "), "{complaints:?}");
    }
}
