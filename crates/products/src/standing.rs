//! What a decision stands under beside its question: how much of the budget is promised, which limits are used up, and
//! what the customer got.

use crate::ledger::NoMoney;
use jiff::Timestamp;
use std::sync::Arc;

/// How things stand for a question. Whoever keeps the ledger and the log fills it in, never who asks; it is the same
/// argument for the answer and for its explanation, and what it changes is told by the reasons that are logged.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standing {
    /// Where the budget stands beside its plan; `None` where there is no plan, or what is promised is not known.
    pub pace: Option<Pace>,
    /// Offers that the customer got lately, oldest first; empty where nothing caps them.
    pub given: Vec<Gave>,
    /// Limits on some arms of which too little is left for one of these; empty where none is short.
    pub short: Vec<LimitLeft>,
}

/// What is left of a limit on some arms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitLeft {
    /// The place of the limit in [`crate::Allowance::limits`].
    pub limit: usize,
    /// Units that can be promised.
    pub units: i64,
    /// Why no more than these.
    pub why: NoMoney,
}

/// Where the promises of a period stand beside their plan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Share of the budget that is promised, 0 or more.
    pub promised: f64,
    /// Share that the plan has promised by now, 0 to 1.
    pub plan: f64,
}

/// An offer that a customer got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gave {
    /// The arm.
    pub arm: Arc<str>,
    /// When.
    pub at: Timestamp,
}

impl Standing {
    /// Notes limits that turned out to be short; of one that was known to be, the less that was left.
    pub fn note_short(&mut self, short: &[LimitLeft]) {
        for one in short {
            match self.short.iter_mut().find(|of| of.limit == one.limit) {
                Some(of) if one.units <= of.units => *of = *one,
                Some(_) => {}
                None => self.short.push(*one),
            }
        }
    }
}

impl Pace {
    /// By how much the price of money is multiplied: 1 on plan, more where more is promised.
    ///
    /// What counts is what is left of the budget beside what the plan would have left. At the beginning 5 % of the budget
    /// more or less double or halve it, and 27 % are the end of it, 64 times. Later the same difference counts for more,
    /// as it is more of what is left, so that a price that was learnt wrongly does not end the money before the period; a
    /// tenth of the budget is added to both, lest the last days be all price and no worth. Steeper keeps to the plan more
    /// closely and gains less, since hours and days that are busier than others then have other prices.
    ///
    /// # Source
    /// Dual mirror descent with multiplicative steps (Balseiro, Lu, Mirrokni 2023): the price is a function of what is
    /// promised so far, so that all who know that figure ask the same price.
    #[must_use]
    pub fn factor(self) -> f64 {
        const STEEPNESS: f64 = 15.0;
        const ADDED: f64 = 0.1;
        /// Six doublings: what must earn 64 times the usual is held back as good as wholly.
        const FACTOR_MAX: f64 = 64.0;
        let by_plan = (1.0 - self.plan).max(0.0) + ADDED;
        let left = 1.0 - self.promised + ADDED;
        if left <= 0.0 {
            return FACTOR_MAX;
        }
        let factor = (by_plan / left).powf(STEEPNESS);
        factor.clamp(1.0 / FACTOR_MAX, FACTOR_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factor(promised: f64, plan: f64) -> f64 {
        Pace { promised, plan }.factor()
    }

    #[test]
    fn five_percent_ahead_double_the_price_and_five_behind_halve_it() {
        assert_eq!((factor(0.0, 0.0), factor(0.4, 0.4)), (1.0, 1.0));
        assert!((factor(0.05, 0.0) - 2.0).abs() < 0.02);
        assert!((factor(0.0, 0.05) - 0.5).abs() < 0.005);
        // Near the end the same difference counts for more.
        assert!(factor(0.95, 0.9) > 8.0);
        assert_eq!((factor(0.3, 0.0), factor(0.0, 0.3)), (64.0, 1.0 / 64.0));
    }

    #[test]
    fn the_end_of_a_period_and_of_its_money_have_a_price_too() {
        assert_eq!((factor(0.5, 1.0), factor(1.0, 1.0)), (1.0 / 64.0, 1.0));
        // What was redeemed beyond what was promised.
        assert_eq!((factor(1.05, 0.2), factor(1.3, 0.2)), (64.0, 64.0));
    }
}
