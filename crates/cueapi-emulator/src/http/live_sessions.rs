//! `/v1/agents/{ref}/live-sessions`.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::{
    Call, Reply,
    form::{Body, Form},
    values::Length,
};
use crate::{
    engine::{Attachment, LiveSession, Moment, RegisterLiveSession},
    json::{Json, Writer},
    time,
};

const VERSION: Length = Length::up_to(64);
const TOKEN: Length = Length::up_to(80);

impl Call<'_> {
    pub(super) fn register_live_session(&mut self) -> Result<Reply, Reply> {
        let (account, body) = self.authenticated_body()?;
        let register = self.form(&body, read_session)?;
        let (now, agent) = (self.now(), self.parameter().to_owned());
        let session = self.engine.register_live_session(now, account, &agent, register)?;
        Ok(Reply::json(201, view(session, now)))
    }

    pub(super) fn list_live_sessions(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let query = self.query();
        let mut parameters = query.parameters();
        let include_detached = parameters.bool("include_detached");
        parameters.finish()?;
        let agent = self.parameter();
        let sessions = self.engine.live_sessions(account, agent, include_detached)?;
        let attached = self.engine.attachments(account, agent, include_detached)?;
        let now = self.now();
        let mut rows: Vec<(Moment, String)> = sessions
            .map(|row| (row.attached_at.into(), view(row, now)))
            .chain(attached.map(|row| (row.attached_at, view_attached(row, now))))
            .collect();
        rows.sort_by_key(|(at, _)| Reverse(*at));
        let rows: Vec<_> = rows.into_iter().map(|(_, row)| row).collect();
        Ok(Reply::ok(format!("[{}]", rows.join(","))))
    }

    pub(super) fn patch_live_session(&mut self) -> Result<Reply, Reply> {
        let (account, body) = self.authenticated_body()?;
        let (is_default, token) = self.form(&body, |form| {
            let is_default = form.opt_bool("is_default");
            let token = form.opt_str("session_token", TOKEN).map(Into::into);
            Some((is_default, token))
        })?;
        let (agent, label) = (self.parameter().to_owned(), self.second_parameter().to_owned());
        let now = self.now();
        let session = self
            .engine
            .patch_live_session(account, &agent, &label, is_default, token)?;
        Ok(Reply::ok(view(session, now)))
    }

    pub(super) fn detach_live_session(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let (agent, label) = (self.parameter().to_owned(), self.second_parameter().to_owned());
        let now = self.now();
        let session = self.engine.detach_live_session(now, account, &agent, &label)?;
        Ok(Reply::ok(view(session, now)))
    }

    pub(super) fn live_session_heartbeat(&mut self) -> Result<Reply, Reply> {
        let (account, body) = self.authenticated_body()?;
        let version = match body {
            Body::Absent | Body::Json(Json::Null) => None,
            given => self.form(&given, |form| {
                Some(form.opt_str("monitor_version", VERSION).map(Into::into))
            })?,
        };
        let (agent, label) = (self.parameter().to_owned(), self.second_parameter().to_owned());
        let now = self.now();
        let session = self
            .engine
            .live_session_heartbeat(now, account, &agent, &label, version)?;
        Ok(Reply::ok(view(session, now)))
    }
}

fn read_session(form: &mut Form<'_>) -> Option<RegisterLiveSession> {
    let label = form.required_str("label", Length::between(1, 64));
    let cue_id = form.required_str("cue_id", Length::between(1, 128));
    let task_name = form.required_str("task_name", Length::between(1, 255));
    let is_default = form.bool_or("is_default", false);
    let monitor_version = form.opt_str("monitor_version", VERSION).map(Into::into);
    let session_token = form.opt_str("session_token", TOKEN).map(Into::into);
    Some(RegisterLiveSession {
        label: label?.into(),
        cue_id: cue_id?.into(),
        task_name: task_name?.into(),
        is_default: is_default?,
        monitor_version,
        session_token,
    })
}

fn view(session: &LiveSession, now: Timestamp) -> String {
    let age = |at: Timestamp| now.duration_since(at).as_secs();
    Writer::object()
        .str("label", &session.label)
        .str("cue_id", &session.cue_id)
        .str("task_name", &session.task_name)
        .bool("is_default", session.is_default)
        .bool("attached", session.detached_at.is_none())
        .int("heartbeat_age_sec", age(session.last_heartbeat))
        .opt_str("last_claim_at", session.last_claim.map(time::z).as_deref())
        .opt_int("last_claim_age_sec", session.last_claim.map(age))
        .opt_str("monitor_version", session.monitor_version.as_deref())
        .str("attached_at", &time::z(session.attached_at))
        .opt_str("session_token", session.session_token.as_deref())
        .finish()
}

/// What a daemon has attached, among the sessions. It has no cue of its own; what the server shows for one is not known.
fn view_attached(row: &Attachment, now: Timestamp) -> String {
    Writer::object()
        .str("label", &row.label)
        .str("cue_id", &format!("ipc_{}", row.token))
        .str("task_name", &row.task_name)
        .bool("is_default", false)
        .bool("attached", row.detached_at.is_none())
        .int(
            "heartbeat_age_sec",
            now.duration_since(row.last_reconciled_at).as_secs(),
        )
        .opt_str("last_claim_at", None)
        .opt_int("last_claim_age_sec", None::<i64>)
        .opt_str("monitor_version", row.monitor_version.as_deref())
        .str("attached_at", &time::z(row.attached_at))
        .opt_str("session_token", None)
        .finish()
}
