//! `/v1/executions`.

use jiff::tz::Offset;

use super::{
    Call, Reply,
    errors::error,
    form::{Body, Form},
    values::Length,
    views,
};
use crate::{
    engine::{EvidencePatch, ExecutionFilter, OutcomeReport, OutcomeState, Uuid},
    json::{Json, Writer},
    time,
};

const LEASE_SECONDS: i64 = 900;

impl Call<'_> {
    pub(super) fn list_executions(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let query = self.query();
        let (limit, offset) = query.window(("limit", 20), "offset")?;
        let given = |name: &str| query.text(name).filter(|text| !text.is_empty());
        let (status, several) = (given("status"), given("status__in"));
        if status.is_some() && several.is_some() {
            return Err(error(
                400,
                "conflicting_filters",
                "Pass either `status` or `status__in`, not both.",
            ));
        }
        let statuses = match several {
            Some(list) => {
                let statuses: Vec<_> = list
                    .split(',')
                    .map(str::trim)
                    .filter(|status| !status.is_empty())
                    .map(str::to_owned)
                    .collect();
                if statuses.is_empty() {
                    return Err(error(
                        400,
                        "invalid_status_in",
                        "`status__in` must contain at least one status.",
                    ));
                }
                Some(statuses)
            }
            None => status.map(|status| vec![status]),
        };
        query.filter("status")?;
        query.filter("status__in")?;
        let filter = ExecutionFilter {
            cue_id: query.filter("cue_id")?,
            statuses,
            worker_id: query.filter("worker_id")?,
            outcome_state: query.filter("outcome_state")?,
        };
        let offset = offset?;
        let (page, oldest) = self.engine.list_executions(account, &filter, limit, offset);
        let more = offset.saturating_add(limit) < page.total;
        let oldest = oldest.map(|at| time::with_offset(at, Offset::UTC));
        let body = Writer::object()
            .list("executions", page.items.into_iter().map(views::execution))
            .count("total", page.total)
            .count("limit", limit)
            .count("offset", offset)
            .bool("has_more", more)
            .opt_str("oldest_claimed_at", oldest.as_deref());
        Ok(Reply::ok(body.finish()))
    }

    pub(super) fn get_execution(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let execution = self.engine.execution(account, self.parameter())?;
        Ok(Reply::ok(views::execution(execution)))
    }

    pub(super) fn list_claimable(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let task = self.query().text("task").filter(|task| !task.is_empty());
        let rows = self.engine.claimable(account);
        let rows: Option<Vec<String>> = match task {
            // A task that is not a string is skipped by the filter, and breaks the list without one.
            Some(task) => rows
                .filter(|(_, cue)| cue.payload.get("task").and_then(Json::as_str) == Some(&task))
                .map(|(execution, cue)| views::claimable(execution, cue))
                .collect(),
            None => rows.map(|(execution, cue)| views::claimable(execution, cue)).collect(),
        };
        Ok(Reply::ok(
            Writer::object().list("executions", rows.ok_or(Reply::Crash)?).finish(),
        ))
    }

    pub(super) fn claim_next(&mut self) -> Result<Reply, Reply> {
        let (account, body) = self.authenticated_body()?;
        let worker = self.form(&body, read_worker)?;
        let id = self.engine.claim_next(self.exchange.now, account, &worker)?;
        Ok(claimed(id))
    }

    pub(super) fn claim(&mut self) -> Result<Reply, Reply> {
        let (account, body) = self.authenticated_body()?;
        let worker = self.form(&body, read_worker)?;
        let id = self.parameter().to_owned();
        let id = self.engine.claim(self.exchange.now, account, &id, &worker)?;
        Ok(claimed(id))
    }

    pub(super) fn execution_heartbeat(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let (id, worker) = (self.parameter().to_owned(), self.header("x-worker-id"));
        let worker = worker.as_deref().filter(|worker| !worker.is_empty());
        let (id, until) = self
            .engine
            .execution_heartbeat(self.exchange.now, account, &id, worker)?;
        let body = Writer::object()
            .str("execution_id", &id.to_string())
            .str("lease_extended_until", &time::with_offset(until, Offset::UTC))
            .bool("acknowledged", true);
        Ok(Reply::ok(body.finish()))
    }

    pub(super) fn report_outcome(&mut self) -> Result<Reply, Reply> {
        let (account, body) = self.authenticated_body()?;
        let report = self.form(&body, read_outcome)?;
        let id = self.parameter().to_owned();
        let (id, state) = self.engine.report_outcome(self.exchange.now, account, &id, report)?;
        let body = state_of(id, Some("outcome_recorded"), state).opt_str("reason", None);
        Ok(Reply::ok(body.finish()))
    }

    pub(super) fn replay(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let id = self.parameter().to_owned();
        let fired = self.engine.replay(self.exchange.now, account, &id)?;
        Ok(Reply::ok(views::fired(&fired)))
    }

    pub(super) fn verify(&mut self) -> Result<Reply, Reply> {
        let (account, body) = self.authenticated_body()?;
        let (valid, reason) = match body {
            Body::Absent | Body::Json(Json::Null) => (true, None),
            given => self.form(&given, |form| {
                let valid = form.bool_or("valid", true);
                let reason = form.opt_str("reason", Length::ANY).map(str::to_owned);
                Some((valid?, reason))
            })?,
        };
        let id = self.parameter().to_owned();
        let (id, state) = self
            .engine
            .verify(self.exchange.now, account, &id, valid, reason.as_deref())?;
        let body = state_of(id, None, state)
            .bool("valid", valid)
            .opt_str("reason", reason.as_deref());
        Ok(Reply::ok(body.finish()))
    }

    pub(super) fn verification_pending(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let id = self.parameter().to_owned();
        let id = self.engine.verification_pending(self.exchange.now, account, &id)?;
        Ok(Reply::ok(
            state_of(id, None, OutcomeState::VerificationPending).finish(),
        ))
    }

    pub(super) fn append_evidence(&mut self) -> Result<Reply, Reply> {
        let (account, body) = self.authenticated_body()?;
        let patch = match &body {
            Body::Json(Json::Object(_)) => read_evidence(&body),
            Body::Absent | Body::Json(Json::Null) => return Err(wrong_body("Field required")),
            Body::Json(_) | Body::Opaque => return Err(wrong_body("Input should be a valid dictionary")),
        };
        let id = self.parameter().to_owned();
        // The server looks for the execution first, and only then trips over a value of the wrong type.
        let patch = match patch {
            Some(patch) => patch,
            None => {
                self.engine
                    .append_evidence(self.exchange.now, account, &id, EvidencePatch::default())?;
                return Err(Reply::Crash);
            }
        };
        let (id, state) = self.engine.append_evidence(self.exchange.now, account, &id, patch)?;
        let body = state_of(id, None, state).bool("evidence_updated", true);
        Ok(Reply::ok(body.finish()))
    }

    pub(super) fn live_claim(&mut self) -> Result<Reply, Reply> {
        let (account, body) = self.authenticated_body()?;
        let token = self.form(&body, |form| {
            form.required_str("session_token", Length::ANY).map(str::to_owned)
        })?;
        let id = self.parameter().to_owned();
        let (id, at) = self.engine.live_claim(self.exchange.now, account, &id, &token)?;
        let body = Writer::object()
            .bool("attested", true)
            .str("execution_id", &id.to_string())
            .str("live_claimed_at", &time::z(at));
        Ok(Reply::ok(body.finish()))
    }
}

fn wrong_body(message: &str) -> Reply {
    super::validation(&[super::Detail {
        field: "body".into(),
        message: message.into(),
    }])
}

fn claimed(id: Uuid) -> Reply {
    let body = Writer::object()
        .bool("claimed", true)
        .str("execution_id", &id.to_string())
        .int("lease_seconds", LEASE_SECONDS);
    Reply::ok(body.finish())
}

fn state_of(id: Uuid, flag: Option<&str>, state: OutcomeState) -> Writer {
    let mut writer = Writer::object().str("execution_id", &id.to_string());
    if let Some(flag) = flag {
        writer = writer.bool(flag, true);
    }
    writer.str("outcome_state", state.as_str())
}

fn read_worker(form: &mut Form<'_>) -> Option<String> {
    form.required_str("worker_id", Length::between(1, 255))
        .map(str::to_owned)
}

fn read_outcome(form: &mut Form<'_>) -> Option<OutcomeReport> {
    let own = |text: Option<&str>| text.map(str::to_owned);
    let success = form.required_bool("success");
    let report = OutcomeReport {
        success: success.unwrap_or_default(),
        result: own(form.opt_str("result", Length::up_to(2000))),
        error: own(form.opt_str("error", Length::up_to(2000))),
        metadata: form.opt_dict("metadata").cloned(),
        external_id: own(form.opt_str("external_id", Length::up_to(500))),
        result_url: form.opt_url("result_url").map(Into::into),
        result_ref: own(form.opt_str("result_ref", Length::up_to(500))),
        result_type: own(form.opt_str("result_type", Length::up_to(100))),
        summary: own(form.opt_str("summary", Length::up_to(500))),
        artifacts: form.opt_list("artifacts").map(<[Json]>::to_vec),
    };
    success.map(|_| report)
}

/// What Python counts as true.
fn is_true(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) | Json::Int(0) => false,
        Json::Float(number) => *number != 0.0,
        Json::Str(text) => !text.is_empty(),
        Json::Array(items) => !items.is_empty(),
        Json::Object(members) => !members.is_empty(),
        _ => true,
    }
}

/// Members that Python counts as false are not stored; `None` for a type that the database refuses.
fn read_evidence(body: &Body) -> Option<EvidencePatch> {
    let Body::Json(body) = body else { return None };
    let text = |name: &str| match body.get(name).filter(|value| is_true(value)) {
        None => Some(None),
        Some(Json::Str(text)) => Some(Some(text.to_string())),
        Some(_) => None,
    };
    Some(EvidencePatch {
        external_id: text("external_id")?,
        result_url: text("result_url")?,
        result_ref: text("result_ref")?,
        result_type: text("result_type")?,
        summary: match body.get("summary").filter(|summary| is_true(summary)) {
            Some(Json::Str(text)) => Some(text.to_string()),
            other => other.map(Json::to_compact),
        },
        artifacts: match body.get("artifacts") {
            Some(Json::Array(items)) if !items.is_empty() => Some(items.clone()),
            _ => None,
        },
        metadata: body.get("metadata").cloned(),
    })
}
