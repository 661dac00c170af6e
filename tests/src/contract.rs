//! One suite of live checks against any CueAPI server, through the SDK where it can say it and as raw HTTP where not.
//!
//! Every check makes what it needs under a name of this run, and nothing else is touched; what was made is deleted after
//! each check, and looked for once more at the end, also when the suite is interrupted. What no server lets anybody delete
//! stays: alerts, messages between agents that are gone, and what expires by itself.

mod account;
mod agents;
mod alerts;
mod check;
mod claims;
mod cues;
mod destructive;
mod echo;
mod events;
mod executions;
mod firing;
pub mod hosted;
mod live;
mod login;
mod messages;
mod outcomes;
mod paging;
mod report;
mod server;
mod subject;
mod wire;

use std::{error::Error, fmt, pin::pin, time::Duration};

use cueapi_core::ErrorKind;

use self::{
    check::{Checked, Stop},
    subject::Subject,
};
pub use self::{
    report::{Report, Row, Verdict},
    subject::ServerKind,
};

/// What a check may take, waiting for the rate limit included.
const PATIENCE: Duration = Duration::from_secs(180);

/// The server to check, and how far to go.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    base_url: &'a str,
    api_key: &'a str,
    destructive: bool,
    only: Option<&'a str>,
}

impl fmt::Debug for Target<'_> {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("base_url", &self.base_url)
            .field("destructive", &self.destructive)
            .field("only", &self.only)
            .finish_non_exhaustive()
    }
}

impl<'a> Target<'a> {
    /// A server, without `/v1`, and the key of an account for tests on it.
    #[must_use]
    pub const fn new(base_url: &'a str, api_key: &'a str) -> Self {
        Self {
            base_url,
            api_key,
            destructive: false,
            only: None,
        }
    }

    /// Whether to check, too, what cannot be undone: the account gets another API key and other secrets, and an account is
    /// registered that stays. The report has the new key.
    #[must_use]
    pub const fn destructive(mut self, destructive: bool) -> Self {
        self.destructive = destructive;
        self
    }

    /// Only the checks whose area or statement contains this.
    #[must_use]
    pub const fn only(mut self, only: Option<&'a str>) -> Self {
        self.only = only;
        self
    }
}

/// Runs all checks against a server, hands each result to `progress` as it comes, and ends early when `stop` does.
///
/// # Errors
///
/// When the server cannot be reached or does not know the key: then there is nothing to check.
pub async fn run(
    target: Target<'_>,
    stop: impl Future<Output = ()>,
    progress: impl FnMut(&Row),
) -> Result<Report, Box<dyn Error + Send + Sync>> {
    let subject = Subject::new(target)?;
    if let Err(error) = subject.client.cues().list().limit(1).await {
        if matches!(error.kind(), ErrorKind::Connect | ErrorKind::Authentication) {
            return Err(error.into());
        }
    }
    let subject = subject.detect().await;
    let mut suite = Suite {
        report: Report::new(subject.kind),
        only: target.only,
        subject,
        progress,
    };
    suite.report.interrupted = {
        let stop = pin!(stop);
        tokio::select! {
            () = suite.everything() => false,
            () = stop => true,
        }
    };
    suite.report.new_key = suite.subject.adopt_new_key();
    suite.report.left_behind = suite.subject.clean_up().await;
    Ok(suite.report)
}

/// The checks' state: whom they ask, and what came of it.
struct Suite<'a, P> {
    subject: Subject,
    only: Option<&'a str>,
    report: Report,
    progress: P,
}

impl<P: FnMut(&Row)> Suite<'_, P> {
    async fn everything(&mut self) {
        self.service().await;
        self.cues().await;
        self.paging().await;
        self.firing().await;
        self.claims().await;
        self.outcomes().await;
        self.executions().await;
        self.workers().await;
        self.agents().await;
        self.messages().await;
        self.events().await;
        self.live().await;
        self.account().await;
        self.alerts().await;
        self.echo().await;
        self.login().await;
        self.wire().await;
        self.destructive().await;
    }

    /// Runs one check: what should be so, and the code that finds out.
    async fn check(
        &mut self,
        area: &'static str,
        statement: &'static str,
        check: impl AsyncFnOnce(&Subject) -> Checked,
    ) {
        if self
            .only
            .is_some_and(|only| !area.contains(only) && !statement.contains(only))
        {
            return;
        }
        let verdict = match tokio::time::timeout(PATIENCE, check(&self.subject)).await {
            Ok(Ok(seen)) => Verdict::Pass { seen },
            Ok(Err(Stop::Fail { expected, seen })) => Verdict::Fail { expected, seen },
            Ok(Err(Stop::Skip(reason))) => Verdict::Skip { reason },
            Err(_) => Verdict::Fail {
                expected: statement.to_owned(),
                seen: format!("nothing, after {} s", PATIENCE.as_secs()),
            },
        };
        self.subject.delete_scratch().await;
        let row = Row {
            area,
            statement,
            verdict,
        };
        (self.progress)(&row);
        self.report.rows.push(row);
    }
}
