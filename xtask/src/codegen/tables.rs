//! Writes what the project's own checks know of the API: every operation with its decoder, every model with a sample.

use anyhow::Result;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{
    api::{Api, Endpoint, Field, Group, Kind, Presence, Shape, Type, TypeItem},
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
    let mut files = vec![operations, models];
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
        use crate::models::{Field, Model};

        pub(crate) const MODELS: &[Model] = &[#(#rows),*];
    }
}

fn model(api: &Api, item: &TypeItem) -> Option<TokenStream> {
    let fields = match &item.shape {
        Shape::Model(fields) => fields.clone(),
        Shape::Extends { inherited, own, .. } => inherited.iter().chain(own).cloned().collect(),
        Shape::OpenEnum(_) => return None,
    };
    let (name, title) = (format_ident!("{}", item.name), &item.name);
    let sample = api.samples.get(&item.name).map(ToString::to_string).unwrap_or_default();
    let rows = fields.iter().map(field);
    Some(quote!(Model::new::<cueapi_types::#name>(#title, #sample, &[#(#rows),*])))
}

fn field(field: &Field) -> TokenStream {
    let name = &field.wire;
    let required = field.presence == Presence::Required;
    let nullable = field.presence == Presence::Nullable;
    let open = matches!(
        field.ty,
        Type::Named {
            kind: Kind::OpenEnum,
            ..
        }
    );
    let hidden = field.private || is_hidden(&field.ty);
    quote!(Field { name: #name, required: #required, nullable: #nullable, open: #open, hidden: #hidden })
}

/// Whether `Debug` shows nothing of a value.
fn is_hidden(ty: &Type) -> bool {
    match ty {
        Type::List(item) => is_hidden(item),
        Type::Named { kind, .. } => matches!(kind, Kind::Secret | Kind::Payload | Kind::AnyPayload),
        _ => false,
    }
}
