//! Query parameters, read the way FastAPI reads them.

use jiff::Timestamp;

use super::{Detail, Reply, decode, validation, values};
use crate::json::Json;

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

    /// `limit` and `offset`, or what they are called here.
    pub(super) fn window(&self, limit: (&str, i64), offset: &str) -> Result<(usize, usize), Reply> {
        let mut parameters = self.parameters();
        let window = parameters.window((limit.0, limit.1, 100), offset);
        parameters.finish().map(|()| window)
    }

    /// To read those that are not texts; what is wrong with them gathers.
    pub(super) fn parameters(&self) -> Parameters<'_> {
        Parameters {
            query: self,
            problems: Vec::new(),
        }
    }
}

pub(super) struct Parameters<'a> {
    query: &'a Query,
    pub(super) problems: Vec<Detail>,
}

impl Parameters<'_> {
    pub(super) fn int(&mut self, name: &str, default: i64, low: i64, high: i64) -> i64 {
        let number = self.read(name, |text| {
            values::integer(text).and_then(|value| values::between(&value, low, high))
        });
        number.unwrap_or(default)
    }

    pub(super) fn bool(&mut self, name: &str) -> bool {
        self.read(name, values::boolean).unwrap_or(false)
    }

    pub(super) fn datetime(&mut self, name: &str) -> Option<Timestamp> {
        self.read(name, values::datetime).map(|(at, _)| at)
    }

    /// A page: name, default and maximum of its length, and the name of where it begins.
    pub(super) fn window(&mut self, limit: (&str, i64, i64), offset: &str) -> (usize, usize) {
        let size = |n: i64| usize::try_from(n).unwrap_or(usize::MAX);
        let limit = self.int(limit.0, limit.1, 1, limit.2);
        (size(limit), size(self.int(offset, 0, 0, i64::MAX)))
    }

    pub(super) fn finish(self) -> Result<(), Reply> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(validation(&self.problems))
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
