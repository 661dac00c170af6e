//! The differences between our description and a server's.

use std::fmt;

use super::surface::{Field, Fields, Operation, Surface};

/// One difference; its text is what the list of acknowledged differences names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Difference {
    sign: Sign,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    /// The server has it, our description has not.
    Added,
    /// Our description has it, the server has not.
    Removed,
    Changed,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.sign {
            Sign::Added => '+',
            Sign::Removed => '-',
            Sign::Changed => '~',
        };
        write!(f, "{sign} {}", self.text)
    }
}

/// What the server does otherwise than our description says.
///
/// What we know to be on the hosted service only may be there or not. Where one side lists no fields, types or values, it
/// says nothing that could differ.
pub(super) fn compare(ours: &Surface, theirs: &Surface) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (key, operation) in ours {
        match theirs.get(key) {
            Some(other) => compare_operation(operation, other, &mut differences),
            None if operation.hosted => {}
            None => differences.push(Difference {
                sign: Sign::Removed,
                text: operation.title.clone(),
            }),
        }
    }
    let new = theirs.iter().filter(|(key, _)| !ours.contains_key(*key));
    differences.extend(new.map(|(_, operation)| Difference {
        sign: Sign::Added,
        text: operation.title.clone(),
    }));
    differences.sort();
    differences
}

fn compare_operation(ours: &Operation, theirs: &Operation, differences: &mut Vec<Difference>) {
    let part = |name: &str| format!("{}: {name}", ours.title);
    compare_fields(&part(""), true, &ours.parameters, &theirs.parameters, differences);
    if let (Some(ours), Some(theirs)) = (&ours.body, &theirs.body) {
        compare_fields(&part("body "), true, ours, theirs, differences);
    }
    if let (Some(ours), Some(theirs)) = (&ours.response, &theirs.response) {
        // Which fields a response must have is our own strictness, not the server's promise.
        compare_fields(&part("response "), false, ours, theirs, differences);
    }
}

fn compare_fields(part: &str, required: bool, ours: &Fields, theirs: &Fields, differences: &mut Vec<Difference>) {
    let mut push = |sign, text| differences.push(Difference { sign, text });
    for (name, field) in ours {
        match theirs.get(name) {
            Some(other) => {
                let changes = changes(required, field, other);
                changes.for_each(|change| push(Sign::Changed, format!("{part}{name}: {change}")));
            }
            None if field.hosted || is_inside(name, |outer| ours[outer].hosted || free(theirs, outer)) => {}
            None => push(Sign::Removed, format!("{part}{name}")),
        }
    }
    for (name, _) in theirs.iter().filter(|(name, _)| !ours.contains_key(*name)) {
        // What is inside of something new needs no line of its own.
        if !is_inside(name, |outer| !ours.contains_key(outer) || free(ours, outer)) {
            push(Sign::Added, format!("{part}{name}"));
        }
    }
}

/// Whether any field that this one is inside of is like this: of `a.b[].c`, that is `a.b` and `a`.
fn is_inside(name: &str, like_this: impl Fn(&str) -> bool) -> bool {
    let dots = name.match_indices('.').map(|(index, _)| &name[..index]);
    dots.map(|outer| outer.trim_end_matches("[]"))
        .any(|outer| !outer.is_empty() && like_this(outer))
}

/// Whether a field may have any members, or is not there (its absence is said once, for itself).
fn free(fields: &Fields, name: &str) -> bool {
    fields.get(name).is_none_or(|field| !field.described)
}

fn changes(required: bool, ours: &Field, theirs: &Field) -> impl Iterator<Item = String> {
    let words = |required| if required { "required" } else { "optional" };
    let required = (required && ours.required != theirs.required && !ours.hosted)
        .then(|| format!("{} here, {} there", words(ours.required), words(theirs.required)));
    let both = |ours: usize, theirs: usize| ours > 0 && theirs > 0;
    let types = (both(ours.types.len(), theirs.types.len()) && ours.types != theirs.types)
        .then(|| format!("{} here, {} there", list(&ours.types), list(&theirs.types)));
    let values = both(ours.values.len(), theirs.values.len());
    let more: Vec<_> = theirs.values.difference(&ours.values).cloned().collect();
    let less: Vec<_> = ours.values.difference(&theirs.values).cloned().collect();
    let more = (values && !more.is_empty()).then(|| format!("also {}", list(&more)));
    let less = (values && !less.is_empty()).then(|| format!("no longer {}", list(&less)));
    [required, types, more, less].into_iter().flatten()
}

fn list<'a>(words: impl IntoIterator<Item = &'a String>) -> String {
    words.into_iter().map(String::as_str).collect::<Vec<_>>().join(" | ")
}
