//! A captured delivery: whether its signature verifies, and whether its body comes back from the SDK as it was.

use std::collections::BTreeMap;

use cueapi_signing::{SignatureHeaders, Verifier};
use cueapi_types::{Delivery, FailureNotice};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use super::{
    capture::Skipped,
    compare::{Difference, What, differences},
};
use crate::captures;

/// What of a delivery is not as it should be.
pub(super) fn judge(entry: &Value) -> Result<Vec<Difference>, Skipped> {
    let capture: captures::Delivery =
        serde_json::from_value(entry.clone()).map_err(|error| Skipped(format!("not a captured delivery: {error}")))?;
    if capture.body.is_empty() {
        return Err(Skipped("sent without the body that its signature is of".to_owned()));
    }
    let mut found = signature(&capture).unwrap_or_else(|why| vec![Difference::new("signature", What::Refused(why))]);
    let body = members(&capture.body).map_err(|_| Skipped("the body is not a JSON object".to_owned()))?;
    if capture.headers.contains_key("x-cueapi-cue-id") {
        found.extend(again::<Delivery>(&capture.body, body));
    } else if body.get("event").is_some_and(|event| event.get() == r#""cue.failed""#) {
        found.extend(again::<FailureNotice>(&capture.body, body));
    }
    Ok(found)
}

/// Nothing, or why it does not verify. A notice of failure comes without a signature.
fn signature(capture: &captures::Delivery) -> Result<Vec<Difference>, String> {
    let Some((first, others)) = capture
        .secrets()
        .split_first()
        .filter(|_| !capture.signature().is_empty())
    else {
        return Ok(Vec::new());
    };
    let mut verifier = Verifier::new(first).map_err(|error| error.to_string())?;
    for secret in others {
        verifier = verifier.also(secret).map_err(|error| error.to_string())?;
    }
    let headers = SignatureHeaders::new(capture.signature(), capture.timestamp());
    let verified = verifier.verify(&capture.body, headers, capture.received());
    verified.map(|_| Vec::new()).map_err(|error| error.to_string())
}

/// The members of an object, each in its own spelling: a payload's numbers can be too large for any Rust type.
fn members(object: &[u8]) -> serde_json::Result<BTreeMap<String, Box<RawValue>>> {
    serde_json::from_slice(object)
}

fn again<T: Serialize + DeserializeOwned>(
    body: &[u8],
    mut captured: BTreeMap<String, Box<RawValue>>,
) -> Vec<Difference> {
    let encoded = serde_json::from_slice::<T>(body).and_then(|value| members(&serde_json::to_vec(&value)?));
    let mut again = match encoded {
        Ok(again) => again,
        Err(error) => return vec![Difference::new("$", What::Refused(error.to_string()))],
    };
    captured.retain(|name, text| {
        let same = again.get(name).is_some_and(|other| other.get() == text.get());
        if same {
            again.remove(name);
        }
        !same
    });
    let value = |members| serde_json::to_value(members).unwrap_or_default();
    differences(&value(captured), &value(again))
}
