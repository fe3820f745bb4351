//! What customers are expected to buy, exactly under the model.

use rayon::prelude::*;

use super::super::outlook::{Alive, Leaving};
use super::ahead::{Ahead, Stretch};
use super::{Bought, Change, Prospect, Prospects};

impl Prospects {
    /// What each customer is expected to buy under a change; the same operations whatever it is, so that no change gives
    /// the same bytes as none.
    ///
    /// # Source
    /// The conditional expectations of Fader, Hardie and Lee (2005) and of Schmittlein, Morrison and Colombo (1987), at
    /// the changed clock, odds and rates. Checked against drawn futures (tests/it/what_if.rs).
    #[must_use]
    pub fn expected(&self, change: &Change) -> Vec<Bought> {
        let of_one = |customer: &Prospect| of_customer(customer, &self.ahead, change);
        self.customers.par_iter().map(of_one).collect()
    }
}

fn of_customer(customer: &Prospect, ahead: &Ahead, change: &Change) -> Bought {
    let mut bought = Bought::default();
    for way in &customer.outlook.alive {
        let mut orders = Orders::of(way, change);
        for stretch in &ahead.stretches {
            let within = way.probability * orders.within(stretch, change);
            bought = bought + stretch.brings(within, customer.mean_order_cents, change);
        }
    }
    bought
}

impl Stretch {
    /// How much faster customers come to buy.
    pub(super) fn faster(&self, change: &Change) -> f64 {
        if self.acts { change.purchase_rate } else { 1.0 }
    }

    /// What so many orders of this stretch bring, each of these cents unless changed.
    pub(super) fn brings(&self, orders: f64, cents: f64, change: &Change) -> Bought {
        let now = orders * self.discount;
        if self.acts {
            let orders = now * change.orders;
            let cents = orders * change.spend * cents;
            Bought {
                cents,
                cents_meanwhile: cents,
                orders_meanwhile: orders,
            }
        } else {
            Bought {
                cents: now * cents,
                ..Bought::default()
            }
        }
    }
}

/// Orders expected of one way to be alive, stretch after stretch.
struct Orders {
    changed: Alive,
    /// Shop days gone: by the clock of purchases where customers leave after one, else by the calendar.
    gone: f64,
    /// Orders until then.
    expected: f64,
}

impl Orders {
    fn of(way: &Alive, change: &Change) -> Self {
        let leaving = match way.leaving {
            // The odds to leave at the nth purchase from here are a / (b + n - 1).
            Leaving::AfterAPurchase { a, b } => Leaving::AfterAPurchase {
                a: a * change.dropout,
                b,
            },
            Leaving::AfterATime { shape, days } => Leaving::AfterATime {
                shape,
                days: days / change.dropout,
            },
        };
        Self {
            changed: Alive { leaving, ..*way },
            gone: 0.0,
            expected: 0.0,
        }
    }

    fn within(&mut self, stretch: &Stretch, change: &Change) -> f64 {
        let faster = stretch.faster(change);
        let (clock, often) = match self.changed.leaving {
            Leaving::AfterAPurchase { .. } => (faster, 1.0),
            Leaving::AfterATime { .. } => (1.0, faster),
        };
        self.gone += stretch.shop_days * clock;
        let before = self.expected;
        // A day on which the shop is closed brings nothing, and no shop day has no expectation of its own.
        if self.gone > 0.0 {
            self.expected = self.changed.expected(self.gone);
        }
        (self.expected - before) * often
    }
}
