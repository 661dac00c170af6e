//! Alerts: when they are raised, and how they are found again.

use cueapi_core::types::{Alert, AlertType, Outcome, VerificationMode};
use http::Method;

use super::{
    Row, ServerKind, Suite,
    check::{Stop, fail, holds, same},
    subject::Subject,
    wire::error,
};

impl<P: FnMut(&Row)> Suite<'_, P> {
    pub(super) async fn alerts(&mut self) {
        let area = "alerts";
        self.check(area, "a success without its evidence raises one", async |s| {
            let alert = raised(s).await?;
            holds(
                alert.message.as_deref().is_some_and(|message| !message.is_empty()),
                "a message",
                &alert,
            )?;
            same("acknowledged", false, alert.acknowledged)?;
            Ok(format!("{:?}", alert.severity))
        })
        .await;
        self.check(area, "the list of a type has that type only", async |s| {
            let alert = raised(s).await?;
            let list = s
                .client
                .alerts()
                .list()
                .alert_type(AlertType::VerificationFailed)
                .await?;
            holds(
                list.alerts.iter().any(|listed| listed.id == alert.id),
                "the alert among them",
                &list.alerts,
            )?;
            holds(
                list.alerts
                    .iter()
                    .all(|listed| listed.alert_type == Some(AlertType::VerificationFailed)),
                "no other type",
                &list.alerts,
            )?;
            Ok(format!("{} of them", list.total))
        })
        .await;
        self.check(area, "the list since a time has none from before", async |s| {
            raised(s).await?;
            let list = s.client.alerts().list().since(s.later()).await?;
            same("total", 0, list.total)?;
            Ok("none from the future".to_owned())
        })
        .await;
        self.check(area, "a type that is none is refused", async |s| {
            if s.kind == ServerKind::Hosted {
                return Err(Stop::Skip("known of self-hosted servers only".to_owned()));
            }
            let response = s.request(Method::GET, "/v1/alerts?alert_type=weather", &[], "").await?;
            same("status", 400, response.status().as_u16())?;
            same("code", "invalid_filter", error(&response)?.code.as_str())?;
            Ok("400 invalid_filter".to_owned())
        })
        .await;
    }
}

/// Reports a success without the evidence that its cue asks for, and finds the alert.
async fn raised(s: &Subject) -> Result<Alert, Stop> {
    let cue = s.worker_cue_with(VerificationMode::RequireExternalId).await?;
    let execution = s.client.cues().fire(&cue.id).await?.id;
    s.client.executions().claim(&execution, "contract").await?;
    s.client
        .executions()
        .report_outcome(&execution, Outcome::success())
        .await?;
    let list = s.client.alerts().list().limit(100).await?;
    let alert = list
        .alerts
        .into_iter()
        .find(|alert| alert.execution_id.as_ref() == Some(&execution));
    alert.ok_or_else(|| fail("an alert about the execution", "none"))
}
