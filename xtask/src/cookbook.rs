//! The cookbook: every example of every crate, and which of them run to their end without a network.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

/// Package, features, example. These run in CI; each fails when anything in it is not as it should be.
const OFFLINE: &[(&str, &str, &str)] = &[
    ("cueapi-core", "", "own_http_stack"),
    ("cueapi-core", "", "test_with_replay"),
    ("cueapi-emulator", "", "advance_the_clock"),
    ("cueapi-emulator", "", "start_up"),
    ("cueapi-emulator", "", "test_a_receiver"),
    ("cueapi-reqwest", "blocking", "blocking_script"),
    ("cueapi-reqwest", "", "failures_of_the_last_day"),
    ("cueapi-reqwest", "", "fire_with_payload"),
    ("cueapi-reqwest", "", "quickstart"),
    ("cueapi-reqwest", "", "schedule_a_job"),
    ("cueapi-reqwest", "", "verify_in_a_handler"),
    ("cueapi-reqwest", "", "worker"),
];

/// These serve until they are stopped; CI compiles them (clippy takes all targets).
const SERVERS: &[(&str, &str)] = &[
    ("cueapi-webhook", "actix"),
    ("cueapi-webhook", "axum"),
    ("cueapi-webhook", "hyper"),
];

pub(crate) fn run(sh: &Shell) -> Result<()> {
    nothing_is_forgotten(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates"))?;
    for (package, features, example) in OFFLINE {
        cmd!(
            sh,
            "cargo run --quiet -p {package} --features {features} --example {example}"
        )
        .env_remove("CUEAPI_API_KEY") // with one, the quick start would talk to its server
        .run()
        .with_context(|| format!("the example {example} of {package} failed"))?;
    }
    Ok(())
}

/// Each example is in one of the two lists.
fn nothing_is_forgotten(crates: &Path) -> Result<()> {
    for package in fs::read_dir(crates).context("cannot list the crates")? {
        let package = package?;
        let name = package.file_name().into_string().unwrap_or_default();
        // Most crates have examples; those without have no such folder.
        for example in fs::read_dir(package.path().join("examples")).into_iter().flatten() {
            let path = example?.path();
            let example = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let runs = OFFLINE.iter().any(|(p, _, e)| *p == name && *e == example);
            let serves = SERVERS.iter().any(|(p, e)| *p == name && *e == example);
            ensure!(
                runs || serves,
                "the example {example} of {name} is in no list of xtask/src/cookbook.rs"
            );
        }
    }
    Ok(())
}
