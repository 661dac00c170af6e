//! Exchanges captured from a CueAPI server, each replayed against an emulator in the same state.
//!
//! The fixtures hold what was sent and what came back. A state is set up through the API alone; then the same request
//! must get the same status, the same headers, and a body with the same members in the same order. Values are compared
//! where they are determined; ids and moments only in their spelling.

mod account;
mod agents;
mod compare;
mod cues;
mod executions;
mod messages;
mod service;
mod snapshot;
mod world;

use cueapi_emulator::json::Json;

use self::world::World;

/// What cannot be reproduced, and why.
const OUT_OF_REACH: &[(&str, &str)] = &[
    (
        "register_404_disabled",
        "the emulator has no switch that forbids to register",
    ),
    ("session_refresh_503_no_secret", "the emulator always has sessions"),
    (
        "info_messaging_only",
        "the emulator has no switch that removes the cue routes",
    ),
    (
        "cues_404_disabled_primitive",
        "the emulator has no switch that removes the cue routes",
    ),
    (
        "cues_get_over_monthly_limit_",
        "caught between two poll cycles; the emulator delivers at once",
    ),
    ("db_down_", "there is no database that could be down"),
    ("redis_down_", "there is no Redis that could be down"),
    (
        "executions_get_webhook_duplicate_headers",
        "the 400 is that of the receiver's framework, not the server's",
    ),
    (
        "raw_bad_request",
        "what is not HTTP is answered by the HTTP library: hyper's answer is empty",
    ),
    ("raw_header_too_long", "hyper takes longer headers than uvicorn"),
    (
        "raw_http10",
        "hyper answers an HTTP/1.0 request in HTTP/1.0, uvicorn in HTTP/1.1",
    ),
    (
        "server_500_internal_error_missing_column",
        "a database without its migrations",
    ),
];

/// A request and its answer, as the fixture holds them.
pub(crate) struct Capture {
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) status: u16,
    pub(crate) answer_headers: Vec<(String, String)>,
    pub(crate) answer: String,
}

impl Capture {
    /// The body of the answer.
    pub(crate) fn json(&self) -> Json {
        Json::parse(self.answer.as_bytes()).unwrap_or(Json::Null)
    }

    pub(crate) fn answer_header(&self, name: &str) -> Option<&str> {
        self.answer_headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    fn read(text: &str) -> Vec<Self> {
        let Ok(Json::Array(entries)) = Json::parse(text.as_bytes()) else {
            panic!("the fixture is not a list")
        };
        entries.iter().filter_map(Self::from_json).collect()
    }

    /// `None` for a capture of raw bytes.
    fn from_json(entry: &Json) -> Option<Self> {
        let (request, response) = (entry.get("request")?, entry.get("response")?);
        let text = |json: &Json, key: &str| json.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        let pairs = |json: &Json| match json.get("headers") {
            Some(Json::Object(members)) => members
                .iter()
                .map(|(key, value)| (key.to_string(), value.as_str().unwrap().to_owned()))
                .collect(),
            _ => Vec::new(),
        };
        let Some(Json::Int(status)) = response.get("status") else {
            panic!("no status")
        };
        Some(Self {
            name: text(entry, "name"),
            method: text(request, "method"),
            path: text(request, "path"),
            query: text(request, "query"),
            headers: pairs(request),
            body: text(request, "body"),
            status: u16::try_from(*status).unwrap(),
            answer_headers: pairs(response),
            answer: text(response, "body"),
        })
    }
}

async fn replay(fixture: &str) {
    let captures = Capture::read(fixture);
    let (mut replayed, mut wrong) = (0, Vec::new());
    for capture in &captures {
        if OUT_OF_REACH.iter().any(|(name, _)| capture.name.starts_with(name)) {
            continue;
        }
        let mut world = World::for_capture(capture).await;
        let prefix = capture.name.split('_').next().unwrap();
        match prefix {
            "cues" => cues::set_up(&mut world, capture).await,
            "executions" => executions::set_up(&mut world, capture).await,
            "auth" | "alerts" | "usage" | "echo" => account::set_up(&mut world, capture).await,
            "agents" | "live" => agents::set_up(&mut world, capture).await,
            "messages" | "inbox" | "sent" | "events" | "subscriptions" => messages::set_up(&mut world, capture).await,
            _ => service::set_up(&mut world, capture).await,
        }
        let differences = compare::differences(capture, &world, &world.send(capture).await);
        if !differences.is_empty() {
            wrong.push(format!("{}\n    {}", capture.name, differences.join("\n    ")));
        }
        replayed += 1;
    }
    println!("{replayed} of {} captures replayed", captures.len());
    assert!(
        replayed > 0 && wrong.is_empty(),
        "{} of {replayed} differ:\n  {}",
        wrong.len(),
        wrong.join("\n  ")
    );
}

#[tokio::test]
async fn captured_cue_exchanges_are_reproduced() {
    replay(include_str!("../../fixtures/golden/cues.json")).await;
}

#[tokio::test]
async fn captured_execution_exchanges_are_reproduced() {
    replay(include_str!("../../fixtures/golden/executions.json")).await;
}

#[tokio::test]
async fn captured_worker_exchanges_are_reproduced() {
    replay(include_str!("../../fixtures/golden/workers.json")).await;
}

#[tokio::test]
async fn captured_account_exchanges_are_reproduced() {
    replay(include_str!("../../fixtures/golden/auth.json")).await;
}

#[tokio::test]
async fn captured_usage_is_reproduced() {
    replay(include_str!("../../fixtures/golden/usage.json")).await;
}

#[tokio::test]
async fn captured_alerts_are_reproduced() {
    replay(include_str!("../../fixtures/golden/alerts.json")).await;
}

#[tokio::test]
async fn captured_exchanges_with_the_service_are_reproduced() {
    replay(include_str!("../../fixtures/golden/service.json")).await;
}

#[tokio::test]
async fn captured_errors_of_the_service_are_reproduced() {
    replay(include_str!("../../fixtures/golden/errors.json")).await;
}

#[tokio::test]
async fn captured_agent_exchanges_are_reproduced() {
    replay(include_str!("../../fixtures/golden/agents.json")).await;
}

#[tokio::test]
async fn captured_message_exchanges_are_reproduced() {
    replay(include_str!("../../fixtures/golden/messages.json")).await;
}

#[tokio::test]
async fn captured_event_exchanges_are_reproduced() {
    replay(include_str!("../../fixtures/golden/events.json")).await;
}
