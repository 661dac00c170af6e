//! `cargo xtask contract`: the live checks of `tests/src/contract`, against any server.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

/// Checks a live server against what the SDK relies on, or with `--profile hosted` reports which forms its answers have.
///
/// All arguments are those of the program that does it: `cargo xtask contract --help` shows its own help.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Args {
    /// The suite is a program of the package `tests` and not a module of this one: it needs the SDK, which does not compile
    /// while the code that `cargo xtask codegen` is about to write is broken.
    pub(crate) fn run(self) -> Result<()> {
        let mut suite = Command::new("cargo");
        suite
            .args(["run", "--quiet", "--package", "cueapi-tests", "--bin", "contract", "--"])
            .args(self.arguments);
        let status = run(suite).context("cannot start cargo")?;
        ensure!(
            status.success(),
            "the server does not keep the contract, or could not be checked"
        );
        Ok(())
    }
}

/// Checks an emulator that is started for this, with all that cannot be undone.
pub(crate) fn run_against_emulator(sh: &Shell) -> Result<()> {
    cmd!(
        sh,
        "cargo build --package cueapi-emulator --package cueapi-tests --bins"
    )
    .run()?;
    let mut emulator = Emulator(
        Command::new("cargo")
            .args(["run", "--quiet", "--package", "cueapi-emulator", "--"])
            .args(["--port", "0", "--rate-limit", "100000"])
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start cargo")?,
    );
    let out = emulator.0.stdout.take().context("the emulator has no output")?;
    // Held open: who writes into a pipe that nobody holds is ended.
    let mut lines = BufReader::new(out).lines();
    let told: Vec<String> = lines.by_ref().take(3).collect::<Result<_, _>>()?;
    let value = |name: &str| {
        let found = told
            .iter()
            .find_map(|line| line.strip_prefix("export ")?.strip_prefix(name)?.strip_prefix('='));
        found.with_context(|| format!("the emulator did not say {name}"))
    };
    let suite = cmd!(
        sh,
        "cargo run --quiet --package cueapi-tests --bin contract -- --destructive"
    );
    let suite = suite.env("CUEAPI_BASE_URL", value("CUEAPI_BASE_URL")?);
    Ok(suite.env("CUEAPI_API_KEY", value("CUEAPI_API_KEY")?).run()?)
}

/// Ends with the program that started it, however that ends.
struct Emulator(Child);

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// In the place of this process, so that Ctrl-C reaches the suite only, which then cleans up.
#[cfg(unix)]
fn run(mut command: Command) -> std::io::Result<std::process::ExitStatus> {
    Err(std::os::unix::process::CommandExt::exec(&mut command))
}

#[cfg(not(unix))]
fn run(mut command: Command) -> std::io::Result<std::process::ExitStatus> {
    command.status()
}
