//! Slugs: the two parts of an agent's address, `agent@user`.

/// The longest slug.
const MAX: usize = 64;

/// Whether a text is a slug: `^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$`.
pub(crate) fn is_slug(text: &str) -> bool {
    (1..=MAX).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// The longest slug that a name suggests: a suffix must fit behind it.
const MAX_DERIVED: usize = 60;

/// The slug that a name suggests: `Alpha Agent` is `alpha-agent`. `fallback` where no letter is left.
pub(super) fn derive(name: &str, fallback: &str) -> String {
    let mut slug = String::new();
    for character in name.to_lowercase().chars() {
        if character.is_ascii_alphanumeric() {
            slug.push(character);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(MAX_DERIVED);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { fallback } else { slug }.to_owned()
}

/// The slug with a suffix that tells it from another one.
pub(super) fn with_suffix(slug: &str, suffix: &str) -> String {
    let room = MAX - 1 - suffix.len();
    let base = slug.get(..room).unwrap_or(slug).trim_end_matches('-');
    format!("{base}-{suffix}")
}
