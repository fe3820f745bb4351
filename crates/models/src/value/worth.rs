//! What a customer will bring over a horizon: purchases and money, discounted, with an interval.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::amounts::{Amounts, OrderAmount};
use super::choose::Fitted;
use super::gamma_gamma::Spend;
use super::history::History;
use super::outlook::{CountInterval, Outlook};

/// What is asked of the future.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Calendar days ahead.
    pub horizon_days: u32,
    /// Yearly discount rate: 0.1 makes a sale in a year worth 1/1.1 of one today.
    pub discount_per_year: f64,
    /// Probability with which the intervals hold the truth, 0 to 1 exclusive.
    pub level: f64,
    /// Futures drawn per customer for the interval of the value.
    pub draws: u32,
    /// Seed of the draws; each past has a stream of its own, wherever the customer stands in the list.
    pub seed: u64,
}

/// One customer's future.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Worth {
    /// Probability that the customer has not left for good.
    pub probability_alive: f64,
    /// Purchases expected within the horizon.
    pub expected_purchases: f64,
    /// Purchases that hold the truth with the probability asked or more.
    pub purchases: CountInterval,
    /// What they bring.
    pub value: Value,
}

/// Discounted spend within the horizon, where it can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// Expected, and the range that holds the truth with the probability asked.
    Measured {
        /// Expected value, cents.
        expected_cents: i64,
        /// Lower end, cents.
        low_cents: i64,
        /// Upper end, cents.
        high_cents: i64,
        /// Orders behind the customer's own mean: at zero, the range is everybody's.
        orders_seen: u32,
    },
    /// It cannot be said.
    NotMeasurable(WhyNoValue),
}

/// Why a value cannot be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WhyNoValue {
    /// The fitted spend has so heavy a tail that its mean is infinite for this customer.
    SpendHasNoMean,
    /// What orders bring could not be learnt from this history.
    AmountsNotLearnt,
    /// Horizon, prices and draws gave more than 2^63 cents.
    TooLarge,
}

/// A question that cannot be answered.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum WorthError {
    /// No time to look at.
    #[error("horizon is 0 days, expected at least 1")]
    NoHorizon,
    /// Not a probability.
    #[error("level is {found}, expected above 0 and below 1")]
    BadLevel {
        /// The level given.
        found: f64,
    },
    /// Not a discount rate.
    #[error("discount is {found} per year, expected finite and above -1")]
    BadDiscount {
        /// The rate given.
        found: f64,
    },
    /// Too few draws for the ends of the interval.
    #[error("{found} draws, at least {needed} needed for an interval at this level")]
    TooFewDraws {
        /// Draws asked.
        found: u32,
        /// Draws needed.
        needed: u32,
    },
    /// Spends and customers are not the same customers.
    #[error("{found} spends, expected one for each of {needed} customers")]
    SpendsDisagree {
        /// Spends given.
        found: usize,
        /// Customers.
        needed: usize,
    },
}

/// Longest stretch discounted as one: over 30 days at 10 % a year the error is below 1e-5.
pub(super) const STRETCH_DAYS: usize = 30;
/// Draws that must lie beyond each end of an interval.
const DRAWS_BEYOND: f64 = 5.0;

/// Every customer's worth, in the order of the history the models were fitted to.
///
/// The range of the value holds the chance of purchases and amounts, and what is unknown of each customer;
/// not what is unknown of the models' parameters, which vanishes with the number of customers.
/// The same seed gives the same bytes on any number of threads.
///
/// # Errors
/// [`WorthError`] names what in the question cannot be answered.
pub fn worth(
    purchases: &Fitted,
    history: &History,
    amounts: &Amounts,
    spends: &[Spend],
    question: &Question,
) -> Result<Vec<Worth>, WorthError> {
    check(history, spends, question)?;
    let clock = purchases.shop_days_ahead(history.last_day(), question.horizon_days);
    let outlooks = purchases.outlooks(history);
    let ahead = Ahead {
        clock: &clock,
        discounts: discounts(question),
    };
    Ok(outlooks
        .par_iter()
        .zip(spends)
        .enumerate()
        .map(|(customer, (outlook, spend))| {
            let mut rng = ChaCha8Rng::seed_from_u64(question.seed);
            rng.set_stream(stream_of(history.days_of(customer), spend));
            of_customer(outlook, amounts, spend, &ahead, question, &mut rng)
        })
        .collect())
}

/// The stream of draws that belongs to a past: the same customer asked alone or among others gets the same range.
///
/// FNV-1a over the purchase days and the spend (Fowler, Noll and Vo; draft-eastlake-fnv, 64 bits).
fn stream_of(days: &[u32], spend: &Spend) -> u64 {
    let words = days.iter().map(|&day| u64::from(day));
    let mean = if spend.orders == 0 {
        0
    } else {
        spend.mean_order_cents.to_bits()
    };
    words
        .chain([u64::from(spend.orders), mean])
        .flat_map(u64::to_le_bytes)
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
}

pub(super) fn check(
    history: &History,
    spends: &[Spend],
    question: &Question,
) -> Result<(), WorthError> {
    if spends.len() != history.customers() {
        return Err(WorthError::SpendsDisagree {
            found: spends.len(),
            needed: history.customers(),
        });
    }
    if question.horizon_days == 0 {
        return Err(WorthError::NoHorizon);
    }
    if !(question.level > 0.0 && question.level < 1.0) {
        return Err(WorthError::BadLevel {
            found: question.level,
        });
    }
    if !(question.discount_per_year.is_finite() && question.discount_per_year > -1.0) {
        return Err(WorthError::BadDiscount {
            found: question.discount_per_year,
        });
    }
    // The rounding of 1 - level must not ask for one draw more.
    let needed = (2.0 * DRAWS_BEYOND / (1.0 - question.level) - 1e-9).ceil();
    if f64::from(question.draws) < needed {
        return Err(WorthError::TooFewDraws {
            found: question.draws,
            needed: needed as u32,
        });
    }
    Ok(())
}

/// The days ahead: shop days gone at the end of each, and what a cent of each is worth now.
struct Ahead<'a> {
    clock: &'a [f64],
    discounts: Vec<f64>,
}

impl Ahead<'_> {
    fn shop_days(&self) -> f64 {
        self.clock.last().copied().unwrap_or(0.0)
    }
}

pub(super) fn discounts(question: &Question) -> Vec<f64> {
    let per_day = question.discount_per_year.ln_1p() / 365.25;
    (0..question.horizon_days)
        .map(|day| (-per_day * (f64::from(day) + 0.5)).exp())
        .collect()
}

fn of_customer(
    outlook: &Outlook,
    amounts: &Amounts,
    spend: &Spend,
    ahead: &Ahead<'_>,
    question: &Question,
    rng: &mut ChaCha8Rng,
) -> Worth {
    let shop_days = ahead.shop_days();
    let known = amounts
        .of_order()
        .and_then(|amount| Ok((amount.mean_cents(spend)?, amount)));
    let value = match known {
        Err(why) => Value::NotMeasurable(why),
        Ok((cents, amount)) => {
            let expected = cents * discounted_purchases(outlook, ahead);
            let (low, high) = drawn_interval(outlook, &amount, spend, ahead, question, rng);
            match (to_cents(expected), to_cents(low), to_cents(high)) {
                (Some(expected_cents), Some(low_cents), Some(high_cents)) => Value::Measured {
                    expected_cents,
                    low_cents,
                    high_cents,
                    orders_seen: spend.orders,
                },
                (_, _, _) => Value::NotMeasurable(WhyNoValue::TooLarge),
            }
        }
    };
    Worth {
        probability_alive: outlook.probability_alive(),
        expected_purchases: outlook.expected_purchases(shop_days),
        purchases: outlook.purchases_interval(shop_days, question.level),
        value,
    }
}

fn to_cents(cents: f64) -> Option<i64> {
    (cents.is_finite() && cents.abs() < 9.0e18).then(|| cents.round() as i64)
}

/// Expected purchases, each at its worth now.
fn discounted_purchases(outlook: &Outlook, ahead: &Ahead<'_>) -> f64 {
    let mut before = 0.0;
    ahead
        .clock
        .chunks(STRETCH_DAYS)
        .zip(ahead.discounts.chunks(STRETCH_DAYS))
        .map(|(clock, discounts)| {
            let expected = outlook.expected_purchases(clock[clock.len() - 1]);
            let within = expected - before;
            before = expected;
            within * discounts.iter().sum::<f64>() / discounts.len() as f64
        })
        .sum()
}

/// The central range of the discounted spend over drawn futures.
fn drawn_interval(
    outlook: &Outlook,
    amount: &OrderAmount<'_>,
    spend: &Spend,
    ahead: &Ahead<'_>,
    question: &Question,
    rng: &mut ChaCha8Rng,
) -> (f64, f64) {
    let mut totals: Vec<f64> = (0..question.draws)
        .map(|_| {
            let times = outlook.draw(ahead.shop_days(), rng);
            if times.is_empty() {
                return 0.0;
            }
            let customer = amount.draw_customer(spend, rng);
            times
                .into_iter()
                .map(|time| {
                    let day = ahead.clock.partition_point(|&gone| gone < time);
                    let discount = ahead.discounts[day.min(ahead.discounts.len() - 1)];
                    discount * amount.draw_cents(customer, rng)
                })
                .sum()
        })
        .collect();
    totals.sort_unstable_by(f64::total_cmp);
    let tail = 0.5 * (1.0 - question.level);
    let beyond = (tail * totals.len() as f64).floor() as usize;
    (totals[beyond], totals[totals.len() - 1 - beyond])
}
