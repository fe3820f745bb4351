//! Evidence that something changed on a day not known beforehand.

use math::special::ln_add_exp;
use schema::AsOf;
use serde::{Deserialize, Serialize};

use crate::refusal::{Refusal, require_after};

/// Looks by which half of all changes are thought to have come: a year of days.
const HALF_CHANGED_LOOKS: f64 = 365.0;

/// An e-process against "nothing changed": money made, from 1, by bets that begin on every day.
///
/// The bet that begins at look `k` gets the share `h / ((h + k - 1)(h + k))` of the money, `h` = 365; the shares of all
/// looks to come sum to 1. Each is split evenly over several bets, among them one for small and one for large changes.
/// Where no bet gains on average while nothing has changed, the money exceeds `1 / alpha` at any time with probability
/// at most `alpha`, however often it is read; and a change after a quiet year is found nearly as fast as one on the
/// first day, since what is bet later has lost nothing before.
///
/// What is kept is one number per bet, whatever the number of days: `R ← gain × (R + share)`.
///
/// # Source
/// Ville (1939) for the guarantee. The recursion is that of Shiryaev (1963) with a prior of the day of change; bets that
/// begin at every time as in Shin, Ramdas and Rinaldo (2022), "E-detectors", with shares that sum to 1, so that the
/// chance of ever being wrong is bounded and not only the mean time until that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    bets: Vec<Bet>,
    looks: u32,
    last: Option<AsOf>,
    ln_value_most: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bet {
    /// Logarithm of what all beginnings of this bet hold; nothing before the first look.
    ln_money: Option<f64>,
    /// Logarithm of the gain since the beginning that gained most.
    ln_best: f64,
    /// The day of that beginning.
    since: Option<AsOf>,
}

impl Evidence {
    /// Before the first look, with this many bets side by side.
    pub(crate) fn of_bets(bets: usize) -> Self {
        let none = Bet {
            ln_money: None,
            ln_best: 0.0,
            since: None,
        };
        Self {
            bets: vec![none; bets],
            looks: 0,
            last: None,
            ln_value_most: 0.0,
        }
    }

    /// Refuses a day that is not after the last one looked at.
    pub(crate) fn check_day(&self, day: AsOf) -> Result<(), Refusal> {
        require_after(self.last, day)
    }

    /// Takes in what each bet gained on a day, as logarithms; `exp` of each must be at most 1 on average while nothing
    /// has changed, given all days before.
    ///
    /// # Errors
    /// [`Refusal`] when the day is not after the last one.
    pub(crate) fn look(&mut self, day: AsOf, ln_gains: &[f64]) -> Result<(), Refusal> {
        self.check_day(day)?;
        self.last = Some(day);
        self.looks += 1;
        let share = share_of(self.looks);
        for (bet, ln_gain) in self.bets.iter_mut().zip(ln_gains) {
            let ln_held = bet.ln_money.unwrap_or(f64::NEG_INFINITY);
            bet.ln_money = Some(ln_gain + ln_add_exp(ln_held, share.ln()));
            if bet.ln_best <= 0.0 {
                bet.ln_best = 0.0;
                bet.since = Some(day);
            }
            bet.ln_best += ln_gain;
        }
        self.ln_value_most = self.ln_value_most.max(self.ln_e_value());
        Ok(())
    }

    /// The share of the look to come: a test at this share of a level, each day, keeps that level for ever.
    pub(crate) fn next_share(&self) -> f64 {
        share_of(self.looks + 1)
    }

    /// Natural logarithm of the e-value against "nothing changed" now.
    #[must_use]
    pub fn ln_e_value(&self) -> f64 {
        let not_bet = HALF_CHANGED_LOOKS / (HALF_CHANGED_LOOKS + f64::from(self.looks));
        let ln_bets = (self.bets.len() as f64).ln();
        let held = self.bets.iter().filter_map(|bet| bet.ln_money);
        held.fold(not_bet.ln(), |sum, ln_money| {
            ln_add_exp(sum, ln_money - ln_bets)
        })
    }

    /// Always-valid p-value of "nothing changed": one over the most that the e-value ever was.
    #[must_use]
    pub fn p_value(&self) -> f64 {
        (-self.ln_value_most).exp()
    }

    /// Whether the e-value ever reached `1 / alpha`.
    #[must_use]
    pub fn ever_reached(&self, alpha: f64) -> bool {
        self.ln_value_most >= -alpha.ln()
    }

    /// The day from which on a change would explain most, if there is one; an estimate, no bound.
    #[must_use]
    pub fn likely_since(&self) -> Option<AsOf> {
        let best = self
            .bets
            .iter()
            .max_by(|one, other| one.ln_best.total_cmp(&other.ln_best))?;
        best.since.filter(|_| best.ln_best > 0.0)
    }

    /// Days looked at.
    #[must_use]
    pub fn looks(&self) -> u32 {
        self.looks
    }

    /// The last day looked at.
    #[must_use]
    pub fn last(&self) -> Option<AsOf> {
        self.last
    }
}

/// Share of a look, from 1; those of all looks sum to 1.
fn share_of(look: u32) -> f64 {
    let after = HALF_CHANGED_LOOKS + f64::from(look);
    HALF_CHANGED_LOOKS / ((after - 1.0) * after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn money_that_is_never_bet_well_stays_as_it_is() {
        let mut evidence = Evidence::of_bets(3);
        for day in 1..=28 {
            evidence
                .look(AsOf(date(2026, 2, day)), &[0.0, 0.0, 0.0])
                .unwrap();
        }
        // Bets that neither gain nor lose: all shares together are 1 at any time.
        assert!(evidence.ln_e_value().abs() < 1e-12);
        assert!((evidence.p_value() - 1.0).abs() < 1e-12);
        let late = evidence.look(AsOf(date(2026, 2, 28)), &[0.0; 3]);
        assert_eq!(late.unwrap_err().field, "day");
    }
}
