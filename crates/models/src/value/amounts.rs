//! What an order brings: a fitted spread of amounts, or the one amount that everybody pays.

use serde::{Deserialize, Serialize};

use super::estimate::FitError;
use super::gamma_gamma::{GammaGamma, GammaGammaParameters, MeanOrder, Spend};
use super::worth::WhyNoValue;

/// What is known of the amounts of orders. That little or nothing is known of them does not keep purchases from being
/// predicted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Amounts {
    /// They differ between customers.
    Varying(GammaGamma),
    /// Every repeat buyer's mean order is this amount, to the cent: it is an exact mean, and nothing was fitted.
    Same {
        /// Cents of every order.
        cents: f64,
        /// Customers with repeat orders.
        customers: usize,
    },
    /// They could not be learnt.
    NotLearnt(FitError),
}

/// The amount of one customer's next order.
pub(crate) enum OrderAmount<'a> {
    /// Drawn around a mean of the customer's own.
    Drawn(&'a GammaGammaParameters),
    /// Always this many cents.
    Always(f64),
}

impl Amounts {
    /// Learns from the repeat orders of customers.
    #[must_use]
    pub fn learn(customers: &[Spend]) -> Self {
        match GammaGamma::fit(customers) {
            Ok(fitted) => Self::Varying(fitted),
            Err(FitError::AllIdentical { customers: n }) => {
                customers.iter().find(|spend| spend.orders > 0).map_or(
                    Self::NotLearnt(FitError::NotComputable),
                    |spend| Self::Same {
                        cents: spend.mean_order_cents,
                        customers: n,
                    },
                )
            }
            Err(why) => Self::NotLearnt(why),
        }
    }

    /// How amounts come about, or why that is not known.
    pub(crate) fn of_order(&self) -> Result<OrderAmount<'_>, WhyNoValue> {
        match self {
            Self::Varying(fitted) => Ok(OrderAmount::Drawn(fitted.parameters())),
            Self::Same { cents, .. } => Ok(OrderAmount::Always(*cents)),
            Self::NotLearnt(_) => Err(WhyNoValue::AmountsNotLearnt),
        }
    }
}

impl OrderAmount<'_> {
    /// Expected cents of the next order of a customer who spent this.
    pub(crate) fn mean_cents(&self, spend: &Spend) -> Result<f64, WhyNoValue> {
        match self {
            Self::Drawn(parameters) => match parameters.mean_order(spend) {
                MeanOrder::Measured { cents } => Ok(cents),
                MeanOrder::TailHasNoMean => Err(WhyNoValue::SpendHasNoMean),
            },
            Self::Always(cents) => Ok(*cents),
        }
    }

    /// Draws how a customer who spent this spends: what [`Self::draw_cents`] is given for each of their orders.
    pub(crate) fn draw_customer(&self, spend: &Spend, rng: &mut rand_chacha::ChaCha8Rng) -> f64 {
        match self {
            Self::Drawn(parameters) => parameters.draw_scale(spend, rng),
            Self::Always(cents) => *cents,
        }
    }

    /// Mean cents of an order of such a customer.
    pub(crate) fn mean_of(&self, customer: f64) -> f64 {
        match self {
            Self::Drawn(parameters) => parameters.p / customer,
            Self::Always(cents) => *cents,
        }
    }

    /// Draws the cents of one order of such a customer.
    pub(crate) fn draw_cents(&self, customer: f64, rng: &mut rand_chacha::ChaCha8Rng) -> f64 {
        match self {
            Self::Drawn(parameters) => parameters.draw_order_cents(customer, rng),
            Self::Always(cents) => *cents,
        }
    }
}
