//! `cargo xtask parity`: nothing of the API is left out unseen.
//!
//! Every route of a server is generated or listed with a reason, every operation has its request in a test, every error
//! code that a server was seen to send has a name, and the README's table says what there is.

#![expect(clippy::print_stdout, reason = "what the command reports")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::codegen::{self, Availability, Coverage};

/// Checks that all of the API is generated, tested and named, and prints what there is.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Put the table into the README, in place of failing when it is another one.
    #[arg(long)]
    write: bool,
}

const REQUESTS: &str = "crates/cueapi-core/tests/requests";
const CAPTURES: &str = "tests/fixtures/golden";
const README: &str = "README.md";
const BEGIN: &str = "<!-- coverage, by cargo xtask parity --write -->\n";
const END: &str = "<!-- end of coverage -->\n";

/// Fails when something is missing.
pub(crate) fn run() -> Result<()> {
    Args { write: false }.run()
}

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        let root = codegen::repository();
        let coverage = codegen::coverage()?;
        let table = table(&coverage);
        println!("{table}");
        for (route, reason) in &coverage.not_generated {
            println!("not generated: {route}: {reason}");
        }
        let mut complaints = routes_that_are_both(&coverage);
        complaints.extend(without_request(&coverage, &text_of(&root.join(REQUESTS))?));
        complaints.extend(without_name(&coverage, &captured_codes(&root.join(CAPTURES))?));
        complaints.extend(readme(&root, &table, self.write)?);
        ensure!(complaints.is_empty(), "{}", complaints.join("\n"));
        Ok(())
    }
}

/// The README's table: a line for the operations of each group on the same servers.
fn table(coverage: &Coverage) -> String {
    let mut lines: BTreeMap<(usize, &str), (&str, Vec<&str>)> = BTreeMap::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for operation in &coverage.operations {
        let servers = servers(operation.availability);
        let (_, calls) = lines
            .entry((operation.group_number, servers))
            .or_insert_with(|| (&operation.group, Vec::new()));
        calls.push(operation.id.split_once('.').map_or(&operation.id, |(_, name)| name));
        *counts.entry(servers).or_default() += 1;
    }
    let mut table = String::from("| `client.…()` | calls | servers |\n|---|---|---|\n");
    for ((_, servers), (group, calls)) in &lines {
        table.push_str(&format!("| `{group}` | {} | {servers} |\n", calls.join(", ")));
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(servers, count)| format!("{servers}: {count}"))
        .collect();
    table.push_str(&format!(
        "\n{} operations ({}), and all {} methods of the Python SDK {}.\n",
        coverage.operations.len(),
        counts.join(", "),
        coverage.python_methods,
        coverage.python_version,
    ));
    table
}

fn servers(availability: Availability) -> &'static str {
    match availability {
        Availability::Core => "both",
        Availability::Hosted => "hosted",
        Availability::SelfHosted => "self-hosted",
    }
}

fn routes_that_are_both(coverage: &Coverage) -> Vec<String> {
    let listed: BTreeSet<&str> = coverage.not_generated.iter().map(|(route, _)| route.as_str()).collect();
    let routes = coverage.operations.iter().map(|operation| operation.route.as_str());
    routes
        .filter(|route| listed.contains(route))
        .map(|route| format!("{route} is generated and listed as not generated: take it out of x-not-generated"))
        .collect()
}

/// Operations that no test in `requests` makes.
fn without_request(coverage: &Coverage, tests: &str) -> Vec<String> {
    let tests: String = tests.split_whitespace().collect();
    let operations = coverage.operations.iter();
    let missing = operations.filter(|operation| {
        let call = operation.id.replacen('.', "().", 1);
        !tests.contains(&format!(".{call}("))
    });
    missing
        .map(|operation| format!("{} has no request in {REQUESTS}: add it there", operation.id))
        .collect()
}

fn without_name(coverage: &Coverage, codes: &BTreeSet<String>) -> Vec<String> {
    codes
        .iter()
        .filter(|code| !coverage.error_codes.contains(*code))
        .map(|code| format!("a server has sent the error code {code}: add it to components.schemas.ErrorCode"))
        .collect()
}

fn captured_codes(folder: &Path) -> Result<BTreeSet<String>> {
    let mut codes = BTreeSet::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let exchanges: Vec<Value> =
            serde_json::from_str(&text).with_context(|| format!("{} is no list of exchanges", path.display()))?;
        for exchange in exchanges {
            let body = exchange["response"]["body"].as_str().unwrap_or_default();
            let body: Value = serde_json::from_str(body).unwrap_or_default();
            codes.extend(body["error"]["code"].as_str().map(str::to_owned));
        }
    }
    Ok(codes)
}

fn readme(root: &Path, table: &str, write: bool) -> Result<Option<String>> {
    let path = root.join(README);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {README}"))?;
    let parts = text
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.with_context(|| format!("{README} has no place for the table: {BEGIN} … {END}"))?;
    let wanted = format!("{before}{BEGIN}{table}{END}{after}");
    if wanted == text {
        return Ok(None);
    }
    if write {
        fs::write(&path, wanted).with_context(|| format!("cannot write {README}"))?;
        return Ok(None);
    }
    Ok(Some(format!(
        "the table in {README} is not up to date: run `cargo xtask parity --write`"
    )))
}

fn text_of(folder: &Path) -> Result<String> {
    let mut text = String::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        text.push_str(&fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_api_is_left_out() {
        run().unwrap();
    }

    #[test]
    fn what_is_left_out_is_named() {
        let coverage = codegen::coverage().unwrap();
        let missing = without_request(&coverage, "c.cues()\n  .create(");
        assert!(
            !missing.iter().any(|line| line.starts_with("cues.create ")),
            "{missing:?}"
        );
        assert!(
            missing
                .iter()
                .any(|line| line.starts_with("messages.send has no request in "))
        );
        let unnamed = without_name(&coverage, &["cue_not_found".to_owned(), "brand_new".to_owned()].into());
        assert_eq!(unnamed.len(), 1);
        assert!(unnamed[0].contains("brand_new"));
    }
}
