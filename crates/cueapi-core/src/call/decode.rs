//! From a successful response to a value, or to an error that names the field and shows nothing of the text.

use ::http::header::CONTENT_TYPE;
use cueapi_types::misfit;
use serde::{
    Deserializer,
    de::{DeserializeOwned, Error as _, Visitor, value},
    forward_to_deserialize_any,
};
use serde_json::value::RawValue;

use crate::{endpoint::DecodeError, error, http::Response};

/// Decodes the body of a success; an empty one (204) decodes as the `None` of an `Option`, and any as `()`.
pub(crate) fn decode<T: DeserializeOwned>(response: &Response) -> Result<T, DecodeError> {
    if let Ok(nothing) = T::deserialize(Nothing) {
        return Ok(nothing);
    }
    let body = without_mark(response.body());
    let text = if body.is_empty() { b"null" } else { body };
    serde_json::from_slice(text).map_err(|error| DecodeError::new(explain(response, body, &error)))
}

/// JSON without the byte-order mark that some proxies put before it.
pub(crate) fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// Decodes as `()`, and as nothing else: where nothing is expected, whatever came is that.
struct Nothing;

impl<'de> Deserializer<'de> for Nothing {
    type Error = value::Error;

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(Self::Error::custom("something is expected"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

fn explain(response: &Response, body: &[u8], error: &serde_json::Error) -> String {
    if body.is_empty() {
        return "the response should have a body and has none".to_owned();
    }
    if error.is_data() {
        return format!("in the response {}", misfit(body, error));
    }
    if let Some(coding) = error::coding(response.headers()) {
        return coding;
    }
    if error.is_eof() {
        return format!("the response breaks off after {} bytes", body.len());
    }
    if serde_json::from_str::<&RawValue>(&String::from_utf8_lossy(body)).is_ok() {
        return match std::str::from_utf8(body) {
            Ok(_) => "the response has a text that is not Unicode, or a number out of range".to_owned(),
            Err(error) => format!(
                "the response is JSON but not UTF-8, from byte {} on",
                error.valid_up_to()
            ),
        };
    }
    format!(
        "the response is {} and not JSON: a proxy, or a base URL that is not CueAPI's?",
        error::text(response.headers(), CONTENT_TYPE).unwrap_or("without content type")
    )
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only decoded into")]
    struct Outer {
        id: String,
        items: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only decoded into")]
    struct Inner {
        n: u8,
        name: String,
    }

    fn message(body: &'static str) -> String {
        let response = ::http::Response::builder()
            .header(CONTENT_TYPE, "text/html")
            .body(body.into())
            .unwrap();
        decode::<Outer>(&response).unwrap_err().to_string()
    }

    #[test]
    fn errors_name_the_field_and_show_nothing_of_the_text() {
        let path = |body| message(body);
        assert_eq!(
            path("{\"id\":\"x\",\n \"items\":[{\"n\":1,\"name\":\"y\"},{\"n\":\"hush\"}]}"),
            "in the response $.items[1].n should be u8"
        );
        assert_eq!(
            path(r#"{"id":"x","items":[{"n":300,"name":""}]}"#),
            "in the response $.items[0].n should be u8"
        );
        assert_eq!(
            path(r#"{"id":"x","items":[{"n":1}]}"#),
            "in the response $.items[0] lacks the field name"
        );
        assert_eq!(path(r#"{"items":[]}"#), "in the response $ lacks the field id");
        assert_eq!(
            path(r#"{"id":"hush, expected hush"#),
            "the response breaks off after 26 bytes"
        );
        assert_eq!(
            path(r#"{"id":{"hush, expected hush":1}}"#),
            "in the response $.id should be a string"
        );
    }

    #[test]
    fn what_is_not_json_is_named_by_its_content_type() {
        assert_eq!(
            message("<html>hush</html>"),
            "the response is text/html and not JSON: a proxy, or a base URL that is not CueAPI's?"
        );
        assert_eq!(message(""), "the response should have a body and has none");
    }
}
