//! `cargo xtask codegen`: writes the generated parts of the crates from `spec/openapi.yaml`.
//!
//! The description is read ([`spec`]), understood ([`lower`] makes an [`api::Api`] of it), and written as Rust
//! ([`types`] for cueapi-types, [`endpoints`] for cueapi-core, [`docs`] for the documentation in both, [`tables`] for what
//! tests know of the API).

mod api;
mod docs;
mod endpoints;
mod files;
mod lower;
mod spec;
mod tables;
#[cfg(test)]
mod tests;
mod types;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub(crate) use self::spec::Availability;

/// Where the description is, from the root of the repository.
const SPEC: &str = "xtask/spec/openapi.yaml";

/// What the description covers, for whoever checks that nothing is missing.
#[derive(Debug)]
pub(crate) struct Coverage {
    pub(crate) operations: Vec<Operation>,
    /// Routes that no client is to call, and why.
    pub(crate) not_generated: Vec<(String, String)>,
    pub(crate) error_codes: Vec<String>,
    pub(crate) python_version: String,
    pub(crate) python_methods: usize,
}

#[derive(Debug)]
pub(crate) struct Operation {
    /// `cues.create`.
    pub(crate) id: String,
    /// `POST /v1/cues`.
    pub(crate) route: String,
    pub(crate) group: String,
    /// The place of its group among all.
    pub(crate) group_number: usize,
    pub(crate) availability: Availability,
}

/// Reads the description in the repository.
pub(crate) fn coverage() -> Result<Coverage> {
    let text = std::fs::read_to_string(repository().join(SPEC)).with_context(|| format!("cannot read {SPEC}"))?;
    let document = spec::read(&text)?;
    let api = lower::api(&document)?;
    let operations = api.groups.iter().enumerate().flat_map(|(number, group)| {
        group.endpoints.iter().map(move |endpoint| Operation {
            id: endpoint.id.clone(),
            route: format!("{} {}", endpoint.http_method, endpoint.path),
            group: group.name.clone(),
            group_number: number,
            availability: endpoint.availability,
        })
    });
    let codes = document.components.schemas.get("ErrorCode");
    Ok(Coverage {
        operations: operations.collect(),
        not_generated: document
            .not_generated
            .iter()
            .map(|route| (route.route.clone(), route.reason.clone()))
            .collect(),
        error_codes: codes.and_then(|codes| codes.values.clone()).unwrap_or_default(),
        python_version: api.python_sdk.version,
        python_methods: api.python_sdk.methods.len(),
    })
}

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
    files.extend(tables::files(&api)?);
    Ok(files)
}

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, Path::to_path_buf)
}
