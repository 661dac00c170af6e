//! What a plan allows, and the sliding window that counts requests.

use std::collections::{HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{AccountId, Engine, cue::names};

names! {
    /// What a plan is called. It stands for nothing but its name: the limits say what is allowed.
    Plan {
        /// A new account's.
        Free = "free",
        /// A paying user's.
        Pro = "pro",
        /// A heavy user's.
        Scale = "scale",
    }
}

/// What an account may do. `None` means without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Limits {
    /// The name of the plan.
    pub plan: Plan,
    /// Requests in any 60 seconds; without a limit the `X-RateLimit-*` headers are not sent either.
    pub requests_per_minute: Option<u32>,
    /// Cues that are active or paused.
    pub cues: Option<u32>,
    /// Successful webhook deliveries in a calendar month; scheduled ones stop a day after it is reached.
    pub monthly_executions: Option<u32>,
    /// Messages that its agents send in any 60 seconds.
    pub messages_per_minute: Option<u32>,
    /// Messages that its agents send in a calendar month.
    pub monthly_messages: Option<u32>,
}

impl Limits {
    /// A new account on the free plan: 60 requests and 10 messages a minute, 10 cues, 300 executions and 300 messages
    /// a month.
    #[must_use]
    pub const fn free() -> Self {
        Self {
            plan: Plan::Free,
            requests_per_minute: Some(60),
            cues: Some(10),
            monthly_executions: Some(300),
            messages_per_minute: Some(10),
            monthly_messages: Some(300),
        }
    }

    /// No limit, under the name of the largest plan. What a server rations on every plan stays rationed: ten messages above
    /// priority 3 an hour.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self {
            plan: Plan::Scale,
            requests_per_minute: None,
            cues: None,
            monthly_executions: None,
            messages_per_minute: None,
            monthly_messages: None,
        }
    }

    /// Sets the name of the plan.
    #[must_use]
    pub const fn plan(mut self, plan: Plan) -> Self {
        self.plan = plan;
        self
    }

    /// Sets the requests in any 60 seconds.
    #[must_use]
    pub const fn requests_per_minute(mut self, limit: Option<u32>) -> Self {
        self.requests_per_minute = limit;
        self
    }

    /// Sets the number of cues that may be active or paused.
    #[must_use]
    pub const fn cues(mut self, limit: Option<u32>) -> Self {
        self.cues = limit;
        self
    }

    /// Sets the successful webhook deliveries of a calendar month.
    #[must_use]
    pub const fn monthly_executions(mut self, limit: Option<u32>) -> Self {
        self.monthly_executions = limit;
        self
    }

    /// Sets the messages in any 60 seconds.
    #[must_use]
    pub const fn messages_per_minute(mut self, limit: Option<u32>) -> Self {
        self.messages_per_minute = limit;
        self
    }

    /// Sets the messages of a calendar month.
    #[must_use]
    pub const fn monthly_messages(mut self, limit: Option<u32>) -> Self {
        self.monthly_messages = limit;
        self
    }
}

/// The limiter's answer to one request, as its headers tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateDecision {
    /// Whether the request may go on.
    pub allowed: bool,
    /// Requests allowed in 60 seconds.
    pub limit: u32,
    /// How many of them are left.
    pub remaining: u32,
    /// Unix seconds: a minute from now, or when refused, when the oldest request leaves the window.
    pub reset: i64,
    /// Seconds until then, rounded down as the server does, at least 1.
    pub retry_after: i64,
}

#[derive(Debug, Default)]
pub(super) struct RateLimiter {
    windows: HashMap<Box<str>, VecDeque<Timestamp>>,
}

const WINDOW: SignedDuration = SignedDuration::from_secs(60);

impl Engine {
    /// How many requests a minute the holder of a key may make.
    #[must_use]
    pub fn request_limit(&self, now: Timestamp, key: Option<&str>) -> Option<u32> {
        match key
            .and_then(|key| self.authenticate(now, key).ok())
            .and_then(|id| self.account(id))
        {
            Some(account) => account.limits.requests_per_minute,
            None => self.anonymous_limit,
        }
    }

    /// How many requests of an account are in the window.
    #[must_use]
    pub fn requests_in_window(&self, now: Timestamp, id: AccountId) -> usize {
        let bucket = self
            .account(id)
            .map(|account| format!("Bearer {}", account.api_key))
            .unwrap_or_default();
        let window = self.limiter.windows.get(&*bucket);
        window.map_or(0, |window| {
            window.iter().filter(|at| now.duration_since(**at) < WINDOW).count()
        })
    }

    /// Counts a request in the bucket's window, unless the window is full. Refused requests are not counted.
    pub fn rate_limit(&mut self, now: Timestamp, bucket: &str, limit: u32) -> RateDecision {
        if !self.limiter.windows.contains_key(bucket) {
            // A bucket for every made-up key: forget the idle ones before the table grows.
            if self.limiter.windows.len() >= 1024 {
                self.limiter
                    .windows
                    .retain(|_, window| window.back().is_some_and(|last| now.duration_since(*last) < WINDOW));
            }
            self.limiter.windows.insert(bucket.into(), VecDeque::new());
        }
        let Some(window) = self.limiter.windows.get_mut(bucket) else {
            return RateDecision {
                allowed: true,
                limit,
                remaining: limit,
                reset: now.as_second() + 60,
                retry_after: 1,
            };
        };
        while window.front().is_some_and(|first| now.duration_since(*first) >= WINDOW) {
            window.pop_front();
        }
        let used = u32::try_from(window.len()).unwrap_or(u32::MAX);
        if used >= limit {
            let free_at = window
                .front()
                .map_or(now, |first| first.saturating_add(WINDOW).unwrap_or(now));
            let retry_after = free_at.duration_since(now).as_secs().max(1);
            return RateDecision {
                allowed: false,
                limit,
                remaining: 0,
                reset: free_at.as_second(),
                retry_after,
            };
        }
        window.push_back(now);
        RateDecision {
            allowed: true,
            limit,
            remaining: limit - used - 1,
            reset: now.as_second() + 60,
            retry_after: 0,
        }
    }
}
