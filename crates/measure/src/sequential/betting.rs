//! Betting against "both arms convert alike": exact for any number of units and any rate.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Successes and failures that each arm is thought to have shown before the first unit.
///
/// Small, so that the first days already count; any value keeps the guarantee.
const PRIOR: f64 = 0.18;

/// Units of one arm that came in between two looks, and how many of them converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// Units.
    pub units: u64,
    /// Of these, how many converted.
    pub successes: u64,
}

/// A tally that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BetError {
    /// More units converted than there are.
    #[error("bet on {successes} successes of {units} units: there cannot be more than units")]
    TooManySuccesses {
        /// Successes found.
        successes: u64,
        /// Units found.
        units: u64,
    },
}

/// An e-process against equal rates of two arms: money made by betting on a difference, from 1.
///
/// Whatever the common rate is, the money exceeds `1 / alpha` at any time with probability at most `alpha`: exactly,
/// from the first unit on. It bets on the rates seen so far, so units must come in their order of time and in blocks
/// small beside the whole, a day's say; one single block makes no money. Which units a block holds must not depend on
/// their outcomes.
///
/// # Source
/// Turner, Ly and Grünwald (2024), "Generic E-variables for exact sequential k-sample tests", arXiv 2106.02693: in a
/// block the bet is against the arms' mean rate weighted by their units, so that no common rate makes money on average.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EqualRates {
    control: Tally,
    treated: Tally,
    ln_money: f64,
    ln_money_most: f64,
}

impl EqualRates {
    /// Before the first unit.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the units of the next block.
    ///
    /// # Errors
    /// [`BetError::TooManySuccesses`]; nothing is taken in then.
    pub fn look(&mut self, control: Tally, treated: Tally) -> Result<(), BetError> {
        for Tally { units, successes } in [control, treated] {
            if successes > units {
                return Err(BetError::TooManySuccesses { successes, units });
            }
        }
        let (from, to) = (rate(&self.control), rate(&self.treated));
        let n = [control.units as f64, treated.units as f64];
        if n[0] + n[1] > 0.0 {
            // Of all common rates, this mixture is the one nearest to the bet.
            let common = (n[0] * from + n[1] * to) / (n[0] + n[1]);
            self.ln_money += ln_ratio(&control, from, common) + ln_ratio(&treated, to, common);
        }
        self.ln_money_most = self.ln_money_most.max(self.ln_money);
        for (seen, block) in [(&mut self.control, control), (&mut self.treated, treated)] {
            seen.units += block.units;
            seen.successes += block.successes;
        }
        Ok(())
    }

    /// Natural logarithm of the money now: the e-value against equal rates.
    #[must_use]
    pub fn ln_e_value(&self) -> f64 {
        self.ln_money
    }

    /// Always-valid p-value of equal rates: one over the most money ever held.
    #[must_use]
    pub fn p_value(&self) -> f64 {
        (-self.ln_money_most).exp()
    }

    /// All units so far, of the control and of the treated arm.
    #[must_use]
    pub fn seen(&self) -> (Tally, Tally) {
        (self.control, self.treated)
    }
}

fn rate(seen: &Tally) -> f64 {
    (seen.successes as f64 + PRIOR) / (seen.units as f64 + 2.0 * PRIOR)
}

/// Log-likelihood of a block under a rate, less that under another.
fn ln_ratio(block: &Tally, rate: f64, other: f64) -> f64 {
    let (successes, units) = (block.successes as f64, block.units as f64);
    successes * (rate / other).ln() + (units - successes) * ((1.0 - rate) / (1.0 - other)).ln()
}
