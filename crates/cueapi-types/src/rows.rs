//! The rows of a list, read one by one: one that cannot be read hides none of the others.

use std::{collections::HashMap, fmt, ops::Deref, slice, vec};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, ser::SerializeSeq};
use serde_json::Value;

use crate::{Payload, misfit::misfit};

/// A model that lists are made of.
pub trait Row: DeserializeOwned {
    /// The member that tells one row from another, as it is named on the wire.
    const ID: &'static str;
}

/// The rows of a list.
///
/// It is used like a slice, or a `Vec` that is iterated, of the rows that could be read. The others are in
/// [`unreadable`](Self::unreadable), each with its id where it has one, and go back as they came.
///
/// ```
/// use cueapi_types::ExecutionList;
///
/// let page: ExecutionList = serde_json::from_str(r#"{"executions":[{"id":"1"},{"id":"2","status":7},{"id":"3"}]}"#)?;
/// assert_eq!(page.executions.len(), 2);
/// assert_eq!(page.executions[1].id, "3");
///
/// let row = &page.executions.unreadable()[0];
/// assert_eq!((row.index(), row.id()), (1, Some("2")));
/// assert_eq!(row.to_string(), "row 1 (2) cannot be read: $.status should be a string");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Rows<T> {
    read: Vec<T>,
    /// By their place in the list.
    unreadable: Vec<UnreadableRow>,
}

impl<T> Rows<T> {
    /// The rows that could not be read, in the order of the list.
    ///
    /// ```
    /// use cueapi_types::{Cue, Rows};
    ///
    /// assert!(Rows::<Cue>::default().unreadable().is_empty());
    /// ```
    #[must_use]
    pub fn unreadable(&self) -> &[UnreadableRow] {
        &self.unreadable
    }

    /// All rows, in the order of the list: what was read, and what could not be.
    ///
    /// ```
    /// use cueapi_types::{Cue, Rows};
    ///
    /// let rows: Rows<Cue> = serde_json::from_str(r#"[{"id":"cue_1"}, {"id":7}]"#)?;
    /// let rows: Vec<_> = rows.into_results().collect();
    /// assert!(rows[0].is_ok() && rows[1].is_err());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn into_results(self) -> impl Iterator<Item = Result<T, UnreadableRow>> {
        in_order(self.read, self.unreadable, |row| row.index)
    }
}

/// Puts the unreadable rows back in their places.
fn in_order<R, U>(
    read: impl IntoIterator<Item = R>,
    unreadable: impl IntoIterator<Item = U>,
    index: impl Fn(&U) -> usize,
) -> impl Iterator<Item = Result<R, U>> {
    let (mut read, mut unreadable) = (read.into_iter(), unreadable.into_iter().peekable());
    (0..).map_while(move |place| match unreadable.next_if(|row| index(row) == place) {
        Some(row) => Some(Err(row)),
        None => read.next().map(Ok),
    })
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self {
            read: Vec::new(),
            unreadable: Vec::new(),
        }
    }
}

impl<T> Deref for Rows<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.read
    }
}

impl<T> From<Rows<T>> for Vec<T> {
    fn from(rows: Rows<T>) -> Self {
        rows.read
    }
}

impl<T> IntoIterator for Rows<T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.read.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Rows<T> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.read.iter()
    }
}

impl<T: Serialize> Serialize for Rows<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.read.len() + self.unreadable.len()))?;
        for row in in_order(&self.read, &self.unreadable, |row| row.index) {
            match row {
                Ok(row) => list.serialize_element(row)?,
                Err(row) => list.serialize_element(&row.json)?,
            }
        }
        list.end()
    }
}

impl<'de, T: Row> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut rows = Self::default();
        for (index, json) in Vec::<Payload>::deserialize(deserializer)?.into_iter().enumerate() {
            match object(&json) {
                Ok(row) => rows.read.push(row),
                Err(error) => rows.unreadable.push(UnreadableRow {
                    index,
                    id: id(&json, T::ID),
                    error: misfit(json.as_str().as_bytes(), &error),
                    json,
                }),
            }
        }
        Ok(rows)
    }
}

/// The row, where it is an object: serde takes an array for a struct's fields in their order.
fn object<T: Row>(row: &Payload) -> serde_json::Result<T> {
    match row.as_str().as_bytes().first() {
        Some(b'{') => serde_json::from_str(row.as_str()),
        _ => Err(serde::de::Error::custom("not a row, expected an object")),
    }
}

/// The row's id, where it has one; numbers are taken as they are written.
fn id(row: &Payload, member: &str) -> Option<Box<str>> {
    let members = row.parse::<HashMap<String, Payload>>().ok()?;
    match members.get(member)?.parse().ok()? {
        Value::String(id) => Some(id.into()),
        Value::Number(id) => Some(id.to_string().into()),
        _ => None,
    }
}

/// A row of a list that this version of the crate cannot read.
///
/// Neither `Display` nor `Debug` shows more of it than its id.
#[derive(Clone, PartialEq)]
pub struct UnreadableRow {
    index: usize,
    id: Option<Box<str>>,
    error: String,
    json: Payload,
}

impl UnreadableRow {
    /// Its place among all rows of the list, from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its id, where it has one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// What is wrong with it, such as `$.status should be a string`. Quotes nothing of the row.
    #[must_use]
    pub fn error(&self) -> &str {
        &self.error
    }

    /// The row as it came. It may hold secrets: log it with care.
    #[must_use]
    pub fn json(&self) -> &Payload {
        &self.json
    }
}

impl fmt::Display for UnreadableRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}", self.index)?;
        if let Some(id) = &self.id {
            write!(f, " ({id})")?;
        }
        write!(f, " cannot be read: {}", self.error)
    }
}

impl fmt::Debug for UnreadableRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnreadableRow")
            .field("index", &self.index)
            .field("id", &self.id)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for UnreadableRow {}
