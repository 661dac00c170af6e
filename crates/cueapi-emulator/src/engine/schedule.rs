//! When a cue runs: a cron expression in a time zone, or one moment.

use std::sync::LazyLock;

use jiff::{
    Timestamp,
    tz::{TimeZone, TimeZoneDatabase},
};

use serde::{Deserialize, Serialize};

use super::{Moment, Refusal, cron::Cron};

/// The `schedule` of a cue, as given; what is wrong with it is found when a cue is made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// `recurring` or `once`; the server checks it late, so anything can stand here.
    pub(crate) kind: Box<str>,
    pub(crate) cron: Option<Box<str>>,
    pub(crate) at: Option<Moment>,
    pub(crate) timezone: Box<str>,
}

/// The database that comes with the program: the same answers on every machine, also where none is installed.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

impl Schedule {
    /// A cron expression, in UTC unless a [`timezone`](Self::timezone) is given.
    #[must_use]
    pub fn cron(expression: &str) -> Self {
        Self {
            kind: "recurring".into(),
            cron: Some(expression.into()),
            at: None,
            timezone: "UTC".into(),
        }
    }

    /// One run at one moment.
    #[must_use]
    pub fn at(moment: Timestamp) -> Self {
        Self {
            kind: "once".into(),
            cron: None,
            at: Some(moment.into()),
            timezone: "UTC".into(),
        }
    }

    /// The IANA time zone in which a cron expression is read.
    #[must_use]
    pub fn timezone(mut self, name: &str) -> Self {
        self.timezone = name.into();
        self
    }
}

/// A schedule that has been checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(into = "Schedule", try_from = "Schedule")]
pub(super) struct Plan {
    pub(super) schedule: Schedule,
    when: When,
}

#[derive(Debug, Clone)]
enum When {
    Recurring(Box<Cron>, TimeZone),
    Once(Moment),
}

impl Plan {
    /// Checks in the server's order: time zone, then the rest.
    pub(super) fn check(schedule: Schedule, now: Timestamp) -> Result<Self, Refusal> {
        let plan = Self::read(schedule)?;
        match plan.when {
            When::Once(at) if at <= now => Err(invalid("Scheduled time must be in the future")),
            _ => Ok(plan),
        }
    }

    fn read(schedule: Schedule) -> Result<Self, Refusal> {
        let zone = check_zone(&schedule.timezone)?;
        let when = match &*schedule.kind {
            "recurring" => {
                let text = schedule.cron.as_deref().filter(|text| !text.is_empty());
                let text = text.ok_or_else(|| invalid("Cron expression is required for recurring schedules"))?;
                let cron = Cron::parse(text).ok_or_else(|| invalid("Invalid cron expression"))?;
                When::Recurring(Box::new(cron), zone)
            }
            "once" => {
                let at = schedule
                    .at
                    .ok_or_else(|| invalid("at is required for one-time schedules"))?;
                When::Once(at)
            }
            _ => return Err(invalid("Schedule type must be 'once' or 'recurring'")),
        };
        Ok(Self { schedule, when })
    }

    pub(super) fn is_once(&self) -> bool {
        matches!(self.when, When::Once(_))
    }

    /// The first run after `from`; of a one-time schedule its moment, even when that has passed.
    ///
    /// A recurring schedule that never comes again is a 500 on the server.
    pub(super) fn next_run(&self, from: Timestamp) -> Result<Option<Moment>, Refusal> {
        match &self.when {
            When::Recurring(cron, zone) => {
                let next = cron.next_after(from, zone).ok_or(Refusal::Internal)?;
                Ok(Some(next.into()))
            }
            When::Once(at) => Ok(Some(*at)),
        }
    }
}

impl From<Plan> for Schedule {
    fn from(plan: Plan) -> Self {
        plan.schedule
    }
}

/// A schedule that has been checked before.
impl TryFrom<Schedule> for Plan {
    type Error = &'static str;

    fn try_from(schedule: Schedule) -> Result<Self, Self::Error> {
        Self::read(schedule).map_err(|_| "not a schedule")
    }
}

pub(super) fn check_zone(name: &str) -> Result<TimeZone, Refusal> {
    let unknown = || Refusal::api(422, "invalid_timezone", format!("Unknown timezone: '{name}'"));
    // Two names that jiff knows and pytz, which the server asks, does not.
    let foreign = ["Etc/Unknown", "Factory"];
    if name.is_empty() || foreign.iter().any(|foreign| name.eq_ignore_ascii_case(foreign)) {
        return Err(unknown());
    }
    ZONES.get(name).map_err(|_| unknown())
}

fn invalid(message: &str) -> Refusal {
    Refusal::api(400, "invalid_schedule", message)
}
