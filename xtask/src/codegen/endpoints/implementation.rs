//! Writes what an endpoint is on the wire: its method, path, query, headers and body, and how its pages are walked.

use heck::ToUpperCamelCase;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{identifier, is_confirm};
use crate::codegen::{
    api::{Argument, Endpoint, Kind, Need, Place, Type},
    spec::Repeat,
};

pub(super) fn endpoint(endpoint: &Endpoint) -> TokenStream {
    let name = format_ident!("{}", endpoint.rust_name);
    let output = output(endpoint);
    let id = &endpoint.id;
    let method = format_ident!("{}", endpoint.http_method);
    let repeat = match endpoint.repeat {
        Repeat::Safe => quote!(Safe),
        Repeat::Keyed => quote!(Keyed),
        Repeat::WriteOnce => quote!(WriteOnce),
        Repeat::Unsafe => quote!(Unsafe),
    };
    let authenticated = (!endpoint.authenticated).then(|| {
        quote!(
            const AUTHENTICATED: bool = false;
        )
    });
    let verify_body = endpoint.verify_body.then(|| {
        quote!(
            const VERIFY_BODY: bool = true;
        )
    });
    let hold = hold(endpoint);
    let repeat_of = endpoint.repeat_of.as_ref().map(|function| {
        let function = format_ident!("{function}");
        quote! {
            fn repeat(&self) -> Repeat {
                crate::checks::#function(self)
            }
        }
    });
    let path = path(endpoint);
    let query = query(endpoint);
    let headers = headers(endpoint);
    let body = body(endpoint);
    let done_when = (!endpoint.done_when.is_empty()).then(|| {
        let codes = endpoint
            .done_when
            .iter()
            .map(|code| format_ident!("{}", code.to_upper_camel_case()));
        quote!(
            const DONE_WHEN: &'static [ErrorCode] = &[#(ErrorCode::#codes),*];
        )
    });
    let settle = endpoint.settle.as_ref().map(|function| {
        let function = format_ident!("{function}");
        quote! {
            fn settle(&self, refusal: &ApiError) -> Settled<'_, Self::Output> {
                crate::settle::#function(self, refusal)
            }
        }
    });
    quote! {
        impl Endpoint for #name {
            type Output = #output;
            const ID: &'static str = #id;
            const METHOD: Method = Method::#method;
            const REPEAT: Repeat = Repeat::#repeat;
            #authenticated
            #verify_body
            #done_when

            #path
            #query
            #headers
            #body
            #repeat_of
            #hold
            #settle
        }
    }
}

/// What a success decodes into.
fn output(endpoint: &Endpoint) -> TokenStream {
    let Some(output) = &endpoint.output else {
        return quote!(());
    };
    let ty = output.ty.answered();
    match (output.conditional, output.optional) {
        (true, _) => quote!(Conditional<#ty>),
        (false, true) => quote!(Option<#ty>),
        (false, false) => ty,
    }
}

/// How long the server may hold a request on purpose.
fn hold(endpoint: &Endpoint) -> Option<TokenStream> {
    let argument = endpoint
        .arguments
        .iter()
        .find(|argument| argument.hold_seconds.is_some())?;
    let (name, seconds) = (identifier(argument), argument.hold_seconds);
    Some(quote! {
        fn hold(&self) -> Duration {
            if self.#name { Duration::from_secs(#seconds) } else { Duration::ZERO }
        }
    })
}

/// The text of a required argument.
fn text(argument: &Argument) -> TokenStream {
    let name = identifier(argument);
    if argument.is(Kind::Secret) {
        quote!(self.#name.expose())
    } else {
        quote!(&self.#name)
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
                let value = text(argument);
                steps.extend(quote!(.seg(#value)));
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
            if let Some(constant) = &argument.constant {
                return match argument.need {
                    Need::Optional => quote!(if self.#name { query.add(#wire, #constant); }),
                    Need::Required | Need::Always(_) => quote!(query.add(#wire, #constant);),
                };
            }
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
                _ if argument.is(Kind::IdempotencyKey) => quote!(headers.idempotency_key(self.#name.as_ref());),
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
        None if endpoint.has_body => quote!(Ok(Body::empty_object())),
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

pub(super) fn paging(endpoint: &Endpoint) -> Option<TokenStream> {
    let paging = endpoint.paging.as_ref()?;
    let output = output(endpoint);
    let name = format_ident!("{}", endpoint.rust_name);
    let item = format_ident!("{}", paging.item_type);
    let items = format_ident!("{}", paging.items);
    let key = format_ident!("{}", paging.key);
    let total = if paging.total {
        quote!(page.total.known())
    } else {
        quote!(None)
    };
    let page = if paging.total { quote!(page) } else { quote!(_) };
    Some(quote! {
        impl PagedEndpoint for #name {
            type Item = #item;

            fn offset(&self) -> u64 {
                self.offset.unwrap_or(0)
            }

            fn set_offset(&mut self, offset: u64) {
                self.offset = Some(offset);
            }

            fn total(#page: &#output) -> Option<u64> {
                #total
            }

            fn items(page: #output) -> Rows<#item> {
                page.#items
            }

            fn key(item: &#item) -> &str {
                item.#key.as_str()
            }
        }
    })
}
