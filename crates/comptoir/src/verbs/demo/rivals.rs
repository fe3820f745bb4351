//! What other rules would gain with the same budget, by the truth of the simulator.

use anyhow::Context as _;
use decisions::allocate::{Costs, Offers, one_budget};
use serde::Serialize;
use simulator::{Expected, GroceryShop};
use std::collections::HashMap;

/// What a rule gains in a month.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Gained {
    pub(super) rule: String,
    /// Expected change of margin, in the shop's currency.
    pub(super) margin: f64,
    /// Expected discounts, in the shop's currency.
    pub(super) spent: f64,
}

/// Customers whom a rule may give an offer, and the money it has.
pub(super) struct Rivals<'a> {
    pub(super) shop: &'a GroceryShop,
    pub(super) customers: &'a [usize],
    pub(super) budget: f64,
}

impl Rivals<'_> {
    /// What an offer changes in the margin of a customer, and what it gives away.
    fn effect(&self, customer: usize, arm: usize) -> (f64, f64) {
        let (with, without) = (
            self.shop.expected(customer, arm),
            self.shop.expected(customer, 0),
        );
        (with.margin - without.margin, with.discount)
    }

    /// What a rule gains that gives every customer of the shop the arm at their place.
    pub(super) fn of(&self, rule: &str, arms: &[usize]) -> Gained {
        let effects = self.customers.iter().map(|c| self.effect(*c, arms[*c]));
        let (margin, spent) = effects.fold((0.0, 0.0), |sum, (margin, spent)| {
            (sum.0 + margin, sum.1 + spent)
        });
        Gained {
            rule: rule.to_owned(),
            margin,
            spent,
        }
    }

    /// The arm that gains most where everybody gets it; the control where none gains anything.
    fn best_on_average(&self) -> usize {
        let arms = 1..GroceryShop::arms().len();
        let gain = |arm: usize| -> f64 {
            let effects = self.customers.iter().map(|c| self.effect(*c, arm).0);
            effects.sum()
        };
        let gains = arms.map(|arm| (arm, gain(arm)));
        let gains = gains.filter(|(_, gain)| *gain > 0.0);
        gains
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .map_or(0, |(arm, _)| arm)
    }

    /// One arm for customers in an order, as far as the budget reaches.
    fn in_order(&self, rule: &str, arm: usize, order: impl Iterator<Item = usize>) -> Gained {
        let mut gained = Gained {
            rule: rule.to_owned(),
            margin: 0.0,
            spent: 0.0,
        };
        for customer in order {
            let (margin, spent) = self.effect(customer, arm);
            if gained.spent + spent > self.budget {
                break;
            }
            gained.margin += margin;
            gained.spent += spent;
        }
        gained
    }

    /// Spends the budget where it gains most, by what it knows to expect of a customer under an arm.
    fn oracle(
        &self,
        rule: &str,
        knows: fn(&GroceryShop, usize, usize) -> Expected,
    ) -> anyhow::Result<Gained> {
        let arms = GroceryShop::arms().len() - 1;
        let effect = |customer, arm| {
            let (with, without) = (
                knows(self.shop, customer, arm),
                knows(self.shop, customer, 0),
            );
            (with.margin - without.margin, with.discount)
        };
        let pairs = self.customers.iter();
        let pairs = pairs.flat_map(|c| (1..=arms).map(move |arm| effect(*c, arm)));
        let (values, costs): (Vec<f32>, Vec<i32>) = pairs
            .map(|(margin, spent)| (margin as f32, cents(spent)))
            .unzip();
        let offers = Offers::new(arms, &values, Costs::OfPair(&costs));
        let allocation = one_budget(&offers, i64::from(cents(self.budget)), 1)
            .context("allocate the budget by the truth")?;
        let mut all = vec![0; self.shop.customers().len()];
        for (place, customer) in self.customers.iter().enumerate() {
            all[*customer] = allocation.choices.of(place).next().map_or(0, |arm| arm + 1);
        }
        Ok(self.of(rule, &all))
    }

    /// What all of them gain.
    ///
    /// - `orders`: of each customer lately, by name.
    pub(super) fn all(&self, orders: HashMap<String, f64>) -> anyhow::Result<Vec<Gained>> {
        let arm = self.best_on_average();
        let name = GroceryShop::arms()[arm];
        // Customers are numbered in no order that tells anything of them.
        let everybody = self.customers.iter().copied();
        let lately: Vec<f64> = self
            .shop
            .customers()
            .map(|customer| orders.get(customer).copied().unwrap_or(0.0))
            .collect();
        let mut likeliest = self.customers.to_vec();
        likeliest.sort_by(|a, b| lately[*b].total_cmp(&lately[*a]));
        Ok(vec![
            self.in_order(
                &format!("{name}, the best on average, to as many as it pays for"),
                arm,
                everybody,
            ),
            self.in_order(
                &format!("{name} to those who buy most often"),
                arm,
                likeliest.into_iter(),
            ),
            self.oracle(
                "an oracle that knows what is typical for each one's habits",
                GroceryShop::foreseeable,
            )?,
            self.oracle("an oracle that knows every effect", GroceryShop::expected)?,
        ])
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the demonstration's budgets fit"
)]
fn cents(amount: f64) -> i32 {
    (amount * 100.0).ceil() as i32
}
