//! Files of cases: `canonical.json` and `verify.json`, and whatever else has their format.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cueapi_signing::{SignatureHeaders, canonical, verify_webhook_at};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::oracle::{Answer, Asks, Kind};
use super::{exception, show};

/// The cases of one file.
#[derive(Deserialize, Serialize)]
pub(super) struct Cases {
    count: usize,
    vectors: Vec<Vector>,
}

/// One case with all that is known of it, in the order of the file.
type Vector = IndexMap<String, Value>;

/// One case, in so far as it is a question.
#[derive(Deserialize)]
#[serde(untagged)]
enum Case {
    Canonical {
        input_b64: String,
        canonical_b64: Option<String>,
        error: Option<String>,
    },
    Verify(Verify),
}

#[derive(Deserialize)]
struct Verify {
    payload_b64: String,
    signature: String,
    timestamp: String,
    secret: String,
    tolerance: f64,
    now: f64,
    expected: Option<bool>,
}

pub(super) fn read(path: &Path) -> Result<Cases> {
    let text = fs::read(path).with_context(|| path.display().to_string())?;
    serde_json::from_slice(&text).with_context(|| path.display().to_string())
}

/// Runs a file; prints how many cases agree and the first that does not, and returns how many do not.
pub(super) fn run(path: &Path) -> Result<usize> {
    let cases = read(path)?;
    let mut disagreeing = Vec::new();
    for vector in &cases.vectors {
        let name = vector.get("name").and_then(Value::as_str).unwrap_or("?");
        let case = case(vector).with_context(|| format!("case {name}"))?;
        if let Err(difference) = case.check() {
            disagreeing.push(format!("{name}: {difference:#}"));
        }
    }
    println!(
        "{}: {} of {} agree",
        path.display(),
        cases.vectors.len() - disagreeing.len(),
        cases.vectors.len()
    );
    if let Some(first) = disagreeing.first() {
        println!("first difference: {first}");
    }
    Ok(disagreeing.len())
}

fn case(vector: &Vector) -> Result<Case> {
    Ok(serde_json::from_value(serde_json::to_value(vector)?)?)
}

impl Case {
    fn check(&self) -> Result<()> {
        match self {
            Self::Canonical {
                input_b64,
                canonical_b64,
                error,
            } => {
                let expected = match (canonical_b64, error) {
                    (Some(canonical), None) => Ok(BASE64_STANDARD.decode(canonical)?),
                    (None, Some(error)) => Err(error.as_str()),
                    _ => bail!("neither a canonical form nor an error"),
                };
                let input = BASE64_STANDARD.decode(input_b64)?;
                let ours = canonical::to_vec(&input).map_err(exception);
                if ours != expected {
                    let text = |answer: Result<Vec<u8>, &str>| answer.map_or_else(str::to_owned, |bytes| show(&bytes));
                    bail!("{} is {} and not {}", show(&input), text(ours), text(expected));
                }
            }
            Self::Verify(verify) => {
                let ours = verify.verify()?;
                // Where Python raises, the delivery is not genuine.
                if ours.is_ok() != verify.expected.unwrap_or(false) {
                    bail!("{ours:?} and not {:?}", verify.expected);
                }
            }
        }
        Ok(())
    }
}

impl Verify {
    fn verify(&self) -> Result<Result<(), cueapi_signing::VerifyError>> {
        let payload = BASE64_STANDARD.decode(&self.payload_b64)?;
        let headers = SignatureHeaders::new(&self.signature, &self.timestamp);
        let tolerance = Duration::try_from_secs_f64(self.tolerance).unwrap_or_default();
        let now = Duration::try_from_secs_f64(self.now)?;
        Ok(verify_webhook_at(&payload, headers, &self.secret, tolerance, now).map(drop))
    }
}

/// A question about a case.
pub(super) struct CaseQuestion {
    kind: Kind,
    data: Vec<u8>,
}

impl Asks for CaseQuestion {
    fn kind(&self) -> Kind {
        self.kind
    }
}

impl AsRef<[u8]> for CaseQuestion {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

impl Cases {
    pub(super) fn len(&self) -> usize {
        self.vectors.len()
    }

    /// The JSON texts in the cases.
    pub(super) fn texts(&self) -> Result<Vec<Vec<u8>>> {
        self.vectors.iter().map(|vector| text(&case(vector)?)).collect()
    }

    /// What to ask CPython to answer the cases anew.
    pub(super) fn questions(&self) -> Result<Vec<CaseQuestion>> {
        let question = |vector: &Vector| match case(vector)? {
            case @ Case::Canonical { .. } => Ok(CaseQuestion {
                kind: Kind::Bytes,
                data: text(&case)?,
            }),
            Case::Verify(_) => Ok(CaseQuestion {
                kind: Kind::Verify,
                data: serde_json::to_vec(vector)?,
            }),
        };
        self.vectors.iter().map(question).collect()
    }

    /// Takes CPython's answers in.
    pub(super) fn answer(&mut self, answers: Vec<Answer>) -> Result<()> {
        self.count = self.vectors.len();
        for (vector, answer) in self.vectors.iter_mut().zip(answers) {
            let update: Vector = match (case(vector)?, answer) {
                (Case::Canonical { .. }, Ok(form)) => {
                    [("canonical_b64".to_owned(), BASE64_STANDARD.encode(form).into())].into()
                }
                (Case::Canonical { .. }, Err(exception)) => [
                    ("sdk_behaviour".to_owned(), sdk_behaviour(&exception).into()),
                    ("error".to_owned(), exception.into()),
                ]
                .into(),
                (Case::Verify(_), Ok(verdict)) => serde_json::from_slice(&verdict)?,
                (Case::Verify(_), Err(exception)) => bail!("the oracle failed: {exception}"),
            };
            for stale in ["canonical_b64", "error", "sdk_behaviour", "expected", "python_raises"] {
                vector.shift_remove(stale);
            }
            vector.extend(update);
        }
        Ok(())
    }

    pub(super) fn to_text(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

fn text(case: &Case) -> Result<Vec<u8>> {
    let (Case::Canonical { input_b64: base64, .. }
    | Case::Verify(Verify {
        payload_b64: base64, ..
    })) = case;
    Ok(BASE64_STANDARD.decode(base64)?)
}

fn sdk_behaviour(exception: &str) -> &'static str {
    match exception {
        "JSONDecodeError" => "falls back to signing the raw input bytes",
        _ => "exception propagates to the caller",
    }
}
