//! Everything the project does to itself: code generation, checks, vectors, release.
//!
//! Each subcommand is a module of its own; `cargo xtask --help` lists them.

mod ci;
mod clients;
mod codegen;
mod confine;
mod contract;
mod cookbook;
mod cron;
mod drift;
mod edge;
mod golden;
mod measure;
mod no_std;
mod parity;
mod release;
mod screenshot;
mod steps;
mod targets;
mod vectors;
mod workflows;
mod workspace;

use clap::Parser;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about, version)]
enum Command {
    Ci(ci::Args),
    Clients(clients::Args),
    /// Write the generated parts of the crates from xtask/spec/openapi.yaml.
    Codegen {
        /// Write nothing; fail when a file is not as it would be written.
        #[arg(long)]
        check: bool,
    },
    Contract(contract::Args),
    Cron(cron::Args),
    Drift(drift::Args),
    Edge(edge::Args),
    Golden(golden::Args),
    Measure(measure::Args),
    NoStd(no_std::Args),
    Parity(parity::Args),
    Release(release::Args),
    /// Take the picture of the emulator's page in its README anew: needs Chromium, chromedriver and pngquant.
    Screenshot,
    Vectors(vectors::Args),
}

fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Ci(args) => args.run(),
        Command::Clients(args) => args.run(),
        Command::Codegen { check } => codegen::run(check),
        Command::Contract(args) => args.run(),
        Command::Cron(args) => args.run(),
        Command::Drift(args) => args.run(),
        Command::Edge(args) => args.run(),
        Command::Golden(args) => args.run(),
        Command::Measure(args) => args.run(),
        Command::NoStd(args) => args.run(),
        Command::Parity(args) => args.run(),
        Command::Release(args) => args.run(),
        Command::Screenshot => screenshot::run(),
        Command::Vectors(args) => args.run(),
    }
}
