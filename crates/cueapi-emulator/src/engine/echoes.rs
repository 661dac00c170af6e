//! The echo: what is posted under a token can be fetched by who knows it, for five minutes.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::{Counter, Engine, Refusal};
use crate::json::Json;

/// What was posted under a token.
#[derive(Clone)]
#[non_exhaustive]
pub struct Echo {
    /// The JSON text that was sent.
    pub payload: Json,
    /// The headers that came with it, names in lower case.
    pub headers: Json,
    /// When it came.
    pub received_at: Timestamp,
}

impl fmt::Debug for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Echo")
            .field("received_at", &self.received_at)
            .finish_non_exhaustive()
    }
}

const KEPT: SignedDuration = SignedDuration::from_secs(300);
/// On a clock that stands still nothing gets old.
const MAX_ECHOES: usize = 256;

impl Engine {
    /// Keeps a text under a token for five minutes, in the place of an earlier one.
    ///
    /// # Errors
    ///
    /// 400 `invalid_token` for fewer than 16 characters, 429 `rate_limit_exceeded` after ten in an hour from one address.
    pub fn store_echo(
        &mut self,
        now: Timestamp,
        peer: &str,
        token: &str,
        payload: Json,
        headers: Json,
    ) -> Result<(), Refusal> {
        check_echo_token(token)?;
        self.count(now, Counter::Echoes, peer)?;
        self.echoes
            .retain(|_, echo| now.duration_since(echo.received_at) < KEPT);
        if self.echoes.len() >= MAX_ECHOES {
            let oldest = self.echoes.iter().min_by_key(|(_, echo)| echo.received_at);
            if let Some(token) = oldest.map(|(token, _)| token.clone()) {
                self.echoes.remove(&token);
            }
        }
        let echo = Echo {
            payload,
            headers,
            received_at: now,
        };
        self.echoes.insert(token.into(), echo);
        Ok(())
    }

    /// What was stored under a token in the last five minutes.
    #[must_use]
    pub fn echo(&self, now: Timestamp, token: &str) -> Option<&Echo> {
        let echo = self.echoes.get(token);
        echo.filter(|echo| now.duration_since(echo.received_at) < KEPT)
    }
}

/// What [`Engine::store_echo`] checks first.
pub(crate) fn check_echo_token(token: &str) -> Result<(), Refusal> {
    if token.chars().count() < 16 {
        return Err(Refusal::api(
            400,
            "invalid_token",
            "Token must be at least 16 characters",
        ));
    }
    Ok(())
}
