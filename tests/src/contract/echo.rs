//! The echo that a server keeps for who has no receiver.

use cueapi_core::types::{EchoStatus, Payload};

use super::{
    Row, Suite,
    check::{Stop, fail, refused, same},
};

impl<P: FnMut(&Row)> Suite<P> {
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
            match s.client.echo().store(&token, payload.clone()).await {
                Err(error) if error.status().is_some_and(|status| status.as_u16() == 429) => {
                    return Err(Stop::Skip(
                        "ten an hour from this address are stored already".to_owned(),
                    ));
                }
                stored => same("stored", Some(true), stored?.stored)?,
            }
            let echo = s.client.echo().get(&token).await?;
            same("status", EchoStatus::Delivered, echo.status)?;
            same("payload", Some(payload), echo.payload)?;
            Ok("delivered".to_owned())
        })
        .await;
        self.check(area, "a token of fewer than 16 characters is refused", async |s| {
            refused(s.client.echo().get("fifteen-letters").await, 400, "invalid_token")
        })
        .await;
    }
}
