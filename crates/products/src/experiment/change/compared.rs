//! What is compared: outcomes of sites by period, or of days by block.

use super::settings::{Change, Method};
use crate::experiment::error::ExperimentError;
use crate::logged::listed;
use crate::outcome::{Outcome, knows_costs};
use features::{History, SiteDay};
use measure::quasi::QuasiError;
use schema::AsOf;
use schema::time::date_of;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Outcomes and who was changed when.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Compared {
    /// Sites compared; none for a switchback.
    pub(super) sites: Vec<String>,
    /// Whether each site was changed; of a switchback, each block.
    pub(super) treated: Vec<bool>,
    /// Periods before the change; 0 for a switchback.
    pub(super) before: usize,
    /// Periods after it; blocks of a switchback.
    pub(super) after: usize,
    /// First day that counts.
    pub(super) from: AsOf,
    /// First day that does not count any more.
    pub(super) until: AsOf,
    /// Sites left out: in some period they sold nothing.
    pub(super) left_out: u64,
    /// By outcome: sites × periods, or the days of all blocks.
    pub(super) values: Vec<Vec<f64>>,
}

fn of_day(outcome: Outcome, day: &SiteDay) -> f64 {
    match outcome {
        // Events name no site, and lines are not counted by site and day; settings refuse them.
        Outcome::Visits | Outcome::Lines | Outcome::Returns => 0.0,
        Outcome::Orders => day.orders as f64,
        Outcome::Revenue => day.spend_cents as f64 / 100.0,
        Outcome::Margin => day.margin_cents as f64 / 100.0,
        Outcome::Discount => day.discount_cents as f64 / 100.0,
    }
}

impl Compared {
    pub(super) fn of(
        history: &History,
        change: &Change,
        outcomes: &[Outcome],
    ) -> Result<Self, ExperimentError> {
        if outcomes.contains(&Outcome::Margin) && !knows_costs(history) {
            return Err(ExperimentError::NoGoodsCost);
        }
        let known: BTreeSet<&str> = history.sites().each().map(|(site, _)| site).collect();
        if known.is_empty() && (change.method != Method::Switchback || !change.sites.is_empty()) {
            let as_of = history.as_of();
            return Err(ExperimentError::NoSites { as_of });
        }
        if let Some(site) = change
            .sites
            .iter()
            .find(|site| !known.contains(site.as_str()))
        {
            return Err(ExperimentError::UnknownSite {
                site: site.clone(),
                as_of: history.as_of(),
                held: listed(&known),
            });
        }
        match change.method {
            Method::Switchback => Self::of_blocks(history, change, outcomes),
            Method::DifferenceInDifferences | Method::SyntheticControl => {
                Self::of_sites(history, change, outcomes)
            }
        }
    }

    fn of_sites(
        history: &History,
        change: &Change,
        outcomes: &[Outcome],
    ) -> Result<Self, ExperimentError> {
        let length = i32::try_from(change.period_days).unwrap_or(i32::MAX);
        let start = AsOf(change.start).epoch_day();
        let first_sale = history.sites().each().filter_map(|(_, days)| days.first());
        let first_sale = first_sale.map(|day| day.day).min().unwrap_or(start);
        let days_before = i32::try_from(change.before_days).unwrap_or(i32::MAX);
        let before = days_before.min(start - first_sale).max(0) / length;
        let after = (until(history, change) - start).max(0) / length;
        if after == 0 {
            let periods = usize::try_from(before).unwrap_or(0);
            return Err(QuasiError::NothingAfter { periods }.into());
        }
        if before == 0 {
            return Err(QuasiError::NothingBefore { needed: 1 }.into());
        }
        let from = start - before * length;
        let periods = usize::try_from(before + after).unwrap_or(0);
        let mut compared = Self {
            sites: Vec::new(),
            treated: Vec::new(),
            before: usize::try_from(before).unwrap_or(0),
            after: usize::try_from(after).unwrap_or(0),
            from: day(from),
            until: day(start + after * length),
            left_out: 0,
            values: vec![Vec::new(); outcomes.len()],
        };
        for (site, days) in history.sites().each() {
            let is_treated = change.sites.iter().any(|name| name == site);
            let mut rows = vec![vec![0.0; periods]; outcomes.len()];
            let mut open = vec![false; periods];
            for sold in days.iter().filter(|sold| sold.day >= from) {
                let period = usize::try_from((sold.day - from) / length).unwrap_or(periods);
                if period < periods {
                    open[period] = true;
                    for (row, outcome) in rows.iter_mut().zip(outcomes) {
                        row[period] += of_day(*outcome, sold);
                    }
                }
            }
            match (open.iter().position(|open| !open), is_treated) {
                (None, _) => {
                    compared.sites.push(site.to_owned());
                    compared.treated.push(is_treated);
                    for (values, row) in compared.values.iter_mut().zip(rows) {
                        values.extend(row);
                    }
                }
                (Some(_), false) => compared.left_out += 1,
                (Some(closed), true) => {
                    let closed = from + i32::try_from(closed).unwrap_or(0) * length;
                    return Err(ExperimentError::ClosedSite {
                        site: site.to_owned(),
                        from: day(closed),
                        until: day(closed + length),
                    });
                }
            }
        }
        Ok(compared)
    }

    fn of_blocks(
        history: &History,
        change: &Change,
        outcomes: &[Outcome],
    ) -> Result<Self, ExperimentError> {
        let length = i32::try_from(change.period_days).unwrap_or(i32::MAX);
        let start = AsOf(change.start).epoch_day();
        let blocks = (until(history, change) - start).max(0) / length;
        let (count, days) = (
            usize::try_from(blocks).unwrap_or(0),
            usize::try_from(blocks * length).unwrap_or(0),
        );
        let mut values = vec![vec![0.0; days]; outcomes.len()];
        let chosen = |site: &str| change.sites.is_empty() || change.sites.iter().any(|s| s == site);
        let sites = history.sites().each().filter(|(site, _)| chosen(site));
        let all = change.sites.is_empty();
        let elsewhere = all.then(|| history.sites().elsewhere());
        for sold in sites.map(|(_, days)| days).chain(elsewhere).flatten() {
            let Ok(place) = usize::try_from(sold.day - start) else {
                continue;
            };
            if place < days {
                for (values, outcome) in values.iter_mut().zip(outcomes) {
                    values[place] += of_day(*outcome, sold);
                }
            }
        }
        let treated = (0..blocks).map(|block| {
            let first = date_of(start + block * length);
            change.switched_on.contains(&first)
        });
        Ok(Self {
            sites: Vec::new(),
            treated: treated.collect(),
            before: 0,
            after: count,
            from: day(start),
            until: day(start + blocks * length),
            left_out: 0,
            values,
        })
    }

    /// Sites or blocks with the change.
    pub(super) fn changed(&self) -> usize {
        self.treated.iter().filter(|treated| **treated).count()
    }
}

/// The first day that does not count.
fn until(history: &History, change: &Change) -> i32 {
    let known = history.as_of().epoch_day();
    change
        .until
        .map_or(known, |until| AsOf(until).epoch_day().min(known))
}

fn day(epoch_day: i32) -> AsOf {
    AsOf(date_of(epoch_day))
}
