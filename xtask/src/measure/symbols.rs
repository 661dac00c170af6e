//! How often the functions of core are in a program: what does not depend on the endpoint should be there once.

#![expect(clippy::print_stdout, reason = "what the command reports")]

use std::{collections::BTreeMap, fs};

use anyhow::{Context, Result, ensure};
use object::{Object, ObjectSymbol};
use xshell::{Shell, cmd};

use crate::targets::target_folder;

/// Counts, in a debug build of an example that calls many endpoints, how often the code of calls, retries and errors is
/// there, and fails when what decides about them is there more than once.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The example.
    #[arg(long, default_value = "quickstart")]
    example: String,
    /// Its package.
    #[arg(long, default_value = "cueapi-reqwest")]
    package: String,
}

/// What a call is made of, and whether it may be there once for every endpoint.
const FUNCTIONS: &[(&str, bool)] = &[
    ("cueapi_core::call::machine::Machine::step", false),
    ("cueapi_core::call::machine::Machine::read_back", false),
    ("cueapi_core::call::exchange::Exchange::assemble", false),
    ("cueapi_core::call::exchange::Exchange::step", false),
    ("cueapi_core::call::exchange::Exchange::next_attempt", false),
    ("cueapi_core::retry::RetryPolicy::decide", false),
    ("cueapi_core::retry::after::wait", false),
    ("cueapi_core::error::Error::refused", false),
    ("cueapi_core::error::Error::exchange", false),
    ("cueapi_core::call::exchange::Exchange::new", true),
    ("cueapi_core::call::Call<E>::step", true),
    ("cueapi_core::call::decoded", true),
];

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        let Self { example, package } = self;
        let sh = Shell::new()?;
        cmd!(sh, "cargo build --quiet --package {package} --example {example}")
            .quiet()
            .run()?;
        let path = target_folder().join("debug/examples").join(&example);
        let program = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let copies = copies(&program)?;

        println!("| function | copies in `{example}` | bytes |\n|---|---|---|");
        let mut duplicates = Vec::new();
        for &(function, for_every_endpoint) in FUNCTIONS {
            let sizes = copies
                .get(function)
                .with_context(|| format!("{function} is not in {example}: has it another name now?"))?;
            println!("| `{function}` | {} | {} |", sizes.len(), sizes.iter().sum::<u64>());
            if sizes.len() > 1 && !for_every_endpoint {
                duplicates.push(function);
            }
        }
        ensure!(duplicates.is_empty(), "these should be there once: {duplicates:?}");
        Ok(())
    }
}

/// The sizes of all copies of each function of core.
fn copies(program: &[u8]) -> Result<BTreeMap<String, Vec<u64>>> {
    let program = object::File::parse(program).context("this is no program")?;
    let mut copies: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for symbol in program.symbols().filter(|symbol| symbol.is_definition()) {
        let name = format!("{:#}", rustc_demangle::demangle(symbol.name().unwrap_or_default()));
        copies.entry(name).or_default().push(symbol.size());
    }
    Ok(copies)
}
