//! Writes the endpoints, calls and resource groups of cueapi-core, one file for each tag.

use anyhow::Result;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{format_ident, quote};

use super::{
    api::{Api, Argument, Endpoint, Group, Kind, Need, Place, Type},
    docs::{self, attributes},
    files::{self, File},
    spec::Repeat,
};

const FOLDER: &str = "crates/cueapi-core/src/generated";

pub(super) fn files(api: &Api) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for group in &api.groups {
        let mut items = self::group(group)?;
        for endpoint in &group.endpoints {
            items.push(endpoint_items(group, endpoint)?);
        }
        let mut parts = vec![imports(group, &items)?];
        for item in items {
            parts.push(files::format(item)?);
        }
        files.push(File::new(FOLDER, &format!("{}.rs", group.name), &group.doc, &parts));
    }
    let doc = "The operations of the API, one module for each tag of its description.\n\n\
               The methods of a group, such as [`cues::Cues`], make calls; the structs are the endpoints that they call, as data.";
    files.push(File::new(FOLDER, "mod.rs", doc, &[files::modules("pub ", &files)]));
    Ok(files)
}

/// The group's type, its methods, and the way to it from a client.
fn group(group: &Group) -> Result<Vec<TokenStream>> {
    let name = format_ident!("{}", group.rust_name);
    let accessor = format_ident!("{}", group.name);
    let doc = attributes(&docs::described(&group.doc, false));
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
    let constructor = constructor(group, endpoint)?;
    let implementation = implementation(endpoint);
    let paging = paging(endpoint);
    let setters: Vec<TokenStream> = endpoint
        .optional()
        .map(|argument| setter(group, endpoint, argument))
        .collect::<Result<_>>()?;
    let setters = (!setters.is_empty()).then(|| quote!(impl<C> Pending<C, #name> { #(#setters)* }));
    Ok(quote! {
        #doc
        #[derive(Clone, Debug, #default #serialize)]
        #[non_exhaustive]
        pub struct #name {
            #(#fields)*
        }

        impl #name {
            #constructor
        }

        #implementation

        #paging

        #setters
    })
}

/// The arguments that have a field; that a destructive call is meant is said by making one.
fn stored(endpoint: &Endpoint) -> impl Iterator<Item = &Argument> {
    endpoint.arguments.iter().filter(|argument| !is_confirm(argument))
}

/// Whether the constructor takes nothing and sets nothing.
fn defaults(endpoint: &Endpoint) -> bool {
    endpoint
        .arguments
        .iter()
        .all(|argument| argument.need == Need::Optional)
}

fn field(endpoint: &Endpoint, argument: &Argument) -> TokenStream {
    let name = identifier(argument);
    let ty = argument.ty.tokens();
    let ty = if argument.need == Need::Optional {
        quote!(Option<#ty>)
    } else {
        ty
    };
    let serde = match argument.place {
        _ if !endpoint.is_body() => None,
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
                    quote!(#name: #value)
                }
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

fn implementation(endpoint: &Endpoint) -> TokenStream {
    let name = format_ident!("{}", endpoint.rust_name);
    let output = match &endpoint.output {
        Some(output) => {
            let name = format_ident!("{}", output.name);
            quote!(#name)
        }
        None => quote!(()),
    };
    let id = &endpoint.id;
    let method = format_ident!("{}", endpoint.http_method);
    let repeat = match endpoint.repeat {
        Repeat::Safe => quote!(Safe),
        Repeat::Keyed => quote!(Keyed),
        Repeat::WriteOnce => quote!(WriteOnce),
        Repeat::Unsafe => quote!(Unsafe),
    };
    let path = path(endpoint);
    let query = query(endpoint);
    let headers = headers(endpoint);
    let body = body(endpoint);
    let read_back = endpoint.read_back.as_ref().map(|function| {
        let function = format_ident!("{function}");
        quote! {
            fn read_back(&self) -> Option<ReadBack<'_, Self::Output>> {
                crate::reconcile::#function(self)
            }
        }
    });
    quote! {
        impl Endpoint for #name {
            type Output = #output;
            const ID: &'static str = #id;
            const METHOD: Method = Method::#method;
            const REPEAT: Repeat = Repeat::#repeat;

            #path
            #query
            #headers
            #body
            #read_back
        }
    }
}

fn path(endpoint: &Endpoint) -> TokenStream {
    let mut steps = TokenStream::new();
    let mut literal: Vec<&str> = Vec::new();
    let flush = |literal: &mut Vec<&str>, steps: &mut TokenStream| {
        if !literal.is_empty() {
            let text = literal.join("/");
            steps.extend(quote!(.lit(#text)));
            literal.clear();
        }
    };
    for segment in endpoint.path.split('/').filter(|segment| !segment.is_empty()) {
        let parameter = endpoint
            .at(Place::Path)
            .find(|argument| segment == format!("{{{}}}", argument.wire));
        match parameter {
            Some(argument) => {
                flush(&mut literal, &mut steps);
                let name = identifier(argument);
                steps.extend(quote!(.seg(&self.#name)));
            }
            None => literal.push(segment),
        }
    }
    flush(&mut literal, &mut steps);
    quote! {
        fn path(&self, path: &mut PathBuilder) {
            path #steps;
        }
    }
}

fn query(endpoint: &Endpoint) -> Option<TokenStream> {
    let statements: Vec<TokenStream> = endpoint
        .at(Place::Query)
        .map(|argument| {
            let name = identifier(argument);
            let wire = &argument.wire;
            match (argument.need, &argument.ty) {
                (Need::Optional, Type::Bool | Type::Integer(_) | Type::Float) => quote!(query.add_some(#wire, self.#name);),
                (Need::Optional, Type::List(item)) => {
                    let text = as_text(item);
                    quote! {
                        let #name = self.#name.as_ref();
                        query.add_some(#wire, #name.map(|values| values.iter().map(#text).collect::<Vec<_>>().join(",")));
                    }
                }
                (Need::Optional, _) => quote!(query.add_some(#wire, self.#name.as_ref());),
                (_, Type::List(item)) => {
                    let text = as_text(item);
                    quote!(query.add(#wire, self.#name.iter().map(#text).collect::<Vec<_>>().join(","));)
                }
                _ => quote!(query.add(#wire, &self.#name);),
            }
        })
        .collect();
    (!statements.is_empty()).then(|| {
        quote! {
            fn query(&self, query: &mut QueryBuilder) {
                #(#statements)*
            }
        }
    })
}

/// The function that makes text of a list's item.
fn as_text(item: &Type) -> TokenStream {
    match item {
        Type::Named {
            name,
            kind: Kind::OpenEnum | Kind::Text,
        } => {
            let name = format_ident!("{name}");
            quote!(#name::as_str)
        }
        _ => quote!(ToString::to_string),
    }
}

fn headers(endpoint: &Endpoint) -> Option<TokenStream> {
    let statements: Vec<TokenStream> = endpoint
        .at(Place::Header)
        .map(|argument| {
            let name = identifier(argument);
            let wire = argument.wire.to_lowercase();
            match argument.need {
                _ if is_confirm(argument) => quote!(headers.text(#wire, "true");),
                Need::Optional => quote! {
                    if let Some(#name) = &self.#name {
                        headers.text(#wire, #name.as_ref());
                    }
                },
                _ => quote!(headers.text(#wire, self.#name.as_ref());),
            }
        })
        .collect();
    (!statements.is_empty()).then(|| {
        quote! {
            fn headers(&self, headers: &mut HeaderBuilder) {
                #(#statements)*
            }
        }
    })
}

fn body(endpoint: &Endpoint) -> Option<TokenStream> {
    let check = endpoint.check.as_ref().map(|function| {
        let function = format_ident!("{function}");
        quote!(crate::checks::#function(self)?;)
    });
    let body = match endpoint.at(Place::WholeBody).next().map(identifier) {
        Some(name) => quote!(Body::json(&self.#name)),
        None if endpoint.is_body() => quote!(Body::json(self)),
        None if check.is_some() => quote!(Ok(Body::Empty)),
        None => return None,
    };
    Some(quote! {
        fn body(&self) -> Result<Body, BuildError> {
            #check
            #body
        }
    })
}

fn paging(endpoint: &Endpoint) -> Option<TokenStream> {
    let paging = endpoint.paging.as_ref()?;
    let output = format_ident!("{}", endpoint.output.as_ref()?.name);
    let name = format_ident!("{}", endpoint.rust_name);
    let item = format_ident!("{}", paging.item_type);
    let items = format_ident!("{}", paging.items);
    let key = format_ident!("{}", paging.key);
    Some(quote! {
        impl PagedEndpoint for #name {
            type Item = #item;

            fn offset(&self) -> u64 {
                self.offset.unwrap_or(0)
            }

            fn set_offset(&mut self, offset: u64) {
                self.offset = Some(offset);
            }

            fn items(page: #output) -> Vec<#item> {
                page.#items
            }

            fn key(item: &#item) -> &str {
                item.#key.as_str()
            }
        }
    })
}

fn setter(group: &Group, endpoint: &Endpoint, argument: &Argument) -> Result<TokenStream> {
    let doc = attributes(&docs::setter(group, endpoint, argument)?);
    let name = identifier(argument);
    if let Type::Named {
        kind: Kind::Payload, ..
    } = argument.ty
    {
        return Ok(quote! {
            #doc
            pub fn #name<T: Serialize + ?Sized>(mut self, #name: &T) -> Self {
                self.endpoint.#name = self.capture(Payload::object(#name));
                self
            }
        });
    }
    let parameter = parameter(argument);
    let value = taken(&argument.ty, &name);
    let value = if argument.need == Need::Optional {
        quote!(Some(#value))
    } else {
        value
    };
    Ok(quote! {
        #doc
        pub fn #name(mut self, #parameter) -> Self {
            self.endpoint.#name = #value;
            self
        }
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
                kind: Kind::Text | Kind::Timestamp | Kind::Other,
                ..
            } => {
                quote!(#name.into_iter().map(Into::into).collect())
            }
            _ => quote!(#name.into_iter().collect()),
        },
    }
}

fn is_confirm(argument: &Argument) -> bool {
    matches!(
        argument.ty,
        Type::Named {
            kind: Kind::Confirm,
            ..
        }
    )
}

fn identifier(argument: &Argument) -> Ident {
    format_ident!("{}", argument.name)
}

/// The imports that these items need, found by the names in them.
fn imports(group: &Group, items: &[TokenStream]) -> Result<String> {
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
        ("confirm", &["ConfirmDestructive"]),
        (
            "endpoint",
            &[
                "Body",
                "Endpoint",
                "HeaderBuilder",
                "PathBuilder",
                "QueryBuilder",
                "ReadBack",
                "Repeat",
            ],
        ),
        ("error", &["BuildError"]),
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
    types.retain(|name| *name != "ConfirmDestructive");
    types.sort_unstable();
    types.dedup();
    let types: Vec<Ident> = types.iter().map(|name| format_ident!("{name}")).collect();
    let types = (!types.is_empty()).then(|| quote!(use cueapi_types::{#(#types),*};));
    let serde = has("Serialize").then(|| {
        quote!(
            use serde::Serialize;
        )
    });
    files::format(quote! {
        #types
        use http::Method;
        #serde
        use crate::{#(#of_crate),*};
    })
}

/// The types of cueapi-types that an endpoint is about.
fn mentioned(endpoint: &Endpoint) -> impl Iterator<Item = &str> {
    let output = endpoint.output.as_ref().map(|output| output.name.as_str());
    let item = endpoint.paging.as_ref().map(|paging| paging.item_type.as_str());
    endpoint
        .arguments
        .iter()
        .filter_map(|argument| argument.ty.named())
        .chain(output)
        .chain(item)
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
