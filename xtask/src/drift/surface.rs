//! What a description promises to a caller, in a form in which two descriptions can be compared.
//!
//! Reads ours and what FastAPI writes: `$ref` with or without siblings, `anyOf` with null, `allOf`, `const`, and patterns
//! that are lists of words. Null is no type of its own here: in a request it says the same as leaving the field out.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::{Map, Value};

/// The operations of a description, by method and path with unnamed parameters (`POST /v1/cues/{}/fire`).
pub(super) type Surface = BTreeMap<String, Operation>;

#[derive(Debug)]
pub(super) struct Operation {
    /// Method and path as the description has them.
    pub(super) title: String,
    pub(super) hosted: bool,
    /// Query parameters and headers, by place and name. Those of the path are in the path.
    pub(super) parameters: BTreeMap<String, Field>,
    /// The fields of the request's body, by path (`schedule.cron`); none where the description lists none.
    pub(super) body: Option<Fields>,
    /// The same for the response of success.
    pub(super) response: Option<Fields>,
}

pub(super) type Fields = BTreeMap<String, Field>;

#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Field {
    pub(super) required: bool,
    /// Only on the hosted service, says our description.
    pub(super) hosted: bool,
    /// The JSON types; empty where any will do.
    pub(super) types: BTreeSet<String>,
    /// The values, where they are listed.
    pub(super) values: BTreeSet<String>,
    /// Whether its members are listed; a free object's are not.
    pub(super) described: bool,
}

/// Deeper than any description nests; a schema that contains itself ends here.
const MAX_DEPTH: usize = 12;

pub(super) fn read(document: &Value) -> Result<Surface> {
    let paths = document["paths"].as_object().context("the document has no `paths`")?;
    let mut surface = Surface::new();
    for (path, item) in paths {
        let shared = item["parameters"].as_array().into_iter().flatten();
        for method in ["get", "post", "put", "patch", "delete"] {
            if let Some(operation) = item.get(method) {
                let parameters = shared
                    .clone()
                    .chain(operation["parameters"].as_array().into_iter().flatten());
                let title = format!("{} {path}", method.to_uppercase());
                surface.insert(
                    without_names(&title),
                    read_operation(document, title, operation, parameters),
                );
            }
        }
    }
    Ok(surface)
}

/// `/v1/cues/{cue_id}` and `/v1/cues/{id}` are one path.
fn without_names(path: &str) -> String {
    let mut result = String::new();
    let mut inside = false;
    for c in path.chars() {
        inside = c == '{' || (inside && c != '}');
        if !inside || c == '{' {
            result.push(c);
        }
    }
    result
}

fn read_operation<'a>(
    document: &Value,
    title: String,
    operation: &Value,
    parameters: impl Iterator<Item = &'a Value>,
) -> Operation {
    let parameters = parameters
        .map(|parameter| follow(document, parameter))
        .filter(|parameter| parameter["in"] == "query" || parameter["in"] == "header")
        .map(|parameter| {
            let schema = Schema::read(document, &parameter["schema"]);
            let field = Field {
                required: parameter["required"] == true,
                hosted: is_hosted(parameter) || schema.field.hosted,
                ..schema.field
            };
            let place = parameter["in"].as_str().unwrap_or_default();
            let name = parameter["name"].as_str().unwrap_or_default();
            let name = if place == "header" {
                name.to_lowercase()
            } else {
                name.to_owned()
            };
            (format!("{place} {name}"), field)
        })
        .collect();
    let body = &follow(document, &operation["requestBody"])["content"]["application/json"]["schema"];
    let success = operation["responses"]
        .as_object()
        .into_iter()
        .flatten()
        .find(|(status, _)| status.starts_with('2'))
        .map_or(&Value::Null, |(_, response)| {
            &follow(document, response)["content"]["application/json"]["schema"]
        });
    Operation {
        title,
        hosted: is_hosted(operation),
        parameters,
        body: fields(document, body),
        response: fields(document, success),
    }
}

/// The fields of a schema and of what is inside it; none where it lists none.
fn fields(document: &Value, schema: &Value) -> Option<Fields> {
    let mut found = Fields::new();
    collect(document, &Schema::read(document, schema), "", 0, &mut found);
    (!found.is_empty()).then_some(found)
}

fn collect(document: &Value, schema: &Schema<'_>, path: &str, depth: usize, found: &mut Fields) {
    if depth > MAX_DEPTH {
        return;
    }
    for (name, property) in &schema.properties {
        let inner = Schema::read(document, property);
        let path = if path.is_empty() {
            (*name).to_owned()
        } else {
            format!("{path}.{name}")
        };
        let field = Field {
            required: schema.required.contains(name),
            ..inner.field.clone()
        };
        found.insert(path.clone(), field);
        collect(document, &inner, &path, depth + 1, found);
    }
    for items in &schema.items {
        collect(
            document,
            &Schema::read(document, items),
            &format!("{path}[]"),
            depth + 1,
            found,
        );
    }
}

/// A schema with its references followed and its alternatives taken together.
#[derive(Default)]
struct Schema<'a> {
    field: Field,
    properties: BTreeMap<&'a str, &'a Value>,
    required: BTreeSet<&'a str>,
    items: Vec<&'a Value>,
}

impl<'a> Schema<'a> {
    fn read(document: &'a Value, schema: &'a Value) -> Self {
        let mut result = Self::default();
        result.add(document, schema, 0);
        result.field.described = !result.properties.is_empty() || !result.items.is_empty();
        result
    }

    fn add(&mut self, document: &'a Value, schema: &'a Value, depth: usize) {
        let Some(object) = schema.as_object().filter(|_| depth <= MAX_DEPTH) else {
            return;
        };
        if object.contains_key("$ref") {
            self.add(document, follow(document, schema), depth + 1);
        }
        for key in ["anyOf", "oneOf", "allOf"] {
            for part in object.get(key).and_then(Value::as_array).into_iter().flatten() {
                self.add(document, part, depth + 1);
            }
        }
        self.field.hosted |= is_hosted(schema);
        self.field
            .types
            .extend(strings(&schema["type"]).filter(|kind| kind != "null"));
        self.field.values.extend(values(object));
        let properties = schema["properties"].as_object().into_iter().flatten();
        self.properties
            .extend(properties.map(|(name, property)| (name.as_str(), property)));
        let required = schema["required"].as_array().into_iter().flatten();
        self.required.extend(required.filter_map(Value::as_str));
        self.items.extend(object.get("items"));
    }
}

/// The values that a schema lists: `enum`, `const`, or a pattern such as `^(once|recurring)$`.
fn values(schema: &Map<String, Value>) -> BTreeSet<String> {
    let listed = schema.get("enum").map(strings).into_iter().flatten();
    let single = schema.get("const").map(strings).into_iter().flatten();
    let words = schema
        .get("pattern")
        .and_then(Value::as_str)
        .map(words)
        .unwrap_or_default();
    listed.chain(single).chain(words).collect()
}

fn words(pattern: &str) -> Vec<String> {
    let inner = pattern.strip_prefix("^(").and_then(|rest| rest.strip_suffix(")$"));
    let words: Vec<String> = inner.unwrap_or_default().split('|').map(str::to_owned).collect();
    let plain = |word: &String| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
    if words.iter().all(plain) { words } else { Vec::new() }
}

fn strings(value: &Value) -> impl Iterator<Item = String> {
    let many = value.as_array().into_iter().flatten();
    let one = value.is_string().then_some(value);
    many.chain(one).filter_map(Value::as_str).map(str::to_owned)
}

fn is_hosted(value: &Value) -> bool {
    value["x-availability"] == "hosted"
}

/// What a `$ref` points to, or the value itself. Only references into the document itself are known.
fn follow<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}
