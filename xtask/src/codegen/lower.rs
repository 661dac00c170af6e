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
    api::{Api, Endpoint, ErrorDoc, Group, Kind, Output, Paging, Place, PythonSdk, Section, Type},
    spec::{Document, Operation, OrRef, Repeat, Response},
};

pub(super) fn api(document: &Document) -> Result<Api> {
    let schemas = Schemas::new(&document.components.schemas);
    let with_operations = document.tags.iter().filter_map(|tag| {
        Some(Group {
            name: tag.name.clone(),
            rust_name: tag.rust_name.clone()?,
            doc: tag.description.clone(),
            endpoints: Vec::new(),
        })
    });
    let mut groups: Vec<Group> = with_operations.collect();
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
            let group = groups.iter_mut().find(|group| group.name == *tag).ok_or_else(|| {
                at.error(&format!(
                    "the tag {tag} is not in `tags` with an x-rust-name: add it there"
                ))
            })?;
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
    let sections: Vec<Section> = document
        .tags
        .iter()
        .map(|tag| Section {
            name: tag.name.clone(),
            doc: tag.description.clone(),
        })
        .collect();
    let names: Vec<&str> = sections.iter().map(|section| section.name.as_str()).collect();
    let outputs = groups
        .iter()
        .flat_map(|group| &group.endpoints)
        .filter_map(|endpoint| endpoint.output.as_ref());
    let listed = outputs
        .filter_map(|output| output.ty.row().map(str::to_owned))
        .collect();
    let types = schemas.types(&names, listed)?;
    let python_sdk = python_sdk(document, &groups)?;
    Ok(Api {
        groups,
        sections,
        samples: schemas.samples(&types),
        types,
        python_sdk,
    })
}

/// The counterparts, with a link in the place of each `{operationId}`.
fn python_sdk(document: &Document, groups: &[Group]) -> Result<PythonSdk> {
    let at = At::new("x-python-sdk").child("methods");
    let link = |id: &str| {
        groups.iter().find_map(|group| {
            let endpoint = group.endpoints.iter().find(|endpoint| endpoint.id == id)?;
            let (module, ty, method) = (&group.name, &group.rust_name, &endpoint.method_name);
            Some(format!("[`{ty}::{method}`]({module}::{ty}::{method})"))
        })
    };
    let mut methods = Vec::new();
    for (method, counterpart) in &document.python_sdk.methods {
        let mut text = counterpart.clone();
        while let Some((before, rest)) = text.split_once('{') {
            let (id, after) = rest
                .split_once('}')
                .ok_or_else(|| at.child(method).error("a { without a }"))?;
            let link = link(id).ok_or_else(|| at.child(method).error(&format!("there is no operation {id}")))?;
            text = format!("{before}{link}{after}");
        }
        methods.push((method.clone(), text));
    }
    Ok(PythonSdk {
        version: document.python_sdk.version.clone(),
        methods,
    })
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
            operation.done_when.is_empty() || matches!(repeat, Repeat::Safe | Repeat::WriteOnce),
            at.error("x-done-when is for what is repeated, `x-repeat: safe` or `write-once`")
        );
        ensure!(
            operation.rust_settle.is_none() || !operation.done_when.is_empty(),
            at.error("x-rust-settle needs x-done-when: which error codes is it to look at?")
        );
        let rust_name = operation.rust_name.clone().ok_or_else(|| {
            let proposal = format!("{method_name}_{group}").to_upper_camel_case();
            at.error(&format!(
                "x-rust-name is missing: name the endpoint's type, such as {proposal}"
            ))
        })?;
        let (success, output) = self.output()?;
        let errors = self.errors()?;
        let endpoint = Endpoint {
            id: id.clone(),
            method_name: method_name.to_owned(),
            rust_name,
            http_method: method.to_uppercase(),
            path: path.to_owned(),
            summary: operation.summary.clone(),
            description: operation.description.clone().unwrap_or_default(),
            availability: operation.availability,
            repeat,
            authenticated: operation.security.as_ref().is_none_or(|security| !security.is_empty()),
            verify_body: operation.verify_body,
            arguments: self.arguments()?,
            has_body: operation.request_body.is_some(),
            paging: self.paging(output.as_ref())?,
            output,
            success,
            done_when: self.done_when(&errors)?,
            errors,
            check: operation.rust_check.clone(),
            settle: operation.rust_settle.clone(),
            repeat_of: operation.rust_repeat.clone(),
        };
        self.path_is_covered(&endpoint)?;
        let keys = endpoint
            .arguments
            .iter()
            .filter(|argument| argument.is(Kind::IdempotencyKey));
        ensure!(
            (repeat == Repeat::Keyed) == (keys.count() == 1),
            at.error("`x-repeat: keyed` and a parameter of the type IdempotencyKey belong together")
        );
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
        let (mut success, mut with_body, mut conditional) = (None, None, false);
        // What a repeat finds done has no value, unless a function knows it.
        let mut optional = !self.operation.done_when.is_empty() && self.operation.rust_settle.is_none();
        for response in self.responses() {
            let (status, response) = response?;
            let at = self.at.child("responses").child(status);
            conditional |= status == "304";
            if !status.starts_with('2') {
                continue;
            }
            let number: u16 = status
                .parse()
                .map_err(|_| at.error("a response's key is its status, in quotes"))?;
            success.get_or_insert(number);
            match &response.content {
                None => optional = true,
                Some(_) if with_body.is_some() => {} // A further status with the same body, such as 200 beside 201.
                Some(content) => {
                    success = Some(number);
                    let ty = self.schemas.ty(&content.json.schema, &at)?;
                    ensure!(
                        ty.named().is_some(),
                        at.error("a response is a $ref to a component schema, or an array of such")
                    );
                    let own = content.json.example.clone();
                    let example = own
                        .or_else(|| self.schemas.example(&content.json.schema))
                        .ok_or_else(|| {
                            at.error("the documentation needs an example: add `example` here or to the component")
                        })?;
                    with_body = Some((ty, example));
                }
            }
        }
        let success = success.ok_or_else(|| self.at.error("there is no response with a 2xx status"))?;
        let output = with_body.map(|(ty, example)| Output {
            ty,
            optional,
            conditional,
            example,
        });
        Ok((success, output))
    }

    fn errors(&self) -> Result<Vec<ErrorDoc>> {
        let mut errors = Vec::new();
        for response in self.responses() {
            let (status, response) = response?;
            for (code, why) in &response.codes {
                ensure!(
                    self.schemas.has_error_code(code),
                    self.at.child("responses").child(status).error(&format!(
                        "{code} is no ErrorCode: add it to components.schemas.ErrorCode"
                    ))
                );
                errors.push(ErrorDoc {
                    status: status.to_owned(),
                    code: code.clone(),
                    why: why.clone(),
                });
            }
        }
        Ok(errors)
    }

    /// The codes of x-done-when, each of which is one that the operation answers with.
    fn done_when(&self, errors: &[ErrorDoc]) -> Result<Vec<String>> {
        for code in &self.operation.done_when {
            ensure!(
                errors.iter().any(|error| error.code == *code),
                self.at.child("x-done-when").error(&format!(
                    "{code} stands under no response: add it to the x-codes of the one that it comes with"
                ))
            );
        }
        Ok(self.operation.done_when.clone())
    }

    fn paging(&self, output: Option<&Output>) -> Result<Option<Paging>> {
        let Some(pagination) = &self.operation.pagination else {
            return Ok(None);
        };
        let at = self.at.child("x-pagination");
        let page = output.ok_or_else(|| at.error("there is no response to take rows from"))?;
        let page = page.ty.named().unwrap_or_default();
        let fields = self.schemas.fields(page)?;
        let items = fields
            .iter()
            .find(|field| field.name == pagination.items)
            .map(|field| &field.ty);
        let Some(Type::List(item)) = items else {
            return Err(at.error(&format!("{page} has no list {}", pagination.items)));
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
            total: fields.iter().any(|field| field.name == "total"),
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
