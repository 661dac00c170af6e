//! Other people's clients against the emulator: the official Python SDK, CLI and worker daemon, as they are on PyPI.
#![expect(clippy::print_stdout, reason = "what the command reports")]

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::{steps::Skipped, targets::target_folder};

/// Runs the official Python SDK, CLI and worker daemon, unmodified, against the emulator.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this client: sdk, cli or worker.
    #[arg(long)]
    only: Option<String>,
}

/// Each has a script, and a list of packages with their hashes; `cueapi-sdk` and `cueapi` both hold a module `cueapi`, so each
/// also has an environment of its own.
const CLIENTS: [&str; 3] = ["sdk", "cli", "worker"];

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        run(&Shell::new()?, self.only.as_deref())
    }
}

pub(crate) fn run(sh: &Shell, only: Option<&str>) -> Result<()> {
    let clients: Vec<_> = CLIENTS
        .into_iter()
        .filter(|name| only.is_none_or(|only| only == *name))
        .collect();
    ensure!(!clients.is_empty(), "the clients are {CLIENTS:?}");
    cmd!(sh, "cargo build --quiet --package cueapi-emulator").run()?;
    let (mut checks, mut skipped) = (Vec::new(), Vec::new());
    for client in clients {
        match install(sh, client) {
            Ok(python) => checks.extend(talk(client, &python)?),
            Err(error) if env::var_os("CI").is_none() => {
                println!("skipped {client}: its packages cannot be installed ({error:#}). Is PyPI within reach?");
                skipped.push(client);
            }
            Err(error) => return Err(error.context("PyPI must be within reach of CI")),
        }
    }
    report(&checks)?;
    ensure!(
        skipped.is_empty(),
        Skipped(format!("the packages of {skipped:?} cannot be installed"))
    );
    Ok(())
}

/// Makes a virtual environment, unless there is one with the same packages, and answers its Python.
fn install(sh: &Shell, client: &str) -> Result<PathBuf> {
    let requirements = scripts().join(format!("{client}.txt"));
    let wanted = fs::read_to_string(&requirements).with_context(|| requirements.display().to_string())?;
    let folder = target_folder().join("clients").join(client);
    let (python, installed) = (folder.join("bin/python"), folder.join("installed.txt"));
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok(python);
    }
    cmd!(sh, "python3 -m venv --clear {folder}").quiet().run()?;
    cmd!(
        sh,
        "{python} -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r {requirements}"
    )
    .quiet()
    .run()?;
    fs::write(installed, wanted)?;
    Ok(python)
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/clients")
}

struct Check {
    client: &'static str,
    statement: String,
    /// What went wrong.
    failure: Option<String>,
}

/// Runs a client's script against an emulator of its own.
fn talk(client: &'static str, python: &Path) -> Result<Vec<Check>> {
    let emulator = Emulator::start()?;
    let script = scripts().join(format!("{client}.py"));
    let output = Command::new(python)
        .arg(script)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .envs(emulator.variables.iter().map(|(name, value)| (name, value)))
        .stderr(Stdio::inherit())
        .output()?;
    let checks: Vec<_> = String::from_utf8(output.stdout)?
        .lines()
        .map(|line| read(client, line))
        .collect::<Result<_>>()?;
    ensure!(
        output.status.success() && !checks.is_empty(),
        "the script of {client} ended early: {}",
        output.status
    );
    Ok(checks)
}

fn read(client: &'static str, line: &str) -> Result<Check> {
    let fields: Vec<_> = line.split('\t').collect();
    let (statement, failure) = match *fields {
        ["passed", statement] => (statement, None),
        ["failed", statement, reason] => (statement, Some(reason.to_owned())),
        _ => bail!("the script of {client} said {line:?}"),
    };
    Ok(Check {
        client,
        statement: statement.to_owned(),
        failure,
    })
}

fn report(checks: &[Check]) -> Result<()> {
    for Check {
        client,
        statement,
        failure,
    } in checks
    {
        let verdict = if failure.is_none() { "passed" } else { "FAILED" };
        println!("{verdict}  {client:<6}  {statement}");
        if let Some(reason) = failure {
            println!("                {reason}");
        }
    }
    let failed = checks.iter().filter(|check| check.failure.is_some()).count();
    println!("{} of {} checks passed", checks.len() - failed, checks.len());
    ensure!(failed == 0, "the emulator does not do what these clients expect");
    Ok(())
}

/// The program, until it is dropped.
struct Emulator {
    process: Child,
    /// What it printed: where it is, and with which key and secret.
    variables: Vec<(String, String)>,
}

impl Emulator {
    fn start() -> Result<Self> {
        let mut process = Command::new(target_folder().join("debug/cueapi-emulator"))
            .args(["--port", "0", "--rate-limit", "off"])
            .env_remove("CUEAPI_API_KEY")
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the emulator")?;
        let output = process.stdout.take().context("no output")?;
        let mut emulator = Self {
            process,
            variables: Vec::new(),
        };
        for line in BufReader::new(output).lines().take(3) {
            let line = line?;
            let variable = line.strip_prefix("export ").and_then(|line| line.split_once('='));
            let (name, value) = variable.with_context(|| format!("the emulator said {line:?}"))?;
            emulator.variables.push((name.to_owned(), value.to_owned()));
        }
        ensure!(emulator.variables.len() == 3, "the emulator ended before it listened");
        Ok(emulator)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // One that cannot be killed has ended.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
