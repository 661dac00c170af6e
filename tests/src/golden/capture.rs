//! Reading a captured exchange, whoever captured it.

use serde_json::Value;

/// Why an exchange is not compared.
#[derive(Debug)]
pub(super) struct Skipped(pub(super) String);

/// A captured exchange.
#[derive(Debug)]
pub(super) struct Capture {
    pub(super) method: String,
    /// Without the query.
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    /// Whether the server was asked to give the request's body back.
    pub(super) asked_for_echo: bool,
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Capture {
    pub(super) fn read(entry: &Value) -> Result<Self, Skipped> {
        let (request, response) = (&entry["request"], &entry["response"]);
        let skip = |why: &str| Skipped(why.to_owned());
        if !request.is_object() || !response.is_object() {
            return Err(skip("captured below HTTP: no request and response"));
        }
        let method = request["method"]
            .as_str()
            .ok_or_else(|| skip("a request without a method"))?;
        let target = request["path"]
            .as_str()
            .ok_or_else(|| skip("a request without a path"))?;
        let status = response["status"]
            .as_u64()
            .and_then(|status| u16::try_from(status).ok());
        let (path, in_path) = target.split_once('?').unwrap_or((target, ""));
        let mut query = parameters(in_path);
        match &request["query"] {
            Value::Object(members) => query.extend(members.iter().map(|(name, value)| (name.clone(), text(value)))),
            value => query.extend(parameters(&text(value))),
        }
        Ok(Self {
            method: method.to_uppercase(),
            path: path.to_owned(),
            query,
            asked_for_echo: headers(&request["headers"])
                .iter()
                .any(|(name, value)| name == "x-cueapi-verify-echo" && value.trim().eq_ignore_ascii_case("true")),
            status: status.ok_or_else(|| skip("a response without a status"))?,
            headers: headers(&response["headers"]),
            body: text(&response["body"]),
        })
    }

    /// The body as JSON; none where it is empty.
    pub(super) fn json(&self) -> Result<Option<Value>, Skipped> {
        if self.body.trim().is_empty() {
            return Ok(None);
        }
        let json = serde_json::from_str(&self.body);
        json.map(Some)
            .map_err(|_| Skipped(format!("the response ({}) is not JSON", self.status)))
    }
}

/// A text as it is, nothing as nothing, and anything else as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn parameters(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Names in lower case, from an object or a list of pairs.
fn headers(value: &Value) -> Vec<(String, String)> {
    let pair = |pair: &Value| Some((pair[0].as_str()?.to_lowercase(), text(&pair[1])));
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.to_lowercase(), text(value)))
            .collect(),
        Value::Array(pairs) => pairs.iter().filter_map(pair).collect(),
        _ => Vec::new(),
    }
}
