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

/// What is held of a column before any merchant was seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Prior {
    /// By how much merchants differ, as a standard deviation.
    pub(super) differ: f64,
    /// Where coefficients grow in proportion to the noise of a merchant: the variance at which one is 1. Else coefficients
    /// lie around 0.
    pub(super) by_noise: Option<f64>,
}

impl Prior {
    /// By what the coefficient in common is multiplied for a merchant of such noise.
    fn scale(&self, noise: f64) -> f64 {
        self.by_noise
            .map_or(1.0, |variance| (noise / variance).min(1.0))
    }

    /// The coefficient in common before any merchant was seen.
    fn start(&self) -> f64 {
        self.by_noise.map_or(0.0, |_| 1.0)
    }
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
    priors: Vec<Prior>,
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
    /// - `priors`: by column.
    pub(super) fn fit(records: &BTreeMap<&str, Vec<Seen>>, priors: &[Prior]) -> Self {
        let mut learnt = Self {
            mean: priors.iter().map(Prior::start).collect(),
            variance: priors.iter().map(|prior| prior.differ.powi(2)).collect(),
            priors: priors.to_vec(),
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
            let each = self.mean.iter().zip(&self.priors);
            let mean: Vec<f64> = each.map(|(mean, p)| mean * p.scale(own.noise)).collect();
            let of_noise = own.expect(record, &mean, &self.variance);
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
        for (column, prior) in self.priors.iter().enumerate() {
            let own = || {
                let each = self.by_merchant.values();
                each.map(|own| (own.mean[column], own.error(column), prior.scale(own.noise)))
            };
            // What is held before weighs as one merchant that differs by what merchants are held to differ by.
            let start = prior.start();
            let sum: f64 = own().map(|(mean, _, scale)| mean * scale).sum();
            let weights: f64 = own().map(|(_, _, scale)| scale * scale).sum();
            let mean = (sum + start) / (weights + 1.0);
            let squares = own()
                .map(|(own, error, scale)| (own - mean * scale).powi(2) + error * error)
                .sum::<f64>();
            let before = prior.differ.powi(2) + (mean - start).powi(2);
            self.mean[column] = mean;
            self.variance[column] = (squares + before) / (n + 1.0);
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
        let each = self.mean.iter().zip(&self.priors);
        Own {
            mean: each
                .map(|(mean, prior)| mean * prior.scale(self.noise))
                .collect(),
            covariance: (0..n * n).map(cell).collect(),
            noise: self.noise,
        }
    }

    /// The regression of a merchant; of one without a record that of the population.
    pub(super) fn of(&self, merchant: &str) -> Own {
        let own = self.by_merchant.get(merchant);
        own.cloned().unwrap_or_else(|| self.nobody())
    }

    /// How far what a merchant's regression says of a row is drawn to the population: 1 where the record tells nothing, near
    /// 0 where it tells all.
    ///
    /// # Source
    /// Gelman and Pardoe (2006), pooling factors: the variance that is left over the variance between merchants.
    pub(super) fn drawn(&self, merchant: &str, columns: &[f64]) -> f64 {
        let each = self.variance.iter().zip(columns);
        let between: f64 = each.map(|(variance, x)| variance * x * x).sum();
        let left = self.of(merchant).at(columns).variance;
        (left / between.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_record_is_drawn_further_by_what_its_noise_leaves_unknown() {
        let prior = Prior {
            differ: 0.3,
            by_noise: None,
        };
        let record = |bias: f64, launches: usize| -> Vec<Seen> {
            let noise = |at: usize| if at.is_multiple_of(2) { 0.2 } else { -0.2 };
            let seen = |at: usize| Seen {
                columns: vec![1.0],
                off: Logarithm {
                    value: bias + noise(at),
                    is_least: false,
                },
            };
            (0..launches).map(seen).collect()
        };
        let records = BTreeMap::from([
            ("few", record(0.4, 2)),
            ("many", record(-0.4, 60)),
            ("more", record(0.2, 30)),
        ]);
        let learnt = Hierarchy::fit(&records, &[prior]);
        for (merchant, seen) in &records {
            // One mean: 1 / (1 + n · variance between / variance of the noise).
            let n = seen.len() as f64;
            let ratio = learnt.variance[0] / learnt.of(merchant).noise;
            let expected = 1.0 / (1.0 + n * ratio);
            let drawn = learnt.drawn(merchant, &[1.0]);
            assert!(
                (drawn - expected).abs() < 1e-4,
                "{merchant}: {drawn} {expected}"
            );
        }
        assert!(learnt.drawn("few", &[1.0]) > 4.0 * learnt.drawn("many", &[1.0]));
        assert_eq!(learnt.drawn("nobody", &[1.0]), 1.0);
    }
}
