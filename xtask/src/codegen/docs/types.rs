//! The documentation of generated types, and its examples: they decode the sample of the description.

use anyhow::{Context, Result};
use heck::{ToSnakeCase, ToUpperCamelCase};
use serde_json::Value;

use super::Doc;
use crate::codegen::api::{Field, Kind, Presence, Type, TypeItem};

/// The documentation of a model.
pub(in crate::codegen) fn model(item: &TypeItem, fields: &[&Field], sample: &Value) -> Result<Vec<String>> {
    let mut doc = documented(item);
    let (name, variable) = (&item.name, item.name.to_snake_case());
    let json = serde_json::to_string(sample).with_context(|| format!("the sample of {name}"))?;
    let shown = fields
        .iter()
        .find_map(|field| assertion(&variable, field, sample.get(&field.wire)?));
    doc.code(&[
        format!("use cueapi_types::{name};"),
        String::new(),
        format!("# let json = r#\"{json}\"#;"),
        format!("let {variable}: {name} = serde_json::from_str(json)?;"),
        shown.unwrap_or_else(|| {
            format!("assert_eq!(serde_json::from_str::<{name}>(&serde_json::to_string(&{variable})?)?, {variable});")
        }),
        "# Ok::<(), serde_json::Error>(())".to_owned(),
    ]);
    Ok(doc.lines)
}

/// The documentation of an open enum.
pub(in crate::codegen) fn open_enum(item: &TypeItem, variants: &[(String, String)]) -> Vec<String> {
    let mut doc = documented(item);
    let name = &item.name;
    let mut code = vec![format!("use cueapi_types::{name};"), String::new()];
    if let Some((value, _)) = variants.first() {
        let variant = value.to_upper_camel_case();
        code.push(format!("assert_eq!({name}::from({value:?}), {name}::{variant});"));
    }
    code.push(format!(
        "assert!(matches!({name}::from(\"of a newer server\"), {name}::Unrecognized(_)));"
    ));
    doc.code(&code);
    doc.lines
}

fn documented(item: &TypeItem) -> Doc {
    Doc {
        lines: super::described(&item.doc, item.hosted),
    }
}

/// What the example shows of a field; nothing where that says nothing to a reader.
fn assertion(variable: &str, field: &Field, sample: &Value) -> Option<String> {
    let place = format!("{variable}.{}", field.name);
    let is_option = matches!(field.presence, Presence::Nullable | Presence::Optional) && !field.ty.is_open();
    Some(match (&field.ty, sample) {
        (Type::Integer(_), Value::Number(number)) => format!("assert_eq!({place}, {number});"),
        (Type::Bool, Value::Bool(value)) if is_option => format!("assert_eq!({place}, Some({value}));"),
        (Type::Bool, Value::Bool(value)) => format!("assert!({}{place});", if *value { "" } else { "!" }),
        (Type::String, Value::String(text)) if is_option => format!("assert_eq!({place}.as_deref(), Some({text:?}));"),
        (Type::String, Value::String(text)) => format!("assert_eq!({place}, {text:?});"),
        (Type::List(_), Value::Array(items)) if !is_option => format!("assert_eq!({place}.len(), {});", items.len()),
        (
            Type::Named {
                kind: Kind::Text | Kind::OpenEnum,
                ..
            },
            Value::String(text),
        ) if !is_option => {
            format!("assert_eq!({place}.as_str(), {text:?});")
        }
        _ => return None,
    })
}
