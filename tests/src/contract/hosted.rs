//! Which of its documented forms each answer of the hosted service has: a report that its users can send in.
//!
//! The SDK's support for the hosted service is from its public documentation, of March and April 2026, which contradicts itself in
//! places and was never compared with the service. The report is put together from words that stand in this file, and from
//! numbers: no id, key, payload or other text of an answer can get into it.

mod forms;
mod probes;

use std::{error::Error, fmt, pin::pin};

use cueapi_core::http::Response;
use http::Method;
use serde_json::{Value, json};

use self::forms::Form;
use super::{Target, subject::Subject};
use crate::golden::{self, What};

/// Which form each answer had.
#[derive(Debug, Default)]
pub struct Report {
    /// What was asked, and what came of it.
    pub answers: Vec<Answer>,
    /// Whether a cue was made, fired and deleted.
    pub write: bool,
    /// Whether it was ended before its end.
    pub interrupted: bool,
    /// Whether the cue could not be deleted: its name begins with `contract-`.
    pub left_behind: bool,
}

/// An answer, in words of our own.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// What was asked.
    pub operation: &'static str,
    /// The status; 0 where no answer came.
    pub status: u16,
    /// The form that it has; none where it has none of the documented ones.
    pub form: Option<&'static str>,
    /// What the SDK makes of it.
    pub sdk: Sdk,
}

/// What the SDK makes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sdk {
    /// It reads all that is in it.
    Whole,
    /// It reads it, and does not keep this many members.
    Part(usize),
    /// It does not decode.
    Refused,
    /// It has no operation for it.
    Nothing,
}

impl Report {
    /// The answers that are not as documented, or that the SDK cannot read.
    pub fn different(&self) -> impl Iterator<Item = &Answer> {
        self.answers.iter().filter(|answer| answer.is_different())
    }

    /// Whether every answer was as documented and read, and nothing was left behind.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.different().next().is_none() && !self.interrupted && !self.left_behind
    }
}

impl Answer {
    fn is_different(&self) -> bool {
        self.form.is_none() || self.sdk == Sdk::Refused
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.is_different() { '!' } else { ' ' };
        let form = self.form.unwrap_or("NONE OF THE DOCUMENTED FORMS");
        write!(
            f,
            "{mark} {:>3}  {:<34}  {form:<48}  {}",
            self.status, self.operation, self.sdk
        )
    }
}

impl fmt::Display for Sdk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("read whole"),
            Self::Part(members) => write!(f, "read, but for {members} members"),
            Self::Refused => f.write_str("CANNOT BE READ"),
            Self::Nothing => f.write_str("no operation"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let extent = if self.write {
            "with a cue of its own"
        } else {
            "read-only"
        };
        writeln!(
            f,
            "cueapi-rust {} at a hosted service ({extent}), documentation of March and April 2026",
            version()
        )?;
        for answer in &self.answers {
            writeln!(f, "{answer}")?;
        }
        write!(
            f,
            "{} answers, {} of them different",
            self.answers.len(),
            self.different().count()
        )?;
        if self.interrupted {
            f.write_str("; interrupted")?;
        }
        if self.left_behind {
            f.write_str("; its cue could not be deleted")?;
        }
        Ok(())
    }
}

/// The version of the client crates; this package has none.
fn version() -> &'static str {
    let manifest = include_str!("../../../Cargo.toml").lines();
    let mut versions = manifest.filter_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    versions.next().unwrap_or("of no version")
}

/// Asks for what can be read, and with `write` makes a cue, fires it, reports an outcome, and deletes the cue. Hands each
/// answer to `progress` as it comes, and ends early when `stop` does.
///
/// # Errors
///
/// When there is no client for this server: a base URL or a key that cannot be.
pub async fn run(
    target: Target<'_>,
    write: bool,
    stop: impl Future<Output = ()>,
    progress: impl FnMut(&Answer),
) -> Result<Report, Box<dyn Error + Send + Sync>> {
    let mut survey = Survey {
        subject: Subject::new(target)?,
        report: Report {
            write,
            ..Report::default()
        },
        progress,
    };
    let name = survey.subject.name();
    survey.report.interrupted = {
        let stop = pin!(stop);
        let everything = async {
            survey.read().await;
            if write {
                survey.write(&name).await;
            }
        };
        tokio::select! {
            () = everything => false,
            () = stop => true,
        }
    };
    if write {
        survey.report.left_behind = !survey.delete(&name).await;
    }
    Ok(survey.report)
}

struct Survey<P> {
    subject: Subject,
    report: Report,
    progress: P,
}

/// A request, and the forms that its answer may have.
struct Probe<'a> {
    operation: &'static str,
    method: Method,
    /// With the query.
    path: &'a str,
    headers: &'a [(&'static str, &'static str)],
    body: Value,
    forms: &'static [Form],
}

impl<'a> Probe<'a> {
    const fn get(operation: &'static str, path: &'a str, forms: &'static [Form]) -> Self {
        Self::new(operation, Method::GET, path, forms)
    }

    const fn new(operation: &'static str, method: Method, path: &'a str, forms: &'static [Form]) -> Self {
        Self {
            operation,
            method,
            path,
            headers: &[],
            body: Value::Null,
            forms,
        }
    }
}

impl<P: FnMut(&Answer)> Survey<P> {
    /// Asks, records which form the answer has, and gives its body.
    async fn ask(&mut self, probe: Probe<'_>) -> Value {
        let body = if probe.body.is_null() {
            String::new()
        } else {
            probe.body.to_string()
        };
        let sent = self
            .subject
            .request(probe.method.clone(), probe.path, probe.headers, body)
            .await;
        let (mut answer, body) = (
            Answer {
                operation: probe.operation,
                status: 0,
                form: None,
                sdk: Sdk::Nothing,
            },
            Value::Null,
        );
        let body = match &sent {
            Ok(response) => {
                let body = serde_json::from_slice(response.body()).unwrap_or_default();
                answer.status = response.status().as_u16();
                answer.form = forms::of(answer.status, response.headers(), &body, probe.forms);
                answer.sdk = read(&probe, response);
                body
            }
            Err(_) => body,
        };
        (self.progress)(&answer);
        self.report.answers.push(answer);
        body
    }
}

/// What the SDK makes of an answer, as `cargo xtask golden --check` finds out.
fn read(probe: &Probe<'_>, response: &Response) -> Sdk {
    let headers = response.headers().iter();
    let headers: Vec<_> = headers
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    let exchange = json!({
        "request": {"method": probe.method.as_str(), "path": probe.path},
        "response": {
            "status": response.status().as_u16(),
            "headers": headers,
            "body": String::from_utf8_lossy(response.body()),
        },
    });
    let report = golden::check(&[exchange]);
    match report.differing.first() {
        Some((_, differences)) if differences.iter().any(|found| matches!(found.what, What::Refused(_))) => {
            Sdk::Refused
        }
        Some((_, differences)) => Sdk::Part(differences.len()),
        None if report.apart.is_empty() => Sdk::Whole,
        None => Sdk::Nothing,
    }
}
