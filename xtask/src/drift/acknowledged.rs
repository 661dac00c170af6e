//! Differences that we know of and accept, each with its reason.

use anyhow::{Result, ensure};
use serde::Deserialize;

/// One line of the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Acknowledged {
    /// The line that `drift` prints; `*` stands for any text.
    pub(super) difference: String,
    pub(super) reason: String,
}

pub(super) fn read(yaml: &str) -> Result<Vec<Acknowledged>> {
    let list: Vec<Acknowledged> = serde_saphyr::from_str(yaml).map_err(|error| anyhow::anyhow!("{error}"))?;
    for entry in &list {
        ensure!(
            !entry.reason.trim().is_empty(),
            "`{}` is listed without a reason",
            entry.difference
        );
    }
    Ok(list)
}

impl Acknowledged {
    pub(super) fn covers(&self, difference: &str) -> bool {
        matches(&self.difference, difference)
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            let starts = rest.char_indices().map(|(index, _)| index).chain([rest.len()]);
            starts.into_iter().any(|start| matches(after, &rest[start..]))
        }),
    }
}
