//! Cues: created, fetched, changed field by field, paused, deleted.

use cueapi_core::types::{
    Callback, CallbackMethod, Cue, CueRetry, CueStatus, OnFailure, Payload, Retry, Schedule, Timestamp, Transport,
    TransportKind, Verification, VerificationMode,
};
use serde_json::{Value, json};

use super::{
    Row, Suite,
    check::{Checked, Stop, fail, holds, reached, refused, same},
    subject::Subject,
};

impl<P: FnMut(&Row)> Suite<'_, P> {
    pub(super) async fn cues(&mut self) {
        self.cues_create().await;
        self.cues_update().await;
        self.cues_end().await;
        self.cues_refused().await;
    }

    async fn cues_create(&mut self) {
        let area = "cues";
        self.check(area, "a recurring cue is created as asked, and active", async |s| {
            let name = s.name();
            let schedule = Schedule::cron("30 9 * * mon-fri").timezone("America/Los_Angeles");
            let create = s.client.cues().create(&name, schedule.clone(), Transport::Worker);
            let create = create
                .description("A check")
                .payload(&json!({"task": name, "deep": {"n": [1, 2.5, null]}}));
            let cue = s.keep(create.await?);
            same("name", Some(name.as_str()), cue.name.as_deref())?;
            same("status", Some(&CueStatus::Active), cue.status.as_ref())?;
            same("transport", Some(&TransportKind::Worker), cue.transport.as_ref())?;
            same("schedule", Some(Schedule::from(schedule)), cue.schedule.clone())?;
            same("description", Some("A check"), cue.description.as_deref())?;
            let payload: Value = payload(&cue)?;
            same("payload", json!({"task": name, "deep": {"n": [1, 2.5, null]}}), payload)?;
            same("retries", retries(3, [1, 5, 15]), cue.retry)?;
            same("firings", 0, cue.fired_count)?;
            same("runs", 0, cue.run_count)?;
            let next = cue.next_run.known().ok_or_else(|| fail("a next run", "none"))?;
            Ok(format!("{}, next run {next}", cue.id))
        })
        .await;
        self.check(area, "a one-time cue runs next at its time", async |s| {
            let at = s.later();
            let create = s.client.cues().create(s.name(), Schedule::at(at), Transport::Worker);
            let cue = s.keep(create.await?);
            let Some(Schedule::Once(once)) = &cue.schedule else {
                return Err(fail("a one-time schedule", format!("{:?}", cue.schedule)));
            };
            same("time", at, once.at)?;
            same("next run", Some(at), cue.next_run)?;
            Ok(at.to_string())
        })
        .await;
        self.check(area, "a webhook cue has its callback, method and headers", async |s| {
            let cue = webhook_cue(s).await?;
            same("transport", Some(TransportKind::Webhook), cue.transport)?;
            let callback = cue.callback.unwrap_or_default();
            same("URL", Some("https://example.com/hook"), callback.url.as_deref())?;
            same("method", Some(CallbackMethod::Put), callback.method)?;
            same("header", Some("1"), callback.headers.get("X-Check"))?;
            Ok("PUT https://example.com/hook".to_owned())
        })
        .await;
        self.check(area, "a cue is fetched as it was created", async |s| {
            let created = s.worker_cue().await?;
            let fetched = s.client.cues().get(&created.id).await?;
            same("executions", 0, fetched.execution_total.clone())?;
            let mut fetched = Cue::from(fetched);
            // Only `create` warns.
            fetched.warning.clone_from(&created.warning);
            same("cue", created, fetched)?;
            Ok("every field".to_owned())
        })
        .await;
    }

    async fn cues_update(&mut self) {
        let area = "cues";
        self.check(area, "an update of the name changes the name only", async |s| {
            let name = s.name();
            let (mut before, after) = updated(s, async |cue| s.client.cues().update(&cue.id).name(&name).await).await?;
            before.name = Some(name);
            unchanged(before, after)
        })
        .await;
        self.check(area, "an update of the description changes that only", async |s| {
            let update = async |cue: &Cue| s.client.cues().update(&cue.id).description("Changed").await;
            let (mut before, after) = updated(s, update).await?;
            before.description = Some("Changed".to_owned());
            unchanged(before, after)
        })
        .await;
        self.check(
            area,
            "an update of the schedule changes that and the next run",
            async |s| {
                let schedule = Schedule::cron("15 3 2 2 *").timezone("Asia/Tokyo");
                let update = async |cue: &Cue| s.client.cues().update(&cue.id).schedule(schedule.clone()).await;
                let (mut before, after) = updated(s, update).await?;
                holds(
                    after.next_run.known().is_some() && after.next_run != before.next_run,
                    "another next run",
                    &after.next_run,
                )?;
                (before.schedule, before.next_run) = (Some(schedule.clone().into()), after.next_run.clone());
                unchanged(before, after)
            },
        )
        .await;
        self.check(area, "a new schedule without a time zone is in UTC", async |s| {
            let tokyo = Schedule::cron("0 0 1 1 *").timezone("Asia/Tokyo");
            let cue = s.keep(s.client.cues().create(s.name(), tokyo, Transport::Worker).await?);
            let cue = s
                .client
                .cues()
                .update(&cue.id)
                .schedule(Schedule::cron("0 0 1 1 *"))
                .await?;
            let Some(Schedule::Recurring(recurring)) = &cue.schedule else {
                return Err(fail("a recurring schedule", format!("{:?}", cue.schedule)));
            };
            let zone = recurring.timezone.as_deref().unwrap_or("UTC");
            same("time zone", "UTC", zone)?;
            Ok(zone.to_owned())
        })
        .await;
        self.check(area, "an update of the payload replaces it", async |s| {
            let update = async |cue: &Cue| s.client.cues().update(&cue.id).payload(&json!({"new": true})).await;
            let (mut before, after) = updated(s, update).await?;
            let payload: Value = payload(&after)?;
            same("payload", json!({"new": true}), payload)?;
            before.payload = after.payload.clone();
            unchanged(before, after)
        })
        .await;
        self.check(area, "an update of the retries replaces them", async |s| {
            let retry = Retry::new().max_attempts(7).backoff_minutes([2, 4]);
            let update = async |cue: &Cue| s.client.cues().update(&cue.id).retry(retry.clone()).await;
            let (mut before, after) = updated(s, update).await?;
            before.retry = retries(7, [2, 4]);
            unchanged(before, after)
        })
        .await;
        self.check(area, "an update of what a failure does replaces it", async |s| {
            let on_failure = OnFailure::new().email(false).pause(true);
            let update = async |cue: &Cue| s.client.cues().update(&cue.id).on_failure(on_failure.clone()).await;
            let (mut before, after) = updated(s, update).await?;
            before.on_failure = Some(on_failure);
            unchanged(before, after)
        })
        .await;
        self.check(area, "an update of the verification replaces it", async |s| {
            let manual = Verification::from(VerificationMode::Manual);
            let update = async |cue: &Cue| s.client.cues().update(&cue.id).verification(manual.clone()).await;
            let (mut before, after) = updated(s, update).await?;
            before.verification = Some(Verification::from(VerificationMode::Manual));
            unchanged(before, after)
        })
        .await;
        self.check(
            area,
            "an update of the callback replaces method and headers",
            async |s| {
                let cue = webhook_cue(s).await?;
                let callback = Callback::new("https://example.com/other");
                let after = reached(s.client.cues().update(&cue.id).callback(callback).await)?;
                let callback = after.callback.unwrap_or_default();
                same("URL", Some("https://example.com/other"), callback.url.as_deref())?;
                same("method", Some(CallbackMethod::Post), callback.method)?;
                holds(callback.headers.is_empty(), "no headers", &callback.headers)?;
                Ok("POST, no headers".to_owned())
            },
        )
        .await;
        self.check(area, "a paused cue has no next run, a resumed one has", async |s| {
            let cue = s.worker_cue().await?;
            let paused = s.client.cues().pause(&cue.id).await?;
            same("status", Some(CueStatus::Paused), paused.status)?;
            holds(paused.next_run.is_missing(), "no next run", paused.next_run)?;
            let resumed = s.client.cues().resume(&cue.id).await?;
            same("status", Some(CueStatus::Active), resumed.status)?;
            same("next run", cue.next_run, resumed.next_run)?;
            Ok("paused, active".to_owned())
        })
        .await;
    }

    async fn cues_end(&mut self) {
        let area = "cues";
        self.check(area, "a deleted cue is gone, and so are its executions", async |s| {
            let (cue, execution) = s.pending().await?;
            s.client.cues().delete(&cue.id).await?;
            refused(s.client.executions().get(&execution).await, 404, "execution_not_found")?;
            refused(s.client.cues().get(&cue.id).await, 404, "cue_not_found")?;
            refused(s.client.cues().delete(&cue.id).await, 404, "cue_not_found")
        })
        .await;
        self.check(area, "the list of a status has the cues in that status", async |s| {
            let cue = s.worker_cue().await?;
            s.client.cues().pause(&cue.id).await?;
            let mut listed = (false, false);
            for (status, seen) in [(CueStatus::Paused, &mut listed.0), (CueStatus::Active, &mut listed.1)] {
                let mut cues = s.client.cues().list().status(status).limit(100).pager();
                while let Some(listed) = cues.next().await.transpose()? {
                    *seen |= listed.id == cue.id;
                }
            }
            same("(among the paused, among the active)", (true, false), listed)?;
            Ok("among the paused only".to_owned())
        })
        .await;
    }

    async fn cues_refused(&mut self) {
        let area = "cues";
        self.check(area, "a name is given once", async |s| {
            let cue = s.worker_cue().await?;
            let again = s.client.cues().create(
                cue.name.as_deref().unwrap_or_default(),
                Schedule::cron("0 0 1 1 *"),
                Transport::Worker,
            );
            refused(again.await, 409, "duplicate_cue_name")
        })
        .await;
        for (statement, schedule, status, code) in [
            (
                "a cron expression that is none is refused",
                Schedule::cron("every morning").into(),
                400,
                "invalid_schedule",
            ),
            (
                "a time that has passed is refused",
                Schedule::at(long_ago()),
                400,
                "invalid_schedule",
            ),
            (
                "a time zone that nobody knows is refused",
                Schedule::cron("0 0 1 1 *").timezone("Mars/Olympus").into(),
                422,
                "invalid_timezone",
            ),
        ] {
            let schedule: Schedule = schedule;
            self.check(area, statement, async |s| {
                let create = s.client.cues().create(s.name(), schedule, Transport::Worker);
                refused(create.await.map(|cue| s.keep(cue)), status, code)
            })
            .await;
        }
    }
}

/// A webhook cue that does not fire by itself; skipped where the server cannot look example.com up.
async fn webhook_cue(s: &Subject) -> Result<Cue, Stop> {
    let callback = Callback::new("https://example.com/hook")
        .method(CallbackMethod::Put)
        .header("X-Check", "1");
    let create = s.client.cues().create(s.name(), Schedule::at(s.later()), callback);
    Ok(s.keep(reached(create.await)?))
}

fn payload(cue: &Cue) -> Result<Value, serde_json::Error> {
    serde_json::from_str(cue.payload.as_ref().map_or("null", Payload::as_str))
}

fn retries<const N: usize>(attempts: i64, minutes: [i64; N]) -> Option<CueRetry> {
    let mut retry = CueRetry::default();
    retry.max_attempts = attempts.into();
    retry.backoff_minutes = minutes.into_iter().map(Into::into).collect();
    Some(retry)
}

fn long_ago() -> Timestamp {
    Timestamp::from_second(1_000_000_000).unwrap_or_else(|_| unreachable!("a date in 2001"))
}

/// A cue before and after an update, fetched once more: what an update answers must be what is kept.
async fn updated(
    s: &Subject,
    update: impl AsyncFnOnce(&Cue) -> Result<Cue, cueapi_core::Error>,
) -> Result<(Cue, Cue), Stop> {
    let before = s.worker_cue().await?;
    let answer = update(&before).await?;
    let after = Cue::from(s.client.cues().get(&before.id).await?);
    same("the cue as answered", &after, &answer)?;
    Ok((before, after))
}

/// The rest of the cue is as it was.
fn unchanged(mut before: Cue, after: Cue) -> Checked {
    holds(
        after.updated_at.known() >= before.updated_at.known(),
        "a later updated_at",
        &after.updated_at,
    )?;
    before.updated_at = after.updated_at.clone();
    before.warning.clone_from(&after.warning);
    same("cue", before, after)?;
    Ok("and nothing else".to_owned())
}
