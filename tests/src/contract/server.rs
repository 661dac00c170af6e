//! The server itself, and the headers that come with every answer.

use std::time::{Duration, SystemTime};

use cueapi_core::types::Timestamp;
use http::Method;

use super::{
    Row, Suite,
    check::{Stop, holds, same},
};

impl<P: FnMut(&Row)> Suite<'_, P> {
    pub(super) async fn service(&mut self) {
        let area = "server";
        self.check(area, "it says which version it is", async |s| {
            let info = s.client.service().info().await?;
            holds(info.version.is_some(), "a version", &info)?;
            Ok(info.version.unwrap_or_default())
        })
        .await;
        self.check(area, "it says how it is, also without a key", async |s| {
            let response = s.request(Method::GET, "/health", &[("authorization", "")], "").await?;
            same("status", 200, response.status().as_u16())?;
            let health = s.client.service().health().await?;
            Ok(health.status.to_string())
        })
        .await;
        let area = "headers";
        self.check(area, "every answer has a request id of its own", async |s| {
            let one = s.client.cues().list().limit(1).send_with_meta().await?.meta;
            let two = s.client.cues().list().limit(1).send_with_meta().await?.meta;
            holds(one.request_id().is_some(), "X-Request-Id", &one)?;
            holds(one.request_id() != two.request_id(), "two ids", (&one, &two))?;
            let error = s.client.cues().get("cue_000000000000").await.err();
            let id = error.as_ref().and_then(|error| error.request_id());
            holds(id.is_some(), "X-Request-Id with an error", &error)?;
            Ok(id.unwrap_or_default().to_owned())
        })
        .await;
        self.check(
            area,
            "every answer says how much of the rate limit is left",
            async |s| {
                let meta = s.client.cues().list().limit(1).send_with_meta().await?.meta;
                let Some(limit) = meta.rate_limit() else {
                    return Err(Stop::Skip(
                        "no X-RateLimit headers: its limiter is off or down".to_owned(),
                    ));
                };
                holds(limit.remaining < limit.limit, "less than all is left", limit)?;
                let in_two_minutes = Timestamp::try_from(SystemTime::now() + Duration::from_secs(120));
                holds(
                    in_two_minutes.is_ok_and(|soon| limit.reset.is_none_or(|reset| reset < soon)),
                    "a reset within the minute",
                    limit,
                )?;
                Ok(format!("{} of {}", limit.remaining, limit.limit))
            },
        )
        .await;
        self.check(area, "an exempt path is not limited", async |s| {
            let response = s.request(Method::GET, "/health", &[], "").await?;
            let limited = response.headers().contains_key("x-ratelimit-limit");
            holds(!limited, "no X-RateLimit headers", response.headers())?;
            Ok("no X-RateLimit headers".to_owned())
        })
        .await;
    }

    pub(super) async fn workers(&mut self) {
        let area = "workers";
        self.check(area, "a heartbeat registers a worker with what it handles", async |s| {
            let name = s.worker();
            let beat = s
                .client
                .workers()
                .heartbeat(&name)
                .handlers(["report", "export"])
                .await?;
            same("acknowledged", Some(true), beat.acknowledged)?;
            let listed = s.client.workers().list().await?.workers;
            let ours = listed.into_iter().find(|worker| worker.worker_id == name);
            let Some(worker) = ours else {
                return Err(super::check::fail("the worker in the list", "not there"));
            };
            same(
                "status",
                Some("active"),
                worker.heartbeat_status.as_ref().map(|status| status.as_str()),
            )?;
            same(
                "handlers",
                Some(vec!["report".to_owned(), "export".to_owned()]),
                worker.handlers,
            )?;
            Ok("active, with its handlers".to_owned())
        })
        .await;
        self.check(area, "a worker that was deleted is gone", async |s| {
            let name = s.worker();
            s.client.workers().heartbeat(&name).await?;
            s.client.workers().delete(&name).await?;
            super::check::refused(s.client.workers().delete(&name).await, 404, "worker_not_found")
        })
        .await;
    }
}
