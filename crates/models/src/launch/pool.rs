//! Two forecasts of the same launch as one, by how their errors go together.

use std::collections::BTreeMap;

use math::special::ln_gamma;
use serde::{Deserialize, Serialize};

use super::censored::Logarithm;
use super::distribution::LogNormal;
use super::past::Total;
use super::stretch::Stretch;

/// How much errors of merchants are alike, as a number of launches: values that are compared.
const ALIKE: [f64; 8] = [6.0, 8.0, 12.0, 20.0, 40.0, 80.0, 160.0, 1_000.0];

/// Rounds in which what is filled in of launches that ran out settles.
const ROUNDS: usize = 30;

/// What is held of errors before any was seen, as if seen on four launches: as large as they say, and half in common.
const PRIOR: Covariance = Covariance([1.0, 0.5, 1.0]);
const PRIOR_LAUNCHES: f64 = 4.0;

/// A launch that is over with two forecasts that did not know it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Who gave the estimate.
    pub merchant: String,
    /// Forecast from attributes.
    pub attributes: LogNormal,
    /// Forecast from the calibrated estimate.
    pub estimate: LogNormal,
    /// What came of it.
    pub total: Total,
}

/// Covariance of two errors, each over the spread that was said: of the first, of both, of the second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Covariance([f64; 3]);

/// How forecasts from attributes and from estimates are pooled.
///
/// Errors of both are standardised by the spreads that were said of them. The covariance of a merchant is drawn to that
/// of all by how much merchants are found alike; the weights are those of the least variance, none below 0.
///
/// # Source
/// Bates and Granger (1969), eq. 1; covariances of merchants by an inverse Wishart distribution in common, its weight by
/// marginal likelihood (Gelman et al., 2013, section 3.6).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pool {
    common: Covariance,
    by_merchant: BTreeMap<String, Covariance>,
    stretch: Stretch,
}

impl Covariance {
    fn zero() -> Self {
        Self([0.0; 3])
    }

    fn add(&mut self, other: &Self, weight: f64) {
        let each = self.0.iter_mut().zip(other.0);
        each.for_each(|(own, other)| *own += weight * other);
    }

    fn times(mut self, factor: f64) -> Self {
        self.0.iter_mut().for_each(|own| *own *= factor);
        self
    }

    fn ln_determinant(&self) -> f64 {
        (self.0[0] * self.0[2] - self.0[1] * self.0[1])
            .max(1e-300)
            .ln()
    }

    /// In units of the logarithm.
    fn scaled(&self, attributes: f64, estimate: f64) -> Self {
        Self([
            self.0[0] * attributes * attributes,
            self.0[1] * attributes * estimate,
            self.0[2] * estimate * estimate,
        ])
    }

    /// Weight of the second, and variance of the pool.
    fn weigh(&self) -> (f64, f64) {
        let [one, both, other] = self.0;
        let differ = one + other - 2.0 * both;
        let weight = if differ > 1e-12 {
            ((one - both) / differ).clamp(0.0, 1.0)
        } else {
            0.5
        };
        let rest = 1.0 - weight;
        let variance = rest * rest * one + 2.0 * rest * weight * both + weight * weight * other;
        (weight, variance)
    }
}

/// Two forecasts pooled by a covariance of their errors.
fn pooled(covariance: &Covariance, attributes: LogNormal, estimate: LogNormal) -> LogNormal {
    let (weight, variance) = covariance.scaled(attributes.sigma, estimate.sigma).weigh();
    LogNormal {
        mu: (1.0 - weight) * attributes.mu + weight * estimate.mu,
        sigma: variance.max(1e-12).sqrt(),
    }
}

impl Pair {
    /// What is expected of the products of both errors, where demand may be known by its least value only.
    fn products(&self, own: &Covariance) -> Covariance {
        let (a, e) = (self.attributes, self.estimate);
        let said = pooled(own, a, e);
        let (mean, variance) = Logarithm::from(self.total).moments(said.mu, said.sigma);
        let (one, other) = ((mean - a.mu) / a.sigma, (mean - e.mu) / e.sigma);
        Covariance([
            one * one + variance / (a.sigma * a.sigma),
            one * other + variance / (a.sigma * e.sigma),
            other * other + variance / (e.sigma * e.sigma),
        ])
    }
}

impl Pool {
    /// Learns from pairs of forecasts, each made before its launch was known. Without any, errors are held to be as large
    /// as they say and half in common.
    #[must_use]
    pub fn fit(pairs: &[Pair]) -> Self {
        let mut pool = Self {
            common: PRIOR,
            by_merchant: BTreeMap::new(),
            stretch: Stretch::NONE,
        };
        let mut records: BTreeMap<&str, Vec<&Pair>> = BTreeMap::new();
        for pair in pairs {
            records.entry(&pair.merchant).or_default().push(pair);
        }
        for _ in 0..ROUNDS {
            let sums: Vec<(Covariance, f64)> = records
                .iter()
                .map(|(merchant, record)| {
                    let own = pool.of(merchant);
                    let mut sum = Covariance::zero();
                    record
                        .iter()
                        .for_each(|pair| sum.add(&pair.products(&own), 1.0));
                    (sum, record.len() as f64)
                })
                .collect();
            let (common, alike) = in_common(&sums);
            pool.common = common;
            let own = records.keys().zip(&sums).map(|(merchant, (sum, n))| {
                let mut own = common.times(alike);
                own.add(sum, 1.0);
                ((*merchant).to_owned(), own.times(1.0 / (alike + n)))
            });
            pool.by_merchant = own.collect();
        }
        let said = |pair: &Pair| {
            let said = pooled(&pool.of(&pair.merchant), pair.attributes, pair.estimate);
            (said, Logarithm::from(pair.total))
        };
        pool.stretch = Stretch::fit(&pairs.iter().map(said).collect::<Vec<_>>());
        pool
    }

    fn of(&self, merchant: &str) -> Covariance {
        self.by_merchant
            .get(merchant)
            .copied()
            .unwrap_or(self.common)
    }

    /// Both forecasts of a launch as one.
    ///
    /// - `merchant`: who gave the estimate; one without a record is read as all are.
    #[must_use]
    pub fn forecast(
        &self,
        merchant: &str,
        attributes: LogNormal,
        estimate: LogNormal,
    ) -> LogNormal {
        self.stretch
            .of(pooled(&self.of(merchant), attributes, estimate))
    }

    /// Weight of the estimate of a merchant, 0 to 1, the rest being that of the attributes.
    #[must_use]
    pub fn weight(&self, merchant: &str, attributes: LogNormal, estimate: LogNormal) -> f64 {
        let own = self.of(merchant).scaled(attributes.sigma, estimate.sigma);
        own.weigh().0
    }

    /// What estimates of a merchant add to attributes: logarithm of the standard deviation without them over that with
    /// them, at least 0, where both forecasts say these spreads.
    pub(super) fn adds(&self, merchant: &str, attributes: f64, estimate: f64) -> f64 {
        let own = self.of(merchant).scaled(attributes, estimate);
        let (_, variance) = own.weigh();
        0.5 * (own.0[0] / variance.max(1e-12)).ln().max(0.0)
    }
}

/// The covariance that merchants have in common and how many launches it weighs, of highest likelihood.
///
/// - `sums`: by merchant, products of its errors in sum and their number.
fn in_common(sums: &[(Covariance, f64)]) -> (Covariance, f64) {
    let mut total = PRIOR.times(PRIOR_LAUNCHES);
    let mut n = PRIOR_LAUNCHES;
    for (sum, count) in sums {
        total.add(sum, 1.0);
        n += count;
    }
    let mean = total.times(1.0 / n);
    let tried = ALIKE.iter().map(|alike| {
        let scale = mean.times(*alike);
        let ln_gamma_2 = |x: f64| ln_gamma(x) + ln_gamma(x - 0.5);
        let each = sums.iter().map(|(sum, count)| {
            let mut after = scale;
            after.add(sum, 1.0);
            ln_gamma_2(0.5 * (alike + count)) - ln_gamma_2(0.5 * alike)
                + 0.5 * alike * scale.ln_determinant()
                - 0.5 * (alike + count) * after.ln_determinant()
        });
        (*alike, each.sum::<f64>())
    });
    let best = tried.reduce(|a, b| if b.1 > a.1 { b } else { a });
    (mean, best.map_or(ALIKE[0], |(alike, _)| alike))
}
