//! Request bodies, read member by member the way pydantic reads them: same order, same complaints.

use super::{
    email::email,
    errors::Detail,
    uuid::uuid,
    values::{
        Given, Length, NOT_UNICODE, at_least, between, boolean, choice, datetime, dict, integer, list, text, url,
    },
};
use crate::{
    engine::{Moment, Uuid},
    json::Json,
};

/// What a JSON request body came as.
pub(super) enum Body {
    /// Nothing, or `null`.
    Absent,
    /// JSON.
    Json(Json),
    /// Bytes that are not said to be JSON.
    Opaque,
}

pub(super) const NOT_A_MODEL: &str = "Input should be a valid dictionary or object to extract fields from";

/// What is wrong with a request.
#[derive(Default)]
pub(super) struct Problems {
    /// What the answer lists.
    pub(super) details: Vec<Detail>,
    /// A value that passes every check and that no database can store.
    pub(super) unstorable: bool,
}

/// The members of one object, read one after another; what is wrong with them gathers in `problems`.
pub(super) struct Form<'a> {
    members: &'a [(Box<str>, Json)],
    at: String,
    problems: &'a mut Problems,
    seen: Vec<&'static str>,
}

impl<'a> Form<'a> {
    /// The object that a body must be.
    pub(super) fn body(body: &'a Body, problems: &'a mut Problems) -> Option<Self> {
        match body {
            Body::Json(Json::Object(members)) => Some(Self {
                members,
                at: "body".into(),
                problems,
                seen: Vec::new(),
            }),
            Body::Absent | Body::Json(Json::Null) => {
                problems.details.push(Detail {
                    field: "body".into(),
                    message: "Field required".into(),
                });
                None
            }
            Body::Json(_) | Body::Opaque => {
                problems.details.push(Detail {
                    field: "body".into(),
                    message: NOT_A_MODEL.into(),
                });
                None
            }
        }
    }

    fn fail(&mut self, name: &str, message: impl Into<String>) {
        self.problems.details.push(Detail {
            field: format!("{}.{name}", self.at),
            message: message.into(),
        });
    }

    fn find(&mut self, name: &'static str) -> Option<&'a Json> {
        self.seen.push(name);
        self.members
            .iter()
            .find(|(key, _)| &**key == name)
            .map(|(_, value)| value)
    }

    /// A member that is there and not null.
    fn given(&mut self, name: &'static str) -> Option<&'a Json> {
        self.find(name).filter(|value| **value != Json::Null)
    }

    fn required(&mut self, name: &'static str) -> Option<&'a Json> {
        let value = self.find(name);
        if value.is_none() {
            self.fail(name, "Field required");
        }
        value
    }

    fn check<T>(&mut self, name: &str, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.fail(name, message)).ok()
    }

    /// A text with half a surrogate pair passes, unless its length must be counted.
    fn text<'v>(&mut self, name: &str, value: &'v Json, limits: Length) -> Option<&'v str> {
        if *value == Json::LoneSurrogate && limits == Length::ANY {
            self.problems.unstorable = true;
            return Some("");
        }
        self.check(name, text(value, limits))
    }

    pub(super) fn required_str(&mut self, name: &'static str, limits: Length) -> Option<&'a str> {
        let value = self.required(name)?;
        self.text(name, value, limits)
    }

    /// An e-mail address, its domain in lower case.
    pub(super) fn required_email(&mut self, name: &'static str) -> Option<String> {
        let value = self.required(name)?;
        let text = match value {
            Json::LoneSurrogate => Ok("\u{fffd}"),
            value => text(value, Length::ANY),
        };
        self.check(name, text.and_then(email))
    }

    pub(super) fn str_or(&mut self, name: &'static str, default: &'a str) -> Option<&'a str> {
        match self.find(name) {
            Some(value) => self.text(name, value, Length::ANY),
            None => Some(default),
        }
    }

    pub(super) fn opt_str(&mut self, name: &'static str, limits: Length) -> Option<&'a str> {
        let value = self.given(name)?;
        self.text(name, value, limits)
    }

    /// A text of a certain form; the pattern is what the complaint shows.
    pub(super) fn opt_pattern(
        &mut self,
        name: &'static str,
        limits: Length,
        pattern: &str,
        matches: impl FnOnce(&str) -> bool,
    ) -> Option<&'a str> {
        let value = self.given(name)?;
        let checked = text(value, limits).and_then(|text| {
            let complaint = || format!("String should match pattern '{pattern}'");
            matches(text).then_some(text).ok_or_else(complaint)
        });
        self.check(name, checked)
    }

    /// Whether a member is there and null.
    pub(super) fn is_null(&mut self, name: &'static str) -> bool {
        self.find(name) == Some(&Json::Null)
    }

    pub(super) fn required_bool(&mut self, name: &'static str) -> Option<bool> {
        let value = self.required(name)?;
        self.check(name, boolean(value))
    }

    pub(super) fn bool_or(&mut self, name: &'static str, default: bool) -> Option<bool> {
        match self.find(name) {
            Some(value) => self.check(name, boolean(value)),
            None => Some(default),
        }
    }

    pub(super) fn opt_bool(&mut self, name: &'static str) -> Option<bool> {
        let value = self.given(name)?;
        self.check(name, boolean(value))
    }

    /// A number from 0 on.
    pub(super) fn required_count(&mut self, name: &'static str) -> Option<i64> {
        let value = self.required(name)?;
        let count = self.check(name, integer(value).and_then(|value| at_least(&value, 0)))?;
        self.problems.unstorable |= count.is_none();
        Some(count.unwrap_or_default())
    }

    pub(super) fn int_or(&mut self, name: &'static str, default: i64, low: i64, high: i64) -> Option<i64> {
        match self.find(name) {
            Some(value) => self.check(name, integer(value).and_then(|value| between(&value, low, high))),
            None => Some(default),
        }
    }

    pub(super) fn ints_or(&mut self, name: &'static str, default: Vec<Json>) -> Option<Vec<Json>> {
        let Some(value) = self.find(name) else {
            return Some(default);
        };
        let items = self.check(name, list(value))?;
        let before = self.problems.details.len();
        let numbers = items.iter().enumerate();
        let numbers = numbers
            .filter_map(|(at, item)| self.check(&format!("{name}.{at}"), integer(item)))
            .collect();
        (self.problems.details.len() == before).then_some(numbers)
    }

    pub(super) fn opt_strs(&mut self, name: &'static str) -> Option<Vec<Box<str>>> {
        let value = self.given(name)?;
        let items = self.check(name, list(value))?;
        let items = items.iter().enumerate();
        Some(
            items
                .filter_map(|(at, item)| self.text(&format!("{name}.{at}"), item, Length::ANY).map(Into::into))
                .collect(),
        )
    }

    pub(super) fn opt_list(&mut self, name: &'static str) -> Option<&'a [Json]> {
        let value = self.given(name)?;
        self.check(name, list(value))
    }

    pub(super) fn opt_dict(&mut self, name: &'static str) -> Option<&'a Json> {
        let value = self.given(name)?;
        self.check(name, dict(value).map(|_| value))
    }

    /// An object, empty when it is not there.
    pub(super) fn dict_or_empty(&mut self, name: &'static str) -> Option<Json> {
        match self.find(name) {
            Some(value) => self.check(name, dict(value).map(|_| value.clone())),
            None => Some(Json::Object(Vec::new())),
        }
    }

    /// An object of strings.
    pub(super) fn opt_str_dict(&mut self, name: &'static str) -> Option<Json> {
        let value = self.given(name)?;
        let members = self.check(name, dict(value))?;
        for (key, value) in members {
            self.text(&format!("{name}.{key}"), value, Length::ANY);
        }
        Some(value.clone())
    }

    pub(super) fn opt_url(&mut self, name: &'static str) -> Option<Box<str>> {
        let value = self.given(name)?;
        self.check(name, url(value))
    }

    /// A moment, and as it was given.
    pub(super) fn opt_datetime(&mut self, name: &'static str) -> Option<(Moment, Given)> {
        let value = self.given(name)?;
        self.datetime(name, value)
    }

    fn datetime(&mut self, name: &str, value: &Json) -> Option<(Moment, Given)> {
        let given = self.check(name, datetime(value))?;
        let moment = given.moment();
        self.problems.unstorable |= moment.is_none();
        Some((moment?, given))
    }

    /// One of a few texts.
    pub(super) fn opt_choice<T: Copy>(&mut self, name: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let value = self.given(name)?;
        self.check(name, choice(value, choices))
    }

    /// The same, and not null.
    pub(super) fn choice_or<T: Copy>(&mut self, name: &'static str, choices: &[(&str, T)], default: T) -> Option<T> {
        match self.find(name) {
            Some(value) => self.check(name, choice(value, choices)),
            None => Some(default),
        }
    }

    pub(super) fn required_choice<T: Copy>(&mut self, name: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let value = self.required(name)?;
        self.check(name, choice(value, choices))
    }

    /// A member that is an object of its own; `None` also when something in it is wrong.
    pub(super) fn opt_form<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Form<'_>) -> Option<T>,
    ) -> Option<T> {
        let value = self.given(name)?;
        self.form(name, value, read)
    }

    pub(super) fn required_form<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Form<'_>) -> Option<T>,
    ) -> Option<T> {
        let value = self.required(name)?;
        self.form(name, value, read)
    }

    /// A list of objects; empty when it is not there.
    pub(super) fn forms<T>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut(&mut Form<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Some(value) = self.find(name) else {
            return Some(Vec::new());
        };
        let items = self.check(name, list(value))?;
        let items = items.iter().enumerate();
        let read: Vec<_> = items
            .map(|(at, item)| self.form(&format!("{name}.{at}"), item, &mut read))
            .collect();
        read.into_iter().collect()
    }

    pub(super) fn required_datetime(&mut self, name: &'static str) -> Option<Moment> {
        let value = self.required(name)?;
        self.datetime(name, value).map(|(at, _)| at)
    }

    pub(super) fn required_uuid(&mut self, name: &'static str) -> Option<Uuid> {
        let value = self.required(name)?;
        let id = match value {
            Json::Str(text) => uuid(text),
            Json::LoneSurrogate => Err(NOT_UNICODE.into()),
            _ => Err("UUID input should be a string, bytes or UUID object".into()),
        };
        self.check(name, id)
    }

    fn form<T>(&mut self, name: &str, value: &Json, read: impl FnOnce(&mut Form<'_>) -> Option<T>) -> Option<T> {
        let Json::Object(members) = value else {
            self.fail(name, NOT_A_MODEL);
            return None;
        };
        let at = format!("{}.{name}", self.at);
        read(&mut Form {
            members,
            at,
            problems: self.problems,
            seen: Vec::new(),
        })
    }

    /// Refuses members that nothing has asked for.
    pub(super) fn forbid_extra(&mut self) {
        for (key, _) in self.members {
            if !self.seen.contains(&&**key) {
                self.fail(key, "Extra inputs are not permitted");
            }
        }
    }

    pub(super) fn has_errors(&self) -> bool {
        !self.problems.details.is_empty()
    }

    /// A complaint of the server's own about a member.
    pub(super) fn refuse(&mut self, name: &str, message: &str) {
        self.fail(name, format!("Value error, {message}"));
    }

    /// A complaint about the object as a whole.
    pub(super) fn reject(&mut self, message: &str) {
        self.problems.details.push(Detail {
            field: self.at.clone(),
            message: format!("Value error, {message}"),
        });
    }
}
