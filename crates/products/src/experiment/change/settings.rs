//! Settings of a change that nobody drew.

use crate::file::Raw;
use crate::outcome::Outcome;
use jiff::civil::Date;
use schema::{AsOf, ConfigError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a change is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Method {
    /// Some sites were changed on one day; they are compared with how all others moved.
    DifferenceInDifferences,
    /// One site or a few were changed on one day; they are compared with the weighted others that kept their company
    /// before.
    SyntheticControl,
    /// Blocks of days were drawn to the change; they are compared with the other blocks.
    Switchback,
}

/// A change as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// How it is measured.
    pub(crate) method: Method,
    /// The sites that were changed, each once. With `switchback` the sites that switched, all sales where it is absent.
    #[serde(default)]
    pub(crate) sites: Vec<String>,
    /// The first day of the change; with `switchback` that of the first block.
    #[schemars(with = "String")]
    pub(crate) start: Date,
    /// The first day that does not count any more; all days known where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub(crate) until: Option<Date>,
    /// Days of a period, 1 to 91; with `switchback` those of a block.
    #[serde(default = "Change::period_days")]
    pub(crate) period_days: u32,
    /// Days before the change that are compared, at least two periods and at most 1,095; fewer where fewer are known.
    #[serde(default = "Change::before_days")]
    pub(crate) before_days: u32,
    /// The first days of the blocks that were drawn to the change; with `switchback` alone.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) switched_on: Vec<Date>,
    /// Days left out at the start of every block, fewer than it has; with `switchback` alone.
    #[serde(default)]
    pub(crate) burn_in_days: u32,
}

impl Change {
    fn period_days() -> u32 {
        7
    }

    fn before_days() -> u32 {
        182
    }

    /// What is read, as a person calls it.
    pub(super) fn named(&self) -> String {
        let sites = self.sites.join(", ");
        match (self.method, self.sites.len()) {
            (Method::Switchback, 0) => "the switchback of all sales".to_owned(),
            (Method::Switchback, _) => format!("the switchback of sites {sites}"),
            (_, _) => format!("the change at sites {sites}"),
        }
    }

    /// Unit of an outcome.
    pub(super) fn unit(&self, outcome: Outcome) -> String {
        let (name, days) = (outcome.name(), self.period_days);
        match self.method {
            Method::Switchback => format!("{name} per day"),
            Method::DifferenceInDifferences | Method::SyntheticControl => {
                format!("{name} per site and {days} days")
            }
        }
    }

    pub(crate) fn check(&self, outcomes: &[Outcome], raw: &Raw) -> Result<(), ConfigError> {
        let refuse = |found: String, allowed: &str| Err(raw.refuse("change", found, allowed));
        let uncounted = [Outcome::Visits, Outcome::Lines, Outcome::Returns];
        if let Some(found) = outcomes.iter().find(|o| uncounted.contains(o)) {
            let allowed = "orders, revenue, margin and discount with `change`: events name no site, and lines are not counted by site";
            return Err(raw.refuse("outcomes", found.code(), allowed));
        }
        for (place, site) in self.sites.iter().enumerate() {
            if site.trim().is_empty() || self.sites[..place].contains(site) {
                return refuse(format!("`sites` with {site:?}"), "names, each once");
            }
        }
        if !(1..=91).contains(&self.period_days) {
            return refuse(format!("`period_days` {}", self.period_days), "1 to 91");
        }
        let least = 2 * self.period_days;
        if !(least..=1_095).contains(&self.before_days) {
            let found = format!("`before_days` {}", self.before_days);
            return refuse(found, "two periods to 1095 days");
        }
        if let Some(until) = self.until.filter(|until| *until <= self.start) {
            return refuse(format!("`until` {until}"), "a day after `start`");
        }
        match self.method {
            Method::Switchback => self.check_blocks(raw),
            Method::DifferenceInDifferences | Method::SyntheticControl => self.check_sites(raw),
        }
    }

    fn check_sites(&self, raw: &Raw) -> Result<(), ConfigError> {
        if self.sites.is_empty() {
            return Err(raw.refuse("change", "no `sites`", "the sites that were changed"));
        }
        if !self.switched_on.is_empty() || self.burn_in_days > 0 {
            let found = "`switched_on` or `burn_in_days`";
            return Err(raw.refuse("change", found, "neither but with method \"switchback\""));
        }
        Ok(())
    }

    fn check_blocks(&self, raw: &Raw) -> Result<(), ConfigError> {
        if self.burn_in_days >= self.period_days {
            let found = format!("`burn_in_days` {}", self.burn_in_days);
            return Err(raw.refuse("change", found, "fewer than `period_days`"));
        }
        let days = i64::from(self.period_days);
        for (place, day) in self.switched_on.iter().enumerate() {
            let after = i64::from(AsOf(*day).epoch_day() - AsOf(self.start).epoch_day());
            let known = self.switched_on[..place].contains(day);
            if known || after < 0 || after % days != 0 {
                let found = format!("`switched_on` with {day}");
                let allowed = "first days of blocks since `start`, each once";
                return Err(raw.refuse("change", found, allowed));
            }
        }
        if self.switched_on.is_empty() {
            let allowed = "the first days of the blocks with the change";
            return Err(raw.refuse("change", "no `switched_on`", allowed));
        }
        Ok(())
    }
}
