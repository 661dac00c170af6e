//! Everything the project does to itself: code generation, checks, vectors, release.
//!
//! Each subcommand is a module of its own; `cargo xtask --help` lists them.

use clap::Parser;

#[derive(Parser)]
#[command(name = "cargo xtask", about, version)]
enum Command {}

fn main() -> anyhow::Result<()> {
    match Command::parse() {}
}
