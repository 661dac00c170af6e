//! The documentation of generated items, and its examples: they run, on a client that answers with the description's
//! own example.

mod types;

use std::fmt::Write;

use anyhow::{Context, Result, anyhow};
use heck::{ToSnakeCase, ToUpperCamelCase};
use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use super::{
    api::{Argument, Elsewhere, Endpoint, Group, Place, PythonSdk, Type},
    spec::{Availability, Repeat},
};

pub(super) use self::types::{model, open_enum};

/// Where lines of running text are broken.
const WIDTH: usize = 110;

const UNKNOWN_TO_HOSTED: &str = "Self-hosted servers only, as far as the hosted service's documentation tells.";

/// `#[doc]` attributes, one for each line; the formatter makes `///` of them.
pub(super) fn attributes(lines: &[String]) -> TokenStream {
    quote!(#(#[doc = #lines])*)
}

/// A description as lines of documentation.
pub(super) fn described(text: &str, hosted: bool) -> Vec<String> {
    let mut doc = Doc::default();
    doc.text(text);
    if hosted {
        doc.last_paragraph("Hosted service only.");
    }
    doc.lines
}

/// The documentation of a group's method.
pub(super) fn method(group: &Group, endpoint: &Endpoint) -> Result<Vec<String>> {
    let mut doc = Doc::default();
    doc.text(&endpoint.summary);
    match endpoint.availability {
        Availability::Core => {}
        Availability::Hosted => doc.last_paragraph("Hosted service only."),
        Availability::SelfHosted => doc.last_paragraph(UNKNOWN_TO_HOSTED),
    }
    doc.text(&endpoint.description);
    if endpoint.paging.is_some() {
        doc.text("One page, and with `.pager()` all of them.");
    }
    let optional: Vec<String> = endpoint
        .optional()
        .map(|argument| format!("`{}`", argument.name))
        .collect();
    if !optional.is_empty() {
        doc.text(&format!(
            "Optional arguments are methods of the call: {}.",
            optional.join(", ")
        ));
    }
    doc.text(&format!(
        "`{} {}`. {}{}{}",
        endpoint.http_method,
        endpoint.path,
        repeat(endpoint.repeat),
        done(endpoint),
        if endpoint.authenticated {
            ""
        } else {
            " Goes without the API key, also from a client that has none."
        }
    ));

    doc.code(&sent(group, endpoint)?);

    doc.text("# Errors");
    for error in &endpoint.errors {
        let variant = error.code.to_upper_camel_case();
        let link = format!("[`{variant}`](cueapi_types::ErrorCode::{variant})");
        doc.item(&format!("{link} ({}): {}", error.status, error.why));
    }
    doc.text(match endpoint.errors.as_slice() {
        [] => "Those of every call: see [`ErrorKind`](crate::ErrorKind).",
        _ => "And those of every call: see [`ErrorKind`](crate::ErrorKind).",
    });
    Ok(doc.lines)
}

/// The documentation of a setter.
pub(super) fn setter(group: &Group, endpoint: &Endpoint, argument: &Argument) -> Result<Vec<String>> {
    let mut doc = Doc::default();
    doc.text(&argument.doc);
    match argument.elsewhere {
        Elsewhere::Nowhere => {}
        Elsewhere::IgnoredBySelfHosted => doc.last_paragraph("Hosted service only; self-hosted servers ignore it."),
        Elsewhere::RefusedBySelfHosted => {
            doc.last_paragraph("Hosted service only; self-hosted servers refuse it (422).")
        }
        Elsewhere::UnknownToHosted => doc.last_paragraph(UNKNOWN_TO_HOSTED),
    }
    let value = if argument.is_given() { &argument.example } else { "" };
    let call = format!("{}.{}({value})", call(group, endpoint), argument.name);
    doc.code(&not_sent(&call, &[])?);
    Ok(doc.lines)
}

/// The documentation of the method that clears what null clears.
pub(super) fn clear(group: &Group, endpoint: &Endpoint, argument: &Argument, text: &str) -> Result<Vec<String>> {
    let mut doc = Doc::default();
    doc.text(text);
    let call = format!("{}.clear_{}()", call(group, endpoint), argument.name);
    doc.code(&not_sent(&call, &[])?);
    Ok(doc.lines)
}

/// The table of what stands here for each method of the Python SDK.
pub(super) fn python_sdk(sdk: &PythonSdk) -> String {
    let mut text = format!(
        "# For users of the Python SDK\n\nWhat stands here for each method of its version {}:\n\n| Python | here |\n|---|---|\n",
        sdk.version
    );
    for (method, counterpart) in &sdk.methods {
        let _ = writeln!(text, "| `{method}` | {counterpart} |");
    }
    text
}

/// The documentation of an endpoint struct.
pub(super) fn endpoint(group: &Group, endpoint: &Endpoint) -> Vec<String> {
    let mut doc = Doc::default();
    doc.text(&format!(
        "`{} {}`: see [`{}::{}`].",
        endpoint.http_method, endpoint.path, group.rust_name, endpoint.method_name
    ));
    doc.code(&[
        "use cueapi_core::Endpoint;".to_owned(),
        format!("use cueapi_core::api::{}::{};", group.name, endpoint.rust_name),
        String::new(),
        format!("assert_eq!({}::ID, {:?});", endpoint.rust_name, endpoint.id),
        format!(
            "assert_eq!({}::METHOD, http::Method::{});",
            endpoint.rust_name, endpoint.http_method
        ),
    ]);
    doc.lines
}

/// The documentation of a group.
pub(super) fn group(group: &Group) -> Result<Vec<String>> {
    let mut doc = Doc::default();
    doc.text(&group.doc);
    if let Some(first) = group.endpoints.first() {
        doc.code(&not_sent(&call(group, first), &[])?);
    }
    Ok(doc.lines)
}

/// The documentation of an endpoint's constructor.
pub(super) fn constructor(group: &Group, endpoint: &Endpoint) -> Result<Vec<String>> {
    let mut doc = Doc::default();
    doc.text(&format!(
        "The operation `{}` with its required arguments, for `client.call(…)`.",
        endpoint.id
    ));
    let name = &endpoint.rust_name;
    let arguments: Vec<&str> = endpoint.required().map(|argument| argument.example.as_str()).collect();
    let call = format!("client.call({name}::new({}))", arguments.join(", "));
    let import = format!("use cueapi_core::api::{}::{name};", group.name);
    doc.code(&not_sent(&call, &[(name, import)])?);
    Ok(doc.lines)
}

/// The documentation of a group's accessor on a client.
pub(super) fn accessor(group: &Group, client: &str) -> Vec<String> {
    let mut doc = Doc::default();
    doc.text(&group.doc);
    doc.code(&[
        format!("# let client = cueapi_core::testing::ReplayClient::default().{client}();"),
        format!("let {0} = client.{0}();", group.name),
    ]);
    doc.lines
}

fn repeat(repeat: Repeat) -> &'static str {
    match repeat {
        Repeat::Safe => "Sent again when the fate of an attempt is unknown.",
        Repeat::Keyed => "Sent again when the fate of an attempt is unknown, with the same idempotency key.",
        Repeat::WriteOnce => "Sent again when the fate of an attempt is unknown: the server keeps the first.",
        Repeat::Unsafe => {
            "Not sent again when the fate of an attempt is unknown, since a second one would do the work twice: see \
             [`may_have_executed`](crate::Error::may_have_executed)."
        }
    }
}

/// What a refused repeat means, where that is a success without a value of its own.
fn done(endpoint: &Endpoint) -> String {
    if endpoint.done_when.is_empty() || endpoint.settle.is_some() {
        return String::new();
    }
    let codes: Vec<String> = endpoint.done_when.iter().map(|code| format!("`{code}`")).collect();
    let value = if endpoint.output.is_some() { ", with `None`" } else { "" };
    format!(
        " A repeat that is refused with {} is a success{value}: an earlier attempt did it.",
        codes.join(" or ")
    )
}

/// `client.cues().get("cue_…")`
fn call(group: &Group, endpoint: &Endpoint) -> String {
    let arguments: Vec<&str> = endpoint.required().map(|argument| argument.example.as_str()).collect();
    format!(
        "client.{}().{}({})",
        group.name,
        endpoint.method_name,
        arguments.join(", ")
    )
}

/// An example that makes the call.
fn sent(group: &Group, endpoint: &Endpoint) -> Result<Vec<String>> {
    let call = call(group, endpoint);
    let (body, variable) = match &endpoint.output {
        None => (String::new(), None),
        Some(_) if endpoint.paging.is_some() => (body(endpoint)?, Some("page".to_owned())),
        Some(output) => (body(endpoint)?, Some(variable(&output.ty))),
    };
    let statement = match variable {
        None => format!("{call}.await?;"),
        Some(variable) => format!("let {variable} = {call}.await?;"),
    };
    let mut path = endpoint.path.clone();
    for argument in endpoint.at(Place::Path) {
        path = path.replace(
            &format!("{{{}}}", argument.wire),
            &escaped(argument.example.trim_matches('"')),
        );
    }
    for (index, (name, value)) in endpoint.fixed_query().enumerate() {
        let _ = write!(path, "{}{name}={value}", if index == 0 { '?' } else { '&' });
    }
    let mut code = vec![
        "# use cueapi_core::testing::{ReplayClient, json, run};".to_owned(),
        format!(
            "# let replay = ReplayClient::new([json({}, r#\"{body}\"#)]);",
            endpoint.success
        ),
        "# let client = replay.client();".to_owned(),
        "# run(async {".to_owned(),
    ];
    code.extend(with_imports(&statement, &[])?);
    code.push(format!(
        "# assert!(replay.requests()[0].starts_with(\"{} {path}\\n\"));",
        endpoint.http_method
    ));
    code.push("# Ok::<_, cueapi_core::Error>(()) }).unwrap();".to_owned());
    Ok(code)
}

/// A text as a segment of a path.
fn escaped(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let escape = |byte: u8| {
        if plain(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(escape).collect()
}

/// What an example calls a value of a type.
fn variable(ty: &Type) -> String {
    match ty {
        Type::List(item) => format!("{}s", variable(item)),
        _ => ty.named().unwrap_or("value").to_snake_case(),
    }
}

fn body(endpoint: &Endpoint) -> Result<String> {
    let example = endpoint.output.as_ref().map(|output| &output.example);
    serde_json::to_string(&example).with_context(|| format!("the example of {}", endpoint.id))
}

/// An example that describes the call and does not make it; with imports that are known, by name.
fn not_sent(call: &str, known: &[(&str, String)]) -> Result<Vec<String>> {
    let mut code = vec!["# let client = cueapi_core::testing::ReplayClient::default().client();".to_owned()];
    code.extend(with_imports(&format!("let call = {call};"), known)?);
    Ok(code)
}

/// A statement laid out, behind the imports that it needs.
fn with_imports(statement: &str, known: &[(&str, String)]) -> Result<Vec<String>> {
    let tokens: TokenStream = statement
        .parse()
        .map_err(|_| anyhow!("an example is not Rust, look at the x-rust-example in it: {statement}"))?;
    let mut names = Vec::new();
    type_names(tokens, &mut names);
    names.sort_unstable();

    let confirm = ("ConfirmDestructive", "use cueapi_core::ConfirmDestructive;".to_owned());
    let mut lines = Vec::new();
    for (name, import) in known.iter().chain([&confirm]) {
        if let Some(position) = names.iter().position(|used| used == name) {
            names.remove(position);
            lines.push(import.clone());
        }
    }
    match names.as_slice() {
        [] => {}
        [name] => lines.push(format!("use cueapi_core::types::{name};")),
        names => lines.push(format!("use cueapi_core::types::{{{}}};", names.join(", "))),
    }
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.extend(laid_out(statement)?);
    Ok(lines)
}

/// The types that a piece of code names without a path.
fn type_names(tokens: TokenStream, names: &mut Vec<String>) {
    let mut in_path = false;
    for token in tokens {
        match &token {
            TokenTree::Ident(ident) if !in_path => {
                let ident = ident.to_string();
                if ident.starts_with(char::is_uppercase) && !names.contains(&ident) {
                    names.push(ident);
                }
            }
            TokenTree::Group(group) => type_names(group.stream(), names),
            _ => {}
        }
        in_path = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ':');
    }
}

/// A statement as the formatter breaks it into lines.
fn laid_out(statement: &str) -> Result<Vec<String>> {
    let file = syn::parse_str(&format!("async fn example() {{ {statement} }}"))
        .with_context(|| format!("an example is not Rust, look at the x-rust-example in it: {statement}"))?;
    let text = prettyplease::unparse(&file);
    let lines: Vec<&str> = text.lines().collect();
    let inside = lines.get(1..lines.len().saturating_sub(1)).unwrap_or_default();
    Ok(inside
        .iter()
        .map(|line| line.strip_prefix("    ").unwrap_or(line).to_owned())
        .collect())
}

/// Lines of documentation, each with the space that follows `///`.
#[derive(Default)]
struct Doc {
    lines: Vec<String>,
}

impl Doc {
    /// Paragraphs, broken at the width.
    fn text(&mut self, text: &str) {
        for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
            if !self.lines.is_empty() {
                self.lines.push(String::new());
            }
            self.wrapped(paragraph, "", "");
        }
    }

    /// An item of a list.
    fn item(&mut self, text: &str) {
        if !self
            .lines
            .last()
            .is_some_and(|line| line.starts_with(" * ") || line.starts_with("   "))
        {
            self.lines.push(String::new());
        }
        self.wrapped(text, "* ", "  ");
    }

    /// A sentence behind the last paragraph, where that is one line; a paragraph else.
    fn last_paragraph(&mut self, sentence: &str) {
        match self.lines.last_mut() {
            Some(line) if line.len() + sentence.len() < WIDTH => {
                let _ = write!(line, " {sentence}");
            }
            _ => self.text(sentence),
        }
    }

    fn code(&mut self, lines: &[String]) {
        self.lines.push(String::new());
        self.lines.push(" ```".to_owned());
        self.lines.extend(lines.iter().map(|line| {
            if line.is_empty() {
                String::new()
            } else {
                format!(" {line}")
            }
        }));
        self.lines.push(" ```".to_owned());
    }

    fn wrapped(&mut self, text: &str, first: &str, rest: &str) {
        let mut line = format!(" {first}");
        let mut empty = true;
        for word in text.split_whitespace() {
            if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.lines.push(std::mem::replace(&mut line, format!(" {rest}")));
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        self.lines.push(line);
    }
}
