//! `cargo xtask drift`: what a server's own `/openapi.json` says otherwise than our description.
//!
//! Both documents become a [`surface`], [`compare`] lists the differences, and [`acknowledged`] is the list of those that
//! we know of, each with its reason. Any other is a failure, and so is an entry of the list that no longer shows.
//!
//! `xtask/spec/server.json` is the surface of a real self-hosted server (0.1.2, FastAPI 0.136.1): CI compares with it, where
//! there is no server.

mod acknowledged;
mod compare;
mod surface;
#[cfg(test)]
mod tests;

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use xshell::{Shell, cmd};

use self::{acknowledged::Acknowledged, surface::Surface};

/// Compares our description with a server's own /openapi.json.
///
/// Prints each difference: + is only there, - only here, ~ is there otherwise. Fails on those that are not in the list of known
/// differences, and on entries of the list that do not show. Reads what FastAPI writes (OpenAPI 3.1); a server in production
/// hides it (start one without ENV=production).
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// A server's base URL, the URL of its document, or a file. [default: xtask/spec/server.json, the copy of a server's]
    document: Option<String>,
    /// Write what is compared of the server's document to xtask/spec/server.json, and nothing else of it.
    #[arg(long, requires = "document")]
    keep: bool,
    /// Our description. [default: xtask/spec/openapi.yaml]
    #[arg(long)]
    description: Option<PathBuf>,
    /// The differences that are known, with reasons. [default: xtask/spec/drift.yaml]
    #[arg(long)]
    acknowledged: Option<PathBuf>,
}

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec");
        let spec = |given: Option<PathBuf>, name| given.unwrap_or_else(|| folder.join(name));
        let kept = folder.join("server.json");
        let theirs = match self.document {
            Some(document) => fetch(&document)?,
            None => read(&kept)?,
        };
        let theirs = server(&theirs)?;
        if self.keep {
            fs::write(&kept, surface::write(&theirs)?)?;
        }
        let report = report(
            &read(&spec(self.description, "openapi.yaml"))?,
            &theirs,
            &read(&spec(self.acknowledged, "drift.yaml"))?,
        )?;
        eprint!("{}", report.text);
        ensure!(
            report.unknown == 0,
            "{} differences are not acknowledged: change xtask/spec/openapi.yaml, or list them with a reason in \
             xtask/spec/drift.yaml",
            report.unknown
        );
        ensure!(
            report.stale == 0,
            "{} entries of xtask/spec/drift.yaml do not show on this server: remove them",
            report.stale
        );
        Ok(())
    }
}

#[derive(Debug)]
struct Report {
    text: String,
    /// How many differences are not in the list.
    unknown: usize,
    /// How many entries of the list are not among the differences.
    stale: usize,
}

/// A server's own document, or the copy of one.
fn server(document: &str) -> Result<Surface> {
    let document = serde_json::from_str(document).context("the server's document is not JSON")?;
    surface::read(&document).context("the server's document is not OpenAPI")
}

/// Compares our description (YAML) with a server's surface, given the list of acknowledged differences (YAML).
fn report(ours: &str, theirs: &Surface, acknowledged: &str) -> Result<Report> {
    let ours: Value = serde_saphyr::from_str(ours).map_err(|error| anyhow::anyhow!("our description: {error}"))?;
    let acknowledged = acknowledged::read(acknowledged).context("the list of acknowledged differences")?;
    let differences = compare::compare(&surface::read(&ours).context("our description")?, theirs);

    let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
    let mut report = Report {
        text: String::new(),
        unknown: 0,
        stale: 0,
    };
    for line in &lines {
        match acknowledged.iter().find(|entry| entry.covers(line)) {
            Some(Acknowledged { reason, .. }) => writeln!(report.text, "known {line}\n          {}", reason.trim())?,
            None => {
                writeln!(report.text, "NEW   {line}")?;
                report.unknown += 1;
            }
        }
    }
    for entry in &acknowledged {
        if !lines.iter().any(|line| entry.covers(line)) {
            writeln!(report.text, "STALE {}", entry.difference)?;
            report.stale += 1;
        }
    }
    let known = lines.len() - report.unknown;
    writeln!(
        report.text,
        "{} differences, {known} of them known (+ only there, - only here, ~ other)",
        lines.len()
    )?;
    Ok(report)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// A file's text, or what a server answers. curl is on every machine that CI and developers use, and costs no dependency.
fn fetch(document: &str) -> Result<String> {
    if !document.starts_with("http://") && !document.starts_with("https://") {
        return read(Path::new(document));
    }
    let url = document_url(document);
    let sh = Shell::new()?;
    cmd!(
        sh,
        "curl --fail --silent --show-error --proto =http,https --max-time 30 --max-filesize 16777216 {url}"
    )
    .quiet()
    .read()
    .with_context(|| {
        format!(
            "{url} cannot be fetched; a server in production hides it: run one without ENV=production, or give a file"
        )
    })
}

fn document_url(url: &str) -> String {
    if url.ends_with(".json") {
        return url.to_owned();
    }
    let base = url.trim_end_matches('/');
    format!("{}/openapi.json", base.strip_suffix("/v1").unwrap_or(base))
}
