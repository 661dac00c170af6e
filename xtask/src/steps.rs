//! Steps with names, taken one after the other: what `cargo xtask ci` and `cargo xtask release check` are made of.

use std::{
    fmt,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use xshell::Shell;

/// A name, and what is checked under it.
pub(crate) type Step = (&'static str, fn(&Shell) -> Result<()>);

/// Why a step could not be taken here. As the error of a step it is no failure; the closing table shows it.
#[derive(Debug)]
pub(crate) struct Skipped(pub(crate) String);

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "skipped: {}", self.0)
    }
}

impl std::error::Error for Skipped {}

/// What a machine may lack, and its registries not give: the context of an error. A step that needs it is skipped on a
/// developer's machine, and fails in CI.
#[derive(Debug)]
pub(crate) struct Missing(pub(crate) &'static str);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is missing", self.0)
    }
}

/// Takes the steps whose name contains `only`, stops at the first that fails, and closes with a table.
pub(crate) fn run(command: &str, steps: &[Step], only: Option<&str>) -> Result<()> {
    let sh = Shell::new()?;
    let chosen: Vec<_> = steps
        .iter()
        .filter(|(name, _)| only.is_none_or(|only| name.contains(only)))
        .collect();
    let names: Vec<_> = steps.iter().map(|(name, _)| name).collect();
    ensure!(
        !chosen.is_empty(),
        "no step is named like that; the steps are {names:?}"
    );

    let mut table = Table::default();
    for (place, (name, check)) in chosen.iter().enumerate() {
        eprintln!("\n==== {name} ({} of {})", place + 1, chosen.len());
        let started = Instant::now();
        let result = check(&sh).map_err(|error| why_skipped(&error).ok_or(error));
        let took = started.elapsed();
        match result {
            Ok(()) => table.add(name, took, "passed"),
            Err(Ok(skipped)) => table.add(name, took, &skipped),
            Err(Err(error)) => {
                table.add(name, took, "FAILED");
                for (name, _) in &chosen[place + 1..] {
                    table.add(name, Duration::ZERO, "not reached");
                }
                eprint!("\n{table}");
                return Err(error).with_context(|| {
                    format!("the step `{name}` failed; alone: cargo xtask {command} --only '{name}'")
                });
            }
        }
    }
    eprint!("\n{table}");
    Ok(())
}

fn why_skipped(error: &anyhow::Error) -> Option<String> {
    if let Some(skipped) = error.downcast_ref::<Skipped>() {
        return Some(skipped.to_string());
    }
    let missing = error.downcast_ref::<Missing>()?;
    std::env::var_os("CI").is_none().then(|| format!("skipped: {missing}"))
}

#[derive(Default)]
struct Table(Vec<(String, Duration, String)>);

impl Table {
    fn add(&mut self, name: &str, took: Duration, result: &str) {
        self.0.push((name.to_owned(), took, result.to_owned()));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|(name, ..)| name.len()).max().unwrap_or_default();
        for (name, took, result) in &self.0 {
            writeln!(f, "{name:width$}  {:>5} s  {result}", took.as_secs())?;
        }
        let count = |wanted: &str| self.0.iter().filter(|(.., result)| result.starts_with(wanted)).count();
        let seconds: Duration = self.0.iter().map(|(_, took, _)| *took).sum();
        writeln!(
            f,
            "{} steps passed, {} failed, {} skipped, {} not reached, in {} s",
            count("passed"),
            count("FAILED"),
            count("skipped"),
            count("not reached"),
            seconds.as_secs()
        )
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn a_skipped_step_is_no_failure_and_a_failed_one_names_itself() {
        let skip: Step = ("a skipped one", |_| bail!(Skipped("nothing to do".to_owned())));
        let fail: Step = ("a failing one", |_| bail!("it is so"));
        run("test", &[("good", |_| Ok(())), skip], None).unwrap();
        let error = run("test", &[skip, fail, skip], None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the step `a failing one` failed; alone: cargo xtask test --only 'a failing one'"
        );
        run("test", &[skip, fail], Some("skipped")).unwrap();
        let error = run("test", &[skip, fail], Some("unheard of")).unwrap_err();
        assert!(error.to_string().contains("a failing one"), "{error}");
    }

    #[test]
    fn the_table_counts() {
        let mut table = Table::default();
        table.add("tests", Duration::from_secs(61), "passed");
        table.add("msrv", Duration::ZERO, "skipped: no compiler");
        assert_eq!(
            table.to_string(),
            "tests     61 s  passed\nmsrv       0 s  skipped: no compiler\n\
             1 steps passed, 0 failed, 1 skipped, 0 not reached, in 61 s\n"
        );
    }
}
