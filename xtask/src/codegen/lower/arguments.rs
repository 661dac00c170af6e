//! What an operation takes: parameters of the path, the query and the headers, and the members of its body.

use anyhow::{Result, ensure};
use heck::{AsUpperCamelCase, ToSnakeCase};
use serde_json::Value;

use super::{At, Lowering, schemas::description, usable};
use crate::codegen::{
    api::{Argument, Elsewhere, Kind, Need, Place, Type},
    spec::{Availability, Parameter, ParameterPlace, Schema},
};

/// What the methods of a call are called already.
const TAKEN: [&str; 9] = [
    "send",
    "send_with_meta",
    "attempt_timeout",
    "retry_policy",
    "verify_body",
    "pager",
    "endpoint",
    "into_call",
    "into_future",
];

impl Lowering<'_> {
    /// All arguments; the required ones in the order that the constructor takes them in: parameters, members of the
    /// body, and last that it is meant.
    pub(super) fn arguments(&self) -> Result<Vec<Argument>> {
        let mut arguments = Vec::new();
        for parameter in &self.operation.parameters {
            let parameter = self.follow(parameter, "parameters", &self.document.components.parameters)?;
            arguments.push(self.parameter(parameter)?);
        }
        arguments.extend(self.body()?);
        self.tie_members_to_headers(&mut arguments)?;
        arguments.sort_by_key(|argument| argument.is(Kind::Confirm));

        usable(
            arguments
                .iter()
                .map(|argument| (argument.name.as_str(), self.at.child(&argument.wire))),
        )?;
        for argument in arguments.iter().filter(|argument| argument.need != Need::Required) {
            let free = !TAKEN.contains(&argument.name.as_str());
            ensure!(
                free,
                self.at
                    .child(&argument.wire)
                    .error("every call has a method of this name: add an x-rust-name")
            );
        }
        Ok(arguments)
    }

    fn parameter(&self, parameter: &Parameter) -> Result<Argument> {
        let at = self.at.child(&parameter.name);
        let ty = self.schemas.ty(&parameter.schema, &at)?;
        ensure!(
            !matches!(ty, Type::List(_)) || parameter.comma_separated(),
            at.error("a list in a query is comma-separated here: add `style: form` and `explode: false`")
        );
        ensure!(
            parameter.hold_seconds.is_none() || parameter.schema.constant.is_some(),
            at.error("x-hold-seconds is for a parameter with a `const`")
        );
        ensure!(
            parameter.place == ParameterPlace::Query || parameter.schema.constant.is_none() || ty.named().is_some(),
            at.error("a `const` is for parameters of the query")
        );
        Ok(Argument {
            wire: parameter.name.clone(),
            name: parameter
                .rust_name
                .clone()
                .unwrap_or_else(|| parameter.name.to_snake_case()),
            place: match parameter.place {
                ParameterPlace::Path => Place::Path,
                ParameterPlace::Query => Place::Query,
                ParameterPlace::Header => Place::Header,
            },
            need: if parameter.required {
                Need::Required
            } else {
                Need::Optional
            },
            doc: parameter.description.clone(),
            elsewhere: elsewhere(parameter.availability),
            example: self.example(&parameter.schema, &ty, &at)?,
            private: false,
            constant: match (&parameter.schema.constant, &ty) {
                (None, _) | (_, Type::Named { .. }) => None,
                (Some(Value::String(text)), _) => Some(text.clone()),
                (Some(other), _) => Some(other.to_string()),
            },
            clear: None,
            also_in_body: None,
            hold_seconds: parameter.hold_seconds,
            ty,
        })
    }

    /// Members of the body that repeat a header are no arguments of their own.
    fn tie_members_to_headers(&self, arguments: &mut [Argument]) -> Result<()> {
        let Some(body) = &self.operation.request_body else {
            return Ok(());
        };
        let body = self.follow(body, "requestBodies", &self.document.components.request_bodies)?;
        for (wire, property) in &body.content.json.schema.properties {
            let Some(header) = &property.same_as else { continue };
            let argument = arguments.iter_mut().find(|argument| argument.wire == *header);
            let at = self.at.child("requestBody").child(wire);
            argument
                .ok_or_else(|| at.error(&format!("x-same-as: there is no parameter {header}")))?
                .also_in_body = Some(wire.clone());
        }
        Ok(())
    }

    fn body(&self) -> Result<Vec<Argument>> {
        let Some(body) = &self.operation.request_body else {
            return Ok(Vec::new());
        };
        let body = self.follow(body, "requestBodies", &self.document.components.request_bodies)?;
        let schema = &body.content.json.schema;
        let at = self.at.child("requestBody");
        if let Some(target) = self.schemas.resolved(schema) {
            return Ok(vec![self.whole_body(schema, target, &at)?]);
        }
        schema.has_what_it_requires().map_err(|message| at.error(&message))?;
        let mut arguments = self.members(schema, &at)?;
        // The constructor takes required members in the order of `required`; the sort is stable.
        let order = |argument: &Argument| schema.required.iter().position(|wire| *wire == argument.wire);
        arguments.sort_by_key(|argument| order(argument).unwrap_or(usize::MAX));
        Ok(arguments)
    }

    fn whole_body(&self, schema: &Schema, target: &Schema, at: &At) -> Result<Argument> {
        let ty = self.schemas.ty(schema, at)?;
        let name = target.rust_name.clone();
        Ok(Argument {
            wire: "requestBody".to_owned(),
            name: name
                .ok_or_else(|| at.error("the body's component needs an x-rust-name: the name of the argument"))?,
            place: Place::WholeBody,
            need: Need::Required,
            doc: description(target, at)?,
            elsewhere: Elsewhere::Nowhere,
            example: self.example(schema, &ty, at)?,
            private: false,
            constant: None,
            clear: None,
            also_in_body: None,
            hold_seconds: None,
            ty,
        })
    }

    fn members(&self, schema: &Schema, at: &At) -> Result<Vec<Argument>> {
        let flattened = |wire: &String| schema.flatten.iter().any(|flatten| flatten.properties.contains(wire));
        let mut arguments = Vec::new();
        let refuses_others = schema.additional_properties == Some(Value::Bool(false));
        let own = |(wire, property): &(&String, &Schema)| !flattened(wire) && property.same_as.is_none();
        for (wire, property) in schema.properties.iter().filter(own) {
            let mut member = self.member(wire, property, schema.required.contains(wire), &at.child(wire))?;
            if refuses_others && member.elsewhere == Elsewhere::IgnoredBySelfHosted {
                member.elsewhere = Elsewhere::RefusedBySelfHosted;
            }
            arguments.push(member);
        }
        for flatten in &schema.flatten {
            for wire in &flatten.properties {
                let known = schema.properties.contains_key(wire);
                ensure!(
                    known,
                    at.error(&format!("x-rust-flatten names {wire}, which is no property"))
                );
            }
            arguments.push(Argument {
                wire: flatten.argument.clone(),
                name: flatten.argument.clone(),
                place: Place::Flatten,
                ty: Type::Named {
                    name: flatten.rust_type.clone(),
                    kind: Kind::Other,
                },
                need: Need::Required,
                doc: flatten.description.clone(),
                elsewhere: Elsewhere::Nowhere,
                example: flatten.example.clone(),
                private: false,
                constant: None,
                clear: None,
                also_in_body: None,
                hold_seconds: None,
            });
        }
        Ok(arguments)
    }

    fn member(&self, wire: &str, property: &Schema, required: bool, at: &At) -> Result<Argument> {
        let ty = self.schemas.ty(property, at)?;
        let need = match (required, property.always_send, &property.default) {
            (true, ..) => Need::Required,
            (false, false, _) => Need::Optional,
            (false, true, Some(Value::Bool(default))) => Need::Always(*default),
            (false, true, _) => return Err(at.error("x-always-send needs `default: true` or `default: false`")),
        };
        ensure!(
            need != Need::Required
                || !matches!(
                    ty,
                    Type::Named {
                        kind: Kind::Payload | Kind::AnyPayload,
                        ..
                    }
                ),
            at.error("a required Payload is not supported: only a call's setters can keep its error")
        );
        ensure!(
            property.clear.is_some() == super::schemas::nullable(property) || need == Need::Required,
            at.error("what can be null says with x-clear what null does, and nothing else does")
        );
        let described = if property.description.is_some() {
            Some(property)
        } else {
            self.schemas.resolved(property)
        };
        Ok(Argument {
            wire: wire.to_owned(),
            name: property.rust_name.clone().unwrap_or_else(|| wire.to_owned()),
            place: Place::Body,
            need,
            doc: description(described.unwrap_or(property), at)?,
            elsewhere: elsewhere(property.availability),
            example: self.example(property, &ty, at)?,
            private: property.private,
            constant: None,
            clear: property.clear.clone(),
            also_in_body: None,
            hold_seconds: None,
            ty,
        })
    }

    /// How the documentation writes a value of a schema.
    fn example(&self, schema: &Schema, ty: &Type, at: &At) -> Result<String> {
        let target = self.schemas.resolved(schema).unwrap_or(schema);
        if let Some(example) = schema.rust_example.as_ref().or(target.rust_example.as_ref()) {
            return Ok(example.clone());
        }
        match ty {
            Type::Bool => Ok("true".to_owned()),
            Type::Integer(_) => Ok("10".to_owned()),
            Type::Float => Ok("1.5".to_owned()),
            Type::List(item) => match &schema.items {
                Some(items) => Ok(format!("[{}]", self.example(items, item, at)?)),
                None => Err(at.error("an array without `items`")),
            },
            Type::Named {
                name,
                kind: Kind::OpenEnum,
            } => {
                let first = target.values.iter().flatten().next();
                let first = first.ok_or_else(|| at.error("an enum without values"))?;
                Ok(format!("{name}::{}", AsUpperCamelCase(first)))
            }
            Type::Named {
                name,
                kind: Kind::Defaulted,
            } => Ok(format!("{name}::default()")),
            Type::String
            | Type::Named {
                kind: Kind::Text | Kind::Secret | Kind::IdempotencyKey,
                ..
            } => match self.schemas.example(schema).or_else(|| schema.constant.clone()) {
                Some(Value::String(text)) => Ok(format!("{text:?}")),
                _ => Err(at.error("the documentation needs a value: add `example`, a text")),
            },
            Type::Named { name, .. } => Err(at.error(&format!(
                "the documentation needs a value: add x-rust-example to the component of {name}"
            ))),
        }
    }
}

fn elsewhere(availability: Availability) -> Elsewhere {
    match availability {
        Availability::Core => Elsewhere::Nowhere,
        Availability::Hosted => Elsewhere::IgnoredBySelfHosted,
        Availability::SelfHosted => Elsewhere::UnknownToHosted,
    }
}
