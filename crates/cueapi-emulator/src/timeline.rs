//! What has happened in an emulator, line by line: cues, executions, deliveries, outcomes, faults; no secrets, no payloads.

use std::fmt;

use jiff::Timestamp;
use url::Url;

use crate::{
    SentDelivery,
    engine::{AttemptResult, Cue, DeliveryKind, Execution, ExecutionStatus, Schedule},
    faults::{FiredFault, Target},
};

/// How many lines a failed assertion shows.
const LAST: usize = 60;

/// What has happened, in order of time; `Display` prints it, [`Emulator::timeline`](crate::Emulator::timeline) makes it.
///
/// ```text
/// 2026-03-02T08:00:00Z  created    cue_k3v… "report": 0 9 * * * in Europe/Paris, to http://jobs.test/hook
/// 2026-03-02T08:00:00Z  planned    1f0c… of cue_k3v…, scheduled
/// 2026-03-02T08:00:00Z  fault      deliveries:refused, on attempt 1 of 1f0c…
/// 2026-03-02T08:00:00Z  delivery   attempt 1 of 1f0c… to http://jobs.test/hook: not reached
/// 2026-03-02T08:01:00Z  delivery   attempt 2 of 1f0c… to http://jobs.test/hook: 200
/// 2026-03-02T08:01:00Z  delivered  1f0c…
/// 2026-03-02T08:30:00Z  now        cue_k3v… is active, next run 2026-03-03T08:00:00Z
/// ```
///
/// URLs are without user and query, which may hold keys.
#[derive(Clone)]
pub struct Timeline {
    lines: Vec<Line>,
}

#[derive(Clone)]
struct Line {
    at: Timestamp,
    what: &'static str,
    text: String,
}

impl Timeline {
    pub(crate) fn new() -> Self {
        Self { lines: Vec::new() }
    }

    fn push(&mut self, at: Timestamp, what: &'static str, text: String) {
        self.lines.push(Line { at, what, text });
    }

    pub(crate) fn cue(&mut self, cue: &Cue) {
        let to = match &cue.callback.url {
            Some(url) => format!("to {}", Place(url)),
            None => "for workers".into(),
        };
        let when = When(cue.schedule());
        self.push(
            cue.created_at,
            "created",
            format!("{} {:?}: {when}, {to}", cue.id, cue.name),
        );
    }

    pub(crate) fn planned(&mut self, run: &Execution) {
        let planned = format!("{} of {}, {}", run.id, run.cue_id, run.triggered_by);
        self.push(run.created_at, "planned", planned);
    }

    /// What has become of an execution.
    pub(crate) fn became(&mut self, run: &Execution) {
        let id = run.id;
        if let (Some(at), Some(worker)) = (run.claimed_at, &run.claimed_by_worker) {
            self.push(at, "claimed", format!("{id} by {worker:?}"));
        }
        if let Some(outcome) = &run.outcome {
            let state = run.outcome_state.map_or("nothing", |state| state.as_str());
            self.push(outcome.recorded_at, "outcome", format!("of {id}: {state}"));
        }
        match run.status {
            ExecutionStatus::Success => {
                let at = run.delivered_at.unwrap_or(run.updated_at);
                self.push(at, "delivered", id.to_string());
            }
            status => {
                let retry = run.next_retry.map(|at| format!(", again at {at}"));
                self.push(
                    run.updated_at,
                    status.as_str(),
                    format!("{id}{}", retry.unwrap_or_default()),
                );
            }
        }
    }

    pub(crate) fn delivery(&mut self, sent: &SentDelivery) {
        let panic = if sent.panic.is_some() {
            " (the receiver panicked)"
        } else {
            ""
        };
        let (about, to, result) = (About(&sent.kind), Place(&sent.url), Went(&sent.result));
        self.push(sent.sent_at, "delivery", format!("{about} to {to}: {result}{panic}"));
    }

    pub(crate) fn fault(&mut self, fired: &FiredFault) {
        let target = match &fired.target {
            Target::Connection => "a connection".into(),
            Target::Call { operation, path } => format!("{operation} {path}"),
            Target::Delivery(kind) => About(kind).to_string(),
        };
        self.push(fired.at, "fault", format!("{}, on {target}", fired.fault));
    }

    /// How a cue stands now.
    pub(crate) fn state(&mut self, now: Timestamp, cue: &Cue) {
        let next = cue.next_run.map(|at| format!(", next run {at}")).unwrap_or_default();
        self.push(now, "now", format!("{} is {}{next}", cue.id, cue.status));
    }

    /// In order of time. What was added first comes first at the same moment.
    pub(crate) fn sorted(mut self) -> Self {
        self.lines.sort_by_key(|line| line.at);
        self
    }

    /// What fits under a failed assertion.
    pub(crate) fn last_lines(mut self) -> Self {
        let more = self.lines.len().saturating_sub(LAST);
        self.lines.drain(..more);
        if let Some(first) = self.lines.first().filter(|_| more > 0) {
            let (at, text) = (first.at, format!("{more} earlier lines are left out"));
            self.lines.insert(0, Line { at, what: "…", text });
        }
        self
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Line { at, what, text } in &self.lines {
            writeln!(f, "{at}  {what:<9}  {text}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

struct When<'a>(&'a Schedule);

impl fmt::Display for When<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(schedule) = self;
        match (&schedule.cron, schedule.at) {
            (Some(cron), _) => write!(f, "{cron} in {}", schedule.timezone),
            (None, Some(at)) => write!(f, "once at {at}"),
            (None, None) => f.write_str("never"),
        }
    }
}

struct About<'a>(&'a DeliveryKind);

impl fmt::Display for About<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            DeliveryKind::Cue {
                execution_id, attempt, ..
            } => write!(f, "attempt {attempt} of {execution_id}"),
            DeliveryKind::OnFailure { cue_id } => write!(f, "notice of the failure of {cue_id}"),
            DeliveryKind::Message { message_id, attempt } => write!(f, "attempt {attempt} of {message_id}"),
            DeliveryKind::Subscription { delivery_id } => write!(f, "events {delivery_id}"),
            DeliveryKind::Alert { alert_id, alert_type } => write!(f, "alert {alert_id}: {alert_type}"),
        }
    }
}

struct Went<'a>(&'a AttemptResult);

impl fmt::Display for Went<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            AttemptResult::Status(status) => write!(f, "{status}"),
            AttemptResult::Later { status, after } => write!(f, "{status}, again after {} s", after.as_secs()),
            AttemptResult::Timeout => f.write_str("no answer in time"),
            AttemptResult::Connect => f.write_str("not reached"),
            AttemptResult::Failed(reason) => f.write_str(reason),
        }
    }
}

/// A URL without what may be secret.
struct Place<'a>(&'a str);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Url::parse(self.0) {
            Ok(url) => write!(f, "{}{}", url.origin().ascii_serialization(), url.path()),
            Err(_) => f.write_str("a URL that cannot be read"),
        }
    }
}
