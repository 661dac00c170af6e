//! Alerts: what the server notes when outcomes go wrong.

use std::time::Duration;

use jiff::{Timestamp, tz::Offset};
use serde::{Deserialize, Serialize};

use super::{AccountId, Delivery, DeliveryKind, Engine, ExecutionStatus, Uuid, cue::names, executions::ExecutionKey};
use crate::{json::Json, time};

names! {
    /// What an alert is about.
    AlertType {
        /// A success was reported without the evidence that its cue asks for.
        VerificationFailed = "verification_failed",
        /// A cue's last three executions failed, or more.
        ConsecutiveFailures = "consecutive_failures",
    }
}

/// An alert of an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Alert {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub account: AccountId,
    /// What went wrong.
    pub alert_type: AlertType,
    /// The cue that it is about.
    pub cue_id: Box<str>,
    /// The execution that raised it.
    pub execution_id: Uuid,
    /// One sentence.
    pub message: String,
    /// The numbers behind the sentence.
    pub metadata: Json,
    /// When it was raised.
    pub created_at: Timestamp,
}

/// How many executions back the server looks, and how many failures in a row it takes.
const LOOK_BACK: usize = 8;
const FAILURES: usize = 3;
/// Of every alert.
pub(crate) const SEVERITY: &str = "warning";

impl Engine {
    /// An account's alerts, newest first.
    pub fn alerts(&self, account: AccountId) -> impl Iterator<Item = &Alert> {
        self.alerts.values().rev().filter(move |alert| alert.account == account)
    }

    pub(super) fn alert_verification_failed(&mut self, now: Timestamp, key: ExecutionKey) {
        let Some((execution, cue)) = self.execution_and_cue(key) else {
            return;
        };
        let alert = Alert {
            id: execution.id,
            account: cue.account,
            alert_type: AlertType::VerificationFailed,
            cue_id: cue.id.clone(),
            execution_id: execution.id,
            message: format!(
                "Execution {} reported success but failed verification (required evidence missing).",
                execution.id
            ),
            metadata: Json::object([
                ("transport", cue.transport.as_str().into()),
                ("outcome_state", "verification_failed".into()),
            ]),
            created_at: now,
        };
        self.push_alert(alert);
    }

    pub(super) fn alert_consecutive_failures(&mut self, now: Timestamp, key: ExecutionKey) {
        let Some((execution, cue)) = self.execution_and_cue(key) else {
            return;
        };
        let failures = cue
            .executions
            .iter()
            .rev()
            .filter_map(|key| self.executions.get(key))
            .filter(|execution| matches!(execution.status, ExecutionStatus::Success | ExecutionStatus::Failed))
            .take(LOOK_BACK)
            .take_while(|execution| execution.status == ExecutionStatus::Failed)
            .count();
        if failures < FAILURES {
            return;
        }
        let alert = Alert {
            id: execution.id,
            account: cue.account,
            alert_type: AlertType::ConsecutiveFailures,
            cue_id: cue.id.clone(),
            execution_id: execution.id,
            message: format!("Cue {} has {failures} consecutive failed executions.", cue.id),
            metadata: Json::object([("consecutive_failures", Json::Int(i64::try_from(failures).unwrap_or(0)))]),
            created_at: now,
        };
        self.push_alert(alert);
    }

    /// Keeps an alert and sends it. The server does not repeat one about the same execution for 300 seconds, but an execution
    /// has one outcome, so that comes to nothing.
    fn push_alert(&mut self, mut alert: Alert) {
        alert.id = self.ids.uuid();
        self.send_alert(&alert);
        let key = self.next_key();
        self.alerts.insert(key, alert);
    }

    /// Once, and only to who has set a URL and has fetched the secret.
    fn send_alert(&mut self, alert: &Alert) {
        let Some(account) = self.account(alert.account) else {
            return;
        };
        let (Some(url), Some(secret)) = (account.alert_webhook_url.clone(), account.alert_webhook_secret.clone())
        else {
            return;
        };
        if self.check_url(Some(&url), "").is_err() {
            return;
        }
        let id = alert.id.to_string();
        let body = Json::object([
            ("alert_id", id.as_str().into()),
            ("alert_type", alert.alert_type.as_str().into()),
            ("severity", SEVERITY.into()),
            ("message", alert.message.as_str().into()),
            ("execution_id", alert.execution_id.to_string().into()),
            ("cue_id", (&*alert.cue_id).into()),
            ("created_at", time::with_offset(alert.created_at, Offset::UTC).into()),
            ("metadata", alert.metadata.clone()),
        ]);
        let delivery = Delivery {
            id: self.delivery_id(),
            kind: DeliveryKind::Alert {
                alert_id: alert.id,
                alert_type: alert.alert_type,
            },
            method: "POST".into(),
            url,
            headers: vec![
                ("X-CueAPI-Alert-Id", id),
                ("X-CueAPI-Alert-Type", alert.alert_type.to_string()),
            ],
            overrides: Vec::new(),
            body: body.to_canonical(),
            secret: Some(secret),
            timeout: Duration::from_secs(10),
        };
        self.send_once(delivery);
    }
}
