//! Proves that the core needs no HTTP stack, no runtime and no source of randomness.

use anyhow::{Result, ensure};
use xshell::{Shell, cmd};

const FORBIDDEN: &[&str] = &["tokio", "reqwest", "hyper", "getrandom"];

pub(crate) fn run(sh: &Shell) -> Result<()> {
    let package = "{p}";
    let tree = cmd!(
        sh,
        "cargo tree -p cueapi-core -e normal --all-features --prefix none --format {package}"
    )
    .quiet()
    .read()?;
    let reached: Vec<_> = tree
        .lines()
        .filter(|line| FORBIDDEN.contains(&line.split(' ').next().unwrap_or_default()))
        .collect();
    ensure!(
        reached.is_empty(),
        "cueapi-core must run on any HTTP stack, yet it depends on {reached:?}"
    );
    eprintln!("cueapi-core reaches none of {FORBIDDEN:?}");
    Ok(())
}
