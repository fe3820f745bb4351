//! One regression for each merchant, all of them drawn from a common one.

use std::collections::BTreeMap;

use math::optimise::inverse_positive_definite;
use math::special::ln_gamma;
use serde::{Deserialize, Serialize};

use super::censored::Logarithm;

/// Rounds of expectation and maximisation at most.
const ROUNDS_MAX: usize = 300;

/// A move of the population below this ends the search.
const SETTLED: f64 = 1e-6;

/// What is held of the noise before anything was seen, as if seen on one launch: a factor of e^½.
const NOISE_PRIOR: f64 = 0.5;

/// How much the noise of merchants is alike, as a number of launches: values that are compared.
const ALIKE: [f64; 9] = [2.0, 4.0, 6.0, 8.0, 12.0, 20.0, 40.0, 80.0, 1_000.0];

/// What was seen of one launch: columns of the regression, and the logarithm that it explains.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) columns: Vec<f64>,
    pub(super) off: Logarithm,
}

/// Regressions of merchants: coefficients are drawn from normal distributions in common, variances of the noise to a common
/// one, each as far as a record is short.
///
/// # Source
/// Hierarchical linear model with group variances: Gelman and Hill (2007), chapter 13; by expectation and maximisation
/// (Laird and Ware, 1982). Variances drawn to a common one: Smyth (2004), section 6. Launches that ran out: Tobin (1958).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Hierarchy {
    /// Coefficients of the population, and the variance of each between merchants.
    mean: Vec<f64>,
    variance: Vec<f64>,
    /// What is held of these before any merchant was seen, as if seen on one.
    prior: Vec<f64>,
    /// Variance of the noise in common, and how many launches it weighs beside a merchant's own.
    noise: f64,
    alike: f64,
    by_merchant: BTreeMap<String, Own>,
}

/// The regression of one merchant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Own {
    pub(super) mean: Vec<f64>,
    /// Row-major.
    covariance: Vec<f64>,
    noise: f64,
}

/// What a regression says of a launch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Said {
    pub(super) mean: f64,
    /// Variance of the mean.
    pub(super) variance: f64,
    /// Variance of the launch around it.
    pub(super) noise: f64,
}

impl Own {
    /// What it says of a row of columns.
    pub(super) fn at(&self, columns: &[f64]) -> Said {
        let n = columns.len();
        let mean = self.mean.iter().zip(columns).map(|(slope, x)| slope * x);
        let each = columns.iter().enumerate().map(|(row, x)| {
            let own = self.covariance[row * n..(row + 1) * n].iter().zip(columns);
            x * own.map(|(cell, y)| cell * y).sum::<f64>()
        });
        Said {
            mean: mean.sum(),
            variance: each.sum(),
            noise: self.noise,
        }
    }

    /// Standard error of a coefficient.
    pub(super) fn error(&self, column: usize) -> f64 {
        self.covariance[column * self.mean.len() + column].sqrt()
    }

    /// Standard deviation of the noise.
    pub(super) fn sigma(&self) -> f64 {
        self.noise.sqrt()
    }

    /// Coefficients given the record; returns what is expected of the squares of the noise in sum.
    fn expect(&mut self, record: &[Seen], mean: &[f64], variance: &[f64]) -> f64 {
        let n = mean.len();
        let filled = record.iter().map(|seen| {
            let said = self.at(&seen.columns).mean;
            seen.off.moments(said, self.noise.sqrt())
        });
        let filled: Vec<(f64, f64)> = filled.collect();
        let (mut precision, mut right) = (vec![0.0; n * n], vec![0.0; n]);
        for at in 0..n {
            precision[at * n + at] = 1.0 / variance[at];
            right[at] = mean[at] / variance[at];
        }
        for (seen, (off, _)) in record.iter().zip(&filled) {
            for (row, x) in seen.columns.iter().enumerate() {
                right[row] += x * off / self.noise;
                for (column, y) in seen.columns.iter().enumerate() {
                    precision[row * n + column] += x * y / self.noise;
                }
            }
        }
        // Precisions of a proper distribution are positive definite; were they not for rounding, what was held stays.
        if let Some(covariance) = inverse_positive_definite(&precision, n) {
            let row = |row: usize| covariance[row * n..(row + 1) * n].iter().zip(&right);
            self.mean = (0..n).map(|at| row(at).map(|(c, r)| c * r).sum()).collect();
            self.covariance = covariance;
        }
        let each = record.iter().zip(&filled);
        each.map(|(seen, (off, variance))| {
            let said = self.at(&seen.columns);
            (off - said.mean).powi(2) + variance + said.variance
        })
        .sum()
    }
}

impl Hierarchy {
    /// Learns from records of merchants.
    ///
    /// - `prior`: by column, by how much merchants are held to differ before any was seen, as a standard deviation around a
    ///   mean of 0.
    pub(super) fn fit(records: &BTreeMap<&str, Vec<Seen>>, prior: &[f64]) -> Self {
        let squares: Vec<f64> = prior.iter().map(|sigma| sigma * sigma).collect();
        let mut learnt = Self {
            mean: vec![0.0; prior.len()],
            variance: squares.clone(),
            prior: squares,
            noise: NOISE_PRIOR * NOISE_PRIOR,
            alike: ALIKE[ALIKE.len() / 2],
            by_merchant: BTreeMap::new(),
        };
        let nobody = learnt.nobody();
        let names = records
            .keys()
            .map(|name| ((*name).to_owned(), nobody.clone()));
        learnt.by_merchant = names.collect();
        for _ in 0..ROUNDS_MAX {
            let before = (learnt.mean.clone(), learnt.variance.clone(), learnt.noise);
            learnt.round(records);
            let apart = |new: &[f64], old: &[f64]| {
                let each = new.iter().zip(old);
                each.map(|(new, old)| (new - old).abs()).sum::<f64>()
            };
            let moved = apart(&learnt.mean, &before.0) + apart(&learnt.variance, &before.1);
            if moved + (learnt.noise - before.2).abs() < SETTLED {
                break;
            }
        }
        learnt
    }

    fn round(&mut self, records: &BTreeMap<&str, Vec<Seen>>) {
        let mut squares = Vec::with_capacity(records.len());
        for (record, own) in records.values().zip(self.by_merchant.values_mut()) {
            let of_noise = own.expect(record, &self.mean, &self.variance);
            squares.push((of_noise, record.len() as f64));
        }
        self.maximise();
        (self.noise, self.alike) = common_variance(&squares);
        for (own, (squares, n)) in self.by_merchant.values_mut().zip(&squares) {
            own.noise = (self.alike * self.noise + squares) / (self.alike + n);
        }
    }

    /// The population that merchants were drawn from, as far as they are known.
    fn maximise(&mut self) {
        let n = self.by_merchant.len() as f64;
        for column in 0..self.mean.len() {
            let own = || self.by_merchant.values();
            // What is held before weighs as one merchant, at 0, that differs by what merchants are held to differ by.
            let mean = own().map(|own| own.mean[column]).sum::<f64>() / (n + 1.0);
            let squares = own().map(|own| {
                let error = own.error(column);
                (own.mean[column] - mean).powi(2) + error * error
            });
            let squares: f64 = squares.sum::<f64>() + self.prior[column] + mean * mean;
            self.mean[column] = mean;
            self.variance[column] = squares / (n + 1.0);
        }
    }

    /// A merchant without a record: the population.
    fn nobody(&self) -> Own {
        let n = self.mean.len();
        let cell = |at: usize| {
            if at.is_multiple_of(n + 1) {
                self.variance[at / n]
            } else {
                0.0
            }
        };
        Own {
            mean: self.mean.clone(),
            covariance: (0..n * n).map(cell).collect(),
            noise: self.noise,
        }
    }

    /// The regression of a merchant; of one without a record that of the population.
    pub(super) fn of(&self, merchant: &str) -> Own {
        let own = self.by_merchant.get(merchant);
        own.cloned().unwrap_or_else(|| self.nobody())
    }

    /// Merchants with a record, by name.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_merchant.keys().map(String::as_str)
    }
}

/// The variance that merchants have in common and how many launches it weighs, of highest likelihood.
///
/// - `each`: by merchant, squares of its noise in sum and their number.
fn common_variance(each: &[(f64, f64)]) -> (f64, f64) {
    let prior = (NOISE_PRIOR * NOISE_PRIOR, 1.0);
    let all = || each.iter().copied().chain([prior]);
    let total: f64 = all().map(|(squares, _)| squares).sum();
    let mean = total / all().map(|(_, n)| n).sum::<f64>();
    let tried = ALIKE.iter().map(|alike| {
        let mut common = mean;
        // A fixed point of the likelihood's slope, which contracts: thirty steps settle it.
        for _ in 0..30 {
            let weights = all().map(|(squares, n)| (alike + n) / (alike * common + squares));
            common = all().count() as f64 / weights.sum::<f64>();
        }
        let ln_likelihood = all().map(|(squares, n)| {
            let scale = alike * common;
            0.5 * alike * scale.ln() + ln_gamma(0.5 * (alike + n))
                - ln_gamma(0.5 * alike)
                - 0.5 * (alike + n) * (scale + squares).ln()
        });
        (common, *alike, ln_likelihood.sum::<f64>())
    });
    let best = tried.reduce(|a, b| if b.2 > a.2 { b } else { a });
    best.map_or((mean, ALIKE[0]), |(common, alike, _)| (common, alike))
}
