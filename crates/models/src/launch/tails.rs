//! Probability that a part of demand is more than was on offer, and its distribution.

use math::tails::beta_lower_tail;

use super::curve::Share;

/// Up to so many units probabilities are added up one by one.
const TERMS_MAX: f64 = 64.0;

impl Share {
    /// Probability that at least `units` of `demand` came.
    ///
    /// Exact for a share that is known, and up to 64 units; else the beta distribution of the same mean and variance.
    pub(super) fn at_least(self, units: f64, demand: f64) -> f64 {
        if units <= 0.0 {
            return 1.0;
        }
        if units > demand {
            return 0.0;
        }
        match self {
            Self::Exact(share) => beta_lower_tail(share, units, demand - units + 1.0),
            Self::Beta(..) if units <= TERMS_MAX => {
                let terms = units.ceil() as u32;
                let below = (0..terms).map(|k| self.ln_probability(f64::from(k), demand).exp());
                (1.0 - below.sum::<f64>()).max(0.0)
            }
            Self::Beta(a, b) => {
                let (a, b) = counted(a, b, demand);
                beta_lower_tail(1.0 - (units - 0.5) / demand, b, a)
            }
        }
    }

    /// Probability that at most `units` of `demand` came; about right between whole units.
    pub(super) fn at_most(self, units: f64, demand: f64) -> f64 {
        if units < 0.0 {
            return 0.0;
        }
        if units >= demand {
            return 1.0;
        }
        match self {
            Self::Exact(share) => beta_lower_tail(1.0 - share, demand - units, units + 1.0),
            Self::Beta(a, b) => {
                let (a, b) = counted(a, b, demand);
                beta_lower_tail(((units + 0.5) / demand).min(1.0), a, b)
            }
        }
    }
}

/// Parameters of the beta distribution with mean and variance of a beta-binomial share of `demand`.
fn counted(a: f64, b: f64, demand: f64) -> (f64, f64) {
    let size = a + b;
    let narrowed = (demand * (size + 1.0) / (demand + size) - 1.0).max(1e-6);
    (narrowed * a / size, narrowed * b / size)
}
