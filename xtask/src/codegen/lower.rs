//! Makes an [`Api`] of the description: follows references, chooses names, and refuses what would become wrong code.
//!
//! Every error begins with its place in the description (`paths./v1/cues.post: …`) and ends with what to do.

mod arguments;
mod schemas;

use std::{collections::HashMap, fmt};

use anyhow::{Result, anyhow, ensure};
use heck::ToUpperCamelCase;
use indexmap::IndexMap;

use self::schemas::Schemas;
use super::{
    api::{Api, Endpoint, ErrorDoc, Group, Output, Paging, Place, Type},
    spec::{Availability, Document, Operation, OrRef, Repeat, Response},
};

pub(super) fn api(document: &Document) -> Result<Api> {
    let schemas = Schemas::new(&document.components.schemas);
    let mut groups: Vec<Group> = document
        .tags
        .iter()
        .map(|tag| Group {
            name: tag.name.clone(),
            rust_name: tag.rust_name.clone(),
            doc: tag.description.clone(),
            endpoints: Vec::new(),
        })
        .collect();
    for (path, item) in &document.paths {
        for (method, operation) in item.operations() {
            let at = At::new("paths").child(path).child(method);
            let endpoint = Lowering {
                document,
                schemas: &schemas,
                at: &at,
                operation,
            }
            .endpoint(path, method)?;
            let [tag] = operation.tags.as_slice() else {
                return Err(at.error("give it exactly one tag"));
            };
            let group = groups
                .iter_mut()
                .find(|group| group.name == *tag)
                .ok_or_else(|| at.error(&format!("the tag {tag} is not in `tags`: add it there")))?;
            if let Some(twin) = group
                .endpoints
                .iter()
                .find(|other| other.method_name == endpoint.method_name)
            {
                return Err(at.error(&format!("there is another {}: choose another operationId", twin.id)));
            }
            group.endpoints.push(endpoint);
        }
    }
    let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
    let types = schemas.types(&names)?;
    Ok(Api { groups, types })
}

/// A place in the description.
#[derive(Debug, Clone)]
struct At(String);

impl At {
    fn new(root: &str) -> Self {
        Self(root.to_owned())
    }

    fn child(&self, name: &str) -> Self {
        Self(format!("{}.{name}", self.0))
    }

    fn error(&self, message: &str) -> anyhow::Error {
        anyhow!("{self}: {message}")
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One operation, and what is needed to understand it.
struct Lowering<'a> {
    document: &'a Document,
    schemas: &'a Schemas<'a>,
    at: &'a At,
    operation: &'a Operation,
}

impl Lowering<'_> {
    fn endpoint(&self, path: &str, method: &str) -> Result<Endpoint> {
        let Self { operation, at, .. } = self;
        let id = &operation.operation_id;
        let (group, method_name) = id
            .split_once('.')
            .ok_or_else(|| at.error(&format!("the operationId {id} is not of the form group.method")))?;
        ensure!(
            operation.tags.iter().any(|tag| tag == group),
            at.error(&format!(
                "the operationId {id} does not begin with its tag: write `tags: [{group}]`"
            ))
        );
        let repeat = operation.repeat.ok_or_else(|| {
            at.error("x-repeat is missing: say safe, keyed, write-once or unsafe (may it be sent again when its fate is unknown?)")
        })?;
        ensure!(
            operation.rust_read_back.is_none() || repeat == Repeat::WriteOnce,
            at.error("x-rust-read-back is for `x-repeat: write-once` only")
        );
        let rust_name = operation.rust_name.clone().ok_or_else(|| {
            let proposal = format!("{method_name}_{group}").to_upper_camel_case();
            at.error(&format!(
                "x-rust-name is missing: name the endpoint's type, such as {proposal}"
            ))
        })?;
        let (success, output) = self.output()?;
        let endpoint = Endpoint {
            id: id.clone(),
            method_name: method_name.to_owned(),
            rust_name,
            http_method: method.to_uppercase(),
            path: path.to_owned(),
            summary: operation.summary.clone(),
            description: operation.description.clone().unwrap_or_default(),
            hosted: operation.availability == Availability::Hosted,
            repeat,
            arguments: self.arguments()?,
            paging: self.paging(output.as_ref())?,
            output,
            success,
            errors: self.errors()?,
            check: operation.rust_check.clone(),
            read_back: operation.rust_read_back.clone(),
        };
        self.path_is_covered(&endpoint)?;
        Ok(endpoint)
    }

    /// Every `{parameter}` of the path is an argument, and the other way round.
    fn path_is_covered(&self, endpoint: &Endpoint) -> Result<()> {
        let in_path = |name: &str| endpoint.path.contains(&format!("{{{name}}}"));
        for argument in endpoint.at(Place::Path) {
            ensure!(
                in_path(&argument.wire),
                self.at.error(&format!("the path has no {{{}}}", argument.wire))
            );
        }
        let segments = endpoint.path.matches('{').count();
        ensure!(
            segments == endpoint.at(Place::Path).count(),
            self.at
                .error("a {parameter} of the path is not under `parameters`: describe it there")
        );
        Ok(())
    }

    fn follow<'s, T>(&self, item: &'s OrRef<T>, kind: &str, components: &'s IndexMap<String, T>) -> Result<&'s T> {
        match item {
            OrRef::Inline(item) => Ok(item),
            OrRef::Ref(target) => {
                component(target, kind, components).map_err(|error| self.at.error(&error.to_string()))
            }
        }
    }

    fn responses(&self) -> impl Iterator<Item = Result<(&str, &Response)>> {
        self.operation.responses.iter().map(|(status, response)| {
            let response = self.follow(response, "responses", &self.document.components.responses)?;
            Ok((status.as_str(), response))
        })
    }

    fn output(&self) -> Result<(u16, Option<Output>)> {
        for response in self.responses() {
            let (status, response) = response?;
            if !status.starts_with('2') {
                continue;
            }
            let at = self.at.child("responses").child(status);
            let number = status
                .parse()
                .map_err(|_| at.error("a response's key is its status, in quotes"))?;
            let Some(content) = &response.content else {
                return Ok((number, None));
            };
            let name = match self.schemas.ty(&content.json.schema, &at)? {
                Type::Named { name, .. } => name,
                _ => return Err(at.error("a response is a $ref to a component schema")),
            };
            let example = content
                .json
                .example
                .clone()
                .or_else(|| self.schemas.example(&content.json.schema));
            let example = example.ok_or_else(|| {
                at.error(&format!(
                    "the documentation needs an example: add `example` here or to components.schemas.{name}"
                ))
            })?;
            return Ok((number, Some(Output { name, example })));
        }
        Err(self.at.error("there is no response with a 2xx status"))
    }

    fn errors(&self) -> Result<Vec<ErrorDoc>> {
        let mut errors = Vec::new();
        for response in self.responses() {
            let (status, response) = response?;
            errors.extend(response.codes.iter().map(|(code, why)| ErrorDoc {
                status: status.to_owned(),
                code: code.clone(),
                why: why.clone(),
            }));
        }
        Ok(errors)
    }

    fn paging(&self, output: Option<&Output>) -> Result<Option<Paging>> {
        let Some(pagination) = &self.operation.pagination else {
            return Ok(None);
        };
        let at = self.at.child("x-pagination");
        let page = output.ok_or_else(|| at.error("there is no response to take rows from"))?;
        let fields = self.schemas.fields(&page.name)?;
        let items = fields
            .iter()
            .find(|field| field.name == pagination.items)
            .map(|field| &field.ty);
        let Some(Type::List(item)) = items else {
            return Err(at.error(&format!("{} has no list {}", page.name, pagination.items)));
        };
        let Type::Named { name: item_type, .. } = &**item else {
            return Err(at.error(&format!("the items of {} are no component schema", pagination.items)));
        };
        let key = self
            .schemas
            .fields(item_type)?
            .into_iter()
            .find(|field| field.name == pagination.key);
        ensure!(
            key.is_some(),
            at.error(&format!("{item_type} has no field {}", pagination.key))
        );
        Ok(Some(Paging {
            items: pagination.items.clone(),
            item_type: item_type.clone(),
            key: pagination.key.clone(),
        }))
    }
}

/// What a `$ref` points to.
fn component<'a, T>(target: &str, kind: &str, all: &'a IndexMap<String, T>) -> Result<&'a T> {
    let prefix = format!("#/components/{kind}/");
    let name = target
        .strip_prefix(&prefix)
        .ok_or_else(|| anyhow!("a $ref here begins with {prefix}, not {target}"))?;
    all.get(name)
        .ok_or_else(|| anyhow!("{target} does not exist: add it under components.{kind}"))
}

/// Refuses two things of one name, and names that Rust does not take.
fn usable<'a>(names: impl Iterator<Item = (&'a str, At)>) -> Result<()> {
    let mut seen: HashMap<&str, At> = HashMap::new();
    for (name, at) in names {
        if syn::parse_str::<syn::Ident>(name).is_err() {
            return Err(at.error(&format!("{name} is a word of Rust: add an x-rust-name")));
        }
        if let Some(other) = seen.insert(name, at.clone()) {
            return Err(at.error(&format!("{name} is taken by {other}: give one of them an x-rust-name")));
        }
    }
    Ok(())
}
