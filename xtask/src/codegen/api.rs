//! The API as the generator understands it: every reference followed, every name chosen, every default made plain.

use serde_json::Value;

use super::spec::Repeat;

#[derive(Debug)]
pub(super) struct Api {
    pub(super) groups: Vec<Group>,
    pub(super) types: Vec<TypeItem>,
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
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Presence {
    /// Always there.
    Required,
    /// There, and possibly null. Not there is as good as null.
    Nullable,
    /// Some servers do not send it.
    Optional,
    /// Some servers do not send it, and then it is the type's default.
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
    OpenEnum,
    Timestamp,
    Payload,
    /// Says that a destructive call is meant.
    Confirm,
    /// A generated model that has a `Default`, since all its fields are optional.
    Defaulted,
    /// Any other type, generated or hand-written.
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
    pub(super) hosted: bool,
    pub(super) repeat: Repeat,
    pub(super) arguments: Vec<Argument>,
    /// None where a success has no body.
    pub(super) output: Option<Output>,
    pub(super) success: u16,
    pub(super) errors: Vec<ErrorDoc>,
    pub(super) paging: Option<Paging>,
    pub(super) check: Option<String>,
    pub(super) read_back: Option<String>,
}

#[derive(Debug)]
pub(super) struct Output {
    pub(super) name: String,
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
    pub(super) hosted: bool,
    /// A value, as a Rust expression.
    pub(super) example: String,
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

impl Endpoint {
    pub(super) fn required(&self) -> impl Iterator<Item = &Argument> {
        self.arguments.iter().filter(|argument| argument.need == Need::Required)
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
            .any(|argument| matches!(argument.place, Place::Body | Place::Flatten))
    }
}
