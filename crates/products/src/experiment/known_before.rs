//! What is known of a customer before the first draw, for a regression that says what would come of them anyway.

use super::settings::Settings;
use super::units::Unit;
use crate::outcome::Outcome;
use features::History;
use schema::time::DAY_SECONDS;

/// Things known of a customer.
pub(super) const KNOWN: usize = 8;

/// What came of a customer, and what is known of the covariate days: the outcome itself, the same in a window's length,
/// orders, revenue, discounts, lines and returns, and days since the last order, as many as there are where there was none.
///
/// - `outcome`: with what came of it afterwards and in the covariate days.
pub(super) fn known_before(
    history: &History,
    settings: &Settings,
    unit: &Unit<'_>,
    outcome: Outcome,
    [after, before]: [f64; 2],
) -> [f64; 1 + KNOWN] {
    let days = i64::from(settings.covariate_days);
    let from = unit.first - days * DAY_SECONDS;
    let all = from..unit.first;
    let lately = from.max(unit.first - i64::from(settings.window_days) * DAY_SECONDS)..unit.first;
    let of = |outcome: Outcome| outcome.of(history, unit.customer, &all);
    let lines = history
        .customer_index(unit.customer)
        .map(|customer| history.lines_of(customer));
    let mut bought = lines.unwrap_or_default().iter().rev();
    let last = bought.find(|line| !line.is_return && line.at_seconds < unit.first);
    let since = last.map_or(i64::MAX, |line| unit.first - line.at_seconds);
    [
        after,
        before,
        outcome.of(history, unit.customer, &lately),
        of(Outcome::Orders),
        of(Outcome::Revenue),
        of(Outcome::Discount),
        of(Outcome::Lines),
        of(Outcome::Returns),
        since.min(days * DAY_SECONDS) as f64 / DAY_SECONDS as f64,
    ]
}
