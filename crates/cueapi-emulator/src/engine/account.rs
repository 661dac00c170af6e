//! Accounts: who calls, with which key, under which limits.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Engine, Limits, Uuid, slug};

/// Which account a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountId(u64);

/// A registered user of the emulated server.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Account {
    /// What agents, messages and session tokens name their owner by.
    pub user_id: Uuid,
    /// The address of its owner.
    pub email: Box<str>,
    /// The part of agent addresses behind the `@`.
    pub slug: Box<str>,
    /// `cue_sk_` and 32 hexadecimal digits.
    pub api_key: Box<str>,
    /// `whsec_` and 64 hexadecimal digits; the whole text is the key of the signature.
    pub webhook_secret: Box<str>,
    /// Where alerts are sent.
    pub alert_webhook_url: Option<Box<str>>,
    /// 64 hexadecimal digits, which sign alerts; made when it is first asked for.
    pub alert_webhook_secret: Option<Box<str>>,
    /// What its plan allows.
    pub limits: Limits,
    pub(super) session_secret: Box<str>,
    pub(super) open_cues: usize,
    /// Successful webhook deliveries in the month that `usage_month` names.
    pub(super) used: u32,
    pub(super) usage_month: Month,
    pub(super) over_limit_since: Option<Timestamp>,
}

impl Account {
    /// How many cues count against the limit: active and paused ones.
    #[must_use]
    pub fn open_cues(&self) -> usize {
        self.open_cues
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("email", &self.email)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) enum KeyState {
    Valid(AccountId),
    Rotated(Timestamp),
}

impl fmt::Debug for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Valid(_) => "Valid",
            Self::Rotated(_) => "Rotated",
        })
    }
}

/// Why a key is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// No account has it.
    Unknown,
    /// It was replaced less than 24 hours ago.
    Rotated,
}

impl Engine {
    /// Opens an account with a fresh key and secret; [`Engine::account`] shows them.
    pub fn open_account(&mut self, now: Timestamp, email: &str, limits: Limits) -> AccountId {
        let id = AccountId(self.next_key());
        let api_key = self.ids.hex("cue_sk_", 2);
        self.keys.insert(api_key.clone(), KeyState::Valid(id));
        let slug = self.free_account_slug(email);
        let account = Account {
            user_id: self.ids.uuid(),
            email: email.into(),
            slug,
            api_key,
            webhook_secret: self.ids.hex("whsec_", 4),
            alert_webhook_url: None,
            alert_webhook_secret: None,
            limits,
            session_secret: self.ids.hex("", 4),
            open_cues: 0,
            used: 0,
            usage_month: month(now),
            over_limit_since: None,
        };
        self.accounts.insert(id, account);
        id
    }

    /// The account that was opened first.
    #[must_use]
    pub fn first_account(&self) -> Option<AccountId> {
        self.accounts.iter().next().map(|(id, _)| *id)
    }

    /// Changes what an account may do.
    pub fn set_limits(&mut self, id: AccountId, limits: Limits) {
        if let Some(account) = self.accounts.get_mut(&id) {
            account.limits = limits;
        }
    }

    /// What stands before the `@`, with a number when another account has that.
    fn free_account_slug(&self, email: &str) -> Box<str> {
        let base = slug::derive(email.split('@').next().unwrap_or_default(), "user");
        let numbered = (2..).map(|n: u32| slug::with_suffix(&base, &n.to_string()));
        std::iter::once(base.clone())
            .chain(numbered)
            .find(|slug| self.account_by_slug(slug).is_none())
            .unwrap_or_default()
            .into()
    }

    /// The account that an agent's address names behind the `@`.
    pub(super) fn account_by_slug(&self, slug: &str) -> Option<AccountId> {
        let mut accounts = self.accounts.iter();
        accounts.find(|(_, account)| &*account.slug == slug).map(|(id, _)| *id)
    }

    /// The account of an id that this engine gave out.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id)
    }

    pub(super) fn accounts(&self) -> impl Iterator<Item = (AccountId, &Account)> {
        self.accounts.iter().map(|(id, account)| (*id, account))
    }

    /// The account with an e-mail address.
    pub(super) fn account_of(&self, email: &str) -> Option<AccountId> {
        let found = self.accounts().find(|(_, account)| *account.email == *email);
        found.map(|(id, _)| id)
    }

    pub(super) fn account_mut(&mut self, id: AccountId) -> Option<&mut Account> {
        self.accounts.get_mut(&id)
    }

    /// The account that a key belongs to.
    ///
    /// # Errors
    ///
    /// When it belongs to none, or has been replaced.
    pub fn authenticate(&self, now: Timestamp, key: &str) -> Result<AccountId, KeyError> {
        match self.keys.get(key) {
            Some(KeyState::Valid(id)) => Ok(*id),
            Some(KeyState::Rotated(at)) if now.duration_since(*at) < SignedDuration::from_hours(24) => {
                Err(KeyError::Rotated)
            }
            _ => Err(KeyError::Unknown),
        }
    }

    /// Replaces the API key by a given one; the old key stops at once.
    pub fn set_api_key(&mut self, id: AccountId, key: &str) {
        let Some(account) = self.accounts.get_mut(&id) else {
            return;
        };
        let old = std::mem::replace(&mut account.api_key, key.into());
        self.keys.remove(&old);
        self.keys.insert(key.into(), KeyState::Valid(id));
    }

    /// Replaces the API key; the old one is refused from now on, for a day with a reason of its own.
    pub fn rotate_api_key(&mut self, now: Timestamp, id: AccountId) -> Box<str> {
        let new = self.ids.hex("cue_sk_", 2);
        if let Some(account) = self.accounts.get_mut(&id) {
            let old = std::mem::replace(&mut account.api_key, new.clone());
            self.keys.insert(old, KeyState::Rotated(now));
            self.keys.insert(new.clone(), KeyState::Valid(id));
        }
        new
    }

    /// Replaces the webhook secret. Deliveries that are queued already keep the old one.
    pub fn rotate_webhook_secret(&mut self, id: AccountId) -> Box<str> {
        let new = self.ids.hex("whsec_", 4);
        if let Some(account) = self.accounts.get_mut(&id) {
            let old = std::mem::replace(&mut account.webhook_secret, new.clone());
            self.replaced_secrets.insert(new.clone(), old);
        }
        new
    }

    /// The webhook secret that a rotation has put this one in the place of.
    #[must_use]
    pub fn replaced_secret(&self, secret: &str) -> Option<&str> {
        self.replaced_secrets.get(secret).map(AsRef::as_ref)
    }

    /// Successful webhook deliveries of this calendar month, UTC.
    #[must_use]
    pub fn monthly_usage(&self, now: Timestamp, id: AccountId) -> u32 {
        self.account(id)
            .filter(|account| account.usage_month == month(now))
            .map_or(0, |account| account.used)
    }

    pub(super) fn count_delivery(&mut self, now: Timestamp, id: AccountId) {
        let Some(account) = self.account_mut(id) else { return };
        if account.usage_month != month(now) {
            account.usage_month = month(now);
            account.used = 0;
            account.over_limit_since = None;
        }
        account.used = account.used.saturating_add(1);
    }

    /// Whether a scheduled delivery may still go out: below the monthly limit, or within the first day above it.
    pub(super) fn within_monthly_limit(&mut self, now: Timestamp, id: AccountId) -> bool {
        let used = self.monthly_usage(now, id);
        let Some(account) = self.account_mut(id) else {
            return true;
        };
        let Some(limit) = account.limits.monthly_executions else {
            return true;
        };
        if used < limit {
            return true;
        }
        let since = *account.over_limit_since.get_or_insert(now);
        now.duration_since(since) < SignedDuration::from_hours(24)
    }

    /// Whether responses carry `X-CueAPI-Usage-Warning`: from 80 % of the monthly limit.
    #[must_use]
    pub fn approaching_limit(&self, now: Timestamp, id: AccountId) -> bool {
        let limit = self.account(id).and_then(|account| account.limits.monthly_executions);
        limit.is_some_and(|limit| u64::from(self.monthly_usage(now, id)) * 10 >= u64::from(limit) * 8)
    }
}

/// A year and a month, UTC.
pub(super) type Month = (i16, i8);

pub(super) fn month(now: Timestamp) -> Month {
    let date = jiff::tz::Offset::UTC.to_datetime(now);
    (date.year(), date.month())
}
