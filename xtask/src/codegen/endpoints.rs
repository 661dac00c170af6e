//! Writes the endpoints, calls and resource groups of cueapi-core, one file for each tag.

mod implementation;
mod imports;

use anyhow::Result;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::{
    api::{Api, Argument, Endpoint, Group, Kind, Need, Place, Type},
    docs::{self, attributes},
    files::{self, File},
    types,
};

const FOLDER: &str = "crates/cueapi-core/src/generated";

pub(super) fn files(api: &Api) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for group in &api.groups {
        let mut items = self::group(group)?;
        for endpoint in &group.endpoints {
            items.push(endpoint_items(group, endpoint)?);
        }
        let mut parts = vec![imports::of(group, &items)?];
        for item in items {
            parts.push(files::format(item)?);
        }
        files.push(File::new(FOLDER, &format!("{}.rs", group.name), &group.doc, &parts));
    }
    let doc = "The operations of the API, one module for each tag of its description.\n\n\
               The methods of a group, such as [`cues::Cues`], make calls; the structs are the endpoints that they call, as data.\n\n\
               Where servers differ, *self-hosted* marks what was measured on a running server of version 0.1.2, and *hosted* what \
               the public documentation of <https://api.cueapi.ai> says, in the state of March and April 2026. The SDK has not been \
               run against the hosted service yet.";
    let doc = format!("{doc}\n\n{}", docs::python_sdk(&api.python_sdk));
    files.push(File::new(FOLDER, "mod.rs", &doc, &[files::modules("pub ", &files)]));
    Ok(files)
}

/// The group's type, its methods, and the way to it from a client.
fn group(group: &Group) -> Result<Vec<TokenStream>> {
    let name = format_ident!("{}", group.rust_name);
    let accessor = format_ident!("{}", group.name);
    let doc = attributes(&docs::group(group)?);
    let on_client = attributes(&docs::accessor(group, "client"));
    let on_blocking_client = attributes(&docs::accessor(group, "blocking_client"));
    let methods: Vec<TokenStream> = group
        .endpoints
        .iter()
        .map(|endpoint| method(group, endpoint))
        .collect::<Result<_>>()?;
    let group = quote! {
        #doc
        #[derive(Clone, Debug)]
        pub struct #name<C> {
            pub(crate) client: C,
        }

        impl<T> Client<T> {
            #on_client
            #[must_use]
            pub fn #accessor(&self) -> #name<Self> {
                #name { client: self.clone() }
            }
        }

        impl<B> BlockingClient<B> {
            #on_blocking_client
            #[must_use]
            pub fn #accessor(&self) -> #name<Self> {
                #name { client: self.clone() }
            }
        }

        impl<C: Clone> #name<C> {
            #(#methods)*
        }
    };
    Ok(vec![group])
}

fn method(group: &Group, endpoint: &Endpoint) -> Result<TokenStream> {
    let doc = attributes(&docs::method(group, endpoint)?);
    let name = format_ident!("{}", endpoint.method_name);
    let output = format_ident!("{}", endpoint.rust_name);
    let parameters = endpoint.required().map(parameter);
    let arguments = endpoint.required().map(identifier);
    Ok(quote! {
        #doc
        pub fn #name(&self, #(#parameters),*) -> Pending<C, #output> {
            Pending::new(self.client.clone(), #output::new(#(#arguments),*))
        }
    })
}

/// The endpoint's struct, its constructor, its trait implementations, and the setters of its call.
fn endpoint_items(group: &Group, endpoint: &Endpoint) -> Result<TokenStream> {
    let name = format_ident!("{}", endpoint.rust_name);
    let doc = attributes(&docs::endpoint(group, endpoint));
    let serialize = endpoint.is_body().then(|| quote!(Serialize,));
    let fields = stored(endpoint).map(|argument| field(endpoint, argument));
    let default = defaults(endpoint).then(|| quote!(Default,));
    let shown = stored(endpoint).map(|argument| (argument.name.as_str(), argument.private));
    let (debug, debug_by_hand) = types::debug(&name, shown.collect::<Vec<_>>().into_iter());
    let constructor = constructor(group, endpoint)?;
    let implementation = implementation::endpoint(endpoint);
    let paging = implementation::paging(endpoint);
    let setters: Vec<TokenStream> = endpoint
        .optional()
        .map(|argument| setter(group, endpoint, argument))
        .collect::<Result<_>>()?;
    let setters = (!setters.is_empty()).then(|| quote!(impl<C> Pending<C, #name> { #(#setters)* }));
    Ok(quote! {
        #doc
        #[derive(Clone, #debug #default #serialize)]
        #[non_exhaustive]
        pub struct #name {
            #(#fields)*
        }

        #debug_by_hand

        impl #name {
            #constructor
        }

        #implementation

        #paging

        #setters
    })
}

/// The arguments that have a field; that a destructive call is meant is said by making one, and a constant goes without
/// saying.
fn stored(endpoint: &Endpoint) -> impl Iterator<Item = &Argument> {
    let is_fixed = |argument: &Argument| argument.need == Need::Required && !argument.is_given();
    endpoint
        .arguments
        .iter()
        .filter(move |argument| !is_confirm(argument) && !is_fixed(argument))
}

/// Whether the constructor takes nothing and sets nothing.
fn defaults(endpoint: &Endpoint) -> bool {
    endpoint.required().next().is_none()
        && stored(endpoint).all(|argument| argument.need == Need::Optional && !argument.is(Kind::IdempotencyKey))
}

fn field(endpoint: &Endpoint, argument: &Argument) -> TokenStream {
    let name = identifier(argument);
    let ty = argument.ty.tokens();
    let ty = match argument.need {
        Need::Optional if !argument.is_given() => quote!(bool),
        Need::Optional if argument.clear.is_some() => quote!(Option<Option<#ty>>),
        Need::Optional => quote!(Option<#ty>),
        Need::Required | Need::Always(_) => ty,
    };
    let serde = match argument.place {
        _ if !endpoint.is_body() => None,
        _ if argument.also_in_body.is_some() => {
            let wire = argument.also_in_body.iter().filter(|wire| **wire != argument.name);
            Some(quote!(#(#[serde(rename = #wire)])*))
        }
        Place::Flatten => Some(quote!(#[serde(flatten)])),
        Place::Body => {
            let rename = (argument.name != argument.wire).then(|| {
                let wire = &argument.wire;
                quote!(#[serde(rename = #wire)])
            });
            let skip =
                (argument.need == Need::Optional).then(|| quote!(#[serde(skip_serializing_if = "Option::is_none")]));
            Some(quote!(#rename #skip))
        }
        _ => Some(quote!(#[serde(skip)])),
    };
    quote!(#serde pub(crate) #name: #ty,)
}

fn constructor(group: &Group, endpoint: &Endpoint) -> Result<TokenStream> {
    let doc = attributes(&docs::constructor(group, endpoint)?);
    let parameters = endpoint.required().map(parameter);
    let confirm = endpoint
        .required()
        .find(|argument| is_confirm(argument))
        .map(|argument| {
            let name = identifier(argument);
            quote!(let ConfirmDestructive = #name;)
        });
    let body = if defaults(endpoint) {
        quote!(Self::default())
    } else {
        let fields = stored(endpoint).map(|argument| {
            let name = identifier(argument);
            match argument.need {
                Need::Required => {
                    let value = taken(&argument.ty, &name);
                    if value.to_string() == argument.name {
                        quote!(#name)
                    } else {
                        quote!(#name: #value)
                    }
                }
                Need::Optional if !argument.is_given() => quote!(#name: false),
                Need::Optional if argument.is(Kind::IdempotencyKey) => quote!(#name: crate::idempotency::key()),
                Need::Optional => quote!(#name: None),
                Need::Always(default) => quote!(#name: #default),
            }
        });
        quote!(Self { #(#fields),* })
    };
    Ok(quote! {
        #doc
        #[must_use]
        pub fn new(#(#parameters),*) -> Self {
            #confirm
            #body
        }
    })
}

fn setter(group: &Group, endpoint: &Endpoint, argument: &Argument) -> Result<TokenStream> {
    let doc = attributes(&docs::setter(group, endpoint, argument)?);
    let name = identifier(argument);
    if !argument.is_given() {
        return Ok(quote! {
            #doc
            pub fn #name(mut self) -> Self {
                self.endpoint.#name = true;
                self
            }
        });
    }
    let payload = match argument.ty {
        Type::Named {
            kind: Kind::Payload, ..
        } => Some(quote!(Payload::object)),
        Type::Named {
            kind: Kind::AnyPayload, ..
        } => Some(quote!(Payload::new)),
        _ => None,
    };
    if let Some(payload) = payload {
        return Ok(quote! {
            #doc
            pub fn #name<T: Serialize + ?Sized>(mut self, #name: &T) -> Self {
                self.endpoint.#name = self.capture(#payload(#name));
                self
            }
        });
    }
    let parameter = parameter(argument);
    let value = taken(&argument.ty, &name);
    let value = match argument.need {
        Need::Optional if argument.clear.is_some() => quote!(Some(Some(#value))),
        Need::Optional => quote!(Some(#value)),
        Need::Required | Need::Always(_) => value,
    };
    let clear = match &argument.clear {
        Some(text) => {
            let doc = attributes(&docs::clear(group, endpoint, argument, text)?);
            let method = format_ident!("clear_{name}");
            Some(quote! {
                #doc
                pub fn #method(mut self) -> Self {
                    self.endpoint.#name = Some(None);
                    self
                }
            })
        }
        None => None,
    };
    Ok(quote! {
        #doc
        pub fn #name(mut self, #parameter) -> Self {
            self.endpoint.#name = #value;
            self
        }

        #clear
    })
}

/// `name: impl Into<String>`
fn parameter(argument: &Argument) -> TokenStream {
    let name = identifier(argument);
    let ty = parameter_type(&argument.ty);
    quote!(#name: #ty)
}

/// What a caller may give for a type. Text is taken in every form; enums are not, so that a typing error is an error.
fn parameter_type(ty: &Type) -> TokenStream {
    let own = ty.tokens();
    match ty {
        Type::Bool | Type::Integer(_) | Type::Float => own,
        Type::Named {
            kind: Kind::OpenEnum | Kind::Confirm | Kind::Defaulted,
            ..
        } => own,
        Type::String | Type::Named { .. } => quote!(impl Into<#own>),
        Type::List(item) => {
            let item = parameter_type(item);
            quote!(impl IntoIterator<Item = #item>)
        }
    }
}

/// The argument as it is stored.
fn taken(ty: &Type, name: &Ident) -> TokenStream {
    match ty {
        Type::Bool | Type::Integer(_) | Type::Float => quote!(#name),
        Type::Named {
            kind: Kind::OpenEnum | Kind::Confirm | Kind::Defaulted,
            ..
        } => quote!(#name),
        Type::String | Type::Named { .. } => quote!(#name.into()),
        Type::List(item) => match **item {
            Type::String
            | Type::Named {
                kind: Kind::Text | Kind::Secret | Kind::Timestamp | Kind::Other,
                ..
            } => {
                quote!(#name.into_iter().map(Into::into).collect())
            }
            _ => quote!(#name.into_iter().collect()),
        },
    }
}

fn is_confirm(argument: &Argument) -> bool {
    argument.is(Kind::Confirm)
}

fn identifier(argument: &Argument) -> Ident {
    format_ident!("{}", argument.name)
}
