//! Sending webhooks, as far as it goes without a network: what to send when, and what its result means.

use std::{fmt, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    AlertType, Callback, CueStatus, Engine, ExecutionStatus, Trigger, Uuid,
    cue::debug_without_contents,
    executions::{ExecutionKey, STALE},
    failures::backoff,
    messages::MessageKey,
    publishing::Batch,
    timers::Timer,
};
use crate::{json::Json, time};

/// Tells one delivery from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(u64);

/// A request to be sent for the server. Its result is owed to [`Engine::delivered`].
#[derive(Clone)]
#[non_exhaustive]
pub struct Delivery {
    /// What to give back with the result.
    pub id: DeliveryId,
    /// What it is about.
    pub kind: DeliveryKind,
    /// `POST`, `PUT`, `PATCH`, or `GET`, which goes without the body although the signature covers it.
    pub method: Box<str>,
    /// Where to.
    pub url: Box<str>,
    /// The headers that come after the signature, in order.
    pub headers: Vec<(&'static str, String)>,
    /// Headers of the cue that take the place of any other.
    pub overrides: Vec<(Box<str>, Box<str>)>,
    /// The exact text to send.
    pub body: String,
    /// The key to sign with; `None` for a request that goes unsigned.
    pub secret: Option<Box<str>>,
    /// How long the receiver may take.
    pub timeout: std::time::Duration,
}

/// What a delivery is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryKind {
    /// An execution of a webhook cue.
    Cue {
        /// The cue.
        cue_id: Box<str>,
        /// The execution.
        execution_id: Uuid,
        /// Counted from 1.
        attempt: u32,
    },
    /// The notice that a cue has failed for good.
    OnFailure {
        /// The cue.
        cue_id: Box<str>,
    },
    /// A message that is pushed to its recipient.
    Message {
        /// The message.
        message_id: Box<str>,
        /// Counted from 1.
        attempt: u32,
    },
    /// Events for a subscription's webhook. The signature covers the body's ASCII form, which is not what is sent.
    Subscription {
        /// The same for the same range of events.
        delivery_id: Box<str>,
    },
    /// An alert, to the URL that the account has set for them.
    Alert {
        /// The alert.
        alert_id: Uuid,
        /// What it is about.
        alert_type: AlertType,
    },
}

impl DeliveryKind {
    /// What [`name`](Self::name) can say.
    pub const NAMES: &[&str] = &["cue", "on_failure", "message", "subscription", "alert"];

    /// What kind it is, in a word.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Cue { .. } => "cue",
            Self::OnFailure { .. } => "on_failure",
            Self::Message { .. } => "message",
            Self::Subscription { .. } => "subscription",
            Self::Alert { .. } => "alert",
        }
    }

    /// The cue that it is about, if it is about one.
    #[must_use]
    pub const fn cue_id(&self) -> Option<&str> {
        match self {
            Self::Cue { cue_id, .. } | Self::OnFailure { cue_id } => Some(cue_id),
            Self::Message { .. } | Self::Subscription { .. } | Self::Alert { .. } => None,
        }
    }
}

/// How a delivery went.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttemptResult {
    /// The receiver answered with this status.
    Status(u16),
    /// It answered a message with 429 or 503, and said how long to wait. Nothing else heeds that.
    Later {
        /// The status.
        status: u16,
        /// Its `Retry-After`.
        after: SignedDuration,
    },
    /// It did not answer in time.
    Timeout,
    /// It could not be reached.
    Connect,
    /// Something else; the text becomes the execution's `error_message`.
    Failed(String),
}

/// What came of doing some of what is due.
pub(crate) enum Polled {
    /// This is to be sent; there may be more to do.
    Send(Box<Delivery>),
    /// There is more to do.
    More,
    /// Nothing is due, or only requests that cannot be sent yet.
    Done,
}

/// What a delivery sends, taken from the cue when it is queued: later changes do not reach it.
#[derive(Serialize, Deserialize)]
pub(super) struct Parcel {
    name: Box<str>,
    callback: Arc<Callback>,
    payload: Arc<Json>,
    secret: Box<str>,
}

/// What the result of a delivery is for.
pub(super) enum Target {
    Execution { key: ExecutionKey, attempt: u32 },
    Message { key: MessageKey, attempt: u32 },
    Batch(Batch),
}

debug_without_contents! {
    Delivery { id, kind, method, url },
    Parcel { name },
}

impl Engine {
    /// When something falls due next; may be in the past. Nothing at all may come of it.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.next_step(true)
    }

    /// The same where requests may have to wait.
    pub(crate) fn next_step(&self, send: bool) -> Option<Timestamp> {
        if send && !self.ready.is_empty() {
            Some(Timestamp::MIN)
        } else {
            self.timers.next(send)
        }
    }

    /// Settles what has fallen due by `now`, in order, up to the next request that must be sent; `None` when there is
    /// nothing left to do.
    pub fn poll(&mut self, now: Timestamp) -> Option<Delivery> {
        match self.poll_some(now, usize::MAX, true) {
            Polled::Send(delivery) => Some(*delivery),
            Polled::More | Polled::Done => None,
        }
    }

    /// Settles as many things as `most`, and hands out no request unless one can be sent.
    pub(crate) fn poll_some(&mut self, now: Timestamp, most: usize, send: bool) -> Polled {
        for _ in 0..most {
            if let Some(delivery) = self.take_ready(send) {
                return Polled::Send(Box::new(delivery));
            }
            match self.timers.take_due(now, send) {
                Some(timer) => self.fall_due(now, timer),
                None => return Polled::Done,
            }
        }
        Polled::More
    }

    fn take_ready(&mut self, send: bool) -> Option<Delivery> {
        if send { self.ready.pop_front() } else { None }
    }

    fn fall_due(&mut self, now: Timestamp, timer: Timer) {
        match timer {
            Timer::Fire(cue) => self.fire_scheduled(now, cue),
            Timer::Retry(execution) => self.retry_ready(now, execution),
            Timer::Stale(execution) => self.recover_stale(now, execution),
            Timer::Lease(execution) => self.check_lease(now, execution),
            Timer::Unclaimed(execution) => self.miss_unclaimed(now, execution),
            Timer::Dispatch(execution) => self.dispatch(now, execution),
            Timer::StalePush(message) => self.recover_push(now, message),
            Timer::Push(message) => self.push_message(now, message),
            Timer::Forget(event) => self.forget_event(event),
            Timer::Digest(agent) => self.digest(now, agent),
            Timer::Publish(subscription) => self.publish(now, subscription),
        }
    }

    pub(super) fn delivery_id(&mut self) -> DeliveryId {
        DeliveryId(self.next_key())
    }

    /// An id under which the result of a delivery is waited for.
    pub(super) fn await_result(&mut self, target: Target) -> DeliveryId {
        let id = self.delivery_id();
        self.in_flight.insert(id, target);
        id
    }

    /// Sends what is sent once, whatever comes of it.
    pub(super) fn send_once(&mut self, delivery: Delivery) {
        let DeliveryId(id) = delivery.id;
        self.under_way.insert(id);
        self.ready.push_back(delivery);
    }

    pub(super) fn queue_delivery(&mut self, key: ExecutionKey, at: Timestamp) {
        let Some((execution, cue)) = self.execution_and_cue(key) else {
            return;
        };
        let secret = self
            .account(execution.account)
            .map(|account| account.webhook_secret.clone())
            .unwrap_or_default();
        let parcel = Parcel {
            name: cue.name.clone(),
            callback: cue.callback.clone(),
            payload: cue.payload.clone(),
            secret,
        };
        if let Some(execution) = self.executions.get_mut(&key) {
            execution.parcel = Some(Arc::new(parcel));
        }
        self.timers.set(at, Timer::Dispatch(key));
    }

    fn dispatch(&mut self, now: Timestamp, key: ExecutionKey) {
        let Some(execution) = self.executions.get(&key) else {
            return;
        };
        if !matches!(execution.status, ExecutionStatus::Pending | ExecutionStatus::RetryReady) {
            return;
        }
        let (account, trigger) = (execution.account, execution.triggered_by);
        if trigger == Trigger::Scheduled && !self.within_monthly_limit(now, account) {
            if let Some(execution) = self.executions.get_mut(&key) {
                execution.status = ExecutionStatus::Failed;
                execution.error_message = Some("Monthly execution limit reached".into());
                execution.updated_at = now;
            }
            self.under_way.remove(&key);
            return;
        }
        let id = self.delivery_id();
        let Some(execution) = self.executions.get_mut(&key) else {
            return;
        };
        let Some(parcel) = execution.parcel.clone() else { return };
        self.claimable.remove(&(account, execution.scheduled_for, key));
        execution.status = ExecutionStatus::Delivering;
        execution.started_at.get_or_insert(now);
        execution.updated_at = now;
        let attempt = execution.attempts.saturating_add(1);
        let scheduled_for = time::with_offset(execution.scheduled_for, execution.scheduled_offset);
        self.timers
            .set(now.saturating_add(STALE).unwrap_or(now), Timer::Stale(key));
        self.in_flight.insert(id, Target::Execution { key, attempt });
        let Some(url) = parcel.callback.url.clone() else {
            // What becomes of a worker's execution that was taken from it and is retried like a webhook.
            self.delivered(now, id, AttemptResult::Failed("URL must have a hostname".into()));
            return;
        };
        let body = Json::object([
            ("attempt", attempt.into()),
            ("cue_id", (&*execution.cue_id).into()),
            ("execution_id", execution.id.to_string().into()),
            ("name", (&*parcel.name).into()),
            ("payload", (*parcel.payload).clone()),
            ("scheduled_for", scheduled_for.as_str().into()),
        ]);
        let headers = vec![
            ("X-CueAPI-Cue-Id", execution.cue_id.to_string()),
            ("X-CueAPI-Execution-Id", execution.id.to_string()),
            ("X-CueAPI-Scheduled-For", scheduled_for),
            ("X-CueAPI-Attempt", attempt.to_string()),
        ];
        self.ready.push_back(Delivery {
            id,
            kind: DeliveryKind::Cue {
                cue_id: execution.cue_id.clone(),
                execution_id: execution.id,
                attempt,
            },
            method: parcel.callback.method.clone(),
            url,
            headers,
            overrides: header_pairs(&parcel.callback.headers),
            body: body.to_canonical(),
            secret: Some(parcel.secret.clone()),
            timeout: std::time::Duration::from_secs(30),
        });
    }

    /// Takes the result of a delivery. One whose execution or message has moved on meanwhile is ignored.
    pub fn delivered(&mut self, now: Timestamp, id: DeliveryId, result: AttemptResult) {
        match self.in_flight.remove(&id) {
            Some(Target::Execution { key, attempt }) => self.executed(now, key, attempt, &result),
            Some(Target::Message { key, attempt }) => self.pushed(now, key, attempt, &result),
            Some(Target::Batch(batch)) => self.published(now, batch, &result),
            None => drop(self.under_way.remove(&id.0)),
        }
    }

    fn executed(&mut self, now: Timestamp, key: ExecutionKey, attempt: u32, result: &AttemptResult) {
        let Some(execution) = self.executions.get_mut(&key) else {
            return;
        };
        if execution.status != ExecutionStatus::Delivering || execution.attempts.saturating_add(1) != attempt {
            return;
        }
        let (account, cue_key) = (execution.account, execution.cue);
        execution.attempts = attempt;
        execution.last_attempt_at = Some(now);
        execution.updated_at = now;
        execution.http_status = result.status();
        let success = matches!(result, AttemptResult::Status(200..300));
        let Some(cue) = self.cues.get_mut(&cue_key) else { return };
        cue.run_count = cue.run_count.saturating_add(1);
        cue.updated_at = now;
        let once = cue.is_once();
        let (max_attempts, delay) = (cue.retry.max_attempts, backoff(cue, attempt.saturating_sub(1)));
        if success {
            execution.status = ExecutionStatus::Success;
            execution.delivered_at = Some(now);
            execution.parcel = None;
            cue.last_run = Some(now);
            self.under_way.remove(&key);
            self.count_delivery(now, account);
            if once {
                self.set_cue_status(cue_key, CueStatus::Completed);
            }
            return;
        }
        execution.error_message = Some(explain(result));
        if attempt >= max_attempts {
            execution.status = ExecutionStatus::Failed;
            cue.last_run = Some(now);
            self.fail_for_good(now, key, attempt);
        } else {
            self.retry_after(now, key, delay);
        }
    }
}

impl AttemptResult {
    /// The receiver's status, where there is one.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Status(status) | Self::Later { status, .. } => Some(*status),
            _ => None,
        }
    }
}

fn explain(result: &AttemptResult) -> String {
    match result {
        AttemptResult::Later { status, .. } => explain(&AttemptResult::Status(*status)),
        AttemptResult::Status(404) => "Webhook endpoint not found (404)".into(),
        AttemptResult::Status(408) | AttemptResult::Timeout => "Webhook endpoint timed out".into(),
        AttemptResult::Status(500) => "Webhook endpoint returned server error (500)".into(),
        AttemptResult::Status(status @ 400..500) => format!("Webhook endpoint rejected request ({status})"),
        AttemptResult::Status(status @ 501..) => format!("Webhook endpoint server error ({status})"),
        AttemptResult::Status(status) => format!("Webhook delivery failed ({status})"),
        AttemptResult::Connect => "Could not connect to webhook endpoint".into(),
        AttemptResult::Failed(reason) => reason.clone(),
    }
}

fn header_pairs(headers: &Json) -> Vec<(Box<str>, Box<str>)> {
    let Json::Object(members) = headers else {
        return Vec::new();
    };
    members
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.into())))
        .collect()
}
