//! The argument that destructive calls take.

/// Says that a call which cannot be undone is meant: it makes a secret or a key invalid at once.
///
/// The server asks for the same with the header `X-Confirm-Destructive: true`, which these calls send.
///
/// ```
/// use cueapi_core::{ConfirmDestructive, testing::{self, ReplayClient, json}};
///
/// let client = ReplayClient::new([json(200, r#"{"webhook_secret":"whsec_new","previous_secret_revoked":true}"#)]).client();
/// let new = testing::run(client.webhook_secret().regenerate(ConfirmDestructive).send())?;
/// assert_eq!(new.webhook_secret.expose(), "whsec_new");
/// # Ok::<(), cueapi_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfirmDestructive;
