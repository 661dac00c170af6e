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
/// The packages are counted exactly. The time is that of this machine as it is now: where other programs are at work, their
/// load is told, and the fastest of several runs comes nearest to what an idle machine needs.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to build.
    #[arg(default_values = ["cueapi-core", "cueapi-hyper", "cueapi-reqwest"])]
    packages: Vec<String>,
    /// How often to build each.
    #[arg(long, default_value = "3", value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
}

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        let sh = Shell::new()?;
        cmd!(sh, "cargo fetch --locked").quiet().run()?;
        println!("| cold debug build | packages | fastest | all runs (load before) |\n|---|---|---|---|");
        for package in &self.packages {
            let mut runs = Vec::new();
            let mut count = 0;
            for _ in 0..self.runs {
                let load = load();
                let (took, packages) = build(&sh, package)?;
                eprintln!("{package}: {:.1} s", took.as_secs_f64());
                count = packages;
                runs.push((took, load));
            }
            let fastest = runs.iter().map(|(took, _)| *took).min().unwrap_or_default();
            let runs: Vec<_> = runs
                .iter()
                .map(|(took, load)| format!("{:.1} s ({load})", took.as_secs_f64()))
                .collect();
            println!(
                "| `{package}` | {count} | {:.1} s | {} |",
                fastest.as_secs_f64(),
                runs.join(", ")
            );
        }
        Ok(())
    }
}

/// How long a build into an empty folder takes, and how many packages it compiles.
fn build(sh: &Shell, package: &str) -> Result<(Duration, usize)> {
    let folder = sh.create_temp_dir()?;
    let target = folder.path();
    let started = Instant::now();
    let messages = cmd!(
        sh,
        "cargo build --quiet --locked --package {package} --target-dir {target} --message-format json"
    )
    .quiet()
    .read()
    .with_context(|| format!("{package} does not build"))?;
    let took = started.elapsed();
    let mut packages = HashSet::new();
    for message in Message::parse_stream(messages.as_bytes()) {
        if let Message::CompilerArtifact(artifact) = message? {
            packages.insert(artifact.package_id);
        }
    }
    Ok((took, packages.len()))
}

/// How many programs want to run, on average over the last minute; only Linux tells it in a file.
fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ')
        .next()
        .filter(|load| !load.is_empty())
        .unwrap_or("unknown")
        .to_owned()
}
