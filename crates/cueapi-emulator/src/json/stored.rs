//! What a JSONB column makes of a value.

use super::Json;

pub(super) fn stored(value: &Json) -> Option<Json> {
    Some(match value {
        Json::LoneSurrogate => return None,
        Json::Float(number) => float(*number)?,
        Json::Array(items) => Json::Array(items.iter().map(stored).collect::<Option<_>>()?),
        Json::Object(members) => {
            let mut members: Vec<(Box<str>, Json)> = members
                .iter()
                .map(|(key, value)| Some((key.clone(), stored(value)?)))
                .collect::<Option<_>>()?;
            members.sort_by(|(a, _), (b, _)| a.len().cmp(&b.len()).then_with(|| a.as_bytes().cmp(b.as_bytes())));
            Json::Object(members)
        }
        other => other.clone(),
    })
}

/// Python writes a float of 1e16 and above with an exponent, Postgres reads that as a whole number, and Python then
/// reads the digits back as an integer. The sign of a zero is lost.
fn float(number: f64) -> Option<Json> {
    if !number.is_finite() {
        return None;
    }
    if number == 0.0 {
        return Some(Json::Float(0.0));
    }
    if number.abs() < 1e16 {
        return Some(Json::Float(number));
    }
    // `Display` writes the shortest digits that read back as the same double, followed by zeros: just what Postgres does.
    let digits = number.to_string();
    Some(digits.parse().map_or_else(|_| Json::BigInt(digits.into()), Json::Int))
}
