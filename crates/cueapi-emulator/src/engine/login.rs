//! Logging in by device code: `pending`, `email_sent`, `approved`, `claimed`, within 900 seconds.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{AccountId, Counter, Engine, Refusal, cue::names};

names! {
    /// How far a login is.
    LoginStatus {
        /// Nobody has said yet who logs in.
        Pending = "pending",
        /// The mail is on its way.
        EmailSent = "email_sent",
        /// The link in the mail was opened.
        Approved = "approved",
        /// The answer with the key was given.
        Claimed = "claimed",
        /// Too old, or never started.
        Expired = "expired",
    }
}

/// A login that somebody has started.
#[derive(Serialize, Deserialize)]
pub(super) struct DeviceLogin {
    status: LoginStatus,
    email: Option<Box<str>>,
    /// What the link in the mail carries.
    mail_token: Option<Box<str>>,
    pub(super) account: Option<AccountId>,
    pub(super) session_token: Option<Box<str>>,
    pub(super) expires_at: Timestamp,
}

/// What a program learns that asks how far its login is.
#[derive(Clone)]
#[non_exhaustive]
pub struct LoginProgress {
    /// How far it is.
    pub status: LoginStatus,
    /// With `approved`, which comes once: who has logged in, and the token to exchange for a session.
    pub approved: Option<(AccountId, Box<str>)>,
}

impl fmt::Debug for LoginProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginProgress")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// How long a device code is good for.
pub(crate) const LOGIN_SECONDS: i64 = 900;
/// After this a code that is too old is one that never was.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

impl Engine {
    /// Starts a login under a code of the caller's choice.
    ///
    /// # Errors
    ///
    /// 400 `invalid_device_code` unless it has 6 to 128 characters, 409 `device_code_exists`, 429 `rate_limit_exceeded`
    /// after five in an hour from one address.
    pub fn start_login(&mut self, now: Timestamp, peer: &str, code: &str) -> Result<(), Refusal> {
        self.count(now, Counter::DeviceCodes, peer)?;
        if code.contains('\0') {
            return Err(Refusal::Internal);
        }
        if !(6..=128).contains(&code.chars().count()) {
            let message = "Device code must be between 6 and 128 characters";
            return Err(Refusal::api(400, "invalid_device_code", message));
        }
        if self.logins.get(code).is_some_and(|login| now < login.expires_at) {
            return Err(Refusal::api(409, "device_code_exists", "Device code already in use"));
        }
        self.forget_old_logins(now);
        let login = DeviceLogin {
            status: LoginStatus::Pending,
            email: None,
            mail_token: None,
            account: None,
            session_token: None,
            expires_at: now
                .saturating_add(SignedDuration::from_secs(LOGIN_SECONDS))
                .unwrap_or(now),
        };
        self.logins.insert(code.into(), login);
        Ok(())
    }

    fn login_mut(&mut self, code: &str) -> Option<&mut DeviceLogin> {
        self.logins.get_mut(&code.into())
    }

    fn forget_old_logins(&mut self, now: Timestamp) {
        let old = (self.logins.iter()).filter(|(_, login)| now.duration_since(login.expires_at) >= REMEMBERED);
        for code in old.map(|(code, _)| code.clone()).collect::<Vec<_>>() {
            self.logins.remove(&code);
        }
    }

    /// Takes the address of who logs in, and answers the token for the link in the mail.
    ///
    /// # Errors
    ///
    /// 404 `device_code_not_found`, 400 `device_code_expired` and `invalid_status`, 429 `rate_limit_exceeded` after three
    /// mails an hour to one address or ten from one.
    pub fn submit_email(&mut self, now: Timestamp, peer: &str, code: &str, email: &str) -> Result<Box<str>, Refusal> {
        self.count(now, Counter::MailsTo, email)?;
        self.count(now, Counter::MailsFrom, peer)?;
        let token = self.ids.hex("", 4);
        let login = self
            .login_mut(code)
            .ok_or_else(|| Refusal::api(404, "device_code_not_found", "Device code not found"))?;
        if now >= login.expires_at {
            return Err(Refusal::api(400, "device_code_expired", "Device code has expired"));
        }
        if !matches!(login.status, LoginStatus::Pending | LoginStatus::EmailSent) {
            let message = format!("Cannot submit an email in status: {}", login.status);
            return Err(Refusal::api(400, "invalid_status", message));
        }
        login.status = LoginStatus::EmailSent;
        login.email = Some(email.into());
        login.mail_token = Some(token.clone());
        Ok(token)
    }

    /// The link in the mail was opened: opens an account for an address that has none, and approves the login. `None` when
    /// the link is not, or no longer, one.
    pub fn approve_login(&mut self, now: Timestamp, code: &str, token: &str) -> Option<AccountId> {
        let login = (self.login_mut(code))
            .filter(|login| now < login.expires_at && login.mail_token.as_deref() == Some(token))?;
        login.mail_token = None;
        let email = login.email.clone()?;
        let known = self.account_of(&email);
        let account = known.unwrap_or_else(|| self.open_account(now, &email, self.new_account_limits));
        let session_token = self.ids.hex("", 4);
        let login = self.login_mut(code)?;
        login.status = LoginStatus::Approved;
        login.account = Some(account);
        login.session_token = Some(session_token);
        Some(account)
    }

    /// How far a login is. `approved` is answered once.
    ///
    /// # Errors
    ///
    /// 429 `rate_limit_exceeded` after thirty in a minute for one code.
    pub fn poll_login(&mut self, now: Timestamp, code: &str) -> Result<LoginProgress, Refusal> {
        self.count(now, Counter::Polls, code)?;
        let Some(login) = self.login_mut(code).filter(|login| now < login.expires_at) else {
            return Ok(LoginProgress {
                status: LoginStatus::Expired,
                approved: None,
            });
        };
        let status = login.status;
        let approved = (login.account.zip(login.session_token.clone())).filter(|_| status == LoginStatus::Approved);
        if approved.is_some() {
            login.status = LoginStatus::Claimed;
        }
        Ok(LoginProgress { status, approved })
    }
}
