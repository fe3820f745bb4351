//! The truth: what a customer is worth in a month under an arm, in closed form.

use super::customers::{Customer, FREQUENCY_DAYS, Response};
use super::offers::{AMOUNT_CENTS, Arm, PERCENT, POINTS_PERCENT};
use super::trips::LEAST_ITEMS;

/// Expected values of one customer over one month under one arm, money in the currency of the shop.
///
/// Trips and items are Poisson, so the values are exact, but for the cents to which the percentages of `percent10` and
/// `points` are rounded on each line, half a cent at most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// Trips, each of which makes one ticket.
    pub trips: f64,
    /// Prices paid, less the discount.
    pub revenue: f64,
    /// Prices less costs of what was bought, less the discount.
    pub margin: f64,
    /// Discount, points included.
    pub discount: f64,
}

/// What `customer` is worth in a month of `days` under `arm`.
///
/// - `response`: the customer's own, or what is typical for their habits.
pub(super) fn expected(customer: &Customer, arm: Arm, response: Response, days: u32) -> Expected {
    let trips = customer.frequency * f64::from(days) / FREQUENCY_DAYS * (1.0 + response.trips);
    let extra_items = customer.extra_items * (1.0 + response.items);
    let items = trips * (f64::from(LEAST_ITEMS) + extra_items);
    let value = items * customer.price_cents / 100.0;
    let cost = items * customer.cost_cents / 100.0;
    let discount = match arm {
        Arm::None => 0.0,
        // Once, if there is a first trip: the chance that a Poisson number is above 0.
        Arm::Amount => AMOUNT_CENTS as f64 / 100.0 * -(-trips).exp_m1(),
        Arm::Percent => value * PERCENT as f64 / 100.0,
        Arm::Points => value * POINTS_PERCENT as f64 / 100.0,
    };
    Expected {
        trips,
        revenue: value - discount,
        margin: value - cost - discount,
        discount,
    }
}
