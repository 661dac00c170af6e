//! `cargo xtask contract`: the live checks of `tests/src/contract`, against any server.

use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Checks a live server against what the SDK relies on, and deletes all that it made.
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
}

impl Args {
    /// The suite is a program of the package `tests` and not a module of this one: it needs the SDK, which does not compile
    /// while the code that `cargo xtask codegen` is about to write is broken.
    pub(crate) fn run(self) -> Result<()> {
        let mut suite = Command::new("cargo");
        suite
            .args(["run", "--quiet", "--package", "cueapi-tests", "--bin", "contract"])
            .env("CUEAPI_BASE_URL", self.base_url)
            .env("CUEAPI_API_KEY", self.api_key);
        if self.destructive {
            suite.args(["--", "--destructive"]);
        }
        let status = run(suite).context("cannot start cargo")?;
        ensure!(
            status.success(),
            "the server does not keep the contract, or could not be checked"
        );
        Ok(())
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
