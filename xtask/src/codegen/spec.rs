//! The part of OpenAPI 3.1 that the description uses, as it stands in the file.
//!
//! Anything else is refused, so that a misspelt key is an error and not silence. The extensions (`x-…`) are explained at
//! the top of the description itself.

use std::{fmt, marker::PhantomData};

use indexmap::IndexMap;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, IntoDeserializer, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;

/// Reads the description; an error names the line and shows it.
pub(super) fn read(yaml: &str) -> anyhow::Result<Document> {
    serde_saphyr::from_str(yaml).map_err(|error| anyhow::anyhow!("{error}"))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "info, servers and security are for readers of the description")]
pub(super) struct Document {
    openapi: String,
    info: Value,
    servers: Value,
    security: Value,
    pub(super) tags: Vec<Tag>,
    pub(super) paths: IndexMap<String, PathItem>,
    pub(super) components: Components,
    #[serde(rename = "x-not-generated", default)]
    pub(super) not_generated: Vec<NotGenerated>,
    #[serde(rename = "x-python-sdk")]
    pub(super) python_sdk: PythonSdk,
}

/// A route of a server that no client is to call.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NotGenerated {
    pub(super) route: String,
    pub(super) reason: String,
}

/// What stands here for each method of the Python SDK.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PythonSdk {
    pub(super) version: String,
    pub(super) methods: IndexMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) description: String,
    /// None for a tag that groups schemas only.
    #[serde(rename = "x-rust-name")]
    pub(super) rust_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PathItem {
    get: Option<Operation>,
    post: Option<Operation>,
    put: Option<Operation>,
    patch: Option<Operation>,
    delete: Option<Operation>,
}

impl PathItem {
    /// The operations with their methods, the variants of each behind it.
    pub(super) fn operations(&self) -> impl Iterator<Item = (&'static str, &Operation)> {
        let all = [
            ("get", &self.get),
            ("post", &self.post),
            ("put", &self.put),
            ("patch", &self.patch),
            ("delete", &self.delete),
        ];
        all.into_iter()
            .filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
            .flat_map(|(method, operation)| {
                std::iter::once(operation)
                    .chain(&operation.variants)
                    .map(move |operation| (method, operation))
            })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Operation {
    pub(super) operation_id: String,
    pub(super) tags: Vec<String>,
    pub(super) summary: String,
    pub(super) description: Option<String>,
    pub(super) security: Option<Vec<Value>>,
    #[serde(default)]
    pub(super) parameters: Vec<OrRef<Parameter>>,
    pub(super) request_body: Option<OrRef<RequestBody>>,
    pub(super) responses: IndexMap<String, OrRef<Response>>,
    #[serde(rename = "x-rust-name")]
    pub(super) rust_name: Option<String>,
    #[serde(rename = "x-repeat")]
    pub(super) repeat: Option<Repeat>,
    #[serde(rename = "x-availability", default)]
    pub(super) availability: Availability,
    #[serde(rename = "x-pagination")]
    pub(super) pagination: Option<Pagination>,
    #[serde(rename = "x-rust-check")]
    pub(super) rust_check: Option<String>,
    #[serde(rename = "x-done-when", default)]
    pub(super) done_when: Vec<String>,
    #[serde(rename = "x-rust-settle")]
    pub(super) rust_settle: Option<String>,
    #[serde(rename = "x-rust-repeat")]
    pub(super) rust_repeat: Option<String>,
    #[serde(rename = "x-verify-body", default)]
    pub(super) verify_body: bool,
    #[serde(rename = "x-variants", default)]
    pub(super) variants: Vec<Operation>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Repeat {
    Safe,
    Keyed,
    WriteOnce,
    Unsafe,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Availability {
    /// Both kinds of servers have it.
    #[default]
    Core,
    Hosted,
    SelfHosted,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pagination {
    pub(super) items: String,
    pub(super) key: String,
}

/// `{$ref: …}`, or the thing itself.
#[derive(Debug)]
pub(super) enum OrRef<T> {
    Ref(String),
    Inline(T),
}

/// By hand and not untagged, so that an error inside still says what is wrong and where.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for OrRef<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OrRefVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OrRefVisitor<T> {
            type Value = OrRef<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let first: Option<String> = map.next_key()?;
                if first.as_deref() == Some("$ref") {
                    let target = map.next_value()?;
                    return match map.next_key::<String>()? {
                        None => Ok(OrRef::Ref(target)),
                        Some(key) => Err(A::Error::custom(format!("{key} has no place beside a $ref here"))),
                    };
                }
                T::deserialize(MapAccessDeserializer::new(Replayed { first, map })).map(OrRef::Inline)
            }
        }

        deserializer.deserialize_map(OrRefVisitor(PhantomData))
    }
}

/// A mapping whose first key has been read already.
struct Replayed<A> {
    first: Option<String>,
    map: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Replayed<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        match self.first.take() {
            Some(key) => seed.deserialize(key.into_deserializer()).map(Some),
            None => self.map.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameter {
    pub(super) name: String,
    #[serde(rename = "in")]
    pub(super) place: ParameterPlace,
    #[serde(default)]
    pub(super) required: bool,
    pub(super) description: String,
    style: Option<String>,
    explode: Option<bool>,
    pub(super) schema: Schema,
    #[serde(rename = "x-rust-name")]
    pub(super) rust_name: Option<String>,
    #[serde(rename = "x-availability", default)]
    pub(super) availability: Availability,
    #[serde(rename = "x-hold-seconds")]
    pub(super) hold_seconds: Option<u64>,
}

impl Parameter {
    /// Whether a list is one comma-separated value.
    pub(super) fn comma_separated(&self) -> bool {
        self.style.as_deref() == Some("form") && self.explode == Some(false)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ParameterPlace {
    Path,
    Query,
    Header,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "an operation sends its body always")]
pub(super) struct RequestBody {
    #[serde(default)]
    required: bool,
    pub(super) content: Content,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Content {
    #[serde(rename = "application/json")]
    pub(super) json: MediaType,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MediaType {
    pub(super) schema: Schema,
    pub(super) example: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "description and headers of a response are for readers")]
pub(super) struct Response {
    description: String,
    headers: Option<Value>,
    pub(super) content: Option<Content>,
    #[serde(rename = "x-codes", default)]
    pub(super) codes: IndexMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "security schemes are for readers of the description")]
pub(super) struct Components {
    security_schemes: Value,
    #[serde(default)]
    pub(super) parameters: IndexMap<String, Parameter>,
    #[serde(default)]
    pub(super) request_bodies: IndexMap<String, RequestBody>,
    #[serde(default)]
    pub(super) responses: IndexMap<String, Response>,
    pub(super) schemas: IndexMap<String, Schema>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Schema {
    #[serde(rename = "$ref")]
    pub(super) reference: Option<String>,
    pub(super) description: Option<String>,
    #[serde(rename = "type")]
    pub(super) types: Option<OneOrMany>,
    pub(super) format: Option<String>,
    #[serde(rename = "enum")]
    pub(super) values: Option<Vec<String>>,
    #[serde(rename = "const")]
    pub(super) constant: Option<Value>,
    pub(super) items: Option<Box<Schema>>,
    pub(super) properties: IndexMap<String, Schema>,
    pub(super) required: Vec<String>,
    pub(super) additional_properties: Option<Value>,
    pub(super) any_of: Vec<Schema>,
    pub(super) all_of: Vec<Schema>,
    pub(super) default: Option<Value>,
    pub(super) example: Option<Value>,
    pub(super) minimum: Option<i64>,
    maximum: Option<i64>,
    min_length: Option<u64>,
    max_length: Option<u64>,
    pattern: Option<String>,
    max_items: Option<u64>,
    #[serde(rename = "x-availability")]
    pub(super) availability: Availability,
    #[serde(rename = "x-group")]
    pub(super) group: Option<String>,
    #[serde(rename = "x-open-enum")]
    pub(super) open_enum: Option<IndexMap<String, String>>,
    #[serde(rename = "x-rust-type")]
    pub(super) rust_type: Option<String>,
    #[serde(rename = "x-rust-name")]
    pub(super) rust_name: Option<String>,
    #[serde(rename = "x-rust-example")]
    pub(super) rust_example: Option<String>,
    #[serde(rename = "x-rust-flatten")]
    pub(super) flatten: Vec<Flatten>,
    #[serde(rename = "x-always-send")]
    pub(super) always_send: bool,
    #[serde(rename = "x-private")]
    pub(super) private: bool,
    #[serde(rename = "x-same-as")]
    pub(super) same_as: Option<String>,
    #[serde(rename = "x-clear")]
    pub(super) clear: Option<String>,
}

impl Schema {
    /// Whether `required` names properties only; says which name is none.
    pub(super) fn has_what_it_requires(&self) -> Result<(), String> {
        match self.required.iter().find(|name| !self.properties.contains_key(*name)) {
            Some(name) => Err(format!("`required` names {name}, which is no property")),
            None => Ok(()),
        }
    }
}

/// Wire fields that are one argument in Rust.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Flatten {
    pub(super) argument: String,
    #[serde(rename = "type")]
    pub(super) rust_type: String,
    pub(super) properties: Vec<String>,
    pub(super) description: String,
    pub(super) example: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(super) fn contains(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Many(many) => many.iter().any(|one| one == name),
        }
    }
}
