//! The places of a version in manifests.

use anyhow::{Context, Result, ensure};
use semver::Version;
use toml_edit::{DocumentMut, TableLike, value};

/// The version in this table, such as `workspace.package`.
pub(crate) fn version(manifest: &str, table: &[&str]) -> Result<Version> {
    let mut document: DocumentMut = manifest.parse()?;
    let version = find(&mut document, table)?
        .get("version")
        .and_then(|version| version.as_str());
    let version = version.with_context(|| format!("the manifest has no {}.version", table.join(".")))?;
    super::version::parse(version)
}

/// The manifest with another version in this table; everything else stays as it is written.
pub(crate) fn set_version(manifest: &str, table: &[&str], version: &Version) -> Result<String> {
    let mut document: DocumentMut = manifest.parse()?;
    replace(find(&mut document, table)?, version).with_context(|| format!("in {}", table.join(".")))?;
    Ok(document.to_string())
}

/// The root manifest with another version of these packages among the workspace's dependencies.
pub(crate) fn set_dependencies(manifest: &str, packages: &[String], version: &Version) -> Result<String> {
    let mut document: DocumentMut = manifest.parse()?;
    for package in packages {
        let table = ["workspace", "dependencies", package];
        replace(find(&mut document, &table)?, version).with_context(|| format!("in {}", table.join(".")))?;
    }
    Ok(document.to_string())
}

fn find<'a>(document: &'a mut DocumentMut, table: &[&str]) -> Result<&'a mut dyn TableLike> {
    let mut found: &mut dyn TableLike = document.as_table_mut();
    for name in table {
        found = found
            .get_mut(name)
            .and_then(|item| item.as_table_like_mut())
            .with_context(|| format!("the manifest has no {}", table.join(".")))?;
    }
    Ok(found)
}

fn replace(table: &mut dyn TableLike, version: &Version) -> Result<()> {
    let old = table.get_mut("version").context("there is no version")?;
    ensure!(old.is_str(), "the version is not its own: it is set elsewhere");
    let decor = old.as_value().map(|old| old.decor().clone()).unwrap_or_default();
    *old = value(version.to_string());
    if let Some(new) = old.as_value_mut() {
        *new.decor_mut() = decor;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "[workspace.package]\nversion = \"0.1.0\" # all\n\n[workspace.dependencies]\n\
        cueapi-core = { path = \"crates/cueapi-core\", version = \"0.1.0\" }\n\
        cueapi-signing = { path = \"crates/cueapi-signing\", version = \"0.1.0\" }\nserde = \"1\"\n";

    #[test]
    fn a_version_changes_where_it_stands_and_nowhere_else() {
        let next = Version::new(0, 2, 0);
        let table = ["workspace", "package"];
        let changed = set_version(ROOT, &table, &next).unwrap();
        let changed = set_dependencies(&changed, &["cueapi-core".to_owned()], &next).unwrap();
        let wanted = ROOT.replacen("\"0.1.0\" # all", "\"0.2.0\" # all", 1).replacen(
            "core\", version = \"0.1.0\"",
            "core\", version = \"0.2.0\"",
            1,
        );
        assert_eq!(changed, wanted);
        assert_eq!(version(&changed, &table).unwrap(), next);
    }

    #[test]
    fn a_version_that_is_not_there_is_named() {
        let next = Version::new(0, 2, 0);
        let error = set_dependencies(ROOT, &["cueapi-new".to_owned()], &next).unwrap_err();
        assert!(
            format!("{error:#}").contains("workspace.dependencies.cueapi-new"),
            "{error:#}"
        );
        let inherited = "[package]\nversion.workspace = true\n";
        let error = set_version(inherited, &["package"], &next).unwrap_err();
        assert!(format!("{error:#}").contains("it is set elsewhere"), "{error:#}");
        assert!(version(inherited, &["package"]).is_err());
    }
}
