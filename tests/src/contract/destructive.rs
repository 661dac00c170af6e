//! What cannot be undone, only where it is asked for, and last: secrets and the key are replaced, an account is opened.

use cueapi_core::{ApiKey, ConfirmDestructive};

use super::{
    Row, Suite,
    check::{Stop, holds, refused, same},
    subject::Subject,
};

impl<P: FnMut(&Row)> Suite<'_, P> {
    pub(super) async fn destructive(&mut self) {
        let area = "destroy";
        self.check(area, "who registers gets a key that works", async |s| {
            asked(s)?;
            let email = format!("{}@example.com", s.name());
            let nobody = s.client_with(ApiKey::none())?;
            let registered = match nobody.login().register(&email).await {
                Err(error) if error.status().is_some_and(|status| status.as_u16() == 404) => {
                    return Err(Stop::Skip("it does not let anybody register".to_owned()));
                }
                registered => registered?,
            };
            let account = s.client_with(registered.api_key.expose())?.account().get().await?;
            same("address", Some(&email), account.email.as_ref())?;
            refused(nobody.login().register(&email).await, 409, "duplicate_email")?;
            Ok(email)
        })
        .await;
        self.check(area, "a new webhook secret takes the place of the old one", async |s| {
            asked(s)?;
            let old = s.client.webhook_secret().get().await?.webhook_secret;
            let new = s
                .client
                .webhook_secret()
                .regenerate(ConfirmDestructive)
                .await?
                .webhook_secret;
            holds(old.expose() != new.expose(), "another secret", "the same one")?;
            let kept = s.client.webhook_secret().get().await?.webhook_secret;
            holds(kept.expose() == new.expose(), "the new secret", "another one")?;
            Ok("another one".to_owned())
        })
        .await;
        self.check(area, "a new alert secret takes the place of the old one", async |s| {
            asked(s)?;
            let old = s.client.alerts().webhook_secret().await?.alert_webhook_secret;
            let again = s.client.alerts().webhook_secret().await?.alert_webhook_secret;
            holds(old.expose() == again.expose(), "the secret once more", "another one")?;
            let new = s
                .client
                .alerts()
                .regenerate_webhook_secret(ConfirmDestructive)
                .await?
                .alert_webhook_secret;
            holds(old.expose() != new.expose(), "another secret", "the same one")?;
            Ok("another one".to_owned())
        })
        .await;
        self.check(area, "a new key takes the place of the old one at once", async |s| {
            asked(s)?;
            let key = s.client.account().regenerate_key(ConfirmDestructive).await?.api_key;
            *s.new_key.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(key.clone());
            // For up to a minute a self-hosted server now judges by 60 requests a minute, and says `Retry-After: 1` all the while.
            let new = s.client_with(key.expose())?;
            s.patiently(async || new.account().get().await).await?;
            let old = s.patiently(async || s.client.account().get().await).await;
            refused(old, 401, "key_rotated")
        })
        .await;
    }
}

fn asked(s: &Subject) -> Result<(), Stop> {
    if s.destructive {
        Ok(())
    } else {
        Err(Stop::Skip("only with --destructive: it cannot be undone".to_owned()))
    }
}
