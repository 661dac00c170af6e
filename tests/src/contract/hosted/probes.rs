//! What the report asks for.

use http::Method;
use serde_json::{Value, json};

use super::{Answer, Probe, Survey, forms};

/// The worker that claims what the report fires.
const WORKER: &str = "contract-report";

impl<P: FnMut(&Answer)> Survey<P> {
    /// What can be read of an account without changing it. The alert secret is left out: asking for it makes one.
    pub(super) async fn read(&mut self) {
        self.ask(Probe {
            headers: &[("authorization", "")],
            ..Probe::get("cues.list without a key", "/v1/cues?limit=1", forms::TAKEN)
        })
        .await;
        for (operation, path, forms) in [
            ("service.health", "/health", forms::HEALTH),
            ("service.status", "/status", forms::STATUS),
            ("service.info", "/v1/info", forms::INFO),
            ("account.get", "/v1/auth/me", forms::ACCOUNT),
            ("account.key", "/v1/auth/key", forms::KEY),
            ("account.list_keys", "/v1/auth/keys", forms::KEYS),
            ("account.processing", "/v1/auth/me/processing", forms::PROCESSING),
            ("account.memory_block", "/v1/memory-block", forms::MEMORY_BLOCK),
            ("webhook_secret.get", "/v1/auth/webhook-secret", forms::WEBHOOK_SECRET),
            ("usage.get", "/v1/usage", forms::USAGE),
            ("workers.list", "/v1/workers", forms::WORKERS),
            ("alerts.list", "/v1/alerts?limit=1", forms::ALERTS),
            ("agents.list", "/v1/agents?limit=1", forms::AGENTS),
            (
                "executions.list_claimable",
                "/v1/executions/claimable",
                forms::CLAIMABLE,
            ),
            ("cues.list with a limit of 0", "/v1/cues?limit=0", forms::TAKEN),
            (
                "cues.get of a cue that is not",
                "/v1/cues/cue_000000000000",
                forms::CUE_FORMS,
            ),
        ] {
            self.ask(Probe::get(operation, path, forms)).await;
        }
        let echo = format!("/v1/echo/{}", self.subject.name());
        self.ask(Probe::get("echo.get", &echo, forms::ECHO)).await;
        let cues = self.ask(Probe::get("cues.list", "/v1/cues?limit=1", forms::CUES)).await;
        if let Some(cue) = cues["cues"][0]["id"].as_str() {
            self.ask(Probe::get("cues.get", &format!("/v1/cues/{cue}"), forms::CUE_DETAIL))
                .await;
        }
        let executions = self
            .ask(Probe::get(
                "executions.list",
                "/v1/executions?limit=1",
                forms::EXECUTIONS,
            ))
            .await;
        if let Some(execution) = executions["executions"][0]["id"].as_str() {
            self.ask(Probe::get(
                "executions.get",
                &format!("/v1/executions/{execution}"),
                forms::EXECUTION,
            ))
            .await;
        }
    }

    /// The story of one cue for workers, which does not fire by itself.
    pub(super) async fn write(&mut self, name: &str) {
        let schedule = json!({"type": "recurring", "cron": "0 0 1 1 *", "timezone": "UTC"});
        let payload = json!({"task": name});
        let create = json!({"name": name, "transport": "worker", "schedule": schedule, "payload": payload});
        let cue = self
            .ask(post("cues.create", "/v1/cues", create, forms::CUE_FORMS))
            .await;
        let Some(cue) = cue["id"].as_str().map(|id| format!("/v1/cues/{id}")) else {
            return;
        };
        let paused = json!({"status": "paused"});
        self.ask(Probe {
            body: paused,
            ..Probe::new("cues.update", Method::PATCH, &cue, forms::CUE_FORMS)
        })
        .await;
        let fired = self
            .ask(post("cues.fire", &format!("{cue}/fire"), json!({}), forms::FIRED))
            .await;
        if let Some(execution) = fired["id"].as_str() {
            self.work(&format!("/v1/executions/{execution}")).await;
        }
        self.ask(Probe::get("cues.get with executions", &cue, forms::CUE_DETAIL))
            .await;
        self.ask(Probe::new("cues.delete", Method::DELETE, &cue, forms::DELETED))
            .await;
    }

    async fn work(&mut self, execution: &str) {
        let at = |action: &str| format!("{execution}/{action}");
        let claim = json!({"worker_id": WORKER});
        for operation in ["executions.claim", "executions.claim once more"] {
            self.ask(post(operation, &at("claim"), claim.clone(), forms::CLAIMED))
                .await;
        }
        self.ask(Probe {
            headers: &[("x-worker-id", WORKER)],
            ..Probe::new("executions.heartbeat", Method::POST, &at("heartbeat"), forms::HEARTBEAT)
        })
        .await;
        for operation in ["executions.report_outcome", "executions.report_outcome once more"] {
            let outcome = json!({"success": true, "result": "done"});
            self.ask(post(operation, &at("outcome"), outcome, forms::OUTCOME)).await;
        }
        self.ask(Probe {
            body: json!({"summary": "done"}),
            ..Probe::new(
                "executions.append_evidence",
                Method::PATCH,
                &at("evidence"),
                forms::EVIDENCE,
            )
        })
        .await;
        self.ask(Probe::get(
            "executions.get with an outcome",
            execution,
            forms::EXECUTION,
        ))
        .await;
        self.ask(post(
            "executions.mark_verified",
            &at("verify"),
            json!({}),
            forms::VERIFIED,
        ))
        .await;
        self.ask(post("executions.replay", &at("replay"), json!({}), forms::REPLAYED))
            .await;
    }

    /// Deletes the cue of this name, if it is still there. Answers whether it is gone.
    pub(super) async fn delete(&mut self, name: &str) -> bool {
        let Ok(cues) = self.subject.request(Method::GET, "/v1/cues?limit=100", &[], "").await else {
            return false;
        };
        let cues: Value = serde_json::from_slice(cues.body()).unwrap_or_default();
        let ours = cues["cues"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|cue| cue["name"] == name);
        let mut gone = cues["cues"].is_array();
        for cue in ours {
            let path = format!("/v1/cues/{}", cue["id"].as_str().unwrap_or_default());
            let deleted = self.subject.request(Method::DELETE, &path, &[], "").await;
            gone &= deleted.is_ok_and(|answer| answer.status().is_success() || answer.status() == 404);
        }
        gone
    }
}

fn post<'a>(operation: &'static str, path: &'a str, body: Value, forms: &'static [forms::Form]) -> Probe<'a> {
    Probe {
        body,
        ..Probe::new(operation, Method::POST, path, forms)
    }
}
