//! Writes the imports of a generated file, found by the names that stand in its items.

use anyhow::Result;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{format_ident, quote};

use crate::codegen::{
    api::{Endpoint, Group},
    files,
};

/// The imports that these items need.
pub(super) fn of(group: &Group, items: &[TokenStream]) -> Result<String> {
    let mut names = Vec::new();
    for item in items {
        type_names(item.clone(), &mut names);
    }
    names.sort_unstable();
    names.dedup();
    let has = |name: &str| names.iter().any(|known| known == name);
    let known = |all: &[&str]| -> Vec<Ident> {
        all.iter()
            .filter(|name| has(name))
            .map(|name| format_ident!("{name}"))
            .collect()
    };
    let of_crate: Vec<TokenStream> = [
        ("blocking", &["BlockingClient"][..]),
        ("client", &["Client"]),
        ("conditional", &["Conditional"]),
        ("confirm", &["ConfirmDestructive"]),
        (
            "endpoint",
            &[
                "Body",
                "Endpoint",
                "HeaderBuilder",
                "PathBuilder",
                "QueryBuilder",
                "Repeat",
                "Settled",
            ],
        ),
        ("error", &["BuildError"]),
        ("memory_block", &["MemoryBlock"]),
        ("page", &["PagedEndpoint"]),
        ("pending", &["Pending"]),
    ]
    .into_iter()
    .map(|(module, names)| (format_ident!("{module}"), known(names)))
    .filter(|(_, names)| !names.is_empty())
    .map(|(module, names)| quote!(#module::{#(#names),*}))
    .collect();
    let mut types: Vec<&str> = group
        .endpoints
        .iter()
        .flat_map(mentioned)
        .filter(|name| has(name))
        .collect();
    // These are core's own.
    types.retain(|name| !["ConfirmDestructive", "MemoryBlock"].contains(name));
    types.sort_unstable();
    types.dedup();
    let types: Vec<Ident> = types.iter().map(|name| format_ident!("{name}")).collect();
    let types = (!types.is_empty()).then(|| quote!(use cueapi_types::{#(#types),*};));
    let serde = has("Serialize").then(|| {
        quote!(
            use serde::Serialize;
        )
    });
    let duration = has("Duration").then(|| {
        quote!(
            use std::time::Duration;
        )
    });
    files::format(quote! {
        #duration
        #types
        use http::Method;
        #serde
        use crate::{#(#of_crate),*};
    })
}

/// The types of cueapi-types that an endpoint is about.
fn mentioned(endpoint: &Endpoint) -> impl Iterator<Item = &str> {
    let output = endpoint.output.as_ref().and_then(|output| output.ty.named());
    let item = endpoint.paging.as_ref().map(|paging| paging.item_type.as_str());
    endpoint
        .arguments
        .iter()
        .filter_map(|argument| argument.ty.named())
        .chain(output)
        .chain(["ApiError", "ErrorCode"])
        .chain(item)
        .chain(["Rows"])
}

fn type_names(tokens: TokenStream, names: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => names.push(ident.to_string()),
            TokenTree::Group(group) => type_names(group.stream(), names),
            _ => {}
        }
    }
}
