//! Sessions: signed tokens (JWT, HS256) that stand in for an API key for a day.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

use super::{Account, AccountId, Engine, Refusal, Uuid};
use crate::json::{Json, Writer};

/// Why a session token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionError {
    /// This server has not made it.
    Invalid,
    /// It is older than 24 hours.
    Expired,
}

const LIFETIME_SECONDS: i64 = 24 * 60 * 60;
/// `{"alg":"HS256","typ":"JWT"}`.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

impl Engine {
    /// A session token of an account, good for 24 hours.
    #[must_use]
    pub fn session_token(&self, now: Timestamp, id: AccountId) -> Option<String> {
        let account = self.account(id)?;
        let claims = Writer::object()
            .str("sub", &account.user_id.to_string())
            .str("email", &account.email)
            .str("type", "session")
            .int("iat", now.as_second())
            .int("exp", now.as_second().saturating_add(LIFETIME_SECONDS));
        let signed = format!("{HEADER}.{}", BASE64.encode(claims.finish()));
        let signature = BASE64.encode(mac(account, &signed)?.finalize().into_bytes());
        Some(format!("{signed}.{signature}"))
    }

    /// The account that a session token belongs to.
    ///
    /// # Errors
    ///
    /// When this server has not made it, or it is too old.
    pub fn session(&self, now: Timestamp, token: &str) -> Result<AccountId, SessionError> {
        let (id, claims) = self.verified(token).ok_or(SessionError::Invalid)?;
        match claims.get("exp") {
            Some(Json::Int(end)) if *end > now.as_second() => Ok(id),
            _ => Err(SessionError::Expired),
        }
    }

    fn verified(&self, token: &str) -> Option<(AccountId, Json)> {
        let (signed, signature) = token.rsplit_once('.')?;
        let claims = signed.strip_prefix(HEADER)?.strip_prefix('.')?;
        let claims = Json::parse(&BASE64.decode(claims).ok()?).ok()?;
        let user_id = Uuid::parse(claims.get("sub")?.as_str()?)?;
        let (id, account) = self.accounts().find(|(_, account)| account.user_id == user_id)?;
        let signature = BASE64.decode(signature).ok()?;
        mac(account, signed)?.verify_slice(&signature).ok()?;
        Some((id, claims))
    }

    /// Takes the token of an approved login, once.
    ///
    /// # Errors
    ///
    /// 401 `invalid_token`.
    pub fn exchange_login_token(&mut self, now: Timestamp, token: &str) -> Result<AccountId, Refusal> {
        let mut logins = self.logins.iter();
        let found = logins.find(|(_, login)| login.session_token.as_deref() == Some(token) && now < login.expires_at);
        let code = found.map(|(code, _)| code.clone());
        let account = code.and_then(|code| self.logins.get_mut(&code)).and_then(|login| {
            login.session_token = None;
            login.account
        });
        account.ok_or_else(|| Refusal::api(401, "invalid_token", "Invalid or expired session token"))
    }
}

fn mac(account: &Account, text: &str) -> Option<Hmac<Sha256>> {
    let mac = Hmac::<Sha256>::new_from_slice(account.session_secret.as_bytes()).ok()?;
    Some(mac.chain_update(text))
}
