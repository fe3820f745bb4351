//! What stock is kept for, and how much of it that takes.

use super::demand::Demand;

/// What stock is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// The probability that nothing is missing until the next delivery is at least this, strictly between 0 and 1.
    CycleService(f64),
    /// The share of demand that is served from stock is at least this, strictly between 0 and 1.
    ///
    /// Of what is asked for between arrival and the next delivery, where demand until arrival is known and unmet demand
    /// waits; else of all demand until the next delivery.
    FillRate(f64),
    /// The least expected cost.
    Cost {
        /// What one unit not served costs, in cents, above 0: its margin, and what the customer's annoyance is worth.
        missing_cents: f64,
    },
    /// This position, by a policy for good such as [`min_max`](fn@super::policy::min_max).
    UpTo {
        /// Units there and on their way after the order, 0 or more.
        level: f64,
        /// What one unit not served costs, in cents, above 0.
        missing_cents: f64,
    },
}

/// Fewest whole units of which the share of demand served from stock reaches a level.
///
/// - `until_arrival`: what finds nothing before the order arrives is not its failure, where that is known.
///
/// Nothing is needed where nothing is asked for.
pub(super) fn filling(demand: &Demand<'_>, until_arrival: Option<&Demand<'_>>, level: f64) -> f64 {
    let asked = demand.mean() - until_arrival.map_or(0.0, Demand::mean);
    if asked <= 0.0 {
        return 0.0;
    }
    let reached = |stock: f64| missing(demand, until_arrival, stock) <= (1.0 - level) * asked;
    if reached(0.0) {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, demand.quantile(level).ceil().max(1.0));
    while !reached(high) {
        low = high;
        high *= 2.0;
    }
    while high - low > 1.0 {
        let middle = (0.5 * (low + high)).floor();
        if reached(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

/// Units that are missing between arrival and the next delivery, on average.
pub(super) fn missing(demand: &Demand<'_>, until_arrival: Option<&Demand<'_>>, stock: f64) -> f64 {
    demand.shortage(stock) - until_arrival.map_or(0.0, |before| before.shortage(stock))
}
