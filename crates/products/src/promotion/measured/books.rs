//! What customers say of what rules bring, cost and spend.

use super::{Given, OutOfFold};
use crate::promotion::costs::{Costs, Money};
use crate::promotion::draws::Draws;
use crate::promotion::settings::Settings;

/// What each customer drawn says of every arm, whatever arm they were in: unbiased, as propensities are known.
pub(super) struct Books<'a> {
    pub(super) draws: &'a Draws,
    pub(super) settings: &'a Settings,
    pub(super) out: &'a OutOfFold,
    /// By arm, the control first.
    money: Vec<Money>,
    /// Discounts of an arm on average; 0 where nobody asks for them.
    expected: Vec<f64>,
}

impl<'a> Books<'a> {
    pub(super) fn new(
        draws: &'a Draws,
        settings: &'a Settings,
        costs: &Costs,
        out: &'a OutOfFold,
    ) -> Self {
        let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let arms = 0..draws.arms.len();
        let names = draws.arms.iter();
        Self {
            money: names.map(|name| costs.money(settings, name)).collect(),
            expected: arms
                .map(|arm| mean(draws.of_arm(&draws.discount, arm)))
                .collect(),
            draws,
            settings,
            out,
        }
    }

    /// What an arm costs and what of it comes back.
    pub(super) fn money(&self, arm: usize) -> Money {
        self.money[arm]
    }

    /// Discounts of an arm.
    fn discounts(&self, row: usize, arm: usize) -> f64 {
        let Self {
            draws, expected, ..
        } = self;
        let seen = match draws.discount.get(row) {
            Some(discount) if draws.arm[row] == arm => {
                (discount - expected[arm]) / draws.propensity(row, arm)
            }
            Some(_) | None => 0.0,
        };
        expected[arm] + seen
    }

    /// Discounts that an arm leads to beyond those of the control.
    fn discount(&self, row: usize, arm: usize) -> f64 {
        self.discounts(row, arm) - self.discounts(row, 0)
    }

    /// The outcome under an arm, once it is paid for.
    pub(super) fn net(&self, row: usize, arm: usize) -> f64 {
        let outcome = self.out.score(self.draws, row, arm);
        self.money[arm].net(outcome, self.discount(row, arm))
    }

    /// The money that an arm spends beyond the control.
    pub(super) fn spend(&self, row: usize, arm: usize) -> f64 {
        self.money[arm].spend(self.discount(row, arm)) - self.money[0].spend(0.0)
    }

    /// What each customer says of a rule, once it is paid for.
    pub(super) fn values(&self, rule: &[Given]) -> Vec<f64> {
        let rule = rule.iter().enumerate();
        rule.map(|(row, given)| given.of(|arm| self.net(row, arm)))
            .collect()
    }

    /// What each customer says of the money that a rule spends beyond the control.
    pub(super) fn spends(&self, rule: &[Given]) -> Vec<f64> {
        let rule = rule.iter().enumerate();
        rule.map(|(row, given)| given.of(|arm| self.spend(row, arm)))
            .collect()
    }
}
