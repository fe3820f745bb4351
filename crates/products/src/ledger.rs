//! What a product may promise: its budget, the periods it holds for, and what one answer takes of it.

use crate::week::Week;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use schema::{Cents, LimitUnit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// For how long a budget holds, by the clocks of the shop; then it is there anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// A month of the calendar.
    Month,
    /// A week, from Monday to Sunday.
    Week,
    /// A day.
    Day,
    /// As long as one version answers.
    Version,
}

impl Period {
    /// The name of the period that a moment lies in: `2026-11`, `2026-W48`, `2026-11-28` or `version 3`.
    #[must_use]
    pub fn name_at(self, now: Timestamp, time_zone: &TimeZone, version: u32) -> String {
        let date = time_zone.to_datetime(now).date();
        match self {
            Self::Month => format!("{:04}-{:02}", date.year(), date.month()),
            Self::Week => {
                let week = date.iso_week_date();
                format!("{:04}-W{:02}", week.year(), week.week())
            }
            Self::Day => date.to_string(),
            Self::Version => format!("version {version}"),
        }
    }

    /// When the period that a moment lies in begins, and when the next one does; `None` where nobody knows its end.
    #[must_use]
    pub fn span_at(self, now: Timestamp, time_zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let date = time_zone.to_datetime(now).date();
        let (first, days) = match self {
            Self::Month => (date.first_of_month(), i64::from(date.days_in_month())),
            Self::Week => {
                let since_monday = i64::from(date.weekday().to_monday_zero_offset());
                (date.checked_sub(since_monday.days()).ok()?, 7)
            }
            Self::Day => (date, 1),
            Self::Version => return None,
        };
        let next = first.checked_add(days.days()).ok()?;
        let starts = |day: jiff::civil::Date| {
            let midnight = day.to_zoned(time_zone.clone()).ok()?;
            Some(midnight.timestamp())
        };
        Some((starts(first)?, starts(next)?))
    }
}

/// How the promises of a period are spread over its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pacing {
    /// Not at all: who asks first is served first.
    #[default]
    None,
    /// As much in each hour of the period as in any other.
    Even,
    /// As is usual for the hours of its week: as the orders of the last eight weeks were, as of the training. Where these
    /// are too few it is `even`.
    Usual,
}

impl Pacing {
    /// Its word.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Even => "even",
            Self::Usual => "usual",
        }
    }
}

/// What a product may promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// Money of one period, above 0.
    pub limit: Cents,
    /// For how long it holds.
    pub period: Period,
    /// Days for which a promise holds.
    pub expires_days: u32,
    /// What the dearest promise reserves.
    pub dearest: Cents,
    /// How the promises are spread over the period.
    pub pacing: Pacing,
    /// What may be promised of some arms within it.
    pub limits: Vec<ArmsAllowance>,
}

/// What a product may promise of some arms together in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArmsAllowance {
    /// The limit's name.
    pub name: String,
    /// What it counts.
    pub unit: LimitUnit,
    /// Units of one period, above 0.
    pub units: i64,
    /// What giving each of its arms takes, in units, above 0.
    pub takes: BTreeMap<String, i64>,
    /// The sites whose customers it counts; `None` where it counts all.
    pub sites: Option<BTreeSet<String>>,
}

impl ArmsAllowance {
    /// What giving an arm takes; 0 where it does not count.
    #[must_use]
    pub fn takes(&self, arm: &str) -> i64 {
        self.takes.get(arm).copied().unwrap_or(0)
    }

    /// What giving the dearest of its arms takes.
    #[must_use]
    pub fn dearest(&self) -> i64 {
        self.takes.values().copied().max().unwrap_or(0)
    }

    /// What giving the cheapest of its arms takes.
    #[must_use]
    pub fn cheapest(&self) -> i64 {
        self.takes.values().copied().min().unwrap_or(0)
    }
}

/// Sites in a few words: by name, or how many there are.
pub(crate) fn few(sites: &BTreeSet<String>) -> String {
    /// Sites that are named.
    const NAMED: usize = 3;
    if sites.len() > NAMED {
        return format!("{} sites", sites.len());
    }
    let sites: Vec<&str> = sites.iter().map(String::as_str).collect();
    sites.join(", ")
}

impl Allowance {
    /// The sites whose customers a limit counts; `None` where it counts all.
    #[must_use]
    pub fn sites_of(&self, limit: &str) -> Option<&BTreeSet<String>> {
        let mut limits = self.limits.iter();
        let of = limits.find(|of| of.name == limit)?;
        of.sites.as_ref()
    }

    /// The name of a limit, with the sites whose customers it counts.
    #[must_use]
    pub fn named(&self, limit: &str) -> String {
        self.sites_of(limit).map_or_else(
            || limit.to_owned(),
            |sites| format!("{limit} ({})", few(sites)),
        )
    }

    /// The period that a moment lies in where its promises are spread over it: when it begins and when it ends.
    #[must_use]
    pub fn paced_span(
        &self,
        now: Timestamp,
        time_zone: &TimeZone,
    ) -> Option<(Timestamp, Timestamp)> {
        match self.pacing {
            Pacing::None => None,
            Pacing::Even | Pacing::Usual => self.period.span_at(now, time_zone),
        }
    }

    /// Share of a plan that is promised at a moment, 0 to 1.
    ///
    /// - `span`: see [`Allowance::paced_span`].
    /// - `week`: what the version that answers knows of usual hours.
    #[must_use]
    pub fn plan(&self, span: (Timestamp, Timestamp), week: Option<&Week>, now: Timestamp) -> f64 {
        match (self.pacing, week) {
            (Pacing::Usual, Some(week)) => week.share(span, now),
            (Pacing::Usual, None) | (Pacing::None | Pacing::Even, _) => even_plan(span, now),
        }
    }
}

/// Share of an even plan that is promised at a moment, 0 to 1.
///
/// - `span`: when the period begins and ends.
#[must_use]
pub fn even_plan(span: (Timestamp, Timestamp), now: Timestamp) -> f64 {
    let (starts, ends) = span;
    let length = ends.duration_since(starts).as_secs_f64();
    let elapsed = now.duration_since(starts).as_secs_f64();
    (elapsed / length.max(1.0)).clamp(0.0, 1.0)
}

/// What an answer takes of a budget.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stake {
    /// Reserved where the answer is given; 0 where it promises nothing.
    pub takes: Cents,
    /// What must be there for the answer to be given: that of the dearest arm that it might have been, so that its
    /// propensity is true whichever it is.
    pub must_have: Cents,
    /// The same of each limit that counts an arm that it might have been.
    pub limits: Vec<LimitStake>,
    /// Places in [`Allowance::limits`] of the limits on customers of some sites that count this one, whatever the arm.
    pub counted_by: Vec<usize>,
}

/// What an answer takes of a limit on some arms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitStake {
    /// The place of the limit in [`Allowance::limits`].
    pub limit: usize,
    /// Reserved where the answer is given, in units.
    pub takes: i64,
    /// What must be there for the answer to be given, above 0.
    pub must_have: i64,
}

/// Why nothing can be promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoMoney {
    /// What is left does not pay for an offer.
    UsedUp,
    /// What is left cannot be known now.
    Unavailable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_ends_by_the_clocks_of_the_shop() {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        // An hour before midnight in London, the first of January in Paris: still the last week of 2025.
        let new_year = at("2025-12-31T23:00:00Z");
        for (period, name) in [
            (Period::Month, "2026-01"),
            (Period::Week, "2026-W01"),
            (Period::Day, "2026-01-01"),
            (Period::Version, "version 3"),
        ] {
            assert_eq!(period.name_at(new_year, &paris, 3), name);
        }
        assert_eq!(
            Period::Month.name_at(new_year, &TimeZone::UTC, 3),
            "2025-12"
        );
        let sunday = at("2026-11-29T12:00:00Z");
        assert_eq!(Period::Week.name_at(sunday, &paris, 1), "2026-W48");
    }

    #[test]
    fn a_period_is_as_long_as_its_clocks_say() {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        // Clocks are set back on the 25th: this October has an hour more.
        let autumn = at("2026-10-25T12:00:00Z");
        for (period, starts, ends) in [
            (
                Period::Month,
                "2026-09-30T22:00:00Z",
                "2026-10-31T23:00:00Z",
            ),
            (Period::Week, "2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z"),
            (Period::Day, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
        ] {
            let span = period.span_at(autumn, &paris).unwrap();
            assert_eq!(span, (at(starts), at(ends)), "{period:?}");
            assert_eq!(
                (even_plan(span, span.0), even_plan(span, span.1)),
                (0.0, 1.0)
            );
        }
        assert_eq!(Period::Version.span_at(autumn, &paris), None);
        let day = Period::Day.span_at(autumn, &TimeZone::UTC).unwrap();
        assert_eq!(even_plan(day, autumn), 0.5);
    }
}
