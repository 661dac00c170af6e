//! Writes the models and open enums of cueapi-types, one file for each tag.

use anyhow::Result;
use heck::{AsUpperCamelCase, ToSnakeCase};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use super::{
    api::{Api, Field, Presence, Shape, Type, TypeItem},
    docs,
    files::{self, File},
};

const FOLDER: &str = "crates/cueapi-types/src/generated";

pub(super) fn files(api: &Api) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for section in &api.sections {
        let types: Vec<&TypeItem> = api.types.iter().filter(|item| item.group == section.name).collect();
        if !types.is_empty() {
            let mut parts = vec![imports(&types)?];
            for item in &types {
                parts.push(type_item(item, api)?);
            }
            files.push(File::new(FOLDER, &format!("{}.rs", section.name), &section.doc, &parts));
        }
    }
    let exports = api
        .sections
        .iter()
        .filter(|section| api.types.iter().any(|item| item.group == section.name));
    let mut exports: Vec<String> = exports.map(|section| format!("{}::*", section.name)).collect();
    exports.sort_unstable();
    let exports = format!("#[rustfmt::skip]\npub use self::{{{}}};\n", exports.join(", "));
    let doc = "Models and open enums, one module for each tag of the description.";
    files.push(File::new(FOLDER, "mod.rs", doc, &[files::modules("", &files), exports]));
    Ok(files)
}

/// What the types of a file mention and the file does not define.
fn imports(types: &[&TypeItem]) -> Result<String> {
    let fields = || types.iter().flat_map(|item| item.shape.fields());
    let mut names: Vec<&str> = fields().filter_map(|field| field.ty.named()).collect();
    names.retain(|name| !types.iter().any(|item| item.name == *name));
    let needs = |name, is_needed: bool| is_needed.then_some(name);
    names.extend(needs("Open", fields().any(|field| is_open(&field.ty))));
    names.extend(needs("Rows", fields().any(|field| field.ty.row().is_some())));
    names.extend(needs("Row", types.iter().any(|item| item.row_id.is_some())));
    names.sort_unstable();
    names.dedup();
    let names: Vec<_> = names.iter().map(|name| format_ident!("{name}")).collect();
    let has_enums = types.iter().any(|item| matches!(item.shape, Shape::OpenEnum(_)));
    let open_enum = has_enums.then(|| quote!(open_enum::open_enum,));
    let serde = fields().next().map(|_| {
        quote!(
            use serde::{Deserialize, Serialize};
        )
    });
    let of_crate = (has_enums || !names.is_empty()).then(|| {
        quote!(
            use crate::{#open_enum #(#names),*};
        )
    });
    files::format(quote! {
        #serde
        #of_crate
    })
}

fn type_item(item: &TypeItem, api: &Api) -> Result<String> {
    let name = format_ident!("{}", item.name);
    let doc = || {
        let sample = api.samples.get(&item.name).unwrap_or(&Value::Null);
        let fields: Vec<&Field> = item.shape.fields().collect();
        Ok::<_, anyhow::Error>(docs::attributes(&docs::model(item, &fields, sample)?))
    };
    match &item.shape {
        Shape::OpenEnum(variants) => Ok(open_enum(item, variants)),
        Shape::Model(_) => files::format(model(item, &doc()?)),
        Shape::Extends { base, inherited, .. } => {
            let model = model(item, &doc()?);
            let base = format_ident!("{base}");
            let inherited: Vec<_> = inherited.iter().map(|field| format_ident!("{}", field.name)).collect();
            let variable = format_ident!("{}", item.name.to_snake_case());
            files::format(quote! {
                #model

                impl From<#name> for #base {
                    fn from(#variable: #name) -> Self {
                        Self { #(#inherited: #variable.#inherited),* }
                    }
                }
            })
        }
    }
}

fn model(item: &TypeItem, doc: &TokenStream) -> TokenStream {
    let name = format_ident!("{}", item.name);
    let fields = || item.shape.fields();
    let default = fields()
        .all(|field| field.presence != Presence::Required)
        .then(|| quote!(Default,));
    let shown: Vec<_> = fields().map(|field| (field.name.as_str(), field.private)).collect();
    let (derived, by_hand) = debug(&name, shown.into_iter());
    let row = item.row_id.as_ref().map(|id| {
        quote! {
            impl Row for #name {
                const ID: &'static str = #id;
            }
        }
    });
    let fields = fields().map(field);
    quote! {
        #doc
        #[derive(Clone, #derived #default PartialEq, Serialize, Deserialize)]
        #[non_exhaustive]
        pub struct #name {
            #(#fields)*
        }

        #by_hand

        #row
    }
}

/// `Debug`: derived, or where there are private fields, written out without them.
pub(super) fn debug<'a>(
    name: &syn::Ident,
    fields: impl Iterator<Item = (&'a str, bool)> + Clone,
) -> (Option<TokenStream>, Option<TokenStream>) {
    if !fields.clone().any(|(_, private)| private) {
        return (Some(quote!(Debug,)), None);
    }
    let title = name.to_string();
    let shown = fields.filter(|(_, private)| !private).map(|(field, _)| {
        let ident = format_ident!("{field}");
        quote!(.field(#field, &self.#ident))
    });
    let by_hand = quote! {
        impl std::fmt::Debug for #name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(#title) #(#shown)* .finish_non_exhaustive()
            }
        }
    };
    (None, Some(by_hand))
}

fn field(field: &Field) -> TokenStream {
    let doc = docs::attributes(&docs::described(&field.doc, field.hosted));
    let name = format_ident!("{}", field.name);
    let rename = (field.name != field.wire).then(|| {
        let wire = &field.wire;
        quote!(#[serde(rename = #wire)])
    });
    let ty = field.ty.answered();
    match (field.presence, field.ty.is_open()) {
        (Presence::Required, true) => {
            quote!(#doc #rename #[serde(deserialize_with = "crate::open::required")] pub #name: #ty,)
        }
        (Presence::Required, false) => quote!(#doc #rename pub #name: #ty,),
        (Presence::Nullable, true) => quote!(#doc #rename #[serde(default)] pub #name: #ty,),
        (_, true) => quote!(#doc #rename #[serde(default, skip_serializing_if = "Open::is_missing")] pub #name: #ty,),
        // serde takes a missing Option for None.
        (Presence::Nullable, false) => quote!(#doc #rename pub #name: Option<#ty>,),
        (Presence::Optional, false) => {
            quote!(#doc #rename #[serde(default, skip_serializing_if = "Option::is_none")] pub #name: Option<#ty>,)
        }
        (Presence::Defaulted, false) => {
            quote!(#doc #rename #[serde(default, deserialize_with = "crate::open::null_is_default")] pub #name: #ty,)
        }
    }
}

/// As text: the formatter leaves what is inside a macro call alone.
fn open_enum(item: &TypeItem, variants: &[(String, String)]) -> String {
    let mut text = String::from("open_enum! {\n");
    text.push_str(&comment("    ", &docs::open_enum(item, variants)));
    text.push_str(&format!("    pub enum {} {{\n", item.name));
    for (value, doc) in variants {
        text.push_str(&comment("        ", &docs::described(doc, false)));
        text.push_str(&format!("        {} = {value:?},\n", AsUpperCamelCase(value)));
    }
    text.push_str("    }\n}\n");
    text
}

fn comment(indent: &str, lines: &[String]) -> String {
    lines.iter().map(|line| format!("{indent}///{line}\n")).collect()
}

/// Whether an answer has an `Open` there.
fn is_open(ty: &Type) -> bool {
    ty.is_open() || matches!(ty, Type::List(item) if item.is_open())
}

impl Type {
    /// The type of an argument.
    pub(super) fn tokens(&self) -> TokenStream {
        match self {
            Self::Bool => quote!(bool),
            Self::Integer(name) => {
                let name = format_ident!("{name}");
                quote!(#name)
            }
            Self::Float => quote!(f64),
            Self::String => quote!(String),
            Self::List(item) => {
                let item = item.tokens();
                quote!(Vec<#item>)
            }
            Self::Named { name, .. } => {
                let name = format_ident!("{name}");
                quote!(#name)
            }
        }
    }

    /// The type of what a server answers.
    pub(super) fn answered(&self) -> TokenStream {
        match self {
            Self::List(item) => {
                let container = if self.row().is_some() {
                    quote!(Rows)
                } else {
                    quote!(Vec)
                };
                let item = item.answered();
                quote!(#container<#item>)
            }
            _ if self.is_open() => {
                let ty = self.tokens();
                quote!(Open<#ty>)
            }
            _ => self.tokens(),
        }
    }

    /// The name that has to be imported.
    pub(super) fn named(&self) -> Option<&str> {
        match self {
            Self::Named { name, .. } => Some(name),
            Self::List(item) => item.named(),
            _ => None,
        }
    }
}

impl Shape {
    pub(super) fn fields(&self) -> impl Iterator<Item = &Field> {
        let (inherited, own): (&[Field], &[Field]) = match self {
            Self::Model(fields) => (&[], fields),
            Self::Extends { inherited, own, .. } => (inherited, own),
            Self::OpenEnum(_) => (&[], &[]),
        };
        inherited.iter().chain(own)
    }
}
