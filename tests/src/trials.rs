//! Tests that need a program which a machine may lack: where it does, they count as ignored.
//!
//! A test of the standard harness that finds its program missing can only return, and then counts as passed. So targets with
//! such tests have `harness = false` and a list of their tests. What is not in the list is dead code, which the compiler
//! complains of; a `#[test]` would not even be that, so that [`run`] looks for it.

use std::{
    env, fs,
    path::Path,
    process::{Command, ExitCode, Stdio},
};

use libtest_mimic::{Arguments, Trial};

/// A program that tests need.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// What it is called.
    name: &'static str,
    /// A variable that is `required` where its absence is a failure, as in CI.
    variable: &'static str,
}

/// Drives Chromium.
pub const CHROMEDRIVER: Program = Program {
    name: "chromedriver",
    variable: "CUEAPI_TEST_CHROMIUM",
};

/// Redis.
pub const REDIS: Program = Program {
    name: "redis-server",
    variable: "CUEAPI_TEST_REDIS",
};

impl Program {
    /// Whether tests that need it are to be skipped.
    fn is_missing(self) -> bool {
        let mut version = Command::new(self.name);
        let version = version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        version.status().is_err() && env::var_os(self.variable).is_none_or(|wish| wish != "required")
    }
}

/// The tests of a list, by name.
pub type Tests = Vec<(&'static str, fn())>;

/// The tests with these paths: functions without arguments, `async`, that panic where something is wrong.
#[macro_export]
macro_rules! tests {
    ($($test:path),* $(,)?) => {
        vec![$((stringify!($test), (|| $crate::trials::block_on($test())) as fn())),*]
    };
}

/// Runs a test to its end, in a runtime of its own.
///
/// # Panics
///
/// When there is no runtime, or when the test panics.
pub fn block_on(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime
        .unwrap_or_else(|error| panic!("no runtime: {error}"))
        .block_on(test);
}

/// Runs the tests of a target, whose files are in this folder, each list with the program that it needs.
///
/// # Panics
///
/// When the folder cannot be read, or a file in it has a `#[test]`, which would not run.
#[must_use]
pub fn run(folder: &str, lists: impl IntoIterator<Item = (Option<Program>, Tests)>) -> ExitCode {
    refuse_attributes(Path::new(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut trials = Vec::new();
    for (program, tests) in lists {
        let missing = program.is_some_and(Program::is_missing);
        let needs = program.map_or("", |program| program.name);
        trials.extend(tests.into_iter().map(|(name, test)| {
            let run = move || {
                test();
                Ok(())
            };
            Trial::test(name, run).with_kind(needs).with_ignored_flag(missing)
        }));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn refuse_attributes(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path)?;
            let attribute = text
                .lines()
                .map(str::trim)
                .find(|line| line.starts_with("#[test") || line.starts_with("#[tokio::test"));
            assert!(
                attribute.is_none(),
                "{}: a test with an attribute does not run here: put it into the list of the target's `main`",
                path.display()
            );
        }
    }
    Ok(())
}
