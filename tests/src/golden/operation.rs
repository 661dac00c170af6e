//! One operation: which exchanges are its own, and what the SDK makes of their responses.

use std::marker::PhantomData;

use cueapi_core::{
    Conditional, Endpoint, Error, ErrorKind, RetryPolicy,
    endpoint::{PathBuilder, Repeat},
    testing::{self, ReplayClient},
    types::{ApiError, ErrorCode, UnreadableRow},
};
use http::Method;
use serde::Serialize;
use serde_json::{Value, json};

use crate::models::{List, lists};

use super::{
    capture::{Capture, Skipped},
    compare::{Difference, What, differences},
};

/// An operation of the description.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    id: &'static str,
    repeat: Repeat,
    method: &'static str,
    path: &'static str,
    /// What tells it from others with the same path.
    query: &'static [(&'static str, &'static str)],
    decode: fn(&Capture) -> Result<Value, Error>,
}

impl Operation {
    pub(crate) const fn new<E, T>(
        method: &'static str,
        path: &'static str,
        query: &'static [(&'static str, &'static str)],
    ) -> Self
    where
        E: Endpoint<Output = T>,
        T: Serialize,
    {
        Self {
            id: E::ID,
            repeat: E::REPEAT,
            method,
            path,
            query,
            decode: |capture| answer::<E>(capture).map(|value| encoded(&value)),
        }
    }

    pub(crate) const fn conditional<E, T>(
        method: &'static str,
        path: &'static str,
        query: &'static [(&'static str, &'static str)],
    ) -> Self
    where
        E: Endpoint<Output = Conditional<T>>,
        T: Serialize,
    {
        Self {
            id: E::ID,
            repeat: E::REPEAT,
            method,
            path,
            query,
            decode: |capture| answer::<E>(capture).map(|value| encoded(&value.value())),
        }
    }

    /// Its name, where it changes something and is repeated when the fate of an attempt is unknown.
    pub(super) fn repeated_change(&self) -> Option<&'static str> {
        (self.repeat != Repeat::Unsafe && self.method != "GET").then_some(self.id)
    }

    /// Whether an exchange is one of this operation.
    pub(super) fn takes(&self, capture: &Capture) -> bool {
        let is_parameter = |segment: &str| segment.starts_with('{');
        let segments = || self.path.split('/').zip(capture.path.split('/'));
        self.method == capture.method
            && self.path.split('/').count() == capture.path.split('/').count()
            && segments().all(|(own, theirs)| own == theirs || (is_parameter(own) && !theirs.is_empty()))
            && self
                .query
                .iter()
                .all(|(name, value)| capture.query.iter().any(|(n, v)| n == name && v == value))
    }

    /// Of two operations that take an exchange, the one that says more about it is meant.
    pub(super) fn precision(&self) -> usize {
        self.path.split('/').filter(|segment| !segment.starts_with('{')).count() + self.query.len()
    }

    /// Rows that come back as they were because they could not be read.
    fn unreadable_rows(&self, capture: &Capture) -> Vec<Difference> {
        let lists = lists()
            .iter()
            .filter(|list| (list.method, list.path) == (self.method, self.path));
        let unreadable = lists.filter_map(|list| Some((list, list.read(&capture.body).ok()?.unreadable)));
        let difference = |list: &List, row: &UnreadableRow| {
            let place = format!("${}[{}]", list.at.replace('/', "."), row.index());
            Difference::new(&place, What::Refused(row.to_string()))
        };
        unreadable
            .flat_map(|(list, rows)| rows.iter().map(|row| difference(list, row)).collect::<Vec<_>>())
            .collect()
    }

    /// Decodes the response as the SDK does and encodes what came of it.
    pub(super) fn judge(&self, capture: &Capture) -> Result<Vec<Difference>, Skipped> {
        let captured = capture.json()?.unwrap_or(Value::Null);
        Ok(match (self.decode)(capture) {
            Ok(again) => {
                let mut differences = differences(&without_echo(captured, capture), &again);
                differences.extend(self.unreadable_rows(capture));
                differences
            }
            Err(error) if error.kind() == ErrorKind::Decode => {
                vec![Difference::new("$", What::Refused(error.to_string()))]
            }
            Err(error) => match error.api() {
                Some(api) => differences(&captured, &error_body(api, &captured)),
                None => vec![Difference::new(
                    "$",
                    What::Refused("not understood as an error".to_owned()),
                )],
            },
        })
    }
}

/// An operation of which only the answer is of interest: it takes no arguments.
struct Answer<E>(PhantomData<fn() -> E>);

impl<E: Endpoint> Endpoint for Answer<E> {
    type Output = E::Output;
    const ID: &'static str = E::ID;
    const METHOD: Method = E::METHOD;
    const REPEAT: Repeat = Repeat::Safe;

    fn path(&self, path: &mut PathBuilder) {
        path.lit("captured");
    }
}

/// What a call returns when the server answers like this.
fn answer<E: Endpoint>(capture: &Capture) -> Result<E::Output, Error> {
    let response = testing::response(capture.status, capture.body.clone());
    let response = capture
        .headers
        .iter()
        .fold(response, |response, (name, value)| response.header(name, value));
    let call = ReplayClient::new([response]).client().call(Answer::<E>(PhantomData));
    testing::run(call.retry_policy(RetryPolicy::none()).send())
}

fn encoded(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// What the server adds for a client that asked to see its own request again, the SDK compares and does not keep.
fn without_echo(mut captured: Value, capture: &Capture) -> Value {
    if let (true, Some(members)) = (capture.asked_for_echo, captured.as_object_mut()) {
        members.remove("body_received");
        members.remove("body_received_sha256");
    }
    captured
}

/// An error as the server would write it, in the shape of the one that was captured.
fn error_body(api: &ApiError, captured: &Value) -> Value {
    let wrapped = captured["error"].is_object();
    let shape = if wrapped { &captured["error"] } else { captured };
    let mut body = match &api.extra {
        Some(extra) => extra.parse().unwrap_or(Value::Null),
        None => json!({}),
    };
    let text = ["message", "msg", "hint", "reason"]
        .into_iter()
        .find(|key| !shape[*key].is_null());
    if let Some(key) = text {
        body[key] = json!(api.message);
    }
    if shape["code"].is_string() || !matches!(api.code, ErrorCode::Unrecognized(_)) {
        body["code"] = json!(api.code);
    }
    if shape["details"].is_array() {
        body["details"] = json!(api.details);
    }
    // The status stands in the response's first line, too, and is taken from there.
    if let Some(status) = shape["status"].as_u64() {
        body["status"] = json!(status);
    }
    for (key, value) in [
        ("limit", api.limit),
        ("window_seconds", api.window_seconds),
        ("current", api.current),
    ] {
        if let Some(value) = value {
            body[key] = json!(value);
        }
    }
    if wrapped { json!({ "error": body }) } else { body }
}
