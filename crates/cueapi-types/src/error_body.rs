//! The body of an error response, in all the shapes that CueAPI servers give it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::Visitor};
use serde_json::Value;

use crate::{ErrorCode, Payload};

/// What a server says about a request that it did not carry out.
///
/// ```
/// use cueapi_types::{ApiError, ErrorCode};
///
/// let body = br#"{"error":{"code":"cue_not_found","message":"Cue not found","status":404}}"#;
/// let error = ApiError::from_body(body).unwrap();
/// assert_eq!(error.code, ErrorCode::CueNotFound);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ApiError {
    /// What is wrong; the open value `unknown` where the server gave no code.
    pub code: ErrorCode,
    /// The same for people. May be empty.
    pub message: String,
    /// With `validation_error`: every field that was refused.
    pub details: Vec<FieldError>,
    /// With a limit that was reached: how much it allows.
    pub limit: Option<u64>,
    /// With a limit on a rate: the seconds that it counts over.
    pub window_seconds: Option<u64>,
    /// With a quota that was reached: how much is used.
    pub current: Option<u64>,
    /// What else the server says, as a JSON object: with `attachment_exists` for instance `existing_daemon_id`,
    /// `existing_attached_at` and `existing_token`.
    pub extra: Option<Payload>,
}

/// One field of a request that the server refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FieldError {
    /// Where it is: `body.schedule.type`, `query.limit`, or `body` for the whole.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl ApiError {
    /// Reads the body of an error response.
    ///
    /// Accepted are the standard form (`{"error":{"code","message","status","details"}}`, with or without any of its
    /// members), `{"error":"text"}`, `{"error":"code"}`, `{"error":"code","message":"text"}`, the web framework's own `{"detail": …}` with a
    /// text, an object or a list of `{"loc","msg"}`, the standard form wrapped into `detail`, and its members without a
    /// wrapper. Anything else, a page of HTML or an empty body for instance, is `None`.
    ///
    /// A byte-order mark is passed over. U+FFFD replaces what is not Unicode. A number out of range and a value that is nested
    /// too deep are taken for null. A body that breaks off is read as far as it goes.
    ///
    /// ```
    /// use cueapi_types::{ApiError, ErrorCode};
    ///
    /// let error = ApiError::from_body(br#"{"detail":[{"loc":["body","name"],"msg":"Field required"}]}"#).unwrap();
    /// assert_eq!(error.code, ErrorCode::ValidationError);
    /// assert_eq!(error.details[0].field, "body.name");
    /// assert_eq!(error.message, "body.name: Field required");
    ///
    /// assert_eq!(ApiError::from_body(b"<h1>Bad gateway</h1>"), None);
    /// ```
    #[must_use]
    pub fn from_body(body: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body));
        let body: Value = serde_json::from_str(&text)
            .or_else(|_| serde_json::from_str(&mended(&text)))
            .ok()
            .filter(Value::is_object)?;
        if let (Some(code), Some(message)) = (body["error"].as_str(), body["message"].as_str()) {
            return Some(Self::new(code, message).with_members(&body, "error"));
        }
        let detail = &body["detail"];
        [&body["error"], &detail["error"], detail, &body]
            .into_iter()
            .find_map(Self::from_value)
    }

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            // A code that stands alone is one, since callers decide by it.
            Value::String(text) => Some(match ErrorCode::from(text.as_str()) {
                ErrorCode::Unrecognized(_) => Self::new(UNKNOWN, text),
                _ => Self::new(text, text),
            }),
            Value::Array(errors) => {
                let details: Vec<FieldError> = errors.iter().filter_map(FieldError::from_value).collect();
                let first = details.first()?;
                let message = format!("{}: {}", first.field, first.message);
                Some(Self {
                    details,
                    ..Self::new("validation_error", &message)
                })
            }
            Value::Object(_) => {
                let text = |key: &str| value[key].as_str();
                // An attachment's conflict has a hint in the place of a message, a server that is down a reason.
                let message = MESSAGE.into_iter().find_map(text);
                if message.is_none() && text("code").is_none() {
                    return None;
                }
                let error = Self::new(text("code").unwrap_or(UNKNOWN), message.unwrap_or_default());
                Some(error.with_members(value, "code"))
            }
            _ => None,
        }
    }

    /// The same with what else stands beside its code.
    fn with_members(self, value: &Value, code: &str) -> Self {
        let details = value["details"].as_array().into_iter().flatten();
        Self {
            details: details.filter_map(FieldError::from_value).collect(),
            limit: value["limit"].as_u64(),
            window_seconds: seconds(&value["window_seconds"]),
            current: value["current"].as_u64(),
            extra: extra(value, code),
            ..self
        }
    }

    fn new(code: &str, message: &str) -> Self {
        Self {
            code: code.into(),
            message: message.to_owned(),
            details: Vec::new(),
            limit: None,
            window_seconds: None,
            current: None,
            extra: None,
        }
    }
}

/// Seconds as a number or as text, rounded up.
fn seconds(value: &Value) -> Option<u64> {
    let seconds: f64 = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    let whole = || std::time::Duration::try_from_secs_f64(seconds.ceil());
    (seconds >= 0.0).then(|| whole().map_or(u64::MAX, |seconds| seconds.as_secs()))
}

/// JSON as [`Value`] takes it, of a text that it does not take: what no value holds is null, and of one that breaks off
/// every container is closed and the value that is not whole is left out.
fn mended(text: &str) -> String {
    let (mut json, mut open) = (String::new(), Vec::new());
    let (mut whole, mut too_deep) = (0, 0_usize);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (token, after) = rest.split_at(token_length(rest));
        rest = after;
        match first {
            '{' | '[' if open.len() == DEEPEST => {
                json.push_str(if too_deep == 0 { "null" } else { "" });
                too_deep += 1;
            }
            '}' | ']' if too_deep > 0 => too_deep -= 1,
            _ if too_deep > 0 => {}
            '{' | '[' => {
                open.push(if first == '{' { '}' } else { ']' });
                json.push(first);
                whole = json.len();
            }
            '}' | ']' => {
                open.pop();
                json.push(first);
                whole = json.len();
                if open.is_empty() {
                    break;
                }
            }
            ',' => {
                whole = json.len();
                json.push(first);
            }
            ':' => json.push(first),
            _ => match token.trim() {
                "" => {}
                token if serde_json::from_str::<Value>(token).is_ok() => json.push_str(token),
                token => json.push_str(&text_or_null(token)),
            },
        }
    }
    json.truncate(whole);
    json.extend(open.into_iter().rev());
    json
}

/// How deep containers may nest. CueAPI's own errors are flat; a refusal of the web framework repeats what was sent.
const DEEPEST: usize = 64;

/// How long the first token is: a text with its quotes, a sign, or what stands up to the next of these.
fn token_length(json: &str) -> usize {
    const SIGNS: [char; 7] = ['{', '}', '[', ']', ',', ':', '"'];
    if json.starts_with('"') {
        let mut escaped = false;
        let end = json.bytes().skip(1).position(|byte| {
            let is_end = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            is_end
        });
        return end.map_or(json.len(), |end| end + 2);
    }
    match json.find(SIGNS) {
        Some(0) => 1,
        end => end.unwrap_or(json.len()),
    }
}

/// A text with U+FFFD for what is not a character; null for what is not a text.
fn text_or_null(token: &str) -> String {
    serde_json::from_str(token)
        .map_or(Value::Null, |Lossy(text)| Value::String(text))
        .to_string()
}

/// A text that may have halves of surrogate pairs and control characters in it.
struct Lossy(String);

impl<'de> Deserialize<'de> for Lossy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;

        impl Visitor<'_> for Bytes {
            type Value = Lossy;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_bytes<E>(self, text: &[u8]) -> Result<Lossy, E> {
                Ok(Lossy(String::from_utf8_lossy(text).into_owned()))
            }
        }
        // serde_json checks neither, where bytes are asked for.
        deserializer.deserialize_bytes(Bytes)
    }
}

/// Where servers put the text for people.
const MESSAGE: [&str; 4] = ["message", "msg", "hint", "reason"];

/// The members of an error that have no field.
fn extra(error: &Value, code: &str) -> Option<Payload> {
    let has_field = |(key, value): &(&String, &Value)| match key.as_str() {
        key if key == code => value.is_string(),
        "status" | "limit" | "window_seconds" | "current" => value.is_u64(),
        "details" => value.is_array(),
        key => MESSAGE.contains(&key) && value.is_string(),
    };
    let members = error.as_object()?.iter().filter(|member| !has_field(member));
    let members: serde_json::Map<_, _> = members.map(|(key, value)| (key.clone(), value.clone())).collect();
    (!members.is_empty()).then(|| Payload::from(Value::Object(members)))
}

/// Stands for a code that the server did not give.
const UNKNOWN: &str = "unknown";

impl FieldError {
    /// From `{"field","message"}`, or the web framework's `{"loc","msg"}`.
    fn from_value(value: &Value) -> Option<Self> {
        let field = match (&value["field"], &value["loc"]) {
            (Value::String(field), _) => field.clone(),
            (_, Value::Array(steps)) => {
                let step = |step: &Value| step.as_str().map_or_else(|| step.to_string(), str::to_owned);
                steps.iter().map(step).collect::<Vec<_>>().join(".")
            }
            _ => return None,
        };
        let message = value["message"].as_str().or_else(|| value["msg"].as_str())?.to_owned();
        Some(Self { field, message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Option<(String, String)> {
        ApiError::from_body(body.as_bytes()).map(|error| (error.code.to_string(), error.message))
    }

    fn some(code: &str, message: &str) -> Option<(String, String)> {
        Some((code.to_owned(), message.to_owned()))
    }

    #[test]
    fn every_shape_of_an_error_is_understood() {
        assert_eq!(
            read(r#"{"error":{"code":"no_outcome","message":"No outcome recorded yet"}}"#),
            some("no_outcome", "No outcome recorded yet")
        );
        assert_eq!(read(r#"{"error":"nope"}"#), some("unknown", "nope"));
        assert_eq!(
            read(r#"{"error":"memory_block_disabled","message":"It is off"}"#),
            some("memory_block_disabled", "It is off")
        );
        assert_eq!(read(r#"{"error":"key_revoked"}"#), some("key_revoked", "key_revoked"));
        assert_eq!(
            read(r#"{"error":"key_revoked","message":null,"status":401}"#),
            some("key_revoked", "key_revoked")
        );
        assert_eq!(read(r#"{"detail":"Not Found"}"#), some("unknown", "Not Found"));
        assert_eq!(read(r#"{"detail":{"code":"x","message":"y"}}"#), some("x", "y"));
        assert_eq!(
            read(r#"{"detail":{"error":{"code":"x","message":"y"}}}"#),
            some("x", "y")
        );
        assert_eq!(
            read(r#"{"detail":[{"loc":["query",0],"msg":"bad","type":"t"}]}"#),
            some("validation_error", "query.0: bad")
        );
        assert_eq!(
            read(r#"{"error":{"code":"attachment_exists","hint":"detach first"}}"#),
            some("attachment_exists", "detach first")
        );
        assert_eq!(
            read(r#"{"error":{"message":"only this"}}"#),
            some("unknown", "only this")
        );
        assert_eq!(
            read(r#"{"status":"down","reason":"redis unreachable"}"#),
            some("unknown", "redis unreachable")
        );
    }

    #[test]
    fn what_is_no_error_body_is_none() {
        for body in [
            "",
            "null",
            "[]",
            "[1]",
            "\"text\"",
            "17",
            "{}",
            "<html>",
            r#"{"error":null}"#,
            r#"{"error":{}}"#,
            r#"{"detail":[]}"#,
            r#"{"status":"down"}"#,
            "\u{1}",
        ] {
            assert_eq!(read(body), None, "{body}");
        }
    }

    #[test]
    fn what_has_no_field_is_kept() {
        let body = br#"{"error":{"code":"attachment_exists","existing_daemon_id":"d","hint":"detach first"}}"#;
        let error = ApiError::from_body(body).unwrap();
        assert_eq!(error.extra.unwrap().as_str(), r#"{"existing_daemon_id":"d"}"#);
        let plain = ApiError::from_body(br#"{"error":{"code":"x","message":"y","status":400}}"#).unwrap();
        assert_eq!(plain.extra, None);
    }

    #[test]
    fn a_body_that_is_damaged_is_read_as_far_as_it_goes() {
        let mark = "\u{feff}{\"error\":{\"code\":\"x\",\"message\":\"y\"}}";
        assert_eq!(read(mark), some("x", "y"));
        let latin = b"{\"error\":{\"code\":\"cue_not_found\",\"message\":\"Cue caf\xe9\"}}";
        let error = ApiError::from_body(latin).unwrap();
        assert_eq!(
            (error.code, error.message.as_str()),
            (ErrorCode::CueNotFound, "Cue caf\u{fffd}")
        );
        let whole =
            r#"{"detail":[{"type":"missing","loc":["body","x,{"],"msg":"Field \"required\"","input":{"a":[1,"b"]}}]}"#;
        for cut in whole.find(",\"input").unwrap() + 1..whole.len() {
            assert_eq!(
                read(&whole[..cut]),
                some("validation_error", "body.x,{: Field \"required\""),
                "{}",
                &whole[..cut]
            );
        }
        for cut in 0..whole.len() {
            let _ = read(&whole[..cut]);
        }
    }

    #[test]
    fn what_no_value_holds_hides_nothing_of_an_error() {
        let deep = "[".repeat(5_000) + &"]".repeat(5_000);
        for odd in [
            r#""half a pair: \ud800""#,
            r#""the other half: \udc00 \ud83d\ude00""#,
            "\"a\nb\"",
            "1e999",
            "-1e999",
            "NaN",
            "-Infinity",
            "undefined",
            deep.as_str(),
            &format!(r#"{{"a":[{{"b,]":{deep}}}]}}"#),
        ] {
            for body in [
                format!(r#"{{"error":{{"code":"x","odd":{odd},"message":"y"}}}}"#),
                format!(
                    "{{\n  \"error\" : {{\n    \"odd\" : {odd} ,\n \"code\": \"x\",\n \"n\": 5 , \"message\": \"y\" }}\n}}\n"
                ),
                format!(r#"{{"error":{{"odd":{odd},"code":"x","message":"y"}},"z":1}} and, more"#),
                format!(r#"{{"detail":{{"code":"x","message":"y","odd":[1,{odd}"#),
            ] {
                assert_eq!(read(&body), some("x", "y"), "{odd:.40}");
            }
        }
        let half = read(r#"{"error":{"code":"x","message":"a\ud800\ud83d\ude00"}}"#)
            .unwrap()
            .1;
        assert!(half.starts_with("a\u{fffd}") && half.ends_with('\u{1f600}'), "{half}");
    }

    #[test]
    fn limits_come_along() {
        let flat =
            ApiError::from_body(br#"{"error":"rate_limited","message":"m","limit":5,"window_seconds":60}"#).unwrap();
        assert_eq!((flat.limit, flat.window_seconds, flat.extra), (Some(5), Some(60), None));
        let body = br#"{"error":{"code":"rate_limit_exceeded","message":"m","status":429,"limit":10,"window_seconds":60,"current":-1}}"#;
        let error = ApiError::from_body(body).unwrap();
        assert_eq!(
            (error.limit, error.window_seconds, error.current),
            (Some(10), Some(60), None)
        );
        for (seconds, read) in [
            ("1.5", Some(2)),
            ("\"60\"", Some(60)),
            ("1e30", Some(u64::MAX)),
            ("0", Some(0)),
            ("-1", None),
            ("null", None),
            ("\"soon\"", None),
        ] {
            let body = format!(r#"{{"error":{{"code":"x","window_seconds":{seconds}}}}}"#);
            assert_eq!(
                ApiError::from_body(body.as_bytes()).unwrap().window_seconds,
                read,
                "{seconds}"
            );
        }
    }
}
