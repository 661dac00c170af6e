//! `cargo xtask codegen`: writes the generated parts of the crates from `spec/openapi.yaml`.
//!
//! The description is read ([`spec`]), understood ([`lower`] makes an [`api::Api`] of it), and written as Rust
//! ([`types`] for cueapi-types, [`endpoints`] for cueapi-core, [`docs`] for the documentation in both).

mod api;
mod docs;
mod endpoints;
mod files;
mod lower;
mod spec;
#[cfg(test)]
mod tests;
mod types;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Where the description is, from the root of the repository.
const SPEC: &str = "xtask/spec/openapi.yaml";

/// Writes the generated files, or with `check` fails when one of them is not as it would be written.
pub(crate) fn run(check: bool) -> Result<()> {
    let root = repository();
    let files = generate(&std::fs::read_to_string(root.join(SPEC)).with_context(|| format!("cannot read {SPEC}"))?)?;
    if check {
        files::compare(&root, &files)
    } else {
        files::write(&root, &files)
    }
}

/// The generated files for a description.
fn generate(description: &str) -> Result<Vec<files::File>> {
    let document = spec::read(description).with_context(|| format!("{SPEC} is not in the form that codegen reads"))?;
    let api = lower::api(&document).with_context(|| format!("{SPEC} does not make sense"))?;
    let mut files = types::files(&api)?;
    files.extend(endpoints::files(&api)?);
    Ok(files)
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, Path::to_path_buf)
}
