//! Query parameters, read the way FastAPI reads them.

use jiff::Timestamp;

use super::{
    Detail, Reply, decode, validation,
    values::{self, Length},
};
use crate::{
    engine::{Moment, Refusal},
    json::Json,
};

/// Query parameters; of a repeated one the last counts.
pub(super) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")))
        });
        Self { pairs: pairs.collect() }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// What a column must be equal to, where the parameter says it. No column holds a NUL.
    pub(super) fn filter(&self, name: &str) -> Result<Option<String>, Reply> {
        match self.text(name).filter(|text| !text.is_empty()) {
            Some(text) if text.contains('\0') => Err(Reply::Crash),
            given => Ok(given),
        }
    }

    /// `limit` and `offset`, or what they are called here.
    pub(super) fn window(&self, limit: (&str, i64), offset: &str) -> Result<Window, Reply> {
        let mut parameters = self.parameters();
        let window = parameters.window((limit.0, limit.1, 100), offset);
        parameters.finish().map(|()| window)
    }

    /// To read those that are not texts; what is wrong with them gathers.
    pub(super) fn parameters(&self) -> Parameters<'_> {
        Parameters {
            query: self,
            problems: Vec::new(),
            unstorable: false,
        }
    }
}

/// How long a page is, and where it begins: an error where no column holds the number, which the server finds late.
pub(super) type Window = (usize, Result<usize, Refusal>);

pub(super) struct Parameters<'a> {
    query: &'a Query,
    problems: Vec<Detail>,
    unstorable: bool,
}

impl<'a> Parameters<'a> {
    pub(super) fn int(&mut self, name: &str, default: i64, low: i64, high: i64) -> i64 {
        let number = self.read(name, |text| {
            values::integer(text).and_then(|value| values::between(&value, low, high))
        });
        number.unwrap_or(default)
    }

    /// A number from 0 on: an error where no column holds it, which the server finds late.
    pub(super) fn count(&mut self, name: &str) -> Result<i64, Refusal> {
        let number = self.read(name, |text| {
            values::integer(text).and_then(|value| values::at_least(&value, 0))
        });
        number.unwrap_or(Some(0)).ok_or(Refusal::Internal)
    }

    pub(super) fn required(&mut self, name: &str) -> &'a str {
        let text = self.query.get(name);
        if text.is_none() {
            self.problems.push(Detail {
                field: format!("query.{name}"),
                message: "Field required".into(),
            });
        }
        text.unwrap_or_default()
    }

    pub(super) fn text(&mut self, name: &str, limits: Length) -> Option<Box<str>> {
        self.read(name, |text| values::text(text, limits).map(Into::into))
    }

    /// Whether a parameter is there, of which there is only one value.
    pub(super) fn only(&mut self, name: &str, value: &str) -> bool {
        self.read(name, |text| values::choice(text, &[(value, ())])).is_some()
    }

    pub(super) fn bool(&mut self, name: &str) -> bool {
        self.read(name, values::boolean).unwrap_or(false)
    }

    pub(super) fn datetime(&mut self, name: &str) -> Option<Timestamp> {
        let given = self.read(name, values::datetime)?.moment();
        self.unstorable |= given.is_none();
        given.map(Moment::due)
    }

    /// A page: name, default and maximum of its length, and the name of where it begins.
    pub(super) fn window(&mut self, limit: (&str, i64, i64), offset: &str) -> Window {
        let size = |n: i64| usize::try_from(n).unwrap_or(usize::MAX);
        let limit = self.int(limit.0, limit.1, 1, limit.2);
        (size(limit), self.count(offset).map(size))
    }

    pub(super) fn finish(self) -> Result<(), Reply> {
        match &*self.problems {
            [] if self.unstorable => Err(Reply::Crash),
            [] => Ok(()),
            problems => Err(validation(problems)),
        }
    }

    fn read<T>(&mut self, name: &str, read: impl FnOnce(&Json) -> Result<T, String>) -> Option<T> {
        let text = self.query.get(name)?;
        let value = read(&Json::from(text));
        value
            .map_err(|message| {
                self.problems.push(Detail {
                    field: format!("query.{name}"),
                    message,
                });
            })
            .ok()
    }
}
