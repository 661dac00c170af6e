//! Every generated model: a sample with all of its fields, and what is known of each.

use std::fmt::Debug;

use cueapi_types::{Rows, UnreadableRow};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::generated::{lists::LISTS, models::MODELS};

/// A generated model.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// Its type's name.
    pub name: &'static str,
    /// What is known of each field.
    pub fields: &'static [Field],
    sample: &'static str,
    again: fn(&str) -> serde_json::Result<Value>,
    shown: fn(&str) -> serde_json::Result<String>,
}

/// A field of a model.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name on the wire.
    pub name: &'static str,
    /// Whether a response without it is refused. What is not required can be null, too.
    pub required: bool,
    /// What it takes.
    pub kind: Kind,
    /// Whether `Debug` shows nothing of it.
    pub hidden: bool,
}

/// What a field takes beyond what this version knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A number or a time, of any size and in any form.
    Ranged,
    /// An enum, which takes any text.
    Enum,
    /// Nothing.
    Other,
}

/// A list in an answer.
#[derive(Clone, Copy, Debug)]
pub struct List {
    /// The operation that answers with it, such as `cues.list`.
    pub operation: &'static str,
    /// The operation's method.
    pub method: &'static str,
    /// Its path, with parameters in braces.
    pub path: &'static str,
    /// Where the list is in the answer, as a JSON pointer.
    pub at: &'static str,
    /// The model of its rows.
    pub row: &'static str,
    sample: &'static str,
    rows: fn(&str) -> serde_json::Result<Listed>,
}

/// What came of an answer with a list in it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// How many rows could be read.
    pub read: usize,
    /// Those that could not.
    pub unreadable: Vec<UnreadableRow>,
    /// The answer, encoded again.
    pub again: Value,
}

impl List {
    pub(crate) const fn new(
        operation: &'static str,
        (method, path): (&'static str, &'static str),
        at: &'static str,
        row: &'static str,
        sample: &'static str,
        rows: fn(&str) -> serde_json::Result<Listed>,
    ) -> Self {
        Self {
            operation,
            method,
            path,
            at,
            row,
            sample,
            rows,
        }
    }

    /// Reads an answer.
    ///
    /// # Errors
    ///
    /// When all of it cannot be read.
    pub fn read(&self, answer: &str) -> serde_json::Result<Listed> {
        (self.rows)(answer)
    }

    /// An answer with this list in it.
    ///
    /// # Panics
    ///
    /// Never: samples are JSON, and have their lists.
    #[must_use]
    pub fn answer(&self, rows: Vec<Value>) -> Value {
        let mut answer: Value =
            serde_json::from_str(self.sample).unwrap_or_else(|error| unreachable!("{}: {error}", self.operation));
        match answer.pointer_mut(self.at) {
            Some(list) => *list = Value::Array(rows),
            None => unreachable!("the sample of {} has nothing at {}", self.operation, self.at),
        }
        answer
    }
}

/// Every list in an answer of the API.
#[must_use]
pub fn lists() -> &'static [List] {
    LISTS
}

pub(crate) fn rows<P: DeserializeOwned + Serialize, R>(
    text: &str,
    rows: fn(&P) -> &Rows<R>,
) -> serde_json::Result<Listed> {
    let page = serde_json::from_str(text)?;
    let rows = rows(&page);
    Ok(Listed {
        read: rows.len(),
        unreadable: rows.unreadable().to_vec(),
        again: serde_json::to_value(&page)?,
    })
}

/// All of them.
#[must_use]
pub fn models() -> &'static [Model] {
    MODELS
}

impl Model {
    pub(crate) const fn new<T: DeserializeOwned + Serialize + Debug>(
        name: &'static str,
        sample: &'static str,
        fields: &'static [Field],
    ) -> Self {
        Self {
            name,
            fields,
            sample,
            again: again::<T>,
            shown: shown::<T>,
        }
    }

    /// A value with all of its fields.
    ///
    /// # Panics
    ///
    /// Never: samples are JSON.
    #[must_use]
    pub fn sample(&self) -> Value {
        serde_json::from_str(self.sample).unwrap_or_else(|error| unreachable!("{}: {error}", self.name))
    }

    /// Decodes a value as the model and encodes it again.
    ///
    /// # Errors
    ///
    /// When it does not decode.
    pub fn again(&self, value: &Value) -> serde_json::Result<Value> {
        // As text: that is how responses come.
        (self.again)(&value.to_string())
    }

    /// What `Debug` shows of a value that is decoded as the model.
    ///
    /// # Errors
    ///
    /// When it does not decode.
    pub fn shown(&self, value: &Value) -> serde_json::Result<String> {
        (self.shown)(&value.to_string())
    }
}

fn shown<T: DeserializeOwned + Debug>(text: &str) -> serde_json::Result<String> {
    let value = serde_json::from_str::<T>(text)?;
    Ok(format!("{value:?} {value:#?}"))
}

fn again<T: DeserializeOwned + Serialize>(text: &str) -> serde_json::Result<Value> {
    serde_json::to_value(serde_json::from_str::<T>(text)?)
}
