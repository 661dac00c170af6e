//! The picture of the emulator's page in its README, as a test has seen the page.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::targets::target_folder;

/// As large as the picture may be, in bytes.
const SIZE_LIMIT: u64 = 200_000;

pub(crate) fn run() -> Result<()> {
    let sh = Shell::new()?;
    cmd!(sh, "cargo test --quiet --package cueapi-tests --test page -- looks")
        .env("CUEAPI_TEST_CHROMIUM", "required")
        .run()?;
    let seen = target_folder().join("tmp/page-light.png");
    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/cueapi-emulator/page.png");
    cmd!(sh, "pngquant --force --strip --speed 1 --output {picture} 128 {seen}")
        .run()
        .context("is pngquant installed?")?;
    let size = fs::metadata(&picture)?.len();
    ensure!(
        size < SIZE_LIMIT,
        "the picture has {size} bytes; it may have {SIZE_LIMIT}"
    );
    eprintln!("{}: {size} bytes", picture.display());
    Ok(())
}
