//! What is answered.

use schema::{AsOf, Cents};
use serde::Serialize;

/// What an offer or a rule would change of what customers are worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The question.
    pub what_if: String,
    /// The data product that values customers, and its version.
    pub product: String,
    /// Its version.
    pub version: u32,
    /// The first day that the version does not know.
    pub as_of: AsOf,
    /// Days ahead that are looked at.
    pub horizon_days: u32,
    /// Days that the effect acts each time.
    pub lasts_days: u32,
    /// How often.
    pub times: u32,
    /// Days from one beginning to the next; absent where it begins once.
    pub every_days: Option<u32>,
    /// Share of what is spent that the shop keeps; absent where sales count in full.
    pub margin: Option<f64>,
    /// To whom it applies.
    pub customers: Applies,
    /// What the effect does.
    pub effect: Vec<EffectPart>,
    /// What the customers are worth without it: their discounted spend within the horizon.
    pub clv: Clv,
    /// What they would spend more, before anything is taken off.
    pub change: Amount,
    /// What of that is borrowed from the weeks after.
    pub pulled_forward: Pulled,
    /// What the shop keeps of the rest.
    pub kept: Amount,
    /// What it costs.
    pub cost: Cost,
    /// What is kept less what it costs.
    pub net: Amount,
    /// Share of the draws in which it pays.
    pub pays_in_draws: f64,
    /// Customers for whom it is expected to pay.
    pub pays_for: u64,
    /// Whether it pays.
    pub verdict: Verdict,
    /// From where on it pays.
    pub break_even: BreakEven,
    /// The customers by what they are worth without it, the most first, in ten groups of one size.
    pub deciles: Vec<Decile>,
    /// The same in sentences.
    pub told: Vec<String>,
}

/// To whom it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Applies {
    /// Customers who have bought.
    pub known: u64,
    /// Of these, those it applies to and whose value can be said.
    pub applies: u64,
    /// Those for whom the condition does not hold.
    pub left_out: u64,
    /// Those of whom is not known whether it holds.
    pub not_known: u64,
    /// Those it applies to whose value cannot be said: they are in no figure.
    pub without_value: u64,
    /// Of those it applies to, who never bought again: their spend per order is everybody's.
    pub bought_once: u64,
}

/// Where a figure comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The file says so: nobody has measured it.
    Assumed,
    /// A read-out holds it.
    Measured,
    /// A mix of two arms that a read-out holds.
    Interpolated,
}

/// One factor of the effect.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EffectPart {
    /// `purchase_rate`, `dropout` or `spend` where assumed; `orders` or `revenue` where measured; `later`: what followed
    /// the window, as a share of what comes in one, which is no factor.
    pub what: String,
    /// The factor expected.
    pub expected: f64,
    /// One in forty is below.
    pub low: f64,
    /// One in forty is above.
    pub high: f64,
    /// Where it comes from.
    pub basis: Basis,
    /// What measured it; absent where nothing did.
    pub from: Option<String>,
}

/// An amount, with the interval that holds it in 95 of 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// What is expected.
    pub expected_cents: Cents,
    /// Lower end.
    pub low_cents: Cents,
    /// Upper end.
    pub high_cents: Cents,
}

/// What customers are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Clv {
    /// All of them.
    pub total: Amount,
    /// One of them, on average.
    pub mean_cents: Cents,
}

/// Where the share pulled forward comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PulledBasis {
    /// A later window was measured.
    Measured,
    /// The file says so.
    Assumed,
    /// Nothing was said, and the effect ends: what is usual is taken off.
    ByDefault,
    /// Nothing was said, and the effect lasts as long as anybody looks: nothing is taken off.
    Lasts,
}

/// What is borrowed from the weeks after.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pulled {
    /// Where it comes from.
    pub basis: PulledBasis,
    /// Share of the change; absent where it was measured, and where nothing is taken off.
    pub share: Option<Share>,
    /// Spend that is taken off; below nothing where more came after the window too.
    pub amount: Amount,
}

/// A share with its range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// What is expected.
    pub expected: f64,
    /// One in forty is below.
    pub low: f64,
    /// One in forty is above.
    pub high: f64,
}

/// What it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// All of it.
    pub total: Amount,
    /// Of the cost expected, what goes to orders and spend that would have come anyway.
    pub anyway_cents: Cents,
}

/// Whether it pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The whole interval of the net is above nothing.
    Pays,
    /// The whole interval is at nothing or below.
    DoesNotPay,
    /// It is on both sides.
    NotTold,
}

/// From where on it pays.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BreakEven {
    /// Share of the effect from which on it pays, 1 being the effect expected; absent where no strength tried pays.
    pub of_effect: Option<f64>,
    /// The factors at that strength, by name.
    pub factors: std::collections::BTreeMap<String, f64>,
    /// The most that each giving to a customer may cost, all other costs as they are; absent where it would not pay even
    /// for nothing.
    pub per_customer_cents: Option<f64>,
}

/// A tenth of the customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Decile {
    /// From 1: who is worth most.
    pub decile: u32,
    /// Customers in it.
    pub customers: u64,
    /// What one of them is worth, on average.
    pub clv_mean_cents: Cents,
    /// What the shop keeps more of one of them, on average, what is pulled forward taken off.
    pub kept_mean_cents: Cents,
    /// What it costs for one of them, on average.
    pub cost_mean_cents: Cents,
    /// Customers for whom it is expected to pay.
    pub pays_for: u64,
}
