//! What a cue is.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AccountId, Moment, Schedule, executions::ExecutionKey, schedule::Plan};
use crate::json::Json;

pub(super) type CueKey = u64;

macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$vdoc:meta])* $variant:ident = $name:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $type {
            $($(#[$vdoc])* #[serde(rename = $name)] $variant,)*
        }

        impl $type {
            /// The name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(super) use names;

names! {
    /// The state of a cue.
    CueStatus {
        /// Its schedule is running.
        Active = "active",
        /// Its schedule is halted.
        Paused = "paused",
        /// A one-time cue that succeeded.
        Completed = "completed",
        /// A one-time cue that failed.
        Failed = "failed",
    }
}

names! {
    /// How a cue's executions reach the code that does the work.
    Transport {
        /// They are sent to the callback URL.
        Webhook = "webhook",
        /// Workers claim them.
        Worker = "worker",
    }
}

names! {
    /// What a reported success must prove.
    VerificationMode {
        /// Nothing.
        None = "none",
        /// It must name an external id.
        RequireExternalId = "require_external_id",
        /// It must name a result URL.
        RequireResultUrl = "require_result_url",
        /// It must list artifacts.
        RequireArtifacts = "require_artifacts",
        /// Somebody must look at it.
        Manual = "manual",
    }
}

/// Where a webhook goes.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Callback {
    /// The URL; a worker cue has none.
    pub url: Option<Box<str>>,
    /// `POST`, `PUT`, `PATCH` or `GET`; anything else is accepted at first and refused by the database.
    pub method: Box<str>,
    /// Headers that take the place of those that the server sends. An object of strings.
    pub headers: Json,
}

/// How often, and after how long, a failed delivery is tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    /// Attempts in all, 1 to 10.
    pub max_attempts: u32,
    /// Minutes before the second, third, … attempt; the last one repeats. Integers of any size.
    pub backoff_minutes: Vec<Json>,
}

/// What happens when an execution has failed for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnFailure {
    /// Whether a mail is sent; the emulator sends none.
    pub email: bool,
    /// A URL to post to, unsigned.
    pub webhook: Option<Box<str>>,
    /// Whether a recurring cue is paused.
    pub pause: bool,
}

/// A cue to make.
#[derive(Clone)]
pub struct CreateCue {
    /// Unique within the account.
    pub name: Box<str>,
    /// Free text.
    pub description: Option<Box<str>>,
    /// When it runs.
    pub schedule: Schedule,
    /// How its executions travel.
    pub transport: Transport,
    /// Where they go.
    pub callback: Callback,
    /// What they carry.
    pub payload: Json,
    /// How often a delivery is tried.
    pub retry: Retry,
    /// What a final failure does.
    pub on_failure: OnFailure,
    /// What a success must prove.
    pub verification: Option<VerificationMode>,
}

/// The `callback` of a change: what is left out is reset, except the URL.
#[derive(Clone)]
pub struct PatchCallback {
    /// The URL, kept when absent.
    pub url: Option<Box<str>>,
    /// As in [`Callback::method`].
    pub method: Box<str>,
    /// As in [`Callback::headers`].
    pub headers: Json,
}

/// A change of a cue; what is `None` stays.
#[derive(Clone, Default)]
#[expect(missing_docs, reason = "each field is the one of CreateCue, replaced whole")]
pub struct PatchCue {
    pub name: Option<Box<str>>,
    pub description: Option<Box<str>>,
    pub status: Option<CueStatus>,
    pub schedule: Option<Schedule>,
    pub callback: Option<PatchCallback>,
    pub payload: Option<Json>,
    pub retry: Option<Retry>,
    pub on_failure: Option<OnFailure>,
    pub verification: Option<VerificationMode>,
}

/// A cue as the server keeps it.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each field is the one of CreateCue")]
pub struct Cue {
    /// `cue_` and twelve characters.
    pub id: Box<str>,
    /// Whose it is.
    pub account: AccountId,
    pub name: Box<str>,
    pub description: Option<Box<str>>,
    /// Where it stands.
    pub status: CueStatus,
    pub transport: Transport,
    pub(super) plan: Plan,
    pub callback: Arc<Callback>,
    /// As the database gives it back: see [`Json::stored`].
    pub payload: Arc<Json>,
    pub retry: Retry,
    /// When it runs next; `None` when it does not.
    pub next_run: Option<Moment>,
    /// The end of its last execution.
    pub last_run: Option<Timestamp>,
    /// Webhook attempts and worker outcomes.
    pub run_count: u32,
    /// Runs that the schedule started.
    pub fired_count: u32,
    pub on_failure: OnFailure,
    pub verification: Option<VerificationMode>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    #[serde(skip)]
    pub(super) executions: Vec<ExecutionKey>,
}

impl Cue {
    /// Its schedule, as it was given.
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        &self.plan.schedule
    }

    pub(super) fn is_once(&self) -> bool {
        self.plan.is_once()
    }
}

/// A part of a list, newest first.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Page<T> {
    /// The rows of this part.
    pub items: Vec<T>,
    /// How many there are in all.
    pub total: usize,
}

/// Payloads and headers are the users', and may hold what they keep secret: no `Debug` here shows them.
macro_rules! debug_without_contents {
    ($($type:ident { $($field:ident),* }),* $(,)?) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($type))$(.field(stringify!($field), &self.$field))*.finish_non_exhaustive()
            }
        }
    )*};
}
pub(super) use debug_without_contents;

debug_without_contents! {
    Callback { url, method },
    CreateCue { name, schedule, transport, retry, on_failure, verification },
    PatchCallback { url, method },
    PatchCue { name, status, schedule, retry, on_failure, verification },
    Cue { id, name, status, transport, next_run, run_count, fired_count },
}

impl Default for Callback {
    fn default() -> Self {
        Self {
            url: None,
            method: "POST".into(),
            headers: Json::Object(Vec::new()),
        }
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            backoff_minutes: [1, 5, 15].map(Json::Int).into(),
        }
    }
}

impl Default for OnFailure {
    fn default() -> Self {
        Self {
            email: true,
            webhook: None,
            pause: false,
        }
    }
}

impl CreateCue {
    /// A cue that is sent to a URL, with everything else at its default.
    #[must_use]
    pub fn webhook(name: &str, schedule: Schedule, url: &str) -> Self {
        let callback = Callback {
            url: Some(url.into()),
            ..Callback::default()
        };
        Self {
            callback,
            transport: Transport::Webhook,
            ..Self::worker(name, schedule)
        }
    }

    /// A cue that workers claim, with everything else at its default.
    #[must_use]
    pub fn worker(name: &str, schedule: Schedule) -> Self {
        Self {
            name: name.into(),
            description: None,
            schedule,
            transport: Transport::Worker,
            callback: Callback::default(),
            payload: Json::Object(Vec::new()),
            retry: Retry::default(),
            on_failure: OnFailure::default(),
            verification: None,
        }
    }
}
