//! A CueAPI server without I/O: commands come in with the time, answers and deliveries come out.
//!
//! [`Engine`] holds cues, executions, workers, agents, their messages and accounts. It reads no clock, draws its ids from a seed and sends
//! nothing: [`Engine::poll`] settles what has fallen due and hands out one [`Delivery`] at a time, whose result comes back
//! through [`Engine::delivered`]. So a year of schedules runs in a loop without a runtime:
//!
//! ```
//! use cueapi_emulator::engine::{AttemptResult, CreateCue, Engine, Limits, Schedule};
//!
//! let mut engine = Engine::new(7);
//! let start: jiff::Timestamp = "2026-01-01T00:00:00Z".parse()?;
//! let account = engine.open_account(start, "me@example.com", Limits::unlimited());
//! engine.create_cue(start, account, CreateCue::webhook("hourly", Schedule::cron("0 * * * *"), "http://127.0.0.1:9/hook")).unwrap();
//!
//! let end: jiff::Timestamp = "2026-01-02T00:00:00Z".parse()?;
//! let mut runs = 0;
//! while let Some(due) = engine.next_due().filter(|due| *due <= end) {
//!     while let Some(delivery) = engine.poll(due) {
//!         engine.delivered(due, delivery.id, AttemptResult::Status(200));
//!         runs += 1;
//!     }
//! }
//! assert_eq!(runs, 24);
//! # Ok::<(), jiff::Error>(())
//! ```

mod account;
mod agents;
mod alerts;
mod attachments;
mod catch_up;
mod census;
mod claims;
mod counters;
mod cron;
mod cue;
mod cues;
mod deliveries;
mod echoes;
mod emails;
mod events;
mod executions;
mod failures;
mod ids;
mod inbox;
mod limits;
mod live_sessions;
mod login;
mod messages;
mod outcomes;
mod overview;
mod publishing;
mod pushes;
mod registration;
mod roster;
mod saved;
mod schedule;
mod sending;
mod sessions;
mod slug;
mod subscriptions;
mod table;
mod timers;
mod url_policy;
mod workers;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fmt,
};

use jiff::SignedDuration;

pub use self::{
    account::{Account, AccountId, KeyError},
    agents::{Agent, AgentStatus, CreateAgent, PatchAgent},
    alerts::{Alert, AlertType},
    attachments::{Attach, AttachError, Attachment},
    catch_up::Skipped,
    cue::{
        Callback, CreateCue, Cue, CueStatus, OnFailure, Page, PatchCallback, PatchCue, Retry, Transport,
        VerificationMode,
    },
    deliveries::{AttemptResult, Delivery, DeliveryId, DeliveryKind},
    echoes::Echo,
    emails::Email,
    events::{Event, EventQuery, EventType},
    executions::{Execution, ExecutionFilter, ExecutionStatus, Fired, Trigger},
    ids::Uuid,
    inbox::MailFilter,
    limits::{Limits, Plan, RateDecision},
    live_sessions::{LiveSession, RegisterLiveSession},
    login::{LoginProgress, LoginStatus},
    messages::{DeliveryState, Message},
    outcomes::{EvidencePatch, Outcome, OutcomeCounts, OutcomeReport, OutcomeState},
    registration::PatchAccount,
    roster::Presence,
    saved::{Change, RestoreError, SavedRow},
    schedule::Schedule,
    sending::{SendMessage, Sent},
    sessions::SessionError,
    subscriptions::{DeliveryTarget, Subscribe, Subscription, SubscriptionWebhook},
    workers::Worker,
};
use self::{
    agents::AgentKey,
    attachments::AttachmentKey,
    counters::{Counter, Counters},
    cue::CueKey,
    events::{EventIndex, EventKey},
    executions::ExecutionKey,
    ids::Ids,
    limits::RateLimiter,
    live_sessions::LiveSessionKey,
    login::DeviceLogin,
    messages::{MailIndex, MessageKey},
    publishing::Publishing,
    sending::SendingLimits,
    subscriptions::SubscriptionKey,
    table::Table,
    timers::Timers,
};
pub(crate) use self::{alerts::SEVERITY, echoes::check_echo_token, login::LOGIN_SECONDS};
pub(crate) use self::{deliveries::Polled, slug::is_slug};
pub use crate::time::Moment;

/// Why the server refuses a command.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// An answer of the API: HTTP status, error code and message, word for word.
    Api {
        /// The HTTP status.
        status: u16,
        /// The `error.code` of the body.
        code: &'static str,
        /// The `error.message` of the body.
        message: String,
    },
    /// An answer that also says how much is allowed.
    OverLimit {
        /// The HTTP status.
        status: u16,
        /// The `error.code` of the body.
        code: &'static str,
        /// The `error.message` of the body.
        message: String,
        /// Further members of `error`.
        numbers: [(&'static str, u32); 2],
    },
    /// Something that the real server trips over: a 500 `internal_error`, after which it drops the connection.
    Internal,
}

impl Refusal {
    pub(crate) fn api(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self::Api {
            status,
            code,
            message: message.into(),
        }
    }
}

/// All state of one emulated server.
pub struct Engine {
    ids: Ids,
    accounts: Table<AccountId, Account>,
    keys: Table<Box<str>, account::KeyState>,
    cues: Table<CueKey, Cue>,
    cue_ids: HashMap<Box<str>, CueKey>,
    cue_names: HashMap<(AccountId, Box<str>), CueKey>,
    executions: Table<ExecutionKey, Execution>,
    execution_ids: HashMap<Uuid, ExecutionKey>,
    /// The server's unique index over (cue, scheduled_for).
    occurrences: HashSet<(CueKey, Moment)>,
    /// Executions that `claimable` lists, oldest first.
    claimable: BTreeSet<(AccountId, Moment, ExecutionKey)>,
    /// Webhook executions and pushed messages that have not ended, and requests that are sent once; all have their keys from
    /// the same counter.
    under_way: BTreeSet<u64>,
    workers: Table<(AccountId, Box<str>), Worker>,
    alerts: Table<u64, Alert>,
    agents: Table<AgentKey, Agent>,
    agent_ids: HashMap<Box<str>, AgentKey>,
    agent_slugs: HashMap<(AccountId, Box<str>), AgentKey>,
    messages: Table<MessageKey, Message>,
    mail: MailIndex,
    sending: SendingLimits,
    events: Table<EventKey, Event>,
    agent_events: EventIndex,
    subscriptions: Table<SubscriptionKey, Subscription>,
    agent_subscriptions: BTreeSet<(AgentKey, SubscriptionKey)>,
    publishing: Publishing,
    live_sessions: Table<LiveSessionKey, LiveSession>,
    attachments: Table<AttachmentKey, Attachment>,
    /// By device code.
    logins: Table<Box<str>, DeviceLogin>,
    /// By token.
    echoes: BTreeMap<Box<str>, Echo>,
    /// Not yet taken by who shows them.
    emails: Vec<Email>,
    timers: Timers,
    limiter: RateLimiter,
    counters: Counters,
    in_flight: HashMap<DeliveryId, deliveries::Target>,
    ready: std::collections::VecDeque<Delivery>,
    next_key: u64,
    /// Which secret came before which: of no use to the server, but to faults.
    replaced_secrets: HashMap<Box<str>, Box<str>>,
    double_claim: claims::DoubleClaim,
    check_urls: bool,
    /// How far back missed runs are made up for.
    catch_up: Option<SignedDuration>,
    /// Not yet taken by who tells of them.
    skipped: Vec<Skipped>,
    /// For callers without a key, or with one that nobody has.
    anonymous_limit: Option<u32>,
    new_account_limits: Limits,
}

impl fmt::Debug for Engine {
    /// Counts only: what it holds is the users'.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("accounts", &self.accounts.len())
            .field("cues", &self.cues.len())
            .field("executions", &self.executions.len())
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// An empty server. The same seed and the same commands give the same ids, keys and secrets.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            ids: Ids::new(seed),
            accounts: Table::default(),
            keys: Table::default(),
            cues: Table::default(),
            cue_ids: HashMap::new(),
            cue_names: HashMap::new(),
            executions: Table::default(),
            execution_ids: HashMap::new(),
            occurrences: HashSet::new(),
            claimable: BTreeSet::new(),
            under_way: BTreeSet::new(),
            workers: Table::default(),
            alerts: Table::default(),
            agents: Table::default(),
            agent_ids: HashMap::new(),
            agent_slugs: HashMap::new(),
            messages: Table::default(),
            mail: MailIndex::default(),
            sending: SendingLimits::default(),
            events: Table::default(),
            agent_events: EventIndex::new(),
            subscriptions: Table::default(),
            agent_subscriptions: BTreeSet::new(),
            publishing: Publishing::default(),
            live_sessions: Table::default(),
            attachments: Table::default(),
            logins: Table::default(),
            echoes: BTreeMap::new(),
            emails: Vec::new(),
            timers: Timers::default(),
            limiter: RateLimiter::default(),
            counters: Counters::default(),
            in_flight: HashMap::new(),
            ready: std::collections::VecDeque::new(),
            next_key: 0,
            replaced_secrets: HashMap::new(),
            double_claim: claims::DoubleClaim::default(),
            check_urls: false,
            catch_up: None,
            skipped: Vec::new(),
            anonymous_limit: Limits::free().requests_per_minute,
            new_account_limits: Limits::free(),
        }
    }

    /// Whether callback URLs into private networks are refused, as a public server does. Off at first: a test's receiver
    /// lives on loopback.
    pub fn check_urls(&mut self, check: bool) {
        self.check_urls = check;
    }

    /// How many requests a minute a caller without a valid key may make; 60 at first. `None` for any number, and then the
    /// routes for callers without a key lose the limits of their own, too.
    pub fn limit_anonymous_requests(&mut self, limit: Option<u32>) {
        self.anonymous_limit = limit;
    }

    /// An id for one answer.
    pub(crate) fn request_id(&mut self) -> String {
        self.ids.uuid().to_string()
    }

    /// A mark for [`Engine::settled_before`]: everything that exists now is older than what comes later.
    #[must_use]
    pub fn mark(&self) -> u64 {
        self.next_key
    }

    /// Whether each webhook execution, pushed message, notice and alert that existed at a mark has been delivered or given up.
    #[must_use]
    pub fn settled_before(&self, mark: u64) -> bool {
        self.under_way.first().is_none_or(|oldest| *oldest > mark)
    }

    fn next_key(&mut self) -> u64 {
        self.next_key += 1;
        self.next_key
    }
}
