//! The API as the generator understands it: every reference followed, every name chosen, every default made plain.

use std::collections::HashMap;

use serde_json::Value;

use super::spec::{Availability, Repeat};

#[derive(Debug)]
pub(super) struct Api {
    pub(super) groups: Vec<Group>,
    /// Every tag, also those without operations: a file of types for each that has some.
    pub(super) sections: Vec<Section>,
    pub(super) types: Vec<TypeItem>,
    /// A JSON value for each generated model, with all of its fields.
    pub(super) samples: HashMap<String, Value>,
    pub(super) python_sdk: PythonSdk,
}

#[derive(Debug)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) doc: String,
}

/// What stands here for each method of the Python SDK: a pair of texts for each.
#[derive(Debug)]
pub(super) struct PythonSdk {
    pub(super) version: String,
    pub(super) methods: Vec<(String, String)>,
}

/// A tag: a resource group in the client, a file in each crate.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) rust_name: String,
    pub(super) doc: String,
    pub(super) endpoints: Vec<Endpoint>,
}

/// A generated type of cueapi-types.
#[derive(Debug)]
pub(super) struct TypeItem {
    pub(super) group: String,
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) hosted: bool,
    /// What tells it from others, where it is a row of a list.
    pub(super) row_id: Option<String>,
    pub(super) shape: Shape,
}

#[derive(Debug)]
pub(super) enum Shape {
    Model(Vec<Field>),
    /// A model that has all fields of another one, and converts into it.
    Extends {
        base: String,
        inherited: Vec<Field>,
        own: Vec<Field>,
    },
    /// Wire value and documentation of each variant.
    OpenEnum(Vec<(String, String)>),
}

#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) wire: String,
    pub(super) name: String,
    pub(super) ty: Type,
    pub(super) presence: Presence,
    pub(super) doc: String,
    pub(super) hosted: bool,
    /// Whether `Debug` shows nothing of it.
    pub(super) private: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Presence {
    /// Always there.
    Required,
    /// Possibly null, or not there, which is as good. Written as null.
    Nullable,
    /// Possibly not there, or null, which is as good. Not written then.
    Optional,
    /// The type's default where it is not there, or null.
    Defaulted,
}

/// A type of the wire, in Rust.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Type {
    Bool,
    /// `u16`, `u32`, `u64` or `i64`.
    Integer(&'static str),
    Float,
    String,
    List(Box<Type>),
    Named {
        name: String,
        kind: Kind,
    },
}

/// What the generator has to know of a type that has a name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// A newtype over text.
    Text,
    /// A newtype over text that shows itself only when asked.
    Secret,
    /// What tells a repeated request from a new one: made by the constructor.
    IdempotencyKey,
    OpenEnum,
    Timestamp,
    /// A JSON object.
    Payload,
    /// Any JSON.
    AnyPayload,
    /// Says that a destructive call is meant.
    Confirm,
    /// A generated model that has a `Default`, since all its fields are optional.
    Defaulted,
    /// Any other generated model.
    Model,
    /// Any other hand-written type.
    Other,
}

#[derive(Debug)]
pub(super) struct Endpoint {
    /// `cues.create`.
    pub(super) id: String,
    /// `create`.
    pub(super) method_name: String,
    /// `CreateCue`.
    pub(super) rust_name: String,
    /// `POST`.
    pub(super) http_method: String,
    /// `/v1/cues/{cue_id}`.
    pub(super) path: String,
    pub(super) summary: String,
    pub(super) description: String,
    pub(super) availability: Availability,
    pub(super) repeat: Repeat,
    /// Whether the API key goes along.
    pub(super) authenticated: bool,
    pub(super) verify_body: bool,
    pub(super) arguments: Vec<Argument>,
    /// Whether there is a body: without a member for it, the empty object.
    pub(super) has_body: bool,
    /// None where a success has no body.
    pub(super) output: Option<Output>,
    pub(super) success: u16,
    pub(super) errors: Vec<ErrorDoc>,
    pub(super) paging: Option<Paging>,
    pub(super) check: Option<String>,
    /// The error codes that refuse a repeat of what is done.
    pub(super) done_when: Vec<String>,
    /// The function that finds out what such a refusal says.
    pub(super) settle: Option<String>,
    /// The function that says for each request whether it may be repeated.
    pub(super) repeat_of: Option<String>,
}

/// What a success decodes into.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) ty: Type,
    /// Whether there are successes without a body.
    pub(super) optional: bool,
    /// Whether 304 is an answer, too.
    pub(super) conditional: bool,
    pub(super) example: Value,
}

#[derive(Debug)]
pub(super) struct ErrorDoc {
    pub(super) status: String,
    pub(super) code: String,
    pub(super) why: String,
}

#[derive(Debug)]
pub(super) struct Paging {
    /// Whether a page says how many rows there are in all.
    pub(super) total: bool,
    pub(super) items: String,
    pub(super) item_type: String,
    pub(super) key: String,
}

#[derive(Debug, Clone)]
pub(super) struct Argument {
    pub(super) wire: String,
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) ty: Type,
    pub(super) need: Need,
    pub(super) doc: String,
    pub(super) elsewhere: Elsewhere,
    /// A value, as a Rust expression.
    pub(super) example: String,
    /// Whether `Debug` shows nothing of it.
    pub(super) private: bool,
    /// The only value; the caller gives none.
    pub(super) constant: Option<String>,
    /// A member that null clears: the documentation of the method that does.
    pub(super) clear: Option<String>,
    /// The member of the body that has the same value.
    pub(super) also_in_body: Option<String>,
    /// How many seconds the server holds a request that has it.
    pub(super) hold_seconds: Option<u64>,
}

/// What becomes of an argument on a server that does not have it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Elsewhere {
    /// Both kinds of servers have it.
    Nowhere,
    /// Self-hosted servers ignore it.
    IgnoredBySelfHosted,
    /// Self-hosted servers refuse it.
    RefusedBySelfHosted,
    /// The hosted service's documentation does not have it.
    UnknownToHosted,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Place {
    Path,
    Query,
    Header,
    /// A member of the body.
    Body,
    /// Several members of the body.
    Flatten,
    /// The body itself.
    WholeBody,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Need {
    /// An argument of the constructor.
    Required,
    /// A setter.
    Optional,
    /// A setter; sent with this value where it is not called.
    Always(bool),
}

impl Type {
    /// Whether a server may say it beyond the range of its Rust type: such a member of an answer is an `Open`.
    pub(super) fn is_open(&self) -> bool {
        let is_time = |kind| kind == Kind::Timestamp;
        matches!(self, Self::Integer(_) | Self::Float) || matches!(self, Self::Named { kind, .. } if is_time(*kind))
    }

    /// The model that a list is of, where it is one of rows.
    pub(super) fn row(&self) -> Option<&str> {
        match self {
            Self::List(item) => match &**item {
                Self::Named {
                    name,
                    kind: Kind::Model | Kind::Defaulted,
                } => Some(name),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Endpoint {
    /// What the constructor takes.
    pub(super) fn required(&self) -> impl Iterator<Item = &Argument> {
        self.arguments
            .iter()
            .filter(|argument| argument.need == Need::Required && argument.is_given())
    }

    pub(super) fn optional(&self) -> impl Iterator<Item = &Argument> {
        self.arguments.iter().filter(|argument| argument.need != Need::Required)
    }

    pub(super) fn at(&self, place: Place) -> impl Iterator<Item = &Argument> {
        self.arguments.iter().filter(move |argument| argument.place == place)
    }

    /// Whether the endpoint struct itself is serialised as the body.
    pub(super) fn is_body(&self) -> bool {
        self.arguments
            .iter()
            .any(|argument| matches!(argument.place, Place::Body | Place::Flatten) || argument.also_in_body.is_some())
    }

    /// The part of the query that every request of the operation has.
    pub(super) fn fixed_query(&self) -> impl Iterator<Item = (&str, &str)> {
        self.at(Place::Query)
            .filter(|argument| argument.need == Need::Required)
            .filter_map(|argument| Some((argument.wire.as_str(), argument.constant.as_deref()?)))
    }
}

impl Argument {
    pub(super) fn is(&self, kind: Kind) -> bool {
        matches!(&self.ty, Type::Named { kind: own, .. } if *own == kind)
    }

    /// Whether the caller gives it.
    pub(super) fn is_given(&self) -> bool {
        self.constant.is_none()
    }
}
