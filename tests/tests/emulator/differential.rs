//! One long conversation with a CueAPI server, sent again to an emulator: more than a thousand requests, one after another,
//! and the server's answers to 685 of them.
//!
//! `fixtures/differential/exchanges.jsonl` has a request on each line. `{{name}}` stands for what an earlier answer was
//! saved as, `{{x*300}}` for a text of 300 times the same character. Two cues are taken away right after they are made, as
//! they were when the answers were recorded. What differs from run to run is compared in its form: ids, moments, keys.

use std::{collections::HashMap, sync::LazyLock};

use base64::Engine as _;
use cueapi_emulator::{Clock, Cors, Emulator, engine::Limits, json::Json};
use http::StatusCode;
use regex::{Captures, Regex};

use crate::wire::Connection;

const EXCHANGES: &str = include_str!("../../fixtures/differential/exchanges.jsonl");

/// Where an answer is known to differ, and why.
const KNOWN: &[(&str, &str)] = &[
    ("dcs1", "the server had counted the logins of earlier runs for an hour"),
    ("verify page bad", "the page is one of our own"),
];

/// Headers that say something about the connection or the time, and not about the answer.
const UNCOMPARED: &[&str] = &[
    "content-length",
    "date",
    "server",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];

struct Exchange {
    name: String,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Body>,
    /// Names, and the member of the answer that they stand for from now on.
    save: Vec<(String, String)>,
    answer: Option<Answered>,
}

enum Body {
    Text(String),
    Bytes(Vec<u8>),
}

struct Answered {
    status: u16,
    /// By name, and without an order.
    headers: Vec<(String, String)>,
    body: String,
}

impl Exchange {
    fn read(line: &str) -> Self {
        let row = Json::parse(line.as_bytes()).unwrap();
        let text = |name| row.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let body = match (row.get("body"), row.get("base64").and_then(Json::as_str)) {
            (Some(_), _) => Some(Body::Text(text("body"))),
            (None, Some(encoded)) => Some(Body::Bytes(
                base64::engine::general_purpose::STANDARD.decode(encoded).unwrap(),
            )),
            (None, None) => None,
        };
        let answer = row.get("answer").map(|answer| {
            let Some(Json::Int(status)) = answer.get("status") else {
                panic!("{line}")
            };
            Answered {
                status: u16::try_from(*status).unwrap(),
                headers: pairs(answer.get("headers")),
                body: answer.get("body").and_then(Json::as_str).unwrap_or_default().to_owned(),
            }
        });
        Self {
            name: text("name"),
            method: text("method"),
            target: text("target"),
            headers: pairs(row.get("headers")),
            body,
            save: pairs(row.get("save")),
            answer,
        }
    }
}

fn pairs(object: Option<&Json>) -> Vec<(String, String)> {
    let Some(Json::Object(members)) = object else {
        return Vec::new();
    };
    members
        .iter()
        .map(|(name, value)| (name.to_string(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}

/// What the names of earlier answers stand for.
#[derive(Default)]
struct Saved(HashMap<String, String>);

impl Saved {
    fn fill(&self, text: &str) -> String {
        static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?s)\{\{(?:(\w+)|(.)\*(\d+))\}\}").unwrap());
        let filled = NAME.replace_all(text, |found: &Captures<'_>| match (found.get(1), found.get(2)) {
            (Some(name), _) => self
                .0
                .get(name.as_str())
                .cloned()
                .unwrap_or_else(|| format!("MISSING_{}", name.as_str())),
            (None, repeated) => repeated.unwrap().as_str().repeat(found[3].parse().unwrap()),
        });
        filled.into_owned()
    }

    fn save(&mut self, names: &[(String, String)], answer: &Answered) {
        for (name, member) in names {
            let value = Json::parse(answer.body.as_bytes()).ok();
            if let Some(Json::Str(value)) = value.as_ref().and_then(|value| value.get(member)) {
                self.0.insert(name.clone(), value.to_string());
            }
        }
    }
}

async fn send(emulator: &Emulator, exchange: &Exchange, saved: &Saved) -> Answered {
    let mut headers = vec![
        ("host".to_owned(), "127.0.0.1:8000".to_owned()),
        ("accept".into(), "*/*".into()),
        ("user-agent".into(), "diff/1".into()),
    ];
    headers.extend(
        exchange
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), saved.fill(value))),
    );
    let body = match &exchange.body {
        Some(Body::Text(text)) => Some(saved.fill(text).into_bytes()),
        Some(Body::Bytes(bytes)) => Some(bytes.clone()),
        None => ["POST", "PATCH", "PUT"].contains(&&*exchange.method).then(Vec::new),
    };
    headers.extend(
        body.as_ref()
            .map(|body| ("content-length".to_owned(), body.len().to_string())),
    );
    let mut head = format!("{} {} HTTP/1.1\r\n", exchange.method, saved.fill(&exchange.target)).into_bytes();
    for (name, value) in headers {
        // Header values are Latin-1.
        head.extend(
            format!("{name}: ")
                .bytes()
                .chain(value.chars().map(|c| u8::try_from(c).unwrap())),
        );
        head.extend(b"\r\n");
    }
    head.extend(b"\r\n");
    head.extend(body.unwrap_or_default());
    let mut connection = Connection::open(emulator.address()).await;
    connection.write(&head).await;
    let answer = connection.answer(exchange.method == "HEAD").await;
    let answer = answer.unwrap_or_else(|| panic!("no answer to {}", exchange.name));
    let mut headers = answer.headers;
    headers.retain(|(name, _)| !UNCOMPARED.contains(&&**name));
    Answered {
        status: answer.status,
        headers,
        body: answer.body,
    }
}

/// A text with what differs from run to run replaced by what it is.
fn normal(text: &str) -> String {
    static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        let rules = [
            (
                r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d{1,6}(\+\d\d:\d\d|Z)",
                "<moment$1>",
            ),
            (r"\b(agent|admin|a|hello-world-42)-[0-9a-f]{4}\b", "$1-<suffix>"),
            (r"cue_sk_[0-9a-f]{32}", "<key>"),
            (r"cue_sk_[0-9a-f]{5}\b", "<start of a key>"),
            (r"\b(cue|agt|msg)_[a-z0-9]{12}\b", "<$1>"),
            (r"whsec_[0-9a-f]{64}", "<whsec>"),
            (r"\b[0-9a-f]{64}\b", "<hash>"),
            (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>"),
            (r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "<token>"),
            (r#"W/"[0-9a-f]{16}""#, "<etag>"),
            (
                r#""(id|next_cursor|\w+_event_id|\w+_heartbeat|\w+_age_sec|current_usage)":\s?\d+"#,
                r#""$1":<number>"#,
            ),
        ];
        rules.map(|(rule, name)| (Regex::new(rule).unwrap(), name)).into()
    });
    RULES.iter().fold(text.to_owned(), |text, (rule, name)| {
        rule.replace_all(&text, *name).into_owned()
    })
}

fn differences(there: &Answered, here: &Answered) -> Vec<String> {
    let mut found = Vec::new();
    if there.status != here.status {
        found.push(format!("status {} instead of {}", here.status, there.status));
    }
    let headers = |answer: &Answered| {
        let mut headers: Vec<_> = answer
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", normal(value)))
            .collect();
        // Every request has an id of its own.
        headers
            .iter_mut()
            .filter(|header| header.starts_with("x-request-id"))
            .for_each(|id| id.truncate(12));
        headers.sort_unstable();
        headers
    };
    if headers(there) != headers(here) {
        found.push(format!("headers {:?} instead of {:?}", headers(here), headers(there)));
    }
    let (expected, got) = (body(there), body(here));
    if expected != got {
        found.push(format!("{got}\n    instead of {expected}"));
    }
    found
}

/// What is compared of a body. Agents in a roster are in the order of their slugs, of which those with random ends are in a
/// random one: these are put in the order of what else is said of them.
fn body(answer: &Answered) -> String {
    static AGENT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"\{"name":[^{}]*\},?"#).unwrap());
    let text = normal(&answer.body);
    if !text.starts_with(r#"{"generated_at":"#) {
        return text;
    }
    let mut agents: Vec<_> = AGENT
        .find_iter(&text)
        .map(|agent| agent.as_str().trim_end_matches(','))
        .collect();
    let slug = |agent: &str| agent.split(',').next().map(str::to_owned);
    for of_one_slug in agents.chunk_by_mut(|a, b| slug(a) == slug(b)) {
        of_one_slug.sort_unstable();
    }
    format!("{}{}", AGENT.replace_all(&text, ""), agents.join(","))
}

#[tokio::test]
async fn a_long_recorded_conversation_goes_as_it_went_but_for_what_is_known_to_differ() {
    let limits = Limits::unlimited().requests_per_minute(Some(1_000_000));
    let emulator = Emulator::builder()
        .clock(Clock::held("2026-11-28T11:40:00.123456Z".parse().unwrap()))
        .limits(limits)
        .rate_limit(Some(1_000_000))
        .cors(Cors::Any)
        .ssrf_checks(true)
        .receiver("http://203.0.113.7:8090", |_| async { StatusCode::OK })
        .start()
        .await
        .unwrap();
    let (mut saved, mut compared, mut differing) = (Saved::default(), 0, Vec::new());
    for exchange in EXCHANGES.lines().map(Exchange::read) {
        let here = send(&emulator, &exchange, &saved).await;
        saved.save(&exchange.save, &here);
        let Some(there) = &exchange.answer else { continue };
        let there = Answered {
            body: saved.fill(&there.body),
            headers: there.headers.clone(),
            ..*there
        };
        compared += 1;
        let found = differences(&there, &here);
        if !found.is_empty() {
            println!(
                "{}: {} {}\n    {}",
                exchange.name,
                exchange.method,
                exchange.target,
                found.join("\n    ")
            );
            differing.push(exchange.name);
        }
    }
    assert_eq!(compared, 685);
    let known: Vec<_> = KNOWN.iter().map(|(name, _)| *name).collect();
    assert_eq!(differing, known, "what differs, and what is known to differ");
}
