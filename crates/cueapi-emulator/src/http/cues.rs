//! `/v1/cues`.

use super::{
    Call, Reply,
    form::{Body, Form},
    values::Length,
    views,
};
use crate::{
    engine::{
        Callback, CreateCue, CueStatus, OnFailure, PatchCallback, PatchCue, Retry, Schedule, Transport,
        VerificationMode,
    },
    json::Json,
};

impl Call<'_> {
    pub(super) fn create_cue(&mut self) -> Result<Reply, Reply> {
        let (account, body) = self.authenticated_body()?;
        let create = self.form(&body, read_create)?;
        let (cue, warning) = self.engine.create_cue(self.exchange.now, account, create)?;
        Ok(Reply::json(201, views::cue(cue, warning)))
    }

    pub(super) fn list_cues(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let query = self.query();
        let (limit, offset) = query.window(("limit", 50), "offset")?;
        let (status, offset) = (query.filter("status")?, offset?);
        let page = self.engine.list_cues(account, status.as_deref(), limit, offset);
        let body = crate::json::Writer::object()
            .list("cues", page.items.into_iter().map(|cue| views::cue(cue, None)))
            .count("total", page.total)
            .count("limit", limit)
            .count("offset", offset);
        Ok(Reply::ok(body.finish()))
    }

    pub(super) fn get_cue(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let (limit, offset) = self.query().window(("execution_limit", 10), "execution_offset")?;
        let (cue, offset) = (self.engine.cue(account, self.parameter())?, offset?);
        Ok(Reply::ok(views::cue_detail(self.engine, cue, limit, offset)))
    }

    pub(super) fn patch_cue(&mut self) -> Result<Reply, Reply> {
        let (account, body) = self.authenticated_body()?;
        let patch = self.form(&body, read_patch)?;
        let id = self.parameter().to_owned();
        let cue = self.engine.patch_cue(self.exchange.now, account, &id, patch)?;
        Ok(Reply::ok(views::cue(cue, None)))
    }

    pub(super) fn delete_cue(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let id = self.parameter().to_owned();
        self.engine.delete_cue(account, &id)?;
        Ok(Reply::no_content())
    }

    pub(super) fn fire_cue(&mut self) -> Result<Reply, Reply> {
        let (account, body) = self.authenticated_body()?;
        let send_at = match body {
            Body::Absent | Body::Json(Json::Null) => None,
            given => self.form(&given, |form| Some(form.opt_datetime("send_at")))?,
        };
        let id = self.parameter().to_owned();
        self.engine.cue(account, &id)?;
        // A moment without an offset cannot be compared with the server's clock, which fails.
        let send_at = send_at
            .map(|(at, given)| given.offset.map(|offset| (at, offset)).ok_or(Reply::Crash))
            .transpose()?;
        let fired = self.engine.fire(self.exchange.now, account, &id, send_at)?;
        Ok(Reply::ok(views::fired(&fired)))
    }
}

fn read_create(form: &mut Form<'_>) -> Option<CreateCue> {
    let name = form.required_str("name", Length::up_to(255));
    let description = form.opt_str("description", Length::ANY);
    let schedule = form.required_form("schedule", read_schedule);
    let callback = form.opt_form("callback", read_callback);
    let transport = form.str_or("transport", "webhook");
    let payload = form.opt_dict("payload").cloned();
    let retry = form.opt_form("retry", read_retry);
    let on_failure = form.opt_form("on_failure", read_on_failure);
    let verification = form.opt_form("verification", read_verification);
    let (name, schedule, transport) = (name?, schedule?, transport?);
    if form.has_errors() {
        return None;
    }
    let (callback, inner_transport) = callback.unwrap_or_default();
    let transport = match transport {
        "webhook" => Transport::Webhook,
        "worker" => Transport::Worker,
        _ => {
            form.reject("transport must be 'webhook' or 'worker'");
            return None;
        }
    };
    if inner_transport {
        form.reject("transport must be specified at the top level, not inside callback");
        return None;
    }
    if transport == Transport::Webhook && callback.url.is_none() {
        form.reject("callback.url is required for webhook transport");
        return None;
    }
    Some(CreateCue {
        name: name.into(),
        description: description.map(Into::into),
        schedule,
        transport,
        callback,
        payload: payload.unwrap_or_else(empty),
        retry: retry.unwrap_or_default(),
        on_failure: on_failure.unwrap_or_default(),
        verification,
    })
}

fn read_patch(form: &mut Form<'_>) -> Option<PatchCue> {
    let name = form.opt_str("name", Length::ANY).map(Into::into);
    let description = form.opt_str("description", Length::ANY).map(Into::into);
    let status = form.opt_str("status", Length::ANY).and_then(|status| match status {
        "active" => Some(CueStatus::Active),
        "paused" => Some(CueStatus::Paused),
        _ => {
            form.refuse("status", "status must be 'active' or 'paused'");
            None
        }
    });
    let schedule = form.opt_form("schedule", read_schedule);
    let callback = form.opt_form("callback", read_callback).map(|(callback, _)| {
        let Callback { url, method, headers } = callback;
        PatchCallback { url, method, headers }
    });
    let payload = form.opt_dict("payload").cloned();
    let retry = form.opt_form("retry", read_retry);
    let on_failure = form.opt_form("on_failure", read_on_failure);
    let verification = form.opt_form("verification", read_verification);
    form.forbid_extra();
    Some(PatchCue {
        name,
        description,
        status,
        schedule,
        callback,
        payload,
        retry,
        on_failure,
        verification,
    })
}

fn read_schedule(form: &mut Form<'_>) -> Option<Schedule> {
    let kind = form.required_str("type", Length::ANY);
    let cron = form.opt_str("cron", Length::ANY);
    let at = form.opt_datetime("at");
    let timezone = form.str_or("timezone", "UTC");
    // A moment without an offset is UTC; the time zone is for cron alone.
    let at = at.map(|(at, _)| at);
    Some(Schedule {
        kind: kind?.into(),
        cron: cron.map(Into::into),
        at,
        timezone: timezone?.into(),
    })
}

/// The callback, and whether it names a transport, which belongs elsewhere.
fn read_callback(form: &mut Form<'_>) -> Option<(Callback, bool)> {
    let url = form.opt_url("url");
    let method = form.str_or("method", "POST");
    let headers = form.opt_str_dict("headers");
    let transport = form
        .opt_str("transport", Length::ANY)
        .is_some_and(|name| !name.is_empty());
    Some((
        Callback {
            url,
            method: method?.into(),
            headers: headers.unwrap_or_else(empty),
        },
        transport,
    ))
}

fn read_retry(form: &mut Form<'_>) -> Option<Retry> {
    let max_attempts = form.int_or("max_attempts", 3, 1, 10);
    let backoff_minutes = form.ints_or("backoff_minutes", Retry::default().backoff_minutes);
    Some(Retry {
        max_attempts: u32::try_from(max_attempts?).ok()?,
        backoff_minutes: backoff_minutes?,
    })
}

fn read_on_failure(form: &mut Form<'_>) -> Option<OnFailure> {
    let email = form.bool_or("email", true);
    let webhook = form.opt_str("webhook", Length::ANY).map(Into::into);
    let pause = form.bool_or("pause", false);
    Some(OnFailure {
        email: email?,
        webhook,
        pause: pause?,
    })
}

fn read_verification(form: &mut Form<'_>) -> Option<VerificationMode> {
    const MODES: [(&str, VerificationMode); 5] = [
        ("none", VerificationMode::None),
        ("require_external_id", VerificationMode::RequireExternalId),
        ("require_result_url", VerificationMode::RequireResultUrl),
        ("require_artifacts", VerificationMode::RequireArtifacts),
        ("manual", VerificationMode::Manual),
    ];
    form.choice_or("mode", &MODES, VerificationMode::None)
}

fn empty() -> Json {
    Json::Object(Vec::new())
}
