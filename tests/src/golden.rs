//! Captured exchanges, decoded by the SDK and encoded again: what does not come back the same is a field that the SDK
//! loses, changes or does not know.
//!
//! This is here and not in xtask, since it needs the generated crates, and xtask has to build without them: it repairs
//! them. `cargo xtask golden` runs the program of this package, and a test runs the same code on the fixtures.

mod capture;
mod compare;
mod delivery;
mod operation;

use std::{fmt, path::Path};

use serde_json::Value;

use self::capture::{Capture, Skipped};
pub use self::compare::{Difference, What, differences};
pub(crate) use self::operation::Operation;
use crate::generated::operations::OPERATIONS;

/// What came of the exchanges of a file.
#[derive(Debug, Default)]
pub struct Report {
    /// The names of those that came back the same.
    pub agreed: Vec<String>,
    /// Those that did not, and where.
    pub differing: Vec<(String, Vec<Difference>)>,
    /// Those that belong to no operation, and why.
    pub apart: Vec<(String, String)>,
}

/// Checks a file: a JSON list of exchanges, `{name, request: {method, path, query, headers, body}, response: {status, headers,
/// body}}`, or one delivery, `{label, n, method, headers, body_b64, received_unix, analysis: {secrets_tried}}`.
///
/// # Errors
///
/// When the file cannot be read, or is neither.
pub fn check_file(path: &Path) -> Result<Report, Box<dyn std::error::Error>> {
    let capture: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    match capture {
        Value::Array(entries) => Ok(check(&entries)),
        Value::Object(_) if capture["body_b64"].is_string() => Ok(check_delivery(&capture)),
        _ => Err("neither a list of exchanges nor a delivery".into()),
    }
}

/// Checks a delivery: its signature with the secrets of its time, and its body where the SDK has a type for it.
#[must_use]
pub fn check_delivery(delivery: &Value) -> Report {
    let name = format!("{}-{}", delivery["label"].as_str().unwrap_or("delivery"), delivery["n"]);
    let mut report = Report::default();
    report.add(name, delivery::judge(delivery));
    report
}

/// Checks exchanges.
#[must_use]
pub fn check(entries: &[Value]) -> Report {
    let mut report = Report::default();
    for entry in entries {
        let name = entry["name"].as_str().unwrap_or("(without a name)").to_owned();
        report.add(name, judge(entry));
    }
    report
}

/// The operations that change something and are repeated when the fate of an attempt is unknown.
pub fn repeated_changes() -> impl Iterator<Item = &'static str> {
    OPERATIONS.iter().filter_map(Operation::repeated_change)
}

impl Report {
    fn add(&mut self, name: String, judged: Result<Vec<Difference>, Skipped>) {
        match judged {
            Ok(differences) if differences.is_empty() => self.agreed.push(name),
            Ok(differences) => self.differing.push((name, differences)),
            Err(Skipped(why)) => self.apart.push((name, why)),
        }
    }
}

fn judge(entry: &Value) -> Result<Vec<Difference>, Skipped> {
    let capture = Capture::read(entry)?;
    let operation = OPERATIONS
        .iter()
        .filter(|operation| operation.takes(&capture))
        .max_by_key(|operation| operation.precision())
        .ok_or_else(|| Skipped(format!("no operation: {} {}", capture.method, capture.path)))?;
    operation.judge(&capture)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} agree, {} differ, {} apart",
            self.agreed.len(),
            self.differing.len(),
            self.apart.len()
        )?;
        for (name, differences) in &self.differing {
            writeln!(f, "  DIFFERS {name}")?;
            for difference in differences {
                writeln!(f, "    {difference}")?;
            }
        }
        for (name, why) in &self.apart {
            writeln!(f, "  apart   {name}: {why}")?;
        }
        Ok(())
    }
}
