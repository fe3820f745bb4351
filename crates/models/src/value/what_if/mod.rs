//! What an effect would change: the same customers, who buy, leave or spend otherwise while it acts.
//!
//! A factor on the rate of purchases is a clock that runs faster while the effect acts: of a customer who may leave after
//! a purchase the clock is all that counts; of one who may leave at any moment, leaving keeps to the calendar.
//! So both expectations stay exact, whenever the effect acts.

mod ahead;
mod drawn;
mod expected;

use ahead::Ahead;
pub use ahead::Schedule;

use serde::{Deserialize, Serialize};

use super::amounts::Amounts;
use super::choose::Fitted;
use super::gamma_gamma::Spend;
use super::history::History;
use super::outlook::Outlook;
use super::worth::{self, Question, WhyNoValue, WorthError};

/// What an effect does to customers while it acts, as factors above zero; 1 changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// On each customer's rate of purchases.
    pub purchase_rate: f64,
    /// On leaving for good, over the whole horizon: on the odds to leave at each purchase where customers leave after
    /// purchases, on each customer's rate of leaving where they leave at any moment.
    pub dropout: f64,
    /// On what each order brings.
    pub spend: f64,
    /// On the number of orders, as a trial counted them: how customers come to buy and to leave stays as it was.
    pub orders: f64,
}

impl Change {
    /// Nothing.
    pub const NONE: Self = Self {
        purchase_rate: 1.0,
        dropout: 1.0,
        spend: 1.0,
        orders: 1.0,
    };

    /// The same effect, as many times as strong: 0 is none, 1 is this one. Factors are raised to that power.
    #[must_use]
    pub fn times(&self, strength: f64) -> Self {
        Self {
            purchase_rate: self.purchase_rate.powf(strength),
            dropout: self.dropout.powf(strength),
            spend: self.spend.powf(strength),
            orders: self.orders.powf(strength),
        }
    }
}

/// What a customer buys within the horizon, or several do together; all discounted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Bought {
    /// Cents spent.
    pub cents: f64,
    /// Of these, cents spent while the effect acts.
    pub cents_meanwhile: f64,
    /// Orders while the effect acts.
    pub orders_meanwhile: f64,
}

impl std::ops::Add for Bought {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            cents: self.cents + other.cents,
            cents_meanwhile: self.cents_meanwhile + other.cents_meanwhile,
            orders_meanwhile: self.orders_meanwhile + other.orders_meanwhile,
        }
    }
}

impl std::iter::Sum for Bought {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| sum + one)
    }
}

/// One draw of what is not known: what all customers buy without the effect and with it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Changed {
    /// Without it.
    pub before: Bought,
    /// With it, of the same customers.
    pub after: Bought,
}

/// Customers whose value can be said, and the time ahead.
#[derive(Debug, Clone)]
pub struct Prospects {
    customers: Vec<Prospect>,
    places: Vec<usize>,
    amounts: Amounts,
    ahead: Ahead,
}

/// One customer.
#[derive(Debug, Clone)]
struct Prospect {
    outlook: Outlook,
    spend: Spend,
    mean_order_cents: f64,
}

impl Prospects {
    /// The customers of a history as the models see them; those whose value cannot be said are left out.
    ///
    /// The seed of the question is not read.
    ///
    /// # Errors
    /// [`WorthError`] names what in the question cannot be answered.
    pub fn new(
        purchases: &Fitted,
        history: &History,
        amounts: &Amounts,
        spends: &[Spend],
        question: &Question,
        schedule: Schedule,
    ) -> Result<Self, WorthError> {
        worth::check(history, spends, question)?;
        let clock = purchases.shop_days_ahead(history.last_day(), question.horizon_days);
        let of_one =
            |spend: &Spend| -> Result<f64, WhyNoValue> { amounts.of_order()?.mean_cents(spend) };
        let mut prospects = Self {
            customers: Vec::new(),
            places: Vec::new(),
            amounts: amounts.clone(),
            ahead: Ahead::new(&clock, question, schedule),
        };
        let outlooks = purchases.outlooks(history).into_iter().zip(spends);
        for (place, (outlook, spend)) in outlooks.enumerate() {
            let Ok(mean_order_cents) = of_one(spend) else {
                continue;
            };
            prospects.places.push(place);
            prospects.customers.push(Prospect {
                outlook,
                spend: *spend,
                mean_order_cents,
            });
        }
        Ok(prospects)
    }

    /// Place in the history of each customer whose value can be said, increasing.
    #[must_use]
    pub fn places(&self) -> &[usize] {
        &self.places
    }

    /// Customers without a repeat order: what they spend per order is everybody's mean.
    #[must_use]
    pub fn without_repeat(&self) -> usize {
        let all = self.customers.iter();
        all.filter(|customer| customer.spend.orders == 0).count()
    }

    /// What is worth now a cent given to a customer each time the effect begins, over all times.
    #[must_use]
    pub fn given(&self) -> f64 {
        self.ahead.given
    }
}
