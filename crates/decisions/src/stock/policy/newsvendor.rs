//! One season: ordered once, what is left loses, what is missing is lost.

use super::{PolicyError, above_0};
use crate::stock::demand::Demand;

/// An order for one season, and what it does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Newsvendor {
    /// Units to order; whole where demand is.
    pub quantity: f64,
    /// Expected cents of what is left and what is missing.
    pub cost: f64,
    /// Probability that nothing is missing.
    pub cycle_service: f64,
    /// Share of demand that is served; absent where nothing is asked for.
    pub fill_rate: Option<f64>,
    /// Units left, on average.
    pub left: f64,
    /// Units missing, on average.
    pub missing: f64,
}

/// The quantity of least expected cost: the quantile of demand at `missing / (missing + left)`.
///
/// - `left_cents`: what a unit that is left loses, above 0.
/// - `missing_cents`: what a missing unit costs, above 0.
///
/// # Errors
/// [`PolicyError::Amount`] when a cost is not above 0.
///
/// # Source
/// Arrow, Harris, Marschak (1951). Checked against `stockpyl` 1.0.2.
pub fn newsvendor(
    demand: &Demand<'_>,
    left_cents: f64,
    missing_cents: f64,
) -> Result<Newsvendor, PolicyError> {
    above_0("cost of a unit that is left", left_cents)?;
    above_0("cost of a missing unit", missing_cents)?;
    let quantity = demand
        .quantile(missing_cents / (missing_cents + left_cents))
        .max(0.0);
    newsvendor_of(demand, quantity, left_cents, missing_cents)
}

/// What a given quantity does.
///
/// # Errors
/// [`PolicyError::Amount`] when a cost is not above 0, or the quantity negative or not a finite number.
pub fn newsvendor_of(
    demand: &Demand<'_>,
    quantity: f64,
    left_cents: f64,
    missing_cents: f64,
) -> Result<Newsvendor, PolicyError> {
    above_0("cost of a unit that is left", left_cents)?;
    above_0("cost of a missing unit", missing_cents)?;
    super::at_least_0("quantity", quantity)?;
    let (left, missing) = (demand.left_over(quantity), demand.shortage(quantity));
    let mean = demand.mean();
    Ok(Newsvendor {
        quantity,
        cost: left_cents * left + missing_cents * missing,
        cycle_service: demand.cdf(quantity),
        fill_rate: (mean > 0.0).then(|| 1.0 - missing / mean),
        left,
        missing,
    })
}
