//! Cold debug builds: seconds and packages.

#![expect(clippy::print_stdout, reason = "what the command reports")]

use std::{
    collections::HashSet,
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use cargo_metadata::Message;
use xshell::{Shell, cmd};

/// Builds packages into an empty folder and prints, as a table, how long it took and how many packages that were.
///
/// The packages are counted exactly. The time is that of this machine as it is now: where other programs are at work, the fastest
/// of several runs comes nearest to what an idle machine needs, and the processor time tells what was waiting. The load is told.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to build.
    #[arg(default_values = ["cueapi-core", "cueapi-hyper", "cueapi-reqwest"])]
    packages: Vec<String>,
    /// How often to build each.
    #[arg(long, default_value = "3", value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
}

/// One cold build.
struct Run {
    took: Duration,
    /// Of all processes that took part, on all processors.
    processor: Duration,
    packages: usize,
}

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        let sh = Shell::new()?;
        cmd!(sh, "cargo fetch --locked").quiet().run()?;
        println!(
            "| cold debug build | packages | fastest of {} | processor time | load |",
            self.runs
        );
        println!("|---|---|---|---|---|");
        for package in &self.packages {
            let load = load();
            let runs: Vec<Run> = (0..self.runs).map(|_| build(&sh, package)).collect::<Result<_>>()?;
            let Some(fastest) = runs.iter().min_by_key(|run| run.took) else {
                continue;
            };
            let processor = runs.iter().map(|run| run.processor).min().unwrap_or_default();
            println!(
                "| `{package}` | {} | {:.1} s | {:.1} s | {load} |",
                fastest.packages,
                fastest.took.as_secs_f64(),
                processor.as_secs_f64(),
            );
        }
        Ok(())
    }
}

fn build(sh: &Shell, package: &str) -> Result<Run> {
    let folder = sh.create_temp_dir()?;
    let target = folder.path();
    let (started, before) = (Instant::now(), children());
    let messages = cmd!(
        sh,
        "cargo build --quiet --locked --package {package} --target-dir {target} --message-format json"
    )
    .quiet()
    .read()
    .with_context(|| format!("{package} does not build"))?;
    let (took, processor) = (started.elapsed(), children().saturating_sub(before));
    let mut packages = HashSet::new();
    for message in Message::parse_stream(messages.as_bytes()) {
        if let Message::CompilerArtifact(artifact) = message? {
            packages.insert(artifact.package_id);
        }
    }
    Ok(Run {
        took,
        processor,
        packages: packages.len(),
    })
}

/// The processor time of all child processes that have ended.
#[cfg(unix)]
fn children() -> Duration {
    use nix::sys::{
        resource::{UsageWho, getrusage},
        time::TimeValLike,
    };
    let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN) else {
        return Duration::ZERO;
    };
    let both = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(both.try_into().unwrap_or_default())
}

#[cfg(not(unix))]
fn children() -> Duration {
    Duration::ZERO
}

/// How many programs want to run, on average over the last minute; only Linux tells it in a file.
fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    if load.is_empty() { "unknown" } else { load }.to_owned()
}
