//! What came of a run, and how it is printed.

use std::fmt;

use cueapi_core::types::IssuedKey;

use super::ServerKind;

/// The results of a run.
#[derive(Debug)]
pub struct Report {
    /// What the server was found to be.
    pub server: ServerKind,
    /// Every check that was run, in order.
    pub rows: Vec<Row>,
    /// Whether it was ended before its end.
    pub interrupted: bool,
    /// What this run made and could not delete.
    pub left_behind: Vec<String>,
    /// The account's API key, where this run was asked to replace it.
    pub new_key: Option<IssuedKey>,
}

/// The result of one check.
#[derive(Debug)]
pub struct Row {
    /// What it belongs to: `cues`, `paging` and so on.
    pub area: &'static str,
    /// What should be so.
    pub statement: &'static str,
    /// Whether it is.
    pub verdict: Verdict,
}

/// Whether it is so.
#[derive(Debug)]
pub enum Verdict {
    /// It is.
    Pass {
        /// What was seen.
        seen: String,
    },
    /// It is not.
    Fail {
        /// What should have been seen.
        expected: String,
        /// What was seen in its place.
        seen: String,
    },
    /// It was not checked.
    Skip {
        /// Why not.
        reason: String,
    },
}

impl Report {
    pub(super) fn new(server: ServerKind) -> Self {
        Self {
            server,
            rows: Vec::new(),
            interrupted: false,
            left_behind: Vec::new(),
            new_key: None,
        }
    }

    /// Whether no check failed, all were run, and nothing was left behind.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures().next().is_none() && !self.interrupted && self.left_behind.is_empty()
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Row> {
        self.rows
            .iter()
            .filter(|row| matches!(row.verdict, Verdict::Fail { .. }))
    }

    /// The checks that were not made.
    pub fn skipped(&self) -> impl Iterator<Item = &Row> {
        self.rows
            .iter()
            .filter(|row| matches!(row.verdict, Verdict::Skip { .. }))
    }
}

/// One line of the table; a failure takes three.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { area, statement, .. } = self;
        match &self.verdict {
            Verdict::Pass { seen } => write!(f, "pass  {area:<10}  {statement:<66}  {seen}"),
            Verdict::Skip { reason } => write!(f, "skip  {area:<10}  {statement:<66}  {reason}"),
            Verdict::Fail { expected, seen } => {
                write!(f, "FAIL  {area:<10}  {statement}")?;
                write!(f, "\n        expected: {expected}\n        seen:     {seen}")
            }
        }
    }
}

/// The last lines, after the table.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (failed, skipped) = (self.failures().count(), self.skipped().count());
        let passed = self.rows.len() - failed - skipped;
        write!(
            f,
            "{passed} passed, {failed} failed, {skipped} skipped on a server that is {}",
            self.server
        )?;
        if self.interrupted {
            f.write_str("; interrupted")?;
        }
        for what in &self.left_behind {
            write!(f, "\nleft behind: {what}")?;
        }
        Ok(())
    }
}
