//! `cargo xtask contract`: the live checks of `tests/src/contract`, against any server.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

/// Checks a live server against what the SDK relies on, and deletes all that it made.
///
/// Makes cues, fires them, claims, reports outcomes, and reads everything back. What no server lets anybody delete stays: alerts,
/// and messages between agents that are gone. Prints a row for each check (pass, FAIL or skip,
/// with what was expected and what was seen) and whether the server looks hosted or self-hosted; fails when a check does.
/// Use an account of its own: the checks count against its rate limit and its month. To try it:
///
///   cargo run -p cueapi-emulator                                    prints a base URL and a key
///
///   CUEAPI_API_KEY=… cargo xtask contract --base-url http://127.0.0.1:…
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The server, without /v1.
    #[arg(long, env = "CUEAPI_BASE_URL")]
    base_url: String,
    /// An API key of an account for tests; in the environment it shows in no list of processes.
    #[arg(long, env = "CUEAPI_API_KEY", hide_env_values = true)]
    api_key: String,
    /// Checks, too, what cannot be undone: the account gets another API key, which is printed, and other secrets, and an
    /// account is registered that stays.
    #[arg(long)]
    destructive: bool,
    /// Only the checks whose area or statement contains this.
    #[arg(long)]
    only: Option<String>,
}

impl Args {
    /// The suite is a program of the package `tests` and not a module of this one: it needs the SDK, which does not compile
    /// while the code that `cargo xtask codegen` is about to write is broken.
    pub(crate) fn run(self) -> Result<()> {
        let mut suite = Command::new("cargo");
        suite
            .args(["run", "--quiet", "--package", "cueapi-tests", "--bin", "contract", "--"])
            .env("CUEAPI_BASE_URL", self.base_url)
            .env("CUEAPI_API_KEY", self.api_key);
        if self.destructive {
            suite.arg("--destructive");
        }
        if let Some(only) = self.only {
            suite.args(["--only", &only]);
        }
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
