//! Every generated model: a sample with all of its fields, and what is known of each.

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::generated::models::MODELS;

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
    /// Whether a response without it is refused.
    pub required: bool,
    /// Whether it can be null.
    pub nullable: bool,
    /// Whether it is an enum, which takes any text.
    pub open: bool,
    /// Whether `Debug` shows nothing of it.
    pub hidden: bool,
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
