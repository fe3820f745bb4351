//! What each further unit of one line is worth.
//!
//! Expected cost is convex in the position after the order: shortage and what is left are loss functions, and what
//! perishes is one of the demand until then. So each further pack is worth less than the one before.

use super::errors::LineError;
use super::line::{Line, Unmet};
use crate::stock::demand::{Demand, Quantiles, Units, met_quantiles};
use crate::stock::goal::{self, Goal};

/// Levels at which demand that is lost before arrival is taken off.
const LEVELS: [f64; 24] = [
    0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75,
    0.8, 0.85, 0.9, 0.95, 0.975, 0.99, 0.999,
];

/// Days of a year.
const YEAR: f64 = 365.0;

/// Below this probability of missing something before arrival there is nothing to take off.
const SELDOM: f64 = 1e-6;

/// A service target is worth no more than that of this cycle service: beyond it one missing unit would be worth more
/// than any other line's.
const SERVICE_MAX: f64 = 0.9999;

/// Expected cost of a line by the position after the order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Curve<'a> {
    /// Demand that the order has to meet.
    pub(super) demand: Demand<'a>,
    mean: f64,
    life: Option<(Demand<'a>, f64)>,
    /// Cents for one unit not served.
    pub(super) missing: f64,
    /// Cents for one unit left, until the next review.
    holding: f64,
    /// Units that should stand there.
    floor: f64,
    /// Fewest units that reach a service; the order-up-to level without packs. Absent where cost decides.
    pub(super) target: Option<f64>,
    /// Expected demand of a year.
    pub(super) yearly: f64,
}

/// Looks at the curve of a line that was checked.
///
/// # Errors
/// [`LineError::Demand`] when demand less what is lost cannot be drawn.
pub(super) fn with<T>(line: &Line<'_>, look: impl FnOnce(&Curve<'_>) -> T) -> Result<T, LineError> {
    let position = line.position() as f64;
    let lost = line
        .until_arrival
        .filter(|until| line.unmet == Unmet::Lost && until.above(position) > SELDOM);
    let Some(until) = lost else {
        return Ok(look(&Curve::new(line, line.demand)));
    };
    let values = met_quantiles(&line.demand, &until, position.max(0.0), &LEVELS);
    let demand = Demand::quantiles(Quantiles {
        levels: &LEVELS,
        values: &values,
        expected: Some((line.demand.mean() - until.shortage(position)).max(0.0)),
        units: if line.demand.is_whole() {
            Units::Whole
        } else {
            Units::Any
        },
    })?;
    Ok(look(&Curve::new(line, demand)))
}

impl<'a> Curve<'a> {
    fn new<'l: 'a>(line: &Line<'l>, demand: Demand<'a>) -> Self {
        let life = line.shelf_life.map(|life| (life.demand, life.wasted_cents));
        let holding = line.holding_cents_per_day * line.review_days;
        let (target, missing) = match line.goal {
            Goal::Cost { missing_cents } => (None, missing_cents),
            Goal::UpTo {
                level,
                missing_cents,
            } => (Some(level), missing_cents),
            Goal::CycleService(level) => {
                let target = demand.quantile(level).max(0.0);
                (Some(target), implied(holding, life, target, level))
            }
            Goal::FillRate(level) => {
                let before = line.until_arrival.filter(|_| line.unmet == Unmet::Waits);
                let target = goal::filling(&demand, before.as_ref(), level);
                let cycle = demand.cdf(target);
                (Some(target), implied(holding, life, target, cycle))
            }
        };
        Self {
            mean: demand.mean(),
            demand,
            life,
            missing,
            holding,
            floor: f64::from(line.presentation_units),
            target,
            yearly: line.demand.mean() / line.protection_days * YEAR,
        }
    }

    /// The same, where nothing need stand there.
    pub(super) fn without_floor(&self) -> Self {
        Self {
            floor: 0.0,
            ..*self
        }
    }

    /// Expected cents of missing, kept and perished units, of a position after the order.
    pub(super) fn cost(&self, position: f64) -> f64 {
        // What should stand there counts as asked for, so that it is neither missing twice nor left.
        let standing = position.max(self.floor);
        let shortage = self.demand.shortage(standing);
        let left = (standing - self.mean + shortage).max(0.0);
        let missing = shortage + (standing - position);
        let perished = self
            .life
            .map_or(0.0, |(demand, wasted)| wasted * demand.left_over(position));
        self.missing * missing + self.holding * left + perished
    }
}

/// What a missing unit is worth to whoever asks for a service: the cost at which just so much is ordered.
fn implied(holding: f64, life: Option<(Demand<'_>, f64)>, target: f64, cycle: f64) -> f64 {
    let cycle = cycle.min(SERVICE_MAX);
    let perishing = life.map_or(0.0, |(demand, wasted)| wasted * demand.cdf(target));
    (holding * cycle + perishing) / (1.0 - cycle)
}
