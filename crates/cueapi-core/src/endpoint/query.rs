//! Query strings, escaped.

use std::fmt::Display;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but RFC 3986's unreserved characters: `+` in particular is sent as `%2B`, or the server reads a space.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Writes the query of a request.
///
/// ```
/// use cueapi_core::endpoint::QueryBuilder;
///
/// /// What an `Endpoint::query` of your own may look like: `?limit=20`, and `&status=…` where there is one.
/// fn query(status: Option<&str>, query: &mut QueryBuilder) {
///     query.add("limit", 20).add_some("status", status);
/// }
/// # query(None, &mut QueryBuilder::default());
/// ```
#[derive(Debug, Default)]
pub struct QueryBuilder {
    query: String,
}

impl QueryBuilder {
    /// Adds a parameter; the value is escaped.
    pub fn add(&mut self, name: &'static str, value: impl Display) -> &mut Self {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        self.query.push_str(name);
        self.query.push('=');
        self.query.extend(utf8_percent_encode(&value.to_string(), VALUE));
        self
    }

    /// Adds a parameter where there is a value.
    pub fn add_some(&mut self, name: &'static str, value: Option<impl Display>) -> &mut Self {
        if let Some(value) = value {
            self.add(name, value);
        }
        self
    }

    /// The query with its leading `?`, or nothing.
    pub(crate) fn finish(self) -> String {
        self.query
    }
}
