//! The echo that a server keeps for who has no receiver.

use cueapi_core::types::{EchoStatus, Payload};
use serde_json::json;

use super::{
    Row, Suite,
    check::{Stop, fail, few, refused, same},
};

impl<P: FnMut(&Row)> Suite<'_, P> {
    pub(super) async fn echo(&mut self) {
        let area = "echo";
        self.check(area, "what is stored under a token is fetched by it", async |s| {
            let token = s.name();
            let waiting = match s.client.echo().get(&token).await {
                Err(error) if error.status().is_some_and(|status| status.as_u16() == 404) => {
                    return Err(Stop::Skip("it has no echo".to_owned()));
                }
                echo => echo?,
            };
            same("status", EchoStatus::Waiting, waiting.status)?;
            let payload =
                Payload::from_json(r#"{"text":"é","n":1}"#).map_err(|error| fail("JSON", error.to_string()))?;
            let stored = few(s.client.echo().store(&token, payload.clone()).await)?;
            same("stored", Some(true), stored?.stored)?;
            let echo = s.client.echo().get(&token).await?;
            same("status", EchoStatus::Delivered, echo.status)?;
            same("payload", Some(payload), echo.payload)?;
            Ok("delivered".to_owned())
        })
        .await;
        self.check(
            area,
            "nothing is stored under a token of fewer than 16 characters",
            async |s| {
                let stored = s.client.echo().store("fifteen-letters", json!({})).await;
                refused(few(stored)?, 400, "invalid_token")
            },
        )
        .await;
        self.check(
            area,
            "nothing has arrived under a token of fewer than 16 characters",
            async |s| {
                match s.client.echo().get("fifteen-letters").await {
                    // So says the hosted service's documentation. A self-hosted server looks at the length in `store` only.
                    refusal @ Err(_) => refused(refusal, 400, "invalid_token"),
                    Ok(echo) => {
                        same("status", EchoStatus::Waiting, echo.status)?;
                        Ok("waiting".to_owned())
                    }
                }
            },
        )
        .await;
    }
}
