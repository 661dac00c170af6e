//! An emulator, and what a capture's ids are called in it.

use cueapi_emulator::{Clock, Cors, Emulator, engine::Limits, json::Json};
use jiff::{SignedDuration, Timestamp};

use super::Capture;
use crate::{
    receiver::{Behaviour, Receiver},
    wire::{self, Answer, Connection},
};

/// Where the receiver of the captures listened.
const RECEIVER: &str = "127.0.0.1:8099";
/// A key that does not belong to the first account.
const OTHER: &str = "other";

pub(crate) struct World {
    pub(crate) emulator: Emulator,
    /// Open for as long as the world exists.
    _receiver: Receiver,
    /// What stands for what: the capture's texts and this world's.
    names: Vec<(String, String)>,
    other_key: String,
    /// What the captured caller showed, where it is not the emulator's key.
    pub(crate) token: Option<String>,
}

impl World {
    /// Empty, at the moment of the capture.
    pub(crate) async fn for_capture(capture: &Capture) -> Self {
        let reset = capture
            .answer_header("x-ratelimit-reset")
            .map_or(1_795_466_220, |reset| reset.parse().unwrap());
        let now = Timestamp::from_microsecond(reset * 1_000_000 - 59_760_152).unwrap();
        let limit = capture
            .answer_header("x-ratelimit-limit")
            .map_or(1_000_000, |limit| limit.parse().unwrap());
        let start = super::cues::earlier_start(capture).unwrap_or(now);
        let free = capture.name.contains("403_cue_limit") || capture.answer.contains(r#""plan":"free""#);
        let limits = if free { Limits::free() } else { Limits::unlimited() };
        let limits = if capture.answer.contains(r#""plan":"scale""#) {
            limits.monthly_executions(Some(10_000_000))
        } else {
            limits
        };
        let limits = limits.requests_per_minute(Some(limit));
        let limits = if capture.name.contains("_usage_") {
            limits.monthly_executions(Some(1))
        } else {
            limits
        };
        let emulator = Emulator::builder()
            .clock(Clock::held(start))
            .limits(limits)
            .cors(Cors::Any)
            .ssrf_checks(
                ["ssrf", "unresolvable", "400_alert_url"]
                    .iter()
                    .any(|part| capture.name.contains(part)),
            )
            .delivery_timeout(std::time::Duration::from_millis(200))
            .start()
            .await
            .unwrap();
        let receiver = Receiver::open(super::executions::script(capture)).await;
        let names = vec![(RECEIVER.to_owned(), receiver.address.to_string())];
        let other_key = emulator.open_account("other@example.com", limits);
        Self {
            emulator,
            _receiver: receiver,
            names,
            other_key,
            token: None,
        }
    }

    pub(crate) async fn rotate_key(&mut self) {
        let old = self.emulator.api_key();
        let authorization = format!("Bearer {old}");
        let headers = [
            ("authorization", authorization.as_str()),
            ("x-confirm-destructive", "true"),
        ];
        let mut connection = Connection::open(self.emulator.address()).await;
        let answer = connection
            .exchange("POST", "/v1/auth/key/regenerate", &headers, b"")
            .await;
        assert_eq!((answer.status, answer.text("api_key")), (200, self.emulator.api_key()));
        self.token = Some(old);
    }

    pub(crate) fn other_key(&self) -> &str {
        &self.other_key
    }

    /// From now on, `captured` means `actual`.
    pub(crate) fn name(&mut self, captured: &str, actual: &str) {
        self.names.push((captured.to_owned(), actual.to_owned()));
    }

    pub(crate) fn translate(&self, text: &str) -> String {
        // The latest name first: it may be about a part of an earlier one.
        self.names
            .iter()
            .rev()
            .fold(text.to_owned(), |text, (captured, actual)| {
                text.replace(captured.as_str(), actual)
            })
    }

    pub(crate) async fn ok(&self, method: &str, target: &str, body: &str) -> Answer {
        let token = self.token.clone().unwrap_or_else(|| self.emulator.api_key());
        wire::ok_as(
            &self.emulator,
            &token,
            method,
            &self.translate(target),
            &self.translate(body),
        )
        .await
    }

    /// Makes a cue and answers its id.
    pub(crate) async fn create(&self, body: &str) -> String {
        self.ok("POST", "/v1/cues", body).await.text("id")
    }

    /// Fires a cue and answers the execution's id.
    pub(crate) async fn fire(&self, cue: &str) -> String {
        self.ok("POST", &format!("/v1/cues/{cue}/fire"), "").await.text("id")
    }

    /// A cue whose executions workers claim.
    pub(crate) async fn worker_cue(&self, name: &str) -> String {
        self.create(&worker_cue(name, "{}", "")).await
    }

    /// Sends the captured request.
    pub(crate) async fn send(&self, capture: &Capture) -> Answer {
        if capture.name == "cues_create_413_content_length" {
            let body = vec![b'a'; 1_048_741];
            return self.exchange(capture, &capture.path, &body).await;
        }
        if capture.name == "cues_create_400_invalid_utf8" {
            return self.exchange(capture, &capture.path, b"{\"name\":\"\xff\xfe\"}").await;
        }
        let query = self.translate(&capture.query);
        let question = if query.is_empty() { "" } else { "?" };
        let target = format!("{}{question}{query}", self.translate(&capture.path));
        self.exchange(capture, &target, self.translate(&capture.body).as_bytes())
            .await
    }

    async fn exchange(&self, capture: &Capture, target: &str, body: &[u8]) -> Answer {
        let mut headers = Vec::new();
        for (name, value) in &capture.headers {
            let value = match name.as_str() {
                "Authorization" if capture.name.contains(OTHER) => format!("Bearer {}", self.other_key),
                "Authorization" if self.token.is_some() => format!("Bearer {}", self.token.as_ref().unwrap()),
                "Authorization" if capture.name.starts_with("auth_401_") => value.clone(),
                "Authorization" => format!("Bearer {}", self.emulator.api_key()),
                _ => self.translate(value),
            };
            headers.push((name.as_str(), value));
        }
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut connection = Connection::open(self.emulator.address()).await;
        let exchange = connection.exchange(&capture.method, target, &headers, body);
        let answer = if target.contains("wait=long") {
            self.while_time_passes(exchange).await
        } else {
            exchange.await
        };
        if answer.status == 500 {
            assert!(connection.is_closed().await, "the server hangs up after a 500");
        }
        answer
    }

    /// Moves the clock on until there is an answer: whether a request is waiting cannot be seen from outside.
    async fn while_time_passes(&self, answer: impl Future<Output = Answer>) -> Answer {
        let time = async {
            loop {
                self.advance(SignedDuration::from_secs(1)).await;
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            answer = answer => answer,
            () = time => unreachable!(),
        }
    }

    pub(crate) async fn advance(&self, duration: SignedDuration) {
        self.emulator.advance(duration.try_into().unwrap()).await;
    }
}

/// The body of a cue for workers; `more` may add members.
pub(crate) fn worker_cue(name: &str, payload: &str, more: &str) -> String {
    let name = Json::from(name).to_compact();
    format!(
        r#"{{"name":{name},"schedule":{{"type":"recurring","cron":"0 9 * * *"}},"transport":"worker","payload":{payload}{more}}}"#
    )
}

/// The body of a cue for the receiver.
pub(crate) fn webhook_cue(name: &str, more: &str) -> String {
    format!(
        r#"{{"name":"{name}","schedule":{{"type":"recurring","cron":"0 9 1 1 *"}},"callback":{{"url":"http://{RECEIVER}/h/x"}}{more}}}"#
    )
}

pub(crate) fn answers(statuses: &[u16]) -> Vec<Behaviour> {
    statuses.iter().copied().map(Behaviour::Answer).collect()
}
