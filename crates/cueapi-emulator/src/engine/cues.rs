//! What can be done with cues, and the checks before it.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    AccountId, Callback, CreateCue, Cue, CueStatus, Engine, Page, PatchCallback, PatchCue, Refusal, Schedule,
    Transport,
    agents::check_text,
    cue::CueKey,
    schedule::{Plan, check_zone},
    timers::Timer,
};
use crate::json::{Dump, Json};

/// The server's column holds this many characters of a cron expression.
const MAX_CRON: usize = 100;
const MAX_PAYLOAD: usize = 1_048_576;

impl Engine {
    /// Makes a cue. The second part of the answer is the `warning` of the response.
    ///
    /// # Errors
    ///
    /// In the server's order: `duplicate_cue_name`, `cue_limit_exceeded`, `invalid_callback_url`, `invalid_payload`,
    /// `invalid_payload_size`, `invalid_timezone`, `invalid_schedule`, and what the database does not take.
    pub fn create_cue(
        &mut self,
        now: Timestamp,
        account: AccountId,
        create: CreateCue,
    ) -> Result<(&Cue, Option<&'static str>), Refusal> {
        let CreateCue {
            name,
            description,
            schedule,
            transport,
            callback,
            payload,
            retry,
            on_failure,
            verification,
        } = create;
        check_text(&name)?;
        let duplicate = || {
            Refusal::api(
                409,
                "duplicate_cue_name",
                format!("A cue named '{name}' already exists"),
            )
        };
        if self.cue_names.contains_key(&(account, name.clone())) {
            return Err(duplicate());
        }
        let holder = self.account(account).ok_or(Refusal::Internal)?;
        if let Some(limit) = holder
            .limits
            .cues
            .filter(|limit| holder.open_cues >= usize::try_from(*limit).unwrap_or(usize::MAX))
        {
            return Err(Refusal::api(
                403,
                "cue_limit_exceeded",
                format!("Active cue limit of {limit} reached"),
            ));
        }
        if transport == Transport::Webhook {
            self.check_url(callback.url.as_deref(), "invalid_callback_url")?;
        }
        check_payload(&payload)?;
        let plan = Plan::check(schedule, now)?;
        let next_run = plan.next_run(now)?;
        self.check_failure_url(on_failure.webhook.as_deref())?;
        if !is_method(&callback.method) {
            return Err(duplicate());
        }
        check_texts([description.as_deref(), on_failure.webhook.as_deref()], &plan.schedule)?;
        let (callback, payload) = (stored_callback(callback)?, payload.stored().ok_or(Refusal::Internal)?);

        let key = self.next_key();
        let id = self.ids.short("cue_");
        self.cue_ids.insert(id.clone(), key);
        self.cue_names.insert((account, name.clone()), key);
        self.count_open(account, 1);
        if let Some(next_run) = next_run {
            self.timers.set(next_run.due(), Timer::Fire(key));
        }
        let warning = (transport == Transport::Worker && !self.any_worker_alive(now, account))
            .then_some("No active workers found. Start a cueapi-worker to process this cue.");
        let cue = Cue {
            id,
            account,
            name,
            description,
            status: CueStatus::Active,
            transport,
            plan,
            callback: Arc::new(callback),
            payload: Arc::new(payload),
            retry,
            next_run,
            last_run: None,
            run_count: 0,
            fired_count: 0,
            on_failure,
            verification,
            created_at: now,
            updated_at: now,
            executions: Vec::new(),
        };
        Ok((self.cues.insert(key, cue), warning))
    }

    /// A cue by id, when it is the account's.
    ///
    /// # Errors
    ///
    /// 404 `cue_not_found`.
    pub fn cue(&self, account: AccountId, id: &str) -> Result<&Cue, Refusal> {
        self.cues.get(&self.cue_key(account, id)?).ok_or(Refusal::Internal)
    }

    pub(super) fn cue_key(&self, account: AccountId, id: &str) -> Result<CueKey, Refusal> {
        check_text(id)?;
        let key = self
            .cue_ids
            .get(id)
            .filter(|key| self.cues.get(key).is_some_and(|cue| cue.account == account));
        key.copied()
            .ok_or_else(|| Refusal::api(404, "cue_not_found", "Cue not found"))
    }

    /// An account's cues, newest first, of one status or of all.
    #[must_use]
    pub fn list_cues(&self, account: AccountId, status: Option<&str>, limit: usize, offset: usize) -> Page<&Cue> {
        let mut rows = self
            .cues
            .values()
            .rev()
            .filter(|cue| cue.account == account && status.is_none_or(|status| cue.status.as_str() == status));
        let mut total = rows.by_ref().take(offset).count();
        let items: Vec<_> = rows.by_ref().take(limit).collect();
        total += items.len() + rows.count();
        Page { items, total }
    }

    /// Changes a cue. A new schedule is applied first, then the status.
    ///
    /// # Errors
    ///
    /// `cue_not_found`, `invalid_callback_url`, `invalid_payload`, `invalid_payload_size`, `invalid_timezone`,
    /// `invalid_schedule`, and a 500 for what the database does not take: a name in use or too long, a wrong method.
    pub fn patch_cue(
        &mut self,
        now: Timestamp,
        account: AccountId,
        id: &str,
        patch: PatchCue,
    ) -> Result<&Cue, Refusal> {
        let key = self.cue_key(account, id)?;
        if let Some(callback) = &patch.callback {
            self.check_url(callback.url.as_deref(), "invalid_callback_url")?;
        }
        if let Some(payload) = &patch.payload {
            check_payload(payload)?;
        }
        let plan = patch
            .schedule
            .map(|schedule| check_patched_schedule(schedule, now))
            .transpose()?
            .flatten();
        let webhook = patch
            .on_failure
            .as_ref()
            .and_then(|on_failure| on_failure.webhook.as_deref());
        self.check_failure_url(webhook)?;

        let cue = self.cues.get(&key).ok_or(Refusal::Internal)?;
        if let Some(name) = &patch.name {
            let taken = self
                .cue_names
                .get(&(account, name.clone()))
                .is_some_and(|holder| *holder != key);
            if taken || name.contains('\0') || name.chars().count() > 255 {
                return Err(Refusal::Internal);
            }
        }
        let effective_plan = plan.as_ref().unwrap_or(&cue.plan);
        check_texts([patch.description.as_deref(), webhook], &effective_plan.schedule)?;
        let payload = patch
            .payload
            .map(|payload| payload.stored().ok_or(Refusal::Internal))
            .transpose()?;
        let callback = match patch.callback {
            Some(PatchCallback { url, method, headers }) if is_method(&method) => {
                let url = url.or_else(|| cue.callback.url.clone());
                Some(stored_callback(Callback { url, method, headers })?)
            }
            Some(_) => return Err(Refusal::Internal),
            None => None,
        };
        let mut next_run = cue.next_run;
        if let Some(plan) = &plan {
            next_run = plan.next_run(now)?;
        }
        match patch.status {
            Some(CueStatus::Active) => next_run = effective_plan.next_run(now)?,
            Some(CueStatus::Paused) => next_run = None,
            _ => {}
        }

        let (old_status, old_name) = (cue.status, cue.name.clone());
        if let Some(name) = &patch.name {
            self.cue_names.remove(&(account, old_name));
            self.cue_names.insert((account, name.clone()), key);
        }
        self.move_open(account, old_status, patch.status.unwrap_or(old_status));
        let cue = self.cues.get_mut(&key).ok_or(Refusal::Internal)?;
        if cue.next_run != next_run || patch.status.is_some() {
            if let Some(next_run) = next_run {
                self.timers.set(next_run.due(), Timer::Fire(key));
            }
        }
        cue.next_run = next_run;
        set(&mut cue.plan, plan);
        set(&mut cue.name, patch.name);
        set(&mut cue.status, patch.status);
        set(&mut cue.payload, payload.map(Arc::new));
        set(&mut cue.callback, callback.map(Arc::new));
        set(&mut cue.retry, patch.retry);
        set(&mut cue.on_failure, patch.on_failure);
        cue.description = patch.description.or(cue.description.take());
        cue.verification = patch.verification.or(cue.verification);
        cue.updated_at = now;
        Ok(cue)
    }

    /// Removes a cue with its executions.
    ///
    /// # Errors
    ///
    /// 404 `cue_not_found`.
    pub fn delete_cue(&mut self, account: AccountId, id: &str) -> Result<(), Refusal> {
        let key = self.cue_key(account, id)?;
        let Some(cue) = self.cues.remove(&key) else {
            return Err(Refusal::Internal);
        };
        self.cue_ids.remove(&cue.id);
        self.cue_names.remove(&(account, cue.name));
        if is_open(cue.status) {
            self.count_open(account, -1);
        }
        for execution in cue.executions {
            self.forget_execution(execution);
        }
        Ok(())
    }

    pub(super) fn set_cue_status(&mut self, key: CueKey, status: CueStatus) {
        let Some(cue) = self.cues.get_mut(&key) else { return };
        let (account, old) = (cue.account, cue.status);
        cue.status = status;
        self.move_open(account, old, status);
    }

    fn move_open(&mut self, account: AccountId, old: CueStatus, new: CueStatus) {
        match (is_open(old), is_open(new)) {
            (true, false) => self.count_open(account, -1),
            (false, true) => self.count_open(account, 1),
            _ => {}
        }
    }

    fn count_open(&mut self, account: AccountId, by: isize) {
        if let Some(account) = self.account_mut(account) {
            account.open_cues = account.open_cues.saturating_add_signed(by);
        }
    }

    /// An empty one is none.
    fn check_failure_url(&self, url: Option<&str>) -> Result<(), Refusal> {
        let checked = self.check_url(url.filter(|url| !url.is_empty()), "invalid_callback_url");
        checked.map_err(|refusal| match refusal {
            Refusal::Api { status, code, message } => {
                Refusal::api(status, code, format!("on_failure.webhook: {message}"))
            }
            other => other,
        })
    }
}

fn is_open(status: CueStatus) -> bool {
    matches!(status, CueStatus::Active | CueStatus::Paused)
}

fn is_method(method: &str) -> bool {
    matches!(method, "POST" | "GET" | "PUT" | "PATCH")
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn check_payload(payload: &Json) -> Result<(), Refusal> {
    if payload.contains_nul() {
        return Err(Refusal::api(
            400,
            "invalid_payload",
            "Payload contains null bytes which are not supported",
        ));
    }
    if payload
        .to_python(Dump {
            spaces: true,
            sorted: false,
            ascii: false,
        })
        .len()
        > MAX_PAYLOAD
    {
        return Err(Refusal::api(
            400,
            "invalid_payload_size",
            "Payload exceeds maximum size of 1MB",
        ));
    }
    Ok(())
}

/// A schedule of unknown type changes nothing in a PATCH.
fn check_patched_schedule(schedule: Schedule, now: Timestamp) -> Result<Option<Plan>, Refusal> {
    if matches!(&*schedule.kind, "recurring" | "once") {
        return Plan::check(schedule, now).map(Some);
    }
    check_zone(&schedule.timezone).map(|_| None)
}

/// What passes every check and then fails in the database.
fn check_texts<const N: usize>(texts: [Option<&str>; N], schedule: &Schedule) -> Result<(), Refusal> {
    let cron = schedule.cron.as_deref().unwrap_or_default();
    if texts
        .into_iter()
        .flatten()
        .chain([cron])
        .any(|text| text.contains('\0'))
        || cron.chars().count() > MAX_CRON
    {
        return Err(Refusal::Internal);
    }
    Ok(())
}

fn stored_callback(callback: Callback) -> Result<Callback, Refusal> {
    if callback.headers.contains_nul() {
        return Err(Refusal::Internal);
    }
    let headers = callback.headers.stored().ok_or(Refusal::Internal)?;
    Ok(Callback { headers, ..callback })
}
