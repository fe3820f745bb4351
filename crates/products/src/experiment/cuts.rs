//! Cutting outcomes of a few customers that would decide alone.
//!
//! Bounds are quantiles of what came of the same customers in a window as long before their first draw: no arm has touched
//! that. Where it has no upper bound that leaves anything, as with customers who are new, they are quantiles of all arms
//! together, the same for each.

use super::measuring::Measuring;
use super::units::Units;
use crate::outcome::Outcome;
use measure::effects::Winsor;
use schema::time::DAY_SECONDS;
use serde::{Deserialize, Serialize};

/// From where the bounds of an outcome are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Basis {
    /// From a window before the first draw.
    Before,
    /// From all arms together.
    Arms,
}

/// Between which values an outcome is cut.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Cut {
    pub(super) outcome: Outcome,
    pub(super) bounds: Winsor,
    /// Of the same in the covariate days.
    pub(super) before: Option<Winsor>,
    pub(super) basis: Basis,
    /// Customers whose outcome was beyond them.
    pub(super) customers: u64,
}

/// The outcomes that are cut.
#[derive(Debug, Clone, Default)]
pub(super) struct Cuts(Vec<Cut>);

impl Cuts {
    /// Bounds for every outcome that is read; none where the settings ask for none.
    pub(super) fn of(read: &Measuring<'_>, units: &Units<'_>) -> Self {
        let Some(share) = read.settings.winsorise else {
            return Self::default();
        };
        let outcomes = Outcome::ALL.iter().copied();
        // A visit is one or none.
        let cut = outcomes.filter(|of| *of != Outcome::Visits && read.settings.reads(*of));
        Self(
            cut.filter_map(|of| Cut::of(read, units, of, share))
                .collect(),
        )
    }

    pub(super) fn all(&self) -> &[Cut] {
        &self.0
    }

    /// What came of a customer and the same before, cut.
    pub(super) fn cut(&self, outcome: Outcome, [after, before]: [f64; 2]) -> [f64; 2] {
        match self.0.iter().find(|cut| cut.outcome == outcome) {
            None => [after, before],
            Some(cut) => [
                cut.bounds.cut(after),
                cut.before.map_or(before, |bounds| bounds.cut(before)),
            ],
        }
    }
}

impl Cut {
    /// `None` where nothing would be left that varies.
    fn of(read: &Measuring<'_>, units: &Units<'_>, outcome: Outcome, share: f64) -> Option<Self> {
        let rows: Vec<[f64; 2]> = units
            .finished
            .iter()
            .map(|unit| read.uncut(unit, outcome))
            .collect();
        let window = i64::from(read.settings.window_days) * DAY_SECONDS;
        let before = units.finished.iter().map(|unit| {
            let during = unit.first - window..unit.first;
            outcome.of(read.history, unit.customer, &during)
        });
        let before: Vec<f64> = before.collect();
        let of = |values: &[f64]| {
            let bounds = Winsor::at_quantiles(values, 1.0 - share, share).ok()?;
            let (low, high) = bounds.bounds();
            (low < high).then_some(bounds)
        };
        let column = |column: usize| rows.iter().map(|row| row[column]).collect::<Vec<f64>>();
        let from_before = of(&before).map(|bounds| (bounds, Basis::Before));
        let from_arms = || of(&column(0)).map(|bounds| (bounds, Basis::Arms));
        let (bounds, basis) = from_before.or_else(from_arms)?;
        let beyond = rows.iter().filter(|row| bounds.cut(row[0]) != row[0]);
        Some(Self {
            outcome,
            bounds,
            before: of(&column(1)),
            basis,
            customers: beyond.count() as u64,
        })
    }
}
