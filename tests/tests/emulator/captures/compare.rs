//! Whether two answers are the same, as far as they can be.

use cueapi_emulator::json::Json;

use super::{Capture, world::World};
use crate::wire::Answer;

/// Members whose value differs from run to run: only how it is spelled is compared.
const UNDETERMINED: &[&str] = &[
    "id",
    "cue_id",
    "execution_id",
    "replayed_from",
    "scheduled_for",
    "created_at",
    "updated_at",
    "last_run",
    "started_at",
    "delivered_at",
    "last_attempt_at",
    "recorded_at",
    "oldest_claimed_at",
    "lease_extended_until",
    "live_claimed_at",
    "server_time",
    "last_heartbeat",
    "registered_since",
    "timestamp",
    "cycle_duration_ms",
    "current_usage",
    "api_key",
    "api_key_prefix",
    "webhook_secret",
    "user_id",
    "thread_id",
    "deleted_at",
    "emitted_at",
    "expires_at",
    "acked_at",
    "read_at",
    "generated_at",
    "next_cursor",
    "alert_webhook_secret",
    "session_token",
    "received_at",
    "attached_at",
];

pub(super) fn differences(capture: &Capture, world: &World, got: &Answer) -> Vec<String> {
    let mut found = Vec::new();
    if capture.status != got.status {
        found.push(format!(
            "status {} instead of {}: {}",
            got.status, capture.status, got.body
        ));
        return found;
    }
    headers(capture, got, &mut found);
    let expected = world.translate(&capture.answer);
    if expected.is_empty() || got.body.is_empty() {
        if expected != got.body {
            found.push(format!("body {:?} instead of {expected:?}", got.body));
        }
        return found;
    }
    // The two encoders of the server differ in their spaces.
    if expected.starts_with("{\"error\": ") || expected.contains("\", \"") != got.body.contains("\", \"") {
        if expected != got.body {
            found.push(format!("body {} instead of {expected}", got.body));
        }
        return found;
    }
    let expected = Json::parse(expected.as_bytes()).unwrap();
    values("body", "", &expected, &got.json(), &mut found);
    found
}

fn headers(capture: &Capture, got: &Answer, found: &mut Vec<String>) {
    let names = |headers: &[(String, String)]| {
        let mut names: Vec<_> = headers
            .iter()
            .map(|(name, _)| name.clone())
            // The captures leave out what every answer has.
            .filter(|name| !matches!(name.as_str(), "date" | "server" | "vary"))
            .collect();
        names.sort_unstable();
        names
    };
    let (expected, names) = (names(&capture.answer_headers), names(&got.headers));
    if expected != names {
        found.push(format!("headers {names:?} instead of {expected:?}"));
    }
    for (name, value) in &capture.answer_headers {
        let determined = matches!(
            name.as_str(),
            "content-type" | "x-ratelimit-limit" | "location" | "x-cueapi-usage-warning" | "cache-control"
        );
        if determined && got.header(name) != Some(value) {
            found.push(format!("{name}: {:?} instead of {value:?}", got.header(name)));
        }
    }
}

fn values(path: &str, key: &str, expected: &Json, got: &Json, found: &mut Vec<String>) {
    match (expected, got) {
        (Json::Object(expected), Json::Object(got)) => {
            let keys =
                |members: &[(Box<str>, Json)]| members.iter().map(|(key, _)| key.to_string()).collect::<Vec<_>>();
            if keys(expected) != keys(got) {
                found.push(format!(
                    "{path}: members {:?} instead of {:?}",
                    keys(got),
                    keys(expected)
                ));
                return;
            }
            for ((key, expected), (_, got)) in expected.iter().zip(got) {
                values(&format!("{path}.{key}"), key, expected, got, found);
            }
        }
        (Json::Array(expected), Json::Array(got)) if expected.len() == got.len() => {
            for (at, (expected, got)) in expected.iter().zip(got).enumerate() {
                values(&format!("{path}[{at}]"), key, expected, got, found);
            }
        }
        (Json::Str(expected), Json::Str(got)) if UNDETERMINED.contains(&key) && shape(expected) == shape(got) => {}
        (Json::Int(_), Json::Int(_)) if UNDETERMINED.contains(&key) => {}
        (Json::Str(expected), Json::Str(got)) if key == "slug" && same_but_for_the_suffix(expected, got) => {}
        _ if expected == got => {}
        _ => found.push(format!(
            "{path}: {} instead of {}",
            got.to_compact(),
            expected.to_compact()
        )),
    }
}

/// A slug that the server made unique ends in four random digits.
fn same_but_for_the_suffix(expected: &str, got: &str) -> bool {
    let base = |slug: &str| {
        let (base, suffix) = slug.rsplit_once('-')?;
        (suffix.len() == 4 && suffix.bytes().all(|b| b.is_ascii_hexdigit())).then(|| base.to_owned())
    };
    base(expected).is_some() && base(expected) == base(got)
}

/// Ids and moments with their varying characters taken out: `cue_…`, `0000-00-00T00:00:00Z`.
fn shape(text: &str) -> String {
    if let Some((header, _)) = text.split_once('.').filter(|(header, _)| header.starts_with("eyJ")) {
        return format!("{header} and {} more parts", text.matches('.').count());
    }
    for prefix in ["cue_", "agt_", "msg_"] {
        if let Some(id) = text.strip_prefix(prefix) {
            return format!("{prefix}{}", id.len());
        }
    }
    let moment = text.contains('T') && text.contains(':');
    let whole = match text.split_once('.') {
        // The fraction of a second is there or not, as it happens.
        Some((whole, rest)) if moment => format!("{whole}{}", rest.trim_start_matches(|c: char| c.is_ascii_digit())),
        _ => text.to_owned(),
    };
    whole
        .chars()
        .map(|c| {
            if c.is_ascii_digit() || (!moment && c.is_ascii_hexdigit()) {
                '0'
            } else {
                c
            }
        })
        .collect()
}
