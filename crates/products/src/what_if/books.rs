//! What an effect brings and costs: of one customer, of all together, of a draw.

use super::answer::BreakEven;
use super::break_even::strength_that_pays;
use super::effect::{Acting, Strength};
use super::file::{CostFile, WhatIfFile};
use models::value::{Bought, Change, Changed, Prospects};

/// What is counted of what is bought.
pub(super) struct Books<'a> {
    cost: &'a CostFile,
    margin: f64,
    /// What is worth now a cent given to a customer each time.
    given: f64,
}

/// What an effect does to one customer, or to several together, in cents.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Entry {
    pub(super) clv: f64,
    pub(super) change: f64,
    pub(super) pulled: f64,
    pub(super) kept: f64,
    pub(super) cost: f64,
}

impl Entry {
    pub(super) fn net(&self) -> f64 {
        self.kept - self.cost
    }
}

impl std::iter::Sum for Entry {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            clv: sum.clv + one.clv,
            change: sum.change + one.change,
            pulled: sum.pulled + one.pulled,
            kept: sum.kept + one.kept,
            cost: sum.cost + one.cost,
        })
    }
}

impl<'a> Books<'a> {
    pub(super) fn of(file: &'a WhatIfFile, prospects: &Prospects) -> Self {
        Self {
            cost: &file.cost,
            margin: file.margin.unwrap_or(1.0),
            given: prospects.given(),
        }
    }

    /// What so many customers together bring and cost.
    pub(super) fn entry(&self, customers: f64, of: &Changed, strength: &Strength) -> Entry {
        let change = of.after.cents - of.before.cents;
        let pulled = strength.pulled * change - strength.later * of.before.cents_meanwhile;
        Entry {
            clv: of.before.cents,
            change,
            pulled,
            kept: self.margin * (change - pulled),
            cost: self.giving(customers) + self.anyway(&of.after),
        }
    }

    /// What giving it costs, whatever is bought.
    fn giving(&self, customers: f64) -> f64 {
        let CostFile {
            per_customer_cents,
            per_redemption_cents,
            redeemed,
            ..
        } = self.cost;
        let redeemed = redeemed.unwrap_or(0.0) * *per_redemption_cents as f64;
        customers * self.given * (*per_customer_cents as f64 + redeemed)
    }

    /// What it costs by what is bought.
    pub(super) fn anyway(&self, bought: &Bought) -> f64 {
        self.cost.per_order_cents as f64 * bought.orders_meanwhile
            + self.cost.share_of_spend * bought.cents_meanwhile
    }

    pub(super) fn break_even(
        &self,
        prospects: &Prospects,
        before: &[Bought],
        acting: &Acting,
        all: &Entry,
    ) -> BreakEven {
        let customers = before.len() as f64;
        let before: Bought = before.iter().copied().sum();
        let net = |strength: f64| {
            let strength = acting.expected.times(strength);
            let after = prospects.expected(&strength.change).into_iter().sum();
            self.entry(customers, &Changed { before, after }, &strength)
                .net()
        };
        let known = (self.entry_of_nothing(customers, &before).net(), all.net());
        let of_effect = acting
            .expected
            .acts()
            .then(|| strength_that_pays(known, net))
            .flatten();
        let factors = of_effect.map(|strength| {
            let of = |what: &str, expected: f64| match what {
                "later" => expected * strength,
                _ => expected.powf(strength),
            };
            let each = acting.parts.iter();
            each.map(|part| (part.what.clone(), of(&part.what, part.expected)))
                .collect()
        });
        let giving = customers * self.given;
        let left = all.net() + giving * self.cost.per_customer_cents as f64;
        BreakEven {
            of_effect,
            factors: factors.unwrap_or_default(),
            per_customer_cents: Some(left / giving).filter(|most| *most >= 0.0),
        }
    }

    fn entry_of_nothing(&self, customers: f64, before: &Bought) -> Entry {
        let (before, after) = (*before, *before);
        let none = Strength {
            change: Change::NONE,
            pulled: 0.0,
            later: 0.0,
        };
        self.entry(customers, &Changed { before, after }, &none)
    }
}
