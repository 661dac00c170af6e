//! What a description promises to a caller, in a form in which two descriptions can be compared.
//!
//! Reads ours and what FastAPI writes: `$ref` with or without siblings, `anyOf` with null, `allOf`, `const`, and patterns
//! that are lists of words. Null is not a type of its own here: in a request it says the same as leaving the field out.
//!
//! A surface is also a file: the copy of a real server's that the repository keeps. It has names, types and listed values,
//! and nothing else of the document that it came from.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The operations of a description, by method and path with unnamed parameters (`POST /v1/cues/{}/fire`).
pub(super) type Surface = BTreeMap<String, Operation>;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Operation {
    /// Method and path as the description has them.
    pub(super) title: String,
    #[serde(skip)]
    pub(super) hosted: bool,
    /// Query parameters and headers, by place and name. Those of the path are in the path.
    #[serde(default, skip_serializing_if = "Fields::is_empty")]
    pub(super) parameters: Fields,
    /// The fields of the request's body, by path (`schedule.cron`); none where the description lists none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Fields>,
    /// The same for the response of success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) response: Option<Fields>,
}

pub(super) type Fields = BTreeMap<String, Field>;

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
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

/// As the copy of a surface has it: `required string once|recurring`, `optional object with members`.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.required { "required" } else { "optional" })?;
        let list = |words: &BTreeSet<String>| words.iter().map(String::as_str).collect::<Vec<_>>().join("|");
        let types = if self.types.is_empty() {
            "any".to_owned()
        } else {
            list(&self.types)
        };
        write!(f, " {types}")?;
        if self.described {
            f.write_str(" with members")?;
        }
        if !self.values.is_empty() {
            write!(f, " {}", list(&self.values))?;
        }
        Ok(())
    }
}

impl From<Field> for String {
    fn from(field: Field) -> Self {
        field.to_string()
    }
}

impl TryFrom<String> for Field {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl FromStr for Field {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let set = |words: &str| words.split('|').map(str::to_owned).collect();
        let (required, rest) = text.split_once(' ').unwrap_or((text, ""));
        let (types, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let (described, values) = match rest.strip_prefix("with members") {
            Some(values) => (true, values.trim_start()),
            None => (false, rest),
        };
        Ok(Self {
            required: match required {
                "required" => true,
                "optional" => false,
                _ => bail!("a field is required or optional, and not {text:?}"),
            },
            hosted: false,
            types: if types == "any" { BTreeSet::new() } else { set(types) },
            values: if values.is_empty() {
                BTreeSet::new()
            } else {
                set(values)
            },
            described,
        })
    }
}

/// Deeper than any description nests; a schema that contains itself ends here.
const MAX_DEPTH: usize = 12;

/// The surface of an OpenAPI document, or of a copy that [`write()`] has made.
pub(super) fn read(document: &Value) -> Result<Surface> {
    if document.is_array() {
        let operations: Vec<Operation> = serde_json::from_value(document.clone()).context("not a copy of a surface")?;
        let named = operations
            .into_iter()
            .map(|operation| (without_names(&operation.title), operation));
        return Ok(named.collect());
    }
    let paths = document["paths"].as_object().context("the document has no `paths`")?;
    let mut surface = Surface::new();
    for (path, item) in paths {
        for method in ["get", "post", "put", "patch", "delete"] {
            if let Some(operation) = item.get(method) {
                let title = format!("{} {path}", method.to_uppercase());
                surface.insert(without_names(&title), read_operation(document, title, item, operation));
            }
        }
    }
    Ok(surface)
}

/// The copy of a surface, as JSON with a line for each field.
pub(super) fn write(surface: &Surface) -> Result<String> {
    let operations: Vec<&Operation> = surface.values().collect();
    Ok(serde_json::to_string_pretty(&operations)? + "\n")
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

fn read_operation(document: &Value, title: String, item: &Value, operation: &Value) -> Operation {
    // What one route does in several ways, our description has as several operations: what tells them apart is optional.
    let variants = operation["x-variants"].as_array().into_iter().flatten();
    let variants = read_parameters(document, variants).map(|(name, field)| {
        let required = false;
        (name, Field { required, ..field })
    });
    let parameters = variants.chain(read_parameters(document, [item, operation])).collect();
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

fn read_parameters<'a>(
    document: &Value,
    owners: impl IntoIterator<Item = &'a Value>,
) -> impl Iterator<Item = (String, Field)> {
    let lists = owners.into_iter().flat_map(|owner| owner["parameters"].as_array());
    lists
        .flatten()
        .filter_map(|parameter| read_parameter(document, parameter))
}

/// A parameter by place and name; none for those of the path.
fn read_parameter(document: &Value, parameter: &Value) -> Option<(String, Field)> {
    let parameter = follow(document, parameter);
    let name = parameter["name"].as_str().unwrap_or_default();
    let name = match parameter["in"].as_str()? {
        "query" => format!("query {name}"),
        "header" => format!("header {}", name.to_lowercase()),
        _ => return None,
    };
    let Schema { mut field, .. } = Schema::read(document, &parameter["schema"]);
    if parameter["explode"] == false && field.types.remove("array") {
        // One value with commas in it: a text, for a server that says so.
        field.types.insert("string".to_owned());
    }
    field.required = parameter["required"] == true;
    field.hosted |= is_hosted(parameter);
    Some((name, field))
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
