//! What CI and releases take from elsewhere is pinned, and the token of crates.io is where nothing else runs.
//!
//! A tag of an action, or a tool without a version, can be another program tomorrow.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::workspace;

/// Looks at the workflows and at the scripts that they run.
pub(crate) fn run() -> Result<()> {
    let root = workspace::root();
    let mut complaints = Vec::new();
    for (folder, is_workflow) in [(".github/workflows", true), (".ci", false)] {
        for entry in fs::read_dir(root.join(folder)).context(folder)? {
            let path = entry?.path();
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let found = if is_workflow { workflow(&text)? } else { commands(&text) };
            let name = path.strip_prefix(&root).unwrap_or(Path::new("")).display().to_string();
            complaints.extend(found.into_iter().map(|complaint| format!("{name}: {complaint}")));
        }
    }
    ensure!(complaints.is_empty(), "{}", complaints.join("\n"));
    Ok(())
}

/// What is wrong with a workflow.
fn workflow(text: &str) -> Result<Vec<String>> {
    let workflow: Value = serde_saphyr::from_str(text).map_err(|error| anyhow::anyhow!("{error}"))?;
    let mut complaints = Vec::new();
    let mut secrets = text.matches("secrets.").count();
    for (name, job) in workflow["jobs"].as_object().into_iter().flatten() {
        let steps = job["steps"].as_array().into_iter().flatten();
        for used in steps.clone().map(|step| &step["uses"]).chain([&job["uses"]]) {
            if let Some(action) = used.as_str().filter(|action| !is_pinned(action)) {
                complaints.push(format!("{name}: {action} is not pinned by the hash of a commit"));
            }
        }
        for step in steps {
            let command = step["run"].as_str().unwrap_or_default();
            complaints.extend(
                commands(command)
                    .into_iter()
                    .map(|complaint| format!("{name}: {complaint}")),
            );
            if command.contains("publish") && command.contains("--checked") && command.lines().count() == 1 {
                secrets -= step["env"].to_string().matches("secrets.").count();
            }
        }
    }
    if secrets > 0 {
        complaints.push("a secret is outside the step that does nothing but upload".to_owned());
    }
    Ok(complaints)
}

/// By a whole commit, or by the digest of an image, or of this repository.
fn is_pinned(action: &str) -> bool {
    let hexadecimal = |digits: &str, count| digits.len() == count && digits.chars().all(|c| c.is_ascii_hexdigit());
    action.starts_with("./")
        || action.rsplit_once('@').is_some_and(|(_, version)| {
            hexadecimal(version, 40)
                || version
                    .strip_prefix("sha256:")
                    .is_some_and(|digest| hexadecimal(digest, 64))
        })
}

/// What a script installs without saying which version. Debian's packages are signed, and come as the machine's release has them.
fn commands(script: &str) -> Vec<String> {
    let script = script.replace("\\\n", " ");
    let lines = script.lines().filter(|line| !line.trim_start().starts_with('#'));
    let commands = lines.flat_map(|line| line.split("&&").flat_map(|part| part.split("||")));
    let has_number = |word: &str| word.contains(|c: char| c.is_ascii_digit());
    let unpinned = commands.filter(|command| {
        let words: Vec<_> = command.split_whitespace().collect();
        let after = |pair: [&str; 2]| words.windows(2).position(|two| two == pair).map(|at| &words[at + 2..]);
        let named = |rest: &[&str]| {
            let names = rest.iter().skip_while(|word| word.starts_with('-'));
            names
                .take_while(|word| !word.starts_with('-'))
                .any(|word| has_number(word))
        };
        let cargo = after(["cargo", "install"]).is_some_and(|rest| {
            let tools: Vec<_> = rest.iter().filter(|word| word.starts_with("cargo-")).collect();
            tools.is_empty() || tools.iter().any(|tool| !tool.contains('@')) || !rest.contains(&"--locked")
        });
        let pip = after(["pip", "install"]).is_some_and(|rest| !rest.contains(&"--require-hashes"));
        let npm = after(["npm", "install"]).is_some() || after(["npm", "i"]).is_some();
        let rustup = after(["toolchain", "install"]).is_some_and(|rest| !named(rest));
        cargo || pip || npm || rustup
    });
    unpinned
        .map(|command| format!("what this installs is not pinned: {}", command.trim()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PINNED: &str = "actions/checkout@08eba0b27e820071cde6df949e0beb9ba4906955";

    fn job(steps: &str) -> Vec<String> {
        workflow(&format!("jobs:\n  build:\n    steps:\n{steps}")).unwrap()
    }

    #[test]
    fn an_action_is_pinned_by_a_whole_commit() {
        assert_eq!(job(&format!("      - uses: {PINNED} # v4.3.0")), [""; 0]);
        assert_eq!(job("      - uses: ./.github/actions/own"), [""; 0]);
        for loose in [
            "actions/checkout@v4",
            "actions/checkout@main",
            "actions/checkout@08eba0b",
            "actions/checkout",
        ] {
            let said = format!("build: {loose} is not pinned by the hash of a commit");
            assert_eq!(job(&format!("      - uses: {loose}")), [said]);
        }
        let called = "jobs:\n  build:\n    uses: someone/flows/.github/workflows/x.yml@v1\n";
        assert_eq!(workflow(called).unwrap().len(), 1);
    }

    #[test]
    fn a_secret_is_only_where_nothing_is_built() {
        let with = |run: &str| {
            job(&format!(
                "      - run: {run}\n        env:\n          TOKEN: ${{{{ secrets.TOKEN }}}}"
            ))
        };
        assert_eq!(with("target/debug/xtask release publish --execute --checked"), [""; 0]);
        let said = ["a secret is outside the step that does nothing but upload"];
        assert_eq!(with("bash .ci/release publish --execute"), said);
        assert_eq!(with("cargo test"), said);
        let global = "env:\n  TOKEN: ${{ secrets.TOKEN }}\njobs: {}\n";
        assert_eq!(workflow(global).unwrap(), said);
    }

    #[test]
    fn a_tool_is_installed_by_its_version() {
        for pinned in [
            "cargo install --locked --quiet cargo-deny@0.20.2 cargo-hack@0.6.45",
            "pip install --quiet \\\n  --require-hashes -r .ci/tools.txt && cargo deny --version",
            "npm ci",
            "rustup toolchain install nightly-2026-05-20 --profile minimal",
            "rustup toolchain install --profile minimal 1.95.0 --component clippy",
            "# cargo install cargo-deny takes six minutes",
        ] {
            assert_eq!(commands(pinned), [""; 0]);
        }
        for loose in [
            "cargo install --locked cargo-deny@0.20.2 cargo-hack",
            "cargo install cargo-fuzz@0.13.2",
            "true && pip install cargo-fuzz==0.13.2",
            "npm install workerd",
            "rustup toolchain install nightly --profile minimal",
        ] {
            assert_eq!(commands(loose).len(), 1, "{loose}");
        }
    }

    #[test]
    fn ours_are_pinned() {
        run().unwrap();
    }
}
