//! What a product may promise: its budget, the periods it holds for, and what one answer takes of it.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schema::Cents;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
}

/// What an answer takes of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stake {
    /// Reserved where the answer is given; 0 where it promises nothing.
    pub takes: Cents,
    /// What must be there for the answer to be given: that of the dearest arm that it might have been, so that its
    /// propensity is true whichever it is.
    pub must_have: Cents,
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
}
