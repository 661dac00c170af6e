//! Writes what the project's own checks know of the API: every operation with its decoder, every model with a sample,
//! every list with its rows.

use anyhow::{Result, ensure};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{
    api::{Api, Endpoint, Field, Group, Kind, Output, Presence, Shape, Type, TypeItem},
    files::{self, File},
};

const FOLDER: &str = "tests/src/generated";

pub(super) fn files(api: &Api) -> Result<Vec<File>> {
    let operations = File::new(
        FOLDER,
        "operations.rs",
        "Every operation: where it goes, and how its responses are decoded.",
        &[files::format(operations(api))?],
    );
    let models = File::new(
        FOLDER,
        "models.rs",
        "Every generated model: a sample with all of its fields, and what is known of each.",
        &[files::format(models(api))?],
    );
    let lists = File::new(
        FOLDER,
        "lists.rs",
        "Every list in an answer: where its rows are, and how they are read.",
        &[files::format(lists(api)?)?],
    );
    let mut files = vec![operations, models, lists];
    let doc = "What the checks know of the API.";
    files.push(File::new(
        FOLDER,
        "mod.rs",
        doc,
        &[files::modules("pub(crate) ", &files)],
    ));
    Ok(files)
}

fn operations(api: &Api) -> TokenStream {
    let modules = api.groups.iter().map(|group| format_ident!("{}", group.name));
    let rows = api
        .groups
        .iter()
        .flat_map(|group| group.endpoints.iter().map(move |endpoint| operation(group, endpoint)));
    quote! {
        use cueapi_core::api::{#(#modules),*};
        use crate::golden::Operation;

        pub(crate) const OPERATIONS: &[Operation] = &[#(#rows),*];
    }
}

fn operation(group: &Group, endpoint: &Endpoint) -> TokenStream {
    let (module, name) = (format_ident!("{}", group.name), format_ident!("{}", endpoint.rust_name));
    let (method, path) = (&endpoint.http_method, &endpoint.path);
    let query = endpoint.fixed_query().map(|(name, value)| quote!((#name, #value)));
    let conditional = endpoint.output.as_ref().is_some_and(|output| output.conditional);
    let constructor = if conditional { quote!(conditional) } else { quote!(new) };
    quote!(Operation::#constructor::<#module::#name, _>(#method, #path, &[#(#query),*]))
}

fn models(api: &Api) -> TokenStream {
    let rows = api.types.iter().filter_map(|item| model(api, item));
    quote! {
        use crate::models::{Field, Kind, Model};

        pub(crate) const MODELS: &[Model] = &[#(#rows),*];
    }
}

fn model(api: &Api, item: &TypeItem) -> Option<TokenStream> {
    if let Shape::OpenEnum(_) = &item.shape {
        return None;
    }
    let (name, title) = (format_ident!("{}", item.name), &item.name);
    let sample = api.samples.get(&item.name).map(ToString::to_string).unwrap_or_default();
    let rows = item.shape.fields().map(field);
    Some(quote!(Model::new::<cueapi_types::#name>(#title, #sample, &[#(#rows),*])))
}

fn field(field: &Field) -> TokenStream {
    let name = &field.wire;
    let required = field.presence == Presence::Required;
    let kind = match &field.ty {
        ty if ty.is_open() => quote!(Ranged),
        Type::Named {
            kind: Kind::OpenEnum, ..
        } => quote!(Enum),
        _ => quote!(Other),
    };
    let hidden = field.private || is_hidden(&field.ty);
    quote!(Field { name: #name, required: #required, kind: Kind::#kind, hidden: #hidden })
}

/// Every operation whose answer is a list, or has lists in it.
fn lists(api: &Api) -> Result<TokenStream> {
    let mut rows = Vec::new();
    for endpoint in api.groups.iter().flat_map(|group| &group.endpoints) {
        let Some(output) = &endpoint.output else { continue };
        if let Some(row) = output.ty.row() {
            rows.push(list(endpoint, output, "", row, &quote!(page)));
            continue;
        }
        let fields = |model: &str| {
            let item = api.types.iter().find(|item| item.name == model);
            item.into_iter().flat_map(|item| item.shape.fields())
        };
        for field in output.ty.named().into_iter().flat_map(fields) {
            if let Some(row) = field.ty.row() {
                let name = format_ident!("{}", field.name);
                rows.push(list(
                    endpoint,
                    output,
                    &format!("/{}", field.wire),
                    row,
                    &quote!(&page.#name),
                ));
            }
            let mut deeper = field.ty.named().into_iter().flat_map(fields);
            ensure!(
                field.ty.row().is_some() || !deeper.any(|field| field.ty.row().is_some()),
                "{}: {} has a list in it: teach the table of lists to look there",
                endpoint.id,
                field.wire
            );
        }
    }
    Ok(quote! {
        use crate::models::{List, rows};

        pub(crate) const LISTS: &[List] = &[#(#rows),*];
    })
}

fn list(endpoint: &Endpoint, output: &Output, at: &str, row: &str, rows: &TokenStream) -> TokenStream {
    let (id, method, path) = (&endpoint.id, &endpoint.http_method, &endpoint.path);
    let sample = output.example.to_string();
    let ty = match output.ty.named() {
        Some(name) if output.ty.row().is_none() => {
            let name = format_ident!("{name}");
            quote!(cueapi_types::#name)
        }
        _ => {
            let row = format_ident!("{row}");
            quote!(cueapi_types::Rows<cueapi_types::#row>)
        }
    };
    quote!(List::new(#id, (#method, #path), #at, #row, #sample, |text| rows::<#ty, _>(text, |page| #rows)))
}

/// Whether `Debug` shows nothing of a value.
fn is_hidden(ty: &Type) -> bool {
    match ty {
        Type::List(item) => is_hidden(item),
        Type::Named { kind, .. } => matches!(kind, Kind::Secret | Kind::Payload | Kind::AnyPayload),
        _ => false,
    }
}
