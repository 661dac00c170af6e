//! Component schemas: which are types of their own, and what a schema is in Rust.

use std::collections::{HashMap, HashSet};

use anyhow::{Result, ensure};
use indexmap::IndexMap;
use serde_json::Value;

use super::{At, component, usable};
use crate::codegen::{
    api::{Field, Kind, Presence, Shape, Type, TypeItem},
    spec::{Availability, Schema},
};

pub(super) struct Schemas<'a>(&'a IndexMap<String, Schema>);

impl<'a> Schemas<'a> {
    pub(super) fn new(components: &'a IndexMap<String, Schema>) -> Self {
        Self(components)
    }

    /// All types that are generated, in the order of the description. `listed` are models that answers are lists of.
    pub(super) fn types(&self, groups: &[&str], listed: HashSet<String>) -> Result<Vec<TypeItem>> {
        let generated = self.0.iter().filter(|(_, schema)| schema.rust_type.is_none());
        let mut types: Vec<TypeItem> = generated
            .map(|(name, schema)| self.type_item(name, schema, groups))
            .collect::<Result<_>>()?;
        let fields = types.iter().flat_map(|item| item.shape.fields());
        let rows: HashSet<String> = fields
            .filter_map(|field| field.ty.row().map(str::to_owned))
            .chain(listed)
            .collect();
        for item in types.iter_mut().filter(|item| rows.contains(&item.name)) {
            let required = item.shape.fields().find(|field| field.presence == Presence::Required);
            let id = required.ok_or_else(|| at(&item.name).error("a row of a list needs a required member: its id"))?;
            item.row_id = Some(id.wire.clone());
        }
        Ok(types)
    }

    fn type_item(&self, name: &str, schema: &Schema, groups: &[&str]) -> Result<TypeItem> {
        let at = at(name);
        let group = schema
            .group
            .clone()
            .ok_or_else(|| at.error("x-group is missing: name the tag whose file it goes into"))?;
        ensure!(
            groups.contains(&group.as_str()),
            at.error(&format!("x-group: there is no tag {group}"))
        );
        let shape = match (&schema.values, schema.all_of.as_slice()) {
            (Some(values), _) => Shape::OpenEnum(variants(values, schema, &at)?),
            (None, []) => Shape::Model(self.own_fields(schema, &at)?),
            (None, [base, own]) => {
                let base = base
                    .reference
                    .as_deref()
                    .ok_or_else(|| at.error("the first of allOf is a $ref"))?;
                let (base, base_schema) = self.component(base, &at)?;
                Shape::Extends {
                    base: base.to_owned(),
                    inherited: self.own_fields(base_schema, &at)?,
                    own: self.own_fields(own, &at)?,
                }
            }
            _ => return Err(at.error("allOf has two parts here: a $ref, and an object with further properties")),
        };
        Ok(TypeItem {
            group,
            name: name.to_owned(),
            doc: description(schema, &at)?,
            hosted: schema.availability == Availability::Hosted,
            row_id: None,
            shape,
        })
    }

    /// Whether the description has an error code. One without a list of codes has all of them.
    pub(super) fn has_error_code(&self, code: &str) -> bool {
        let codes = self.0.get("ErrorCode").and_then(|schema| schema.values.as_ref());
        codes.is_none_or(|codes| codes.iter().any(|known| known == code))
    }

    /// The fields of a generated model.
    pub(super) fn fields(&self, model: &str) -> Result<Vec<Field>> {
        match self.0.get(model) {
            Some(schema) => self.own_fields(schema, &at(model)),
            None => Ok(Vec::new()),
        }
    }

    fn own_fields(&self, schema: &Schema, at: &At) -> Result<Vec<Field>> {
        schema.has_what_it_requires().map_err(|message| at.error(&message))?;
        let properties = schema.properties.iter();
        let fields: Vec<Field> = properties
            .map(|(wire, property)| self.field(wire, property, schema.required.contains(wire), &at.child(wire)))
            .collect::<Result<_>>()?;
        usable(fields.iter().map(|field| (field.name.as_str(), at.child(&field.wire))))?;
        Ok(fields)
    }

    fn field(&self, wire: &str, property: &Schema, required: bool, at: &At) -> Result<Field> {
        let presence = match (required, nullable(property), &property.default) {
            (_, true, _) => Presence::Nullable,
            (true, false, _) => Presence::Required,
            (false, false, Some(default)) => {
                ensure!(
                    is_rust_default(default),
                    at.error("a default here is false, 0, [] or {}: what Rust takes for a default")
                );
                Presence::Defaulted
            }
            (false, false, None) => Presence::Optional,
        };
        Ok(Field {
            wire: wire.to_owned(),
            name: property.rust_name.clone().unwrap_or_else(|| wire.to_owned()),
            ty: self.ty(property, at)?,
            presence,
            doc: description(property, at)?,
            hosted: property.availability == Availability::Hosted,
            private: property.private,
        })
    }

    /// What a schema is in Rust; null is left to the caller.
    pub(super) fn ty(&self, schema: &Schema, at: &At) -> Result<Type> {
        if let Some(reference) = &schema.reference {
            let (name, target) = self.component(reference, at)?;
            return Ok(named(name, target));
        }
        if let [one, null] = schema.any_of.as_slice() {
            ensure!(
                is_null(null),
                at.error("anyOf is for `[something, {type: \"null\"}]` only")
            );
            return self.ty(one, at);
        }
        let is = |name| schema.types.as_ref().is_some_and(|types| types.contains(name));
        if schema.rust_type.is_some() || schema.values.is_some() || is("object") {
            return Err(at.error("give it a component schema of its own, and a $ref to that here"));
        }
        if is("array") {
            let items = schema
                .items
                .as_ref()
                .ok_or_else(|| at.error("an array without `items`: say what is in it"))?;
            return Ok(Type::List(Box::new(self.ty(items, at)?)));
        }
        match (is("boolean"), is("integer"), is("number"), is("string")) {
            (true, ..) => Ok(Type::Bool),
            (_, true, ..) => match (schema.format.as_deref(), schema.minimum) {
                (Some("uint8"), _) => Ok(Type::Integer("u8")),
                (Some("uint16"), _) => Ok(Type::Integer("u16")),
                (Some("uint32"), _) => Ok(Type::Integer("u32")),
                (Some(other), _) => Err(at.error(&format!(
                    "the format {other} is not known: uint8, uint16, uint32, or none"
                ))),
                (None, Some(0)) => Ok(Type::Integer("u64")),
                (None, _) => Ok(Type::Integer("i64")),
            },
            (_, _, true, _) => Ok(Type::Float),
            (_, _, _, true) if schema.format.is_none() => Ok(Type::String),
            (_, _, _, true) => Err(at.error("a string with a format: use a $ref to a component with an x-rust-type")),
            _ => Err(at.error("`type` is missing")),
        }
    }

    /// The schema's own example, or that of the component that it refers to.
    pub(super) fn example(&self, schema: &Schema) -> Option<Value> {
        schema
            .example
            .clone()
            .or_else(|| self.resolved(schema)?.example.clone())
    }

    /// A value of each of these types, with all of its members.
    pub(super) fn samples(&self, types: &[TypeItem]) -> HashMap<String, Value> {
        let sample = |item: &TypeItem| Some((item.name.clone(), self.sample(self.0.get(&item.name)?)));
        types.iter().filter_map(sample).collect()
    }

    fn sample(&self, schema: &Schema) -> Value {
        if let Some(target) = self.resolved(schema) {
            return schema.example.clone().unwrap_or_else(|| self.sample(target));
        }
        // What stands by hand may not take any text for any member, so its example goes first.
        if let (Some(example), false) = (
            &schema.example,
            schema.rust_type.is_none() && !schema.properties.is_empty(),
        ) {
            return example.clone();
        }
        if let Some(one) = schema.any_of.first() {
            return self.sample(one);
        }
        if !schema.all_of.is_empty() {
            let parts = schema.all_of.iter().map(|part| self.sample(part));
            let members = parts.filter_map(|part| part.as_object().cloned()).flatten();
            return Value::Object(members.collect());
        }
        if let Some(first) = schema.values.iter().flatten().next() {
            return Value::from(first.as_str());
        }
        let is = |name| schema.types.as_ref().is_some_and(|types| types.contains(name));
        match (is("boolean"), is("integer"), is("number"), is("array"), is("object")) {
            (true, ..) => Value::Bool(true),
            (_, true, ..) => Value::from(7),
            (_, _, true, ..) => Value::from(1.5),
            (_, _, _, true, _) => Value::Array(schema.items.iter().map(|items| self.sample(items)).collect()),
            (.., true) if schema.properties.is_empty() => serde_json::json!({ "key": "value" }),
            (.., true) => {
                let members = schema.properties.iter();
                Value::Object(
                    members
                        .map(|(wire, property)| (wire.clone(), self.sample(property)))
                        .collect(),
                )
            }
            _ if schema.format.as_deref() == Some("date-time") => Value::from("2026-11-23T20:41:10.653222Z"),
            _ => Value::from("text"),
        }
    }

    /// The component that a schema refers to.
    pub(super) fn resolved(&self, schema: &Schema) -> Option<&'a Schema> {
        component(schema.reference.as_deref()?, "schemas", self.0).ok()
    }

    fn component<'r>(&self, reference: &'r str, at: &At) -> Result<(&'r str, &'a Schema)> {
        let target = component(reference, "schemas", self.0).map_err(|error| at.error(&error.to_string()))?;
        Ok((reference.rsplit('/').next().unwrap_or(reference), target))
    }
}

fn at(component: &str) -> At {
    At::new("components.schemas").child(component)
}

/// A component by its Rust name, and what the generator has to know of it.
fn named(component: &str, schema: &Schema) -> Type {
    let is = |name| schema.types.as_ref().is_some_and(|types| types.contains(name));
    let kind = match schema.rust_type.as_deref() {
        Some("Timestamp") => Kind::Timestamp,
        Some("Payload") if is("object") => Kind::Payload,
        Some("Payload") => Kind::AnyPayload,
        Some("ConfirmDestructive") => Kind::Confirm,
        Some("IdempotencyKey") => Kind::IdempotencyKey,
        _ if schema.values.is_some() => Kind::OpenEnum,
        Some(_) if is("string") && schema.format.as_deref() == Some("password") => Kind::Secret,
        Some(_) if is("string") => Kind::Text,
        Some(_) => Kind::Other,
        None if schema.all_of.is_empty() && schema.required.is_empty() => Kind::Defaulted,
        None => Kind::Model,
    };
    Type::Named {
        name: schema.rust_type.clone().unwrap_or_else(|| component.to_owned()),
        kind,
    }
}

fn variants(values: &[String], schema: &Schema, at: &At) -> Result<Vec<(String, String)>> {
    let docs = schema
        .open_enum
        .as_ref()
        .ok_or_else(|| at.error("x-open-enum is missing: say for each value of `enum` what it means"))?;
    ensure!(
        docs.keys().eq(values),
        at.error("`enum` and x-open-enum do not have the same values in the same order")
    );
    ensure!(
        !docs.contains_key("unrecognized"),
        at.error("the value unrecognized would be the variant Unrecognized, which is what no variant stands for")
    );
    Ok(docs.iter().map(|(value, doc)| (value.clone(), doc.clone())).collect())
}

pub(super) fn nullable(schema: &Schema) -> bool {
    is_null(schema) || schema.any_of.iter().any(is_null)
}

fn is_null(schema: &Schema) -> bool {
    schema.types.as_ref().is_some_and(|types| types.contains("null"))
}

fn is_rust_default(value: &Value) -> bool {
    match value {
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Null | Value::String(_) => false,
    }
}

pub(super) fn description(schema: &Schema, at: &At) -> Result<String> {
    schema
        .description
        .clone()
        .ok_or_else(|| at.error("`description` is missing: say what it is, its unit, its limits"))
}
