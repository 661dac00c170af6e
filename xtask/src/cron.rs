//! The emulator's cron beside croniter, which CueAPI servers use.
#![expect(clippy::print_stdout, reason = "what the command reports")]

use std::{fs, path::Path};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::targets::target_folder;

/// Compares the emulator's cron with Python's croniter: random expressions and odd ones, in ten time zones, around the changes
/// of the clocks.
///
/// Installs croniter from PyPI into the target folder, asks it, and runs the test that compares the checked-in sample on all
/// of its answers.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many expressions; from 500 on, each in ten time zones and from eight starts.
    #[arg(long, default_value_t = 1000, value_name = "N")]
    differential: u32,
    /// Write what is checked in anew instead: the answers for 60 expressions.
    #[arg(long, conflicts_with = "differential")]
    write_sample: bool,
}

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        let sh = Shell::new()?;
        let folder = target_folder().join("croniter");
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/cron");
        if !folder.join("croniter").exists() {
            cmd!(
                sh,
                "python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target {folder}"
            )
            .args(["--require-hashes", "-r"])
            .arg(fixtures.join("requirements.txt"))
            .run()
            .context("croniter comes from PyPI, by python3 -m pip; both are needed")?;
        }
        let script = fixtures.join("croniter_sample.py");
        let expressions = if self.write_sample { 60 } else { self.differential }.to_string();
        let _path = sh.push_env("PYTHONPATH", &folder);
        let answers = cmd!(sh, "python3 {script} {expressions}").quiet().output()?.stdout;
        if self.write_sample {
            return Ok(fs::write(fixtures.join("sample.tsv"), answers)?);
        }
        let file = folder.join("answers.tsv");
        let lines = answers.split(|byte| *byte == b'\n').count() - 1;
        fs::write(&file, answers)?;
        println!("croniter answered {lines} times; now the emulator");
        let _answers = sh.push_env("CRONITER_ANSWERS", &file);
        cmd!(
            sh,
            "cargo test --quiet --package cueapi-tests --test emulator cron_fires_when_croniter_says"
        )
        .run()?;
        println!("{lines} answers agree");
        Ok(())
    }
}
