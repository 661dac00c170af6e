//! Logins by device code, as far as they go without somebody's mailbox.

use cueapi_core::{
    ApiKey, ErrorKind,
    types::{DeviceCode, LoginStatus},
};

use super::{
    Row, Suite,
    check::{Stop, few, refused, same},
    subject::Subject,
};

impl<P: FnMut(&Row)> Suite<'_, P> {
    pub(super) async fn login(&mut self) {
        let area = "login";
        self.check(
            area,
            "a login that was started is pending, and its code is in use",
            async |s| {
                let nobody = s.client_with(ApiKey::none())?;
                let code = DeviceCode::from(s.name());
                let started = match nobody.login().start(code.clone()).await {
                    Err(error) if error.kind() == ErrorKind::NotFound => {
                        return Err(Stop::Skip("it has no logins by device code".to_owned()));
                    }
                    started => few(started)??,
                };
                same(
                    "status",
                    LoginStatus::Pending,
                    nobody.login().poll(code.clone()).await?.status,
                )?;
                refused(few(nobody.login().start(code).await)?, 409, "device_code_exists")?;
                Ok(format!("good for {} s", started.expires_in))
            },
        )
        .await;
        self.check(area, "a login that nobody started has expired", async |s| {
            let progress = s.client_with(ApiKey::none())?.login().poll(s.name()).await?;
            same("status", LoginStatus::Expired, progress.status)?;
            Ok("expired".to_owned())
        })
        .await;
        self.check(area, "no mail is sent for a login that nobody started", async |s| {
            unknown_code(s).await
        })
        .await;
        self.check(area, "a token that is none is no session", async |s| {
            let nobody = s.client_with(ApiKey::none())?;
            refused(nobody.login().session("no-token").await, 401, "invalid_token")
        })
        .await;
    }
}

async fn unknown_code(s: &Subject) -> super::check::Checked {
    let nobody = s.client_with(ApiKey::none())?;
    let submitted = nobody.login().submit_email(s.name(), "contract@example.com").await;
    refused(few(submitted)?, 404, "device_code_not_found")
}
