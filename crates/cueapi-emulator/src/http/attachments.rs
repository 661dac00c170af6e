//! `/v1/agents/{id}/attachments`, which daemons call.

use super::{Call, Reply, errors::error, form::Form, values::Length};
use crate::{
    engine::{Attach, AttachError, Attachment, Uuid},
    json::Writer,
    time,
};

impl Call<'_> {
    pub(super) fn attach(&mut self) -> Result<Reply, Reply> {
        let (account, body) = self.authenticated_body()?;
        let attach = self.form(&body, |form| {
            let session = read_session(form);
            let attached_at = form.opt_datetime("attached_at").map(|(at, _)| at);
            let monitor_version = form.opt_str("monitor_version", Length::up_to(64)).map(Into::into);
            form.forbid_extra();
            session.map(|(label, task_name, token)| Attach {
                label,
                task_name,
                token,
                attached_at,
                monitor_version,
            })
        })?;
        let daemon = self.daemon()?;
        let (now, agent) = (self.now(), self.parameter().to_owned());
        match self.engine.attach(now, account, &agent, daemon, attach) {
            Ok(attachment) => Ok(Reply::json(201, view(attachment))),
            Err(AttachError::Refused(refusal)) => Err(refusal.into()),
            Err(AttachError::Exists(existing)) => Err(exists(&existing)),
        }
    }

    pub(super) fn detach(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let daemon = self.daemon()?;
        let (agent, token) = (self.parameter().to_owned(), self.second_parameter().to_owned());
        if self.engine.detach(self.exchange.now, account, &agent, daemon, &token)? {
            return Ok(Reply::no_content());
        }
        let body = Writer::object().bool("deleted", false).str("reason", "already_deleted");
        Ok(Reply::ok(body.finish()))
    }

    pub(super) fn reconcile(&mut self) -> Result<Reply, Reply> {
        let (_, body) = self.authenticated_body()?;
        let (named, at, tokens) = self.form(&body, |form| {
            let daemon = form.required_uuid("daemon_id");
            let at = form.required_datetime("reconciled_at");
            let sessions = form.forms("attachments", |form| {
                let session = read_session(form);
                let attached_at = form.required_datetime("attached_at");
                form.forbid_extra();
                attached_at.and(session).map(|(_, _, token)| token)
            });
            form.forbid_extra();
            Some((daemon?, at?, sessions?))
        })?;
        let daemon = self.daemon()?;
        if named != daemon {
            let message = "daemon_id does not match the X-CueAPI-Daemon-Id header";
            return Err(error(400, "daemon_id_mismatch", message));
        }
        let (upserted, downgraded) = self.engine.reconcile_attachments(self.exchange.now, daemon, &tokens);
        let body = Writer::object()
            .str("daemon_id", &daemon.to_string())
            .str("reconciled_at", &time::z(at))
            .count("upserted_count", upserted)
            .count("downgraded_count", downgraded);
        Ok(Reply::ok(body.finish()))
    }

    fn daemon(&self) -> Result<Uuid, Reply> {
        let header = self.header("x-cueapi-daemon-id");
        let text = header.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let Some(text) = text else {
            let message = "X-CueAPI-Daemon-Id header is required on this endpoint. Generate a UUID at daemon install \
                           time and send it on every attach/reconcile/delete.";
            return Err(error(400, "missing_daemon_id", message));
        };
        Uuid::parse(text).ok_or_else(|| error(400, "invalid_daemon_id", "X-CueAPI-Daemon-Id must be a valid UUID."))
    }
}

/// Label, task and token.
type Session = (Box<str>, Box<str>, Box<str>);

fn read_session(form: &mut Form<'_>) -> Option<Session> {
    let label = form.required_str("label", Length::between(1, 64));
    let task_name = form.required_str("task_name", Length::between(1, 255));
    let token = form.required_str("ipc_session_token", Length::between(26, 32));
    let token = token.filter(|token| {
        let known = is_token(token);
        if !known {
            let message = "invalid ipc_session_token format — expect 26-char ULID, optional v<version>_ prefix";
            form.refuse("ipc_session_token", message);
        }
        known
    });
    Some((label?.into(), task_name?.into(), token?.into()))
}

/// Crockford's base 32, behind a version or not: `(v[a-z0-9]+_)?[0-9A-HJKMNP-TV-Z]{26}`.
fn is_token(text: &str) -> bool {
    let small = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let is_version = |version: &str| {
        let digits = version.strip_prefix('v').unwrap_or_default();
        !digits.is_empty() && digits.bytes().all(small)
    };
    let token = match text.split_once('_') {
        Some((version, token)) if is_version(version) => token,
        _ => text,
    };
    let crockford = |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase() && !b"ILOU".contains(&b);
    token.len() == 26 && token.bytes().all(crockford)
}

fn view(attachment: &Attachment) -> String {
    Writer::object()
        .str("id", &attachment.id.to_string())
        .str("agent_id", &attachment.agent_id)
        .str("label", &attachment.label)
        .str("task_name", &attachment.task_name)
        .str("transport", "ipc")
        .str("ipc_session_token", &attachment.token)
        .str("daemon_id", &attachment.daemon_id.to_string())
        .str("attached_at", &time::z(attachment.attached_at))
        .str("last_reconciled_at", &time::z(attachment.last_reconciled_at))
        .opt_str("supersedes_token", attachment.supersedes_token.as_deref())
        .finish()
}

/// The one error without a message.
fn exists(existing: &Attachment) -> Reply {
    let inner = Writer::object()
        .str("code", "attachment_exists")
        .str("existing_token", &existing.token)
        .str("existing_daemon_id", &existing.daemon_id.to_string())
        .str("existing_attached_at", &time::z(existing.attached_at))
        .str("existing_last_reconciled_at", &time::z(existing.last_reconciled_at))
        .str(
            "hint",
            "DELETE /attachments/<existing_token> first if the existing attachment is yours; escalate if \
             existing_daemon_id != your daemon_id.",
        )
        .finish();
    Reply::json(409, Writer::object().raw("error", &inner).finish())
}
