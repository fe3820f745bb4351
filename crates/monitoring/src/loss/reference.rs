//! What the loss was on days that count as good: its mean, and how days and decisions vary.

use math::tails::normal_upper_quantile;
use serde::{Deserialize, Serialize};

use super::LossDay;
use crate::refusal::{Allowed, Refusal, require, require_after};

/// Fewer days say too little of how days vary.
pub(super) const DAYS_MIN: u64 = 14;

/// The loss of a reference period, of days of usual season.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossReference {
    /// Days it was measured on.
    pub days: u64,
    /// Mean loss of a decision on a usual day.
    pub mean: f64,
    /// Standard error of the mean.
    pub standard_error: f64,
    /// Standard deviation of losses of one day.
    pub decisions_sd: f64,
    /// Standard deviation of what all losses of a day have in common.
    pub days_sd: f64,
}

impl LossReference {
    /// Measures days on which the product did well; their losses are taken to the level of a usual day by their season.
    ///
    /// The variance of a day's mean is what its decisions cause plus what days have in common (one-way random effects,
    /// by the method of moments).
    ///
    /// # Errors
    /// [`Refusal`] for fewer than 14 days, days out of order, a day that cannot be, or losses that do not vary.
    /// # Source
    /// Searle, Casella and McCulloch (1992), "Variance components", ch. 3.
    pub fn measure(days: &[LossDay]) -> Result<Self, Refusal> {
        let n = days.len() as u64;
        let enough = Allowed::CountAtLeast(DAYS_MIN);
        require(n >= DAYS_MIN, "days", n, enough)?;
        for (at, day) in days.iter().enumerate() {
            day.check().map_err(|refusal| refusal.at(at))?;
            let before = at.checked_sub(1).map(|before| days[before].day);
            require_after(before, day.day).map_err(|refusal| refusal.at(at))?;
        }
        let means: Vec<f64> = days.iter().map(|day| day.mean() / day.season).collect();
        let within = within_variance(days);
        let noise: Vec<f64> = days.iter().map(|day| within / day.count as f64).collect();
        let equal = vec![1.0; days.len()];
        let (center, _) = weighted(&means, &equal);
        let degrees = n as f64 - 1.0;
        let seen = means
            .iter()
            .map(|mean| (mean - center).powi(2))
            .sum::<f64>()
            / degrees;
        let between = (seen - noise.iter().sum::<f64>() / n as f64).max(0.0);
        require(
            within + between > 0.0,
            "sum_squares",
            within + between,
            Allowed::Above(0.0),
        )?;
        let weights: Vec<f64> = noise.iter().map(|noise| 1.0 / (noise + between)).collect();
        let (mean, total) = weighted(&means, &weights);
        Ok(Self {
            days: n,
            mean,
            standard_error: total.sqrt().recip(),
            decisions_sd: within.sqrt(),
            days_sd: between.sqrt(),
        })
    }
}

/// The factor that takes a variance measured on so many normal days to a bound that the truth passes with at most this
/// probability.
pub(super) fn raised(days: u64, probability: f64) -> f64 {
    let degrees = days as f64 - 1.0;
    degrees / chi_squared_lower_quantile(probability, degrees)
}

/// Variance of losses about the mean of their day, at the level of a usual day.
fn within_variance(days: &[LossDay]) -> f64 {
    let squares = |day: &LossDay| {
        let about = day.sum_squares - day.sum * day.sum / day.count as f64;
        about.max(0.0) / (day.season * day.season)
    };
    let free: f64 = days.iter().map(|day| day.count as f64 - 1.0).sum();
    if free > 0.0 {
        days.iter().map(squares).sum::<f64>() / free
    } else {
        0.0
    }
}

/// Weighted mean, and the sum of the weights.
fn weighted(values: &[f64], weights: &[f64]) -> (f64, f64) {
    let total: f64 = weights.iter().sum();
    let sum: f64 = values.iter().zip(weights).map(|(v, w)| v * w).sum();
    (sum / total, total)
}

/// Value below which a chi-squared variable falls with this probability; too low by at most 2 % from 13 degrees on, the
/// safe side (Wilson and Hilferty, 1931).
fn chi_squared_lower_quantile(probability: f64, degrees: f64) -> f64 {
    let step = 2.0 / (9.0 * degrees);
    let root = 1.0 - step - normal_upper_quantile(probability) * step.sqrt();
    degrees * root.powi(3)
}

#[cfg(test)]
mod tests {
    use super::chi_squared_lower_quantile;
    use math::tails::chi_squared_upper_tail;

    #[test]
    fn quantiles_of_chi_squared_are_within_two_hundredths_on_the_safe_side() {
        for degrees in [13.0, 27.0, 89.0, 364.0] {
            let at = chi_squared_lower_quantile(0.01, degrees);
            let (low, high) = (at, at * 1.02);
            assert!(1.0 - chi_squared_upper_tail(low, degrees) < 0.0101);
            assert!(1.0 - chi_squared_upper_tail(high, degrees) > 0.01);
        }
    }
}
