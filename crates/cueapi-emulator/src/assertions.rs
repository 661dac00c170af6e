//! What a test asks of an emulator: has it been delivered, what was reported, has it happened yet. What fails shows the
//! [timeline](Timeline).

use std::{fmt, time::Duration};

use crate::{
    Emulator, SentDelivery, Timeline,
    engine::{Execution, ExecutionStatus, Uuid},
};

/// The runs of a cue that were delivered; [`Emulator::assert_delivered`] makes one.
#[derive(Debug)]
pub struct Delivered<'a> {
    emulator: &'a Emulator,
    cue_id: String,
    count: usize,
}

impl Delivered<'_> {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// There are just so many, or the test fails.
    ///
    /// # Panics
    ///
    /// When there are more or fewer; the message has the timeline.
    #[track_caller]
    pub fn times(&self, expected: usize) {
        let Self {
            emulator,
            cue_id,
            count,
        } = self;
        assert!(
            *count == expected,
            "{count} runs of {cue_id} were delivered, not {expected}\n{}",
            emulator.timeline().last_lines()
        );
    }
}

impl Emulator {
    /// The requests about a cue, in order, failed ones and the notice of its failure included; of the last 10,000.
    #[must_use]
    pub fn deliveries_of(&self, cue_id: impl fmt::Display) -> Vec<SentDelivery> {
        let id = cue_id.to_string();
        let sent = self.shared().sent();
        let of_cue = sent.iter().filter(|sent| sent.kind.cue_id() == Some(&id));
        of_cue.cloned().collect()
    }

    /// A cue's executions, oldest first.
    #[must_use]
    pub fn executions_of(&self, cue_id: impl fmt::Display) -> Vec<Execution> {
        let id = cue_id.to_string();
        let engine = self.shared().engine();
        let of_cue = engine.executions().filter(|run| *run.cue_id == *id);
        of_cue.cloned().collect()
    }

    /// At least one run of a cue was delivered: its receiver answered with 2xx, or a worker reported success.
    ///
    /// ```
    /// use std::time::Duration;
    /// use cueapi_emulator::{Clock, Emulator};
    /// use cueapi_hyper::{HyperClient, ClientBuilder, types::{Callback, Schedule}};
    /// use http::StatusCode;
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let emulator = Emulator::builder()
    ///     .clock(Clock::held("2026-03-02T08:00:00Z".parse()?))
    ///     .receiver("http://jobs.test", async |_| StatusCode::OK)
    ///     .start()
    ///     .await?;
    /// let client = ClientBuilder::new(emulator.api_key(), HyperClient::plain()).base_url(emulator.base_url()).build()?;
    /// let cue = client.cues().create("job", Schedule::cron("0 * * * *"), Callback::new("http://jobs.test/hook")).await?;
    ///
    /// emulator.assert_not_delivered(&cue.id);
    /// emulator.advance(Duration::from_secs(3 * 60 * 60)).await;
    /// emulator.assert_delivered(&cue.id).times(3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    ///
    /// When there is none; the message has the timeline.
    #[track_caller]
    pub fn assert_delivered(&self, cue_id: impl fmt::Display) -> Delivered<'_> {
        let delivered = self.delivered(&cue_id);
        assert!(
            delivered.count > 0,
            "no run of {cue_id} was delivered\n{}",
            self.timeline().last_lines()
        );
        delivered
    }

    /// No run of a cue was delivered.
    ///
    /// # Panics
    ///
    /// When one was; the message has the timeline.
    #[track_caller]
    pub fn assert_not_delivered(&self, cue_id: impl fmt::Display) {
        self.delivered(&cue_id).times(0);
    }

    fn delivered(&self, cue_id: &dyn fmt::Display) -> Delivered<'_> {
        let cue_id = cue_id.to_string();
        let engine = self.shared().engine();
        let delivered = (engine.executions()).filter(|run| *run.cue_id == *cue_id && run.delivered_at.is_some());
        Delivered {
            emulator: self,
            count: delivered.count(),
            cue_id,
        }
    }

    /// An execution is in this state, such as [`ExecutionStatus::Retrying`].
    ///
    /// # Panics
    ///
    /// When there is no such execution, or it is in another state; the message has the timeline.
    #[track_caller]
    pub fn assert_status(&self, execution_id: impl fmt::Display, expected: ExecutionStatus) {
        let status = self.execution(&execution_id).map(|execution| execution.status);
        assert!(
            status == Some(expected),
            "execution {execution_id} is {}, not {expected}\n{}",
            status.map_or("not there", ExecutionStatus::as_str),
            self.timeline().last_lines()
        );
    }

    /// An execution's outcome amounts to this, such as `verified_success`: the SDK's `OutcomeState`, the engine's, or the
    /// text.
    ///
    /// ```
    /// use cueapi_emulator::Emulator;
    /// use cueapi_hyper::{HyperClient, ClientBuilder, types::{Outcome, OutcomeState, Schedule, Transport}};
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let emulator = Emulator::start().await?;
    /// let client = ClientBuilder::new(emulator.api_key(), HyperClient::plain()).base_url(emulator.base_url()).build()?;
    /// let cue = client.cues().create("job", Schedule::cron("0 9 * * *"), Transport::Worker).await?;
    /// let fired = client.cues().fire(&cue.id).await?;
    /// client.executions().report_outcome(&fired.id, Outcome::success()).await?;
    /// emulator.assert_outcome(&fired.id, OutcomeState::ReportedSuccess);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    ///
    /// When there is no such execution, or its outcome is another one or none; the message has the timeline.
    #[track_caller]
    pub fn assert_outcome(&self, execution_id: impl fmt::Display, expected: impl fmt::Display) {
        let state = self.execution(&execution_id).and_then(|run| run.outcome_state);
        let (state, expected) = (
            state.map_or("not reported", |state| state.as_str()),
            expected.to_string(),
        );
        assert!(
            state == expected,
            "the outcome of execution {execution_id} is {state}, not {expected}\n{}",
            self.timeline().last_lines()
        );
    }

    fn execution(&self, id: &dyn fmt::Display) -> Option<Execution> {
        let id = Uuid::parse(&id.to_string())?;
        let engine = self.shared().engine();
        engine.executions().rev().find(|run| run.id == id).cloned()
    }

    /// Waits until a condition holds, and looks again whenever something has happened here: a call, a delivery, a run. For
    /// what other tasks do meanwhile; under a held clock nothing falls due by waiting.
    ///
    /// ```
    /// use std::time::Duration;
    /// use cueapi_emulator::Emulator;
    /// use cueapi_hyper::{HyperClient, ClientBuilder, types::{Callback, Schedule}};
    /// use http::StatusCode;
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let emulator = Emulator::builder().receiver("http://jobs.test", async |_| StatusCode::OK).start().await?;
    /// let client = ClientBuilder::new(emulator.api_key(), HyperClient::plain()).base_url(emulator.base_url()).build()?;
    /// let cue = client.cues().create("job", Schedule::cron("0 9 * * *"), Callback::new("http://jobs.test/hook")).await?;
    /// client.cues().fire(&cue.id).await?;
    ///
    /// emulator.wait_until(Duration::from_secs(5), |emulator| !emulator.deliveries_of(&cue.id).is_empty()).await;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    ///
    /// When the condition does not hold within `limit` of the system's time; the message has the timeline.
    pub async fn wait_until(&self, limit: Duration, condition: impl Fn(&Self) -> bool) {
        let mut happened = self.shared().watch();
        let holds = async {
            while !condition(self) {
                // The emulator, and with it the sender, is still there.
                drop(happened.changed().await);
            }
        };
        if tokio::time::timeout(limit, holds).await.is_err() {
            panic!(
                "what was waited for did not happen within {limit:?}\n{}",
                self.timeline().last_lines()
            );
        }
    }

    /// All that has happened, to be printed.
    ///
    /// ```
    /// use std::time::Duration;
    /// use cueapi_emulator::{Clock, Emulator};
    /// use cueapi_hyper::{HyperClient, ClientBuilder, types::{Schedule, Transport}};
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let emulator = Emulator::builder().clock(Clock::held("2026-03-02T08:00:00Z".parse()?)).start().await?;
    /// let client = ClientBuilder::new(emulator.api_key(), HyperClient::plain()).base_url(emulator.base_url()).build()?;
    /// let cue = client.cues().create("job", Schedule::cron("0 9 * * *"), Transport::Worker).await?;
    /// emulator.advance(Duration::from_secs(2 * 60 * 60)).await;
    ///
    /// let printed = emulator.timeline().to_string();
    /// assert!(printed.contains("2026-03-02T09:15:00Z  missed"), "{printed}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn timeline(&self) -> Timeline {
        let (now, faults, deliveries) = (self.now(), self.faults(), self.deliveries());
        let engine = self.shared().engine();
        let cues = engine.list_cues(self.account(), None, usize::MAX, 0).items;
        let mut timeline = Timeline::new();
        cues.iter().rev().for_each(|cue| timeline.cue(cue));
        engine.executions().for_each(|run| timeline.planned(run));
        faults.iter().for_each(|fired| timeline.fault(fired));
        deliveries.iter().for_each(|sent| timeline.delivery(sent));
        engine.executions().for_each(|run| timeline.became(run));
        cues.iter().rev().for_each(|cue| timeline.state(now, cue));
        timeline.sorted()
    }
}
