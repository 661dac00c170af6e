//! Why a JSON text does not fit a type, said without showing the text.

use crate::json_path;

/// The place of what does not fit, and what it should be: `$.cues[3].status should be a string`.
///
/// For the crates of this repository. The text up to the place of the error must be well formed.
#[doc(hidden)]
#[must_use]
pub fn misfit(text: &[u8], error: &serde_json::Error) -> String {
    let place = json_path::at(text, offset(text, error.line(), error.column()));
    let message = error.to_string();
    let missing = message
        .strip_prefix("missing field `")
        .and_then(|rest| rest.split('`').next());
    match (missing, expected(&message)) {
        (Some(field), _) => format!("{place} lacks the field {field}"),
        (None, Some(expected)) => format!("{place} should be {expected}"),
        (None, None) => format!("{place} has a form that is not known"),
    }
}

/// What serde expected; what it found instead may be somebody's data.
fn expected(message: &str) -> Option<&str> {
    let (_, expected) = message.rsplit_once(", expected ")?;
    Some(expected.split(" at line ").next().unwrap_or(expected))
}

/// serde_json counts lines from 1 and bytes within a line.
fn offset(text: &[u8], line: usize, column: usize) -> usize {
    let start: usize = text
        .split_inclusive(|byte| *byte == b'\n')
        .take(line.saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    start + column
}
