//! E-mail addresses, accepted and refused as pydantic's `EmailStr` does, in its words.
//!
//! Left out are quoted and bracketed parts, which it refuses in other words, and the finer points of international
//! domains.

/// The address without a display name, its domain in lower case.
pub(super) fn email(text: &str) -> Result<String, String> {
    if text.chars().count() > 2048 {
        return Err(refusal("Length must not exceed 2048 characters"));
    }
    let text = without_name(text).trim();
    let Some((local, domain)) = text.split_once('@') else {
        return Err(refusal("An email address must have an @-sign."));
    };
    let domain = domain.to_lowercase();
    check_local(local)
        .and_then(|()| check_domain(&domain))
        .map_err(|reason| refusal(&reason))?;
    Ok(format!("{local}@{domain}"))
}

fn refusal(reason: &str) -> String {
    format!("value is not a valid email address: {reason}")
}

/// What is in the brackets of `Name <address>`.
fn without_name(text: &str) -> &str {
    let parts = text.trim_end().strip_suffix('>').and_then(|text| text.split_once('<'));
    match parts {
        Some((name, address)) if name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ' ') => address,
        _ => text,
    }
}

fn check_local(local: &str) -> Result<(), String> {
    if local.is_empty() {
        return Err("There must be something before the @-sign.".into());
    }
    let allowed = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(c);
    if let Some(bad) = bad_characters(local, allowed) {
        return Err(format!(
            "The email address contains invalid characters before the @-sign: {bad}."
        ));
    }
    if local.ends_with('.') {
        return Err("An email address cannot have a period immediately before the @-sign.".into());
    }
    if local.starts_with('.') {
        return Err("An email address cannot start with a period.".into());
    }
    two_periods(local)
}

fn check_domain(domain: &str) -> Result<(), String> {
    const LONGEST: usize = 253;
    const LONGEST_LABEL: usize = 63;
    if domain.is_empty() {
        return Err("There must be something after the @-sign.".into());
    }
    if let Some(excess) = excess(domain, LONGEST) {
        return Err(format!("The email address is too long after the @-sign {excess}."));
    }
    let allowed = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if let Some(bad) = bad_characters(domain, allowed) {
        return Err(format!("The part after the @-sign contains invalid characters: {bad}."));
    }
    for (character, name) in [('.', "period"), ('-', "hyphen")] {
        if domain.ends_with(character) {
            return Err(format!("An email address cannot end with a {name}."));
        }
        if domain.starts_with(character) {
            return Err(format!(
                "An email address cannot have a {name} immediately after the @-sign."
            ));
        }
        two_periods(domain)?;
    }
    if domain.contains(".-") || domain.contains("-.") {
        return Err("An email address cannot have a period and a hyphen next to each other.".into());
    }
    if let Some(excess) = domain.split('.').find_map(|label| excess(label, LONGEST_LABEL)) {
        return Err(format!(
            "After the @-sign, periods cannot be separated by so many characters {excess}."
        ));
    }
    let Some((_, top)) = domain.rsplit_once('.') else {
        return Err("The part after the @-sign is not valid. It should have a period.".into());
    };
    if top.ends_with(|c: char| c.is_ascii_digit()) {
        return Err("The part after the @-sign is not valid. It is not within a valid top-level domain.".into());
    }
    if matches!(top, "arpa" | "invalid" | "local" | "localhost" | "onion" | "test") {
        let reason = "The part after the @-sign is a special-use or reserved name that cannot be used with email.";
        return Err(reason.into());
    }
    Ok(())
}

fn two_periods(part: &str) -> Result<(), String> {
    if part.contains("..") {
        return Err("An email address cannot have two periods in a row.".into());
    }
    Ok(())
}

fn excess(part: &str, limit: usize) -> Option<String> {
    match part.chars().count().checked_sub(limit)? {
        0 => None,
        1 => Some("(1 character too many)".into()),
        more => Some(format!("({more} characters too many)")),
    }
}

/// The characters that are not allowed, each once, as Python sorts and shows them.
fn bad_characters(part: &str, allowed: impl Fn(char) -> bool) -> Option<String> {
    let mut bad: Vec<_> = part.chars().filter(|c| !allowed(*c)).map(shown).collect();
    bad.sort();
    bad.dedup();
    (!bad.is_empty()).then(|| bad.join(", "))
}

fn shown(character: char) -> String {
    match character {
        ' ' => "SPACE".into(),
        '\\' | '\'' => format!("\"{character}\""),
        c if c.is_control() => format!("U+{:04X}", u32::from(c)),
        c => format!("'{c}'"),
    }
}
