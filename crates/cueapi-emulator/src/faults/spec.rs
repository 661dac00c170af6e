//! Faults as text.

use std::{fmt, str::FromStr, time::Duration};

use jiff::{
    SignedDuration,
    fmt::friendly::{Direction, SpanPrinter},
};

use super::{CallFault, DeliveryFault, Fault, Hitch, Only, RetryAfter, known};
use crate::{engine::DeliveryKind, http::Operation};

/// Why a text is not a [`Fault`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecError(String);

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SpecError {}

const CALLS: &str = "calls";
const DELIVERIES: &str = "deliveries";

impl FromStr for Fault {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let shape = || SpecError("expected WHERE:WHAT[,WHEN…], such as cues.fire:answer-lost,times=3".into());
        let (place, rest) = text.split_once(':').ok_or_else(shape)?;
        let mut parts = rest.split(',').map(Part::split);
        let what = parts.next().ok_or_else(shape)?;
        let hitch = match place.split_once('/') {
            None if place == DELIVERIES => Hitch::Delivery {
                only: None,
                fault: delivery_fault(what)?,
            },
            Some((DELIVERIES, only)) => Hitch::Delivery {
                only: Some(read_only(only)?),
                fault: delivery_fault(what)?,
            },
            _ => {
                let operation = read_operation(place)?;
                let fault = call_fault(what)?;
                if fault == CallFault::ClaimedTwice && operation.is_some_and(|id| id != Operation::ClaimNext.id()) {
                    let claim = Operation::ClaimNext.id();
                    return Err(SpecError(format!("what is claimed-twice is {claim}, not {place}")));
                }
                Hitch::Call { operation, fault }
            }
        };
        let mut given = Vec::new();
        parts.try_fold(Self::new(hitch), |fault, part| {
            let name = if part.name == "always" { "times" } else { part.name };
            if given.contains(&name) {
                return Err(SpecError(
                    "times=N or always, after=N and chance=P can be said once each".into(),
                ));
            }
            given.push(name);
            fault.when(part)
        })
    }
}

impl Fault {
    fn when(self, part: Part<'_>) -> Result<Self, SpecError> {
        match part.name {
            "times" => match part.read()? {
                0 => Err(part.wrong()),
                times => Ok(self.times(times)),
            },
            "always" => part.alone(self.always()),
            "after" => Ok(self.after(part.read()?)),
            "chance" => {
                let probability = part.read()?;
                if !(0.0..=1.0).contains(&probability) {
                    return Err(part.wrong());
                }
                Ok(self.chance(probability))
            }
            other => Err(SpecError(format!(
                "expected times=N, always, after=N or chance=P, not {other}"
            ))),
        }
    }
}

fn read_operation(text: &str) -> Result<Option<&'static str>, SpecError> {
    if text == CALLS {
        return Ok(None);
    }
    let unknown = || {
        SpecError(format!(
            "{text} is not {CALLS}, {DELIVERIES} or an operation: {}",
            Operation::IDS.join(", ")
        ))
    };
    known(text).map(Some).ok_or_else(unknown)
}

fn read_only(text: &str) -> Result<Only, SpecError> {
    if text.starts_with("cue_") {
        return Ok(Only::Cue(text.into()));
    }
    if DeliveryKind::NAMES.contains(&text) {
        return Ok(Only::Kind(text.into()));
    }
    let kinds = DeliveryKind::NAMES.join(", ");
    Err(SpecError(format!("{text} is neither a cue's id nor one of {kinds}")))
}

fn call_fault(what: Part<'_>) -> Result<CallFault, SpecError> {
    Ok(match what.name {
        "refused" => what.alone(CallFault::Refused)?,
        "stalled" => what.alone(CallFault::Stalled)?,
        "answer-lost" => what.alone(CallFault::AnswerLost)?,
        "answer-cut" => what.alone(CallFault::AnswerCut)?,
        "answer-slow" => {
            let pause: SignedDuration = what.read()?;
            CallFault::AnswerSlow(Duration::try_from(pause).map_err(|_| what.wrong())?)
        }
        "rate-limited" => CallFault::RateLimited(match what.value {
            None => None,
            Some(value) => Some(match value.parse() {
                Ok(seconds) => RetryAfter::Seconds(seconds),
                Err(_) => RetryAfter::At(what.read()?),
            }),
        }),
        "error" => CallFault::Error(what.status(400)?),
        "error-after" => CallFault::ErrorAfter(what.status(400)?),
        "claimed-twice" => what.alone(CallFault::ClaimedTwice)?,
        other => {
            return Err(SpecError(format!(
                "a call cannot be {other}, but refused, stalled, answer-lost, answer-cut, answer-slow=DURATION, \
                 rate-limited[=SECONDS|=TIME], error=STATUS, error-after=STATUS, claimed-twice"
            )));
        }
    })
}

fn delivery_fault(what: Part<'_>) -> Result<DeliveryFault, SpecError> {
    Ok(match what.name {
        "refused" => what.alone(DeliveryFault::Refused)?,
        "stalled" => what.alone(DeliveryFault::Stalled)?,
        "answer-lost" => what.alone(DeliveryFault::AnswerLost)?,
        "duplicated" => what.alone(DeliveryFault::Duplicated)?,
        "held-back" => what.alone(DeliveryFault::HeldBack)?,
        "wrong-signature" => what.alone(DeliveryFault::WrongSignature)?,
        "old-secret" => what.alone(DeliveryFault::OldSecret)?,
        "clock-skew" => DeliveryFault::ClockSkew(what.read()?),
        "status" => DeliveryFault::Status(what.status(100)?),
        other => {
            return Err(SpecError(format!(
                "a delivery cannot be {other}, but refused, stalled, answer-lost, duplicated, held-back, \
                 wrong-signature, old-secret, clock-skew=DURATION, status=STATUS"
            )));
        }
    })
}

/// `name` or `name=value`.
#[derive(Clone, Copy)]
struct Part<'a> {
    name: &'a str,
    value: Option<&'a str>,
}

impl<'a> Part<'a> {
    fn split(text: &'a str) -> Self {
        match text.split_once('=') {
            Some((name, value)) => Self {
                name,
                value: Some(value),
            },
            None => Self {
                name: text,
                value: None,
            },
        }
    }

    fn read<T: FromStr>(self) -> Result<T, SpecError> {
        self.value
            .and_then(|value| value.parse().ok())
            .ok_or_else(|| self.wrong())
    }

    /// What is said by the name alone.
    fn alone<T>(self, meaning: T) -> Result<T, SpecError> {
        match self.value {
            None => Ok(meaning),
            Some(value) => Err(SpecError(format!(
                "{} takes no value, but was given {value}",
                self.name
            ))),
        }
    }

    /// A status of three digits, from a first one on.
    fn status(self, first: u16) -> Result<u16, SpecError> {
        let status = self.read()?;
        (first..600)
            .contains(&status)
            .then_some(status)
            .ok_or_else(|| self.wrong())
    }

    fn wrong(self) -> SpecError {
        let Self { name, value } = self;
        let example = match name {
            "answer-slow" => "20ms",
            "clock-skew" => "-10m",
            "chance" => "0.1",
            "rate-limited" => "30",
            "error" | "error-after" | "status" => "503",
            _ => "3",
        };
        match value {
            Some(value) => SpecError(format!(
                "{name} cannot be {value}, but is written as in {name}={example}"
            )),
            None => SpecError(format!("{name} needs a value, as in {name}={example}")),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.hitch {
            Hitch::Call { operation, fault } => write!(f, "{}:{fault}", operation.unwrap_or(CALLS))?,
            Hitch::Delivery { only, fault } => {
                f.write_str(DELIVERIES)?;
                if let Some(Only::Cue(name) | Only::Kind(name)) = only {
                    write!(f, "/{name}")?;
                }
                write!(f, ":{fault}")?;
            }
        }
        match self.times {
            Some(1) => {}
            Some(times) => write!(f, ",times={times}")?,
            None => f.write_str(",always")?,
        }
        if self.after > 0 {
            write!(f, ",after={}", self.after)?;
        }
        if self.chance < 1.0 {
            write!(f, ",chance={}", self.chance)?;
        }
        Ok(())
    }
}

/// Such as `-10m`.
fn spell(duration: SignedDuration) -> String {
    SpanPrinter::new()
        .direction(Direction::Sign)
        .duration_to_string(&duration)
}

impl fmt::Display for CallFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("refused"),
            Self::Stalled => f.write_str("stalled"),
            Self::AnswerLost => f.write_str("answer-lost"),
            Self::AnswerCut => f.write_str("answer-cut"),
            Self::AnswerSlow(pause) => {
                let pause = SignedDuration::try_from(*pause).unwrap_or(SignedDuration::MAX);
                write!(f, "answer-slow={}", spell(pause))
            }
            Self::RateLimited(None) => f.write_str("rate-limited"),
            Self::RateLimited(Some(RetryAfter::Seconds(seconds))) => write!(f, "rate-limited={seconds}"),
            Self::RateLimited(Some(RetryAfter::At(moment))) => write!(f, "rate-limited={moment}"),
            Self::Error(status) => write!(f, "error={status}"),
            Self::ErrorAfter(status) => write!(f, "error-after={status}"),
            Self::ClaimedTwice => f.write_str("claimed-twice"),
        }
    }
}

impl fmt::Display for DeliveryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("refused"),
            Self::Stalled => f.write_str("stalled"),
            Self::AnswerLost => f.write_str("answer-lost"),
            Self::Duplicated => f.write_str("duplicated"),
            Self::HeldBack => f.write_str("held-back"),
            Self::WrongSignature => f.write_str("wrong-signature"),
            Self::OldSecret => f.write_str("old-secret"),
            Self::ClockSkew(skew) => write!(f, "clock-skew={}", spell(*skew)),
            Self::Status(status) => write!(f, "status={status}"),
        }
    }
}
