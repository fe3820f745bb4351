//! Distributions of how many units are wanted, and what an ordered quantity costs under them.

use math::special::ln_gamma;

/// Probability below which the tail of a table ends: the cost of a quantity is off by less than a millionth of a unit.
const TAIL: f64 = 1e-15;

/// Probabilities of 0, 1, 2, … units, up to where no more than a share of 1e-13 is left; they sum to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct CountDistribution {
    probabilities: Vec<f64>,
}

/// What it costs to have too little and too much of something that is ordered once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Newsvendor {
    /// Margin lost by each unit that is wanted and not there, in cents.
    pub underage_cents: f64,
    /// Loss on each unit that is left over, in cents.
    pub overage_cents: f64,
}

impl Newsvendor {
    /// Probability with which the best quantity covers demand.
    ///
    /// # Source
    /// Arrow, Harris, Marschak (1951): cu / (cu + co).
    #[must_use]
    pub fn critical(&self) -> f64 {
        self.underage_cents / (self.underage_cents + self.overage_cents)
    }
}

impl CountDistribution {
    /// Nothing, for sure.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            probabilities: vec![1.0],
        }
    }

    /// Poisson of mean `mean` ≥ 0.
    #[must_use]
    pub fn poisson(mean: f64) -> Self {
        if mean <= 0.0 {
            return Self::nothing();
        }
        let mode = mean.floor();
        let logarithm = mode * mean.ln() - mean - ln_gamma(mode + 1.0);
        Self::around(mode, logarithm, |k| mean / k)
    }

    /// Negative binomial of mean `mean` ≥ 0 and variance `mean + mean² / size`, `size` > 0.
    #[must_use]
    pub fn negative_binomial(mean: f64, size: f64) -> Self {
        if mean <= 0.0 {
            return Self::nothing();
        }
        let chance = mean / (mean + size);
        let mode = ((size - 1.0).max(0.0) * mean / size).floor();
        let logarithm = ln_gamma(size + mode) - ln_gamma(size) - ln_gamma(mode + 1.0)
            + size * (size / (mean + size)).ln()
            + mode * chance.ln();
        Self::around(mode, logarithm, |k| chance * (size + k - 1.0) / k)
    }

    /// From the probability at the mode outwards; `growth(k)` is the probability of `k` over that of `k - 1`.
    fn around(mode: f64, logarithm: f64, growth: impl Fn(f64) -> f64) -> Self {
        let peak = logarithm.exp();
        let mut probabilities = vec![0.0; mode as usize + 1];
        let mut value = peak;
        for k in (0..=mode as usize).rev() {
            probabilities[k] = value;
            value /= growth(k as f64).max(f64::MIN_POSITIVE);
        }
        let (mut value, mut k) = (peak, mode);
        loop {
            k += 1.0;
            value *= growth(k);
            if value < TAIL * peak.min(1e-3) {
                break;
            }
            probabilities.push(value);
        }
        Self::summing_to_one(probabilities)
    }

    fn summing_to_one(mut probabilities: Vec<f64>) -> Self {
        let sum: f64 = probabilities.iter().sum();
        for probability in &mut probabilities {
            *probability /= sum;
        }
        Self { probabilities }
    }

    /// One of several distributions, each with its weight > 0; nothing where there is none.
    #[must_use]
    pub fn mixture(parts: &[(f64, Self)]) -> Self {
        let length = parts.iter().map(|(_, part)| part.probabilities.len()).max();
        let Some(length) = length else {
            return Self::nothing();
        };
        let mut probabilities = vec![0.0; length];
        for (weight, part) in parts {
            for (sum, probability) in probabilities.iter_mut().zip(&part.probabilities) {
                *sum += weight * probability;
            }
        }
        Self::summing_to_one(probabilities)
    }

    /// The sum of two independent counts.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let length = self.probabilities.len() + other.probabilities.len() - 1;
        let mut probabilities = vec![0.0; length];
        for (one, chance) in self.probabilities.iter().enumerate() {
            for (two, other) in other.probabilities.iter().enumerate() {
                probabilities[one + two] += chance * other;
            }
        }
        while probabilities.len() > 1 && probabilities.last().is_some_and(|last| *last < TAIL) {
            probabilities.pop();
        }
        Self::summing_to_one(probabilities)
    }

    /// Probabilities of 0, 1, 2, … units.
    #[must_use]
    pub fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// Expected units.
    #[must_use]
    pub fn mean(&self) -> f64 {
        let weighted = self.probabilities.iter().enumerate();
        weighted.map(|(units, chance)| units as f64 * chance).sum()
    }

    /// Variance of the units.
    #[must_use]
    pub fn variance(&self) -> f64 {
        let mean = self.mean();
        let weighted = self.probabilities.iter().enumerate();
        weighted
            .map(|(units, chance)| (units as f64 - mean).powi(2) * chance)
            .sum()
    }

    /// Probability of `units` or fewer.
    #[must_use]
    pub fn at_most(&self, units: u32) -> f64 {
        let below = self.probabilities.iter().take(units as usize + 1);
        below.sum::<f64>().min(1.0)
    }

    /// Fewest units that are enough with a probability of at least `probability`.
    #[must_use]
    pub fn quantile(&self, probability: f64) -> u32 {
        let mut sum = 0.0;
        for (units, chance) in (0..).zip(&self.probabilities) {
            sum += chance;
            if sum >= probability {
                return units;
            }
        }
        self.probabilities.len() as u32 - 1
    }

    /// Expected units that are wanted and not there where `units` are.
    #[must_use]
    pub fn expected_short(&self, units: u32) -> f64 {
        let beyond = self.probabilities.iter().enumerate();
        beyond
            .skip(units as usize + 1)
            .map(|(wanted, chance)| (wanted as f64 - f64::from(units)) * chance)
            .sum()
    }

    /// Expected units left over of `units`.
    #[must_use]
    pub fn expected_left(&self, units: u32) -> f64 {
        let below = self.probabilities.iter().enumerate().take(units as usize);
        below
            .map(|(wanted, chance)| (f64::from(units) - wanted as f64) * chance)
            .sum()
    }

    /// Expected cost in cents of ordering `units` once.
    #[must_use]
    pub fn expected_cost(&self, units: u32, costs: Newsvendor) -> f64 {
        costs.underage_cents * self.expected_short(units)
            + costs.overage_cents * self.expected_left(units)
    }

    /// The quantity of the least expected cost.
    #[must_use]
    pub fn best_units(&self, costs: Newsvendor) -> u32 {
        self.quantile(costs.critical())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64, tolerance: f64) {
        assert!(
            (found - expected).abs() <= tolerance,
            "{found}, expected {expected}"
        );
    }

    #[test]
    fn tables_have_the_moments_and_probabilities_of_their_distributions() {
        for mean in [0.01, 0.7, 1.0, 35.0, 2_500.0] {
            let poisson = CountDistribution::poisson(mean);
            near(poisson.mean(), mean, 1e-9 * mean);
            near(poisson.variance(), mean, 1e-8 * mean);
            for size in [0.3, 1.0, 12.0] {
                let negative = CountDistribution::negative_binomial(mean, size);
                let variance = mean + mean * mean / size;
                near(negative.mean(), mean, 1e-9 * mean);
                near(negative.variance(), variance, 1e-8 * variance);
                let none = (1.0 + mean / size).powf(-size);
                near(negative.probabilities()[0], none, 1e-10 * none);
            }
        }
        near(
            CountDistribution::poisson(2.0).at_most(1),
            3.0 * (-2.0_f64).exp(),
            1e-14,
        );
    }

    #[test]
    fn a_sum_of_poisson_counts_is_one() {
        let sum = CountDistribution::poisson(1.5).plus(&CountDistribution::poisson(2.5));
        let whole = CountDistribution::poisson(4.0);
        for (found, expected) in sum.probabilities().iter().zip(whole.probabilities()) {
            near(*found, *expected, 1e-13);
        }
    }

    #[test]
    fn the_best_quantity_costs_no_more_than_any_other() {
        let costs = Newsvendor {
            underage_cents: 700.0,
            overage_cents: 210.0,
        };
        let mixture = CountDistribution::mixture(&[
            (0.3, CountDistribution::poisson(4.0)),
            (0.7, CountDistribution::negative_binomial(20.0, 3.0)),
        ]);
        let best = mixture.expected_cost(mixture.best_units(costs), costs);
        for units in 0..100 {
            assert!(
                best <= mixture.expected_cost(units, costs) + 1e-9,
                "{units}"
            );
        }
        // The mean is what is sold and what is not.
        near(
            mixture.mean(),
            mixture.expected_short(9) + 9.0 - mixture.expected_left(9),
            1e-10,
        );
    }
}
