//! Ids in paths, checked as strictly as pydantic does, in its words.

use crate::engine::Uuid;

const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

/// 32 hexadecimal digits, in five groups or in one; in groups also in braces or after `urn:uuid:`.
pub(super) fn uuid(text: &str) -> Result<Uuid, String> {
    match complaint(text) {
        Some(complaint) => Err(format!("Input should be a valid UUID, {complaint}")),
        None => Uuid::parse(text).ok_or_else(|| "Input should be a valid UUID".into()),
    }
}

fn complaint(text: &str) -> Option<String> {
    let braced = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let (digits, before) = match (braced, text.strip_prefix("urn:uuid:")) {
        (Some(digits), _) => (digits, 1),
        (None, Some(digits)) => (digits, 9),
        (None, None) => (text, 0),
    };
    let wrong = digits.char_indices().find(|(_, c)| !c.is_ascii_hexdigit() && *c != '-');
    if let Some((at, character)) = wrong {
        return Some(format!("invalid character: found `{character}` at {}", at + before + 1));
    }
    let lengths: Vec<usize> = digits.split('-').map(str::len).collect();
    if let ([length], 0) = (&*lengths, before) {
        let wrong = *length != 32;
        return wrong.then(|| format!("invalid length: expected length 32 for simple format, found {length}"));
    }
    if lengths.len() != GROUPS.len() {
        return Some(format!("invalid group count: expected 5, found {}", lengths.len()));
    }
    let groups = lengths.into_iter().zip(GROUPS).enumerate();
    let mut wrong = groups.filter(|(_, (found, expected))| found != expected);
    let (group, (found, expected)) = wrong.next()?;
    Some(format!(
        "invalid group length in group {group}: expected {expected}, found {found}"
    ))
}
