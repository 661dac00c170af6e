//! How accounts come to be, and what their owners can change about them.

use jiff::Timestamp;

use super::{AccountId, Engine, Limits, Refusal};

/// A change of an account; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct PatchAccount {
    /// Another address; any text, as the server does not look at it.
    pub email: Option<Box<str>>,
    /// Where alerts go; an empty text takes it away.
    pub alert_webhook_url: Option<Box<str>>,
}

/// How many characters the server's columns hold.
const MAX_TEXT: usize = 255;
const MAX_URL: usize = 2048;

impl Engine {
    /// What accounts may do that are registered from now on; [`Limits::free`] at first.
    pub fn limit_new_accounts(&mut self, limits: Limits) {
        self.new_account_limits = limits;
    }

    /// Opens an account for an address that none has.
    ///
    /// # Errors
    ///
    /// 409 `duplicate_email`.
    pub fn register(&mut self, now: Timestamp, email: &str) -> Result<AccountId, Refusal> {
        if self.account_of(email).is_some() {
            return Err(Refusal::api(409, "duplicate_email", "Email already registered"));
        }
        Ok(self.open_account(now, email, self.new_account_limits))
    }

    /// Changes an account.
    ///
    /// # Errors
    ///
    /// 422 `no_fields`, 400 `invalid_alert_webhook_url`; a 500 for what the database does not take, such as an address
    /// that another account has.
    pub fn patch_account(&mut self, id: AccountId, patch: PatchAccount) -> Result<(), Refusal> {
        let PatchAccount {
            email,
            alert_webhook_url,
        } = patch;
        if email.is_none() && alert_webhook_url.is_none() {
            return Err(Refusal::api(422, "no_fields", "No fields to update"));
        }
        let url = alert_webhook_url.as_deref().filter(|url| !url.is_empty());
        self.check_url(url, "invalid_alert_webhook_url")?;
        let taken = email.as_deref().and_then(|email| self.account_of(email));
        if taken.is_some_and(|holder| holder != id)
            || !fits(email.as_deref(), MAX_TEXT)
            || !fits(alert_webhook_url.as_deref(), MAX_URL)
        {
            return Err(Refusal::Internal);
        }
        let account = self.account_mut(id).ok_or(Refusal::Internal)?;
        if let Some(email) = email {
            account.email = email;
        }
        if let Some(url) = alert_webhook_url {
            account.alert_webhook_url = Some(url).filter(|url| !url.is_empty());
        }
        Ok(())
    }

    /// The secret that signs alerts, made when it is first asked for. Until then no alert is sent.
    pub fn alert_webhook_secret(&mut self, id: AccountId) -> Box<str> {
        let made = self
            .account(id)
            .and_then(|account| account.alert_webhook_secret.clone());
        made.unwrap_or_else(|| self.rotate_alert_webhook_secret(id))
    }

    /// Replaces the secret that signs alerts.
    pub fn rotate_alert_webhook_secret(&mut self, id: AccountId) -> Box<str> {
        let new = self.ids.hex("", 4);
        if let Some(account) = self.account_mut(id) {
            if let Some(old) = account.alert_webhook_secret.replace(new.clone()) {
                self.replaced_secrets.insert(new.clone(), old);
            }
        }
        new
    }
}

fn fits(text: Option<&str>, limit: usize) -> bool {
    text.is_none_or(|text| !text.contains('\0') && text.chars().count() <= limit)
}
