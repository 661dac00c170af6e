//! When a cue fires: again and again by a cron expression, or once at a point in time.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Payload, Timestamp};

/// When a cue fires.
///
/// Made by [`Schedule::cron`] or [`Schedule::at`]; a time zone belongs to a cron expression only, since a point in time
/// has none.
///
/// ```
/// use cueapi_types::{Schedule, Timestamp};
///
/// let daily = Schedule::cron("0 9 * * *").timezone("America/Los_Angeles");
/// let reminder = Schedule::at(Timestamp::parse("2026-05-01T14:00:00Z")?);
///
/// match reminder {
///     Schedule::Once(once) => assert_eq!(once.at.to_string(), "2026-05-01T14:00:00Z"),
///     _ => unreachable!(),
/// }
/// # let _: Schedule = daily.into();
/// # Ok::<(), cueapi_types::TimestampError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Schedule {
    /// Fires by a cron expression.
    Recurring(Recurring),
    /// Fires once.
    Once(Once),
    /// What a server sent and this version does not know: another type, or one of the above whose time or expression is
    /// missing or cannot be read, such as a time in the year 10000.
    Unrecognized(UnrecognizedSchedule),
}

impl Schedule {
    /// A recurring schedule in UTC, or in the zone that [`Recurring::timezone`] names.
    ///
    /// Self-hosted servers take 5 fields, 6 (seconds last) or 7 (then the year), names (`mon`, `jan`), `@hourly`,
    /// `@daily` and the like, up to 100 characters; anything else is refused with the code `invalid_schedule`. The
    /// expression is stored and shown verbatim.
    ///
    /// ```
    /// use cueapi_types::Schedule;
    ///
    /// let weekdays = Schedule::cron("30 8 * * 1-5");
    /// assert_eq!(weekdays.cron, "30 8 * * 1-5");
    /// ```
    pub fn cron(expression: impl Into<String>) -> Recurring {
        Recurring {
            cron: expression.into(),
            timezone: None,
            at: None,
        }
    }

    /// A schedule that fires once. The time must lie in the future by the server's clock, or the answer is the code
    /// `invalid_schedule`.
    ///
    /// ```
    /// use cueapi_types::{Schedule, Timestamp};
    ///
    /// let reminder = Schedule::at(Timestamp::parse("2026-05-01T14:00:00-07:00")?);
    /// # Ok::<(), cueapi_types::TimestampError>(())
    /// ```
    pub fn at(at: impl Into<Timestamp>) -> Self {
        Self::Once(Once {
            at: at.into(),
            cron: None,
            timezone: None,
        })
    }
}

/// A schedule that fires by a cron expression; see [`Schedule::cron`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recurring {
    /// The cron expression, verbatim.
    pub cron: String,
    /// The IANA time zone that the expression is read in; a server takes none for `UTC` and shows it as given.
    pub timezone: Option<String>,
    /// Ignored by servers, shown where another client sent it.
    at: Option<Timestamp>,
}

impl Recurring {
    /// Reads the expression in an IANA time zone, such as `America/Los_Angeles`; a server answers an unknown one with
    /// the code `invalid_timezone`.
    ///
    /// ```
    /// use cueapi_types::Schedule;
    ///
    /// let nine = Schedule::cron("0 9 * * *").timezone("Europe/Madrid");
    /// assert_eq!(nine.timezone.as_deref(), Some("Europe/Madrid"));
    /// ```
    #[must_use]
    pub fn timezone(mut self, name: impl Into<String>) -> Self {
        self.timezone = Some(name.into());
        self
    }
}

impl From<Recurring> for Schedule {
    fn from(recurring: Recurring) -> Self {
        Self::Recurring(recurring)
    }
}

/// A schedule that fires once; see [`Schedule::at`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Once {
    /// When it fires.
    pub at: Timestamp,
    /// Without effect, shown where another client sent it; so is the time zone, `UTC` by default.
    cron: Option<String>,
    timezone: Option<String>,
}

/// A schedule that this version of the crate does not know; it goes back to the server as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnrecognizedSchedule {
    r#type: Box<str>,
    json: Payload,
}

impl UnrecognizedSchedule {
    /// The schedule's `type` on the wire; empty where there is none.
    ///
    /// ```
    /// use cueapi_types::Schedule;
    ///
    /// let Schedule::Unrecognized(schedule) = serde_json::from_str(r#"{"type":"lunar"}"#)? else { unreachable!() };
    /// assert_eq!(schedule.type_name(), "lunar");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn type_name(&self) -> &str {
        &self.r#type
    }
}

/// The one shape that all schedules have on the wire.
#[derive(Default, Serialize, Deserialize)]
struct Wire<T> {
    r#type: T,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timezone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cron: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Recurring(Recurring { cron, timezone, at }) => Wire {
                r#type: "recurring",
                timezone: timezone.clone(),
                cron: Some(cron.clone()),
                at: *at,
            }
            .serialize(serializer),
            Self::Once(Once { at, cron, timezone }) => Wire {
                r#type: "once",
                timezone: timezone.clone(),
                cron: cron.clone(),
                at: Some(*at),
            }
            .serialize(serializer),
            Self::Unrecognized(unknown) => unknown.json.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Payload::deserialize(deserializer)?;
        let wire: Wire<Option<String>> = json.parse().unwrap_or_default();
        Ok(match (wire.r#type.as_deref(), wire.cron, wire.at) {
            (Some("recurring"), Some(cron), at) => Self::Recurring(Recurring {
                cron,
                timezone: wire.timezone,
                at,
            }),
            (Some("once"), cron, Some(at)) => Self::Once(Once {
                at,
                cron,
                timezone: wire.timezone,
            }),
            _ => Self::Unrecognized(UnrecognizedSchedule {
                r#type: type_of(&json).into(),
                json,
            }),
        })
    }
}

fn type_of(schedule: &Payload) -> String {
    #[derive(Deserialize)]
    struct Type {
        r#type: String,
    }
    schedule
        .parse()
        .map_or_else(|_| String::new(), |Type { r#type }| r#type)
}
