//! Estimates of merchants, calibrated by what came of their earlier ones.

use std::collections::BTreeMap;

use math::special::ln_gamma;
use serde::{Deserialize, Serialize};

use super::censored::Logarithm;
use super::distribution::LogNormal;
use super::error::FitError;
use super::past::{Estimate, Launch, Past};
use super::stretch::Stretch;

/// Rounds of expectation and maximisation at most.
const ROUNDS_MAX: usize = 300;

/// Moves of the population below this end the search.
const SETTLED: f64 = 1e-7;

/// What is held of the population before any merchant was seen, each as if seen on one merchant: bias 0 and slope 1,
/// which differ between merchants by so much.
const DIFFER_PRIOR: [f64; 2] = [0.3, 0.2];

/// What is held of the noise before any estimate was seen, as if seen on one: a factor of e^½.
const NOISE_PRIOR: f64 = 0.5;

/// How much the noise of merchants is alike, as a number of launches: values that are compared.
const ALIKE: [f64; 9] = [2.0, 4.0, 6.0, 8.0, 12.0, 20.0, 40.0, 80.0, 1_000.0];

/// Estimates as read by their merchants' records.
///
/// `ln demand = ln likely + a + (b − 1) (ln likely − mean) + noise`: bias a, slope b and the spread of the noise of each
/// merchant are drawn to those of the population as far as its record is short. A merchant without a record has the
/// population's.
///
/// # Source
/// Hierarchical linear model with group variances: Gelman and Hill (2007), chapter 13; by expectation and maximisation
/// (Laird and Ware, 1982). Variances drawn to a common one: Smyth (2004), section 6. Launches that ran out: Tobin (1958).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Merchants {
    /// Mean of the logarithm of what was held likely.
    centre: f64,
    population: Line,
    /// Variance of the noise of the population, and how many launches it weighs beside a merchant's own.
    noise: f64,
    alike: f64,
    by_merchant: BTreeMap<String, Calibration>,
    stretch: Stretch,
}

/// A line and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Line {
    /// Bias, and slope less 1.
    mean: [f64; 2],
    /// Covariance: of the first, of both, of the second.
    covariance: [f64; 3],
}

/// How the estimates of one merchant are read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Calibration {
    line: Line,
    /// Variance of the noise.
    noise: f64,
    launches: usize,
}

/// A past estimate: where it stands, and what it was off by.
#[derive(Debug, Clone, Copy)]
struct Seen {
    x: f64,
    /// Logarithm of demand over what was held likely.
    off: Logarithm,
}

impl Merchants {
    /// Learns from launches that are over and have a merchant and an estimate; others are passed over.
    ///
    /// # Errors
    /// [`FitError::NoEstimates`] where there is none, [`FitError::AllCensored`] where all of them ran out.
    pub fn fit(past: &[Past]) -> Result<Self, FitError> {
        Self::of(&past.iter().collect::<Vec<_>>())
    }

    pub(super) fn of(past: &[&Past]) -> Result<Self, FitError> {
        let each = || {
            past.iter().filter_map(|past| {
                let (merchant, estimate) = (past.launch.merchant.as_ref()?, past.launch.estimate?);
                Some((
                    merchant,
                    estimate.likely().ln(),
                    Logarithm::from(past.total),
                ))
            })
        };
        let launches = each().count();
        if launches == 0 {
            return Err(FitError::NoEstimates {
                launches: past.len(),
            });
        }
        if each().all(|(_, _, demand)| demand.is_least) {
            return Err(FitError::AllCensored { launches });
        }
        let centre = each().map(|(_, likely, _)| likely).sum::<f64>() / launches as f64;
        let mut groups: BTreeMap<&String, Vec<Seen>> = BTreeMap::new();
        for (merchant, likely, demand) in each() {
            groups.entry(merchant).or_default().push(Seen {
                x: likely - centre,
                off: Logarithm {
                    value: demand.value - likely,
                    ..demand
                },
            });
        }
        let records: Vec<Vec<Seen>> = groups.values().cloned().collect();
        let search = Search::run(&records);
        let names = groups.into_keys().cloned();
        Ok(Self {
            centre,
            population: search.population,
            noise: search.noise,
            alike: search.alike,
            by_merchant: names.zip(search.merchants).collect(),
            stretch: Stretch::NONE,
        })
    }

    /// The same with spreads at which the intervals of estimates held out hold.
    pub(super) fn stretched(mut self, held: &[(LogNormal, Logarithm)]) -> Self {
        self.stretch = Stretch::fit(held);
        self
    }

    /// Stretches a forecast that was made without it.
    pub(super) fn stretch(&self, said: LogNormal) -> LogNormal {
        self.stretch.of(said)
    }

    /// What an estimate of a merchant says of demand, given its record; that of the population where it has none.
    #[must_use]
    pub fn calibrated(&self, merchant: &str, estimate: &Estimate) -> LogNormal {
        let own = self.by_merchant.get(merchant);
        let (line, noise) =
            own.map_or((&self.population, self.noise), |own| (&own.line, own.noise));
        let likely = estimate.likely().ln();
        let x = likely - self.centre;
        self.stretch.of(LogNormal {
            mu: likely + line.at(x),
            sigma: (noise + line.variance_at(x)).sqrt(),
        })
    }

    /// The same of a launch; `None` where it has no merchant or no estimate.
    #[must_use]
    pub fn forecast(&self, launch: &Launch) -> Option<LogNormal> {
        let (merchant, estimate) = (launch.merchant.as_ref()?, launch.estimate?);
        Some(self.calibrated(merchant, &estimate))
    }

    /// Merchants with a record, by name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_merchant.keys().map(String::as_str)
    }

    pub(super) fn calibration(&self, merchant: &str) -> Option<&Calibration> {
        self.by_merchant.get(merchant)
    }

    pub(super) fn centre(&self) -> f64 {
        self.centre
    }
}

impl Calibration {
    /// Slope of the logarithm of demand in that of the estimate, with its standard error.
    pub(super) fn slope(&self) -> (f64, f64) {
        (1.0 + self.line.mean[1], self.line.covariance[2].sqrt())
    }

    /// Logarithm of demand over estimate where the estimate stands at `x` from the centre, with its standard error.
    pub(super) fn bias_at(&self, x: f64) -> (f64, f64) {
        (self.line.at(x), self.line.variance_at(x).sqrt())
    }

    /// Standard deviation of the logarithm of demand around the calibrated estimate.
    pub(super) fn sigma(&self) -> f64 {
        self.noise.sqrt()
    }
}

impl Line {
    fn at(&self, x: f64) -> f64 {
        self.mean[0] + self.mean[1] * x
    }

    fn variance_at(&self, x: f64) -> f64 {
        self.covariance[0] + 2.0 * x * self.covariance[1] + x * x * self.covariance[2]
    }
}

/// Estimates of all merchants as they are read so far.
struct Search {
    population: Line,
    noise: f64,
    alike: f64,
    merchants: Vec<Calibration>,
}

impl Search {
    fn run(records: &[Vec<Seen>]) -> Self {
        let prior = Line {
            mean: [0.0, 0.0],
            covariance: [DIFFER_PRIOR[0].powi(2), 0.0, DIFFER_PRIOR[1].powi(2)],
        };
        let noise = NOISE_PRIOR * NOISE_PRIOR;
        let start = |record: &Vec<Seen>| Calibration {
            line: prior,
            noise,
            launches: record.len(),
        };
        let mut search = Self {
            population: prior,
            noise,
            alike: ALIKE[ALIKE.len() / 2],
            merchants: records.iter().map(start).collect(),
        };
        for _ in 0..ROUNDS_MAX {
            let before = (search.population, search.noise);
            search.round(records);
            let of = |line: &Line| {
                [
                    line.mean[0],
                    line.mean[1],
                    line.covariance[0],
                    line.covariance[2],
                ]
            };
            let (new, old) = (of(&search.population), of(&before.0));
            let moved = new
                .iter()
                .zip(old)
                .map(|(new, old)| (new - old).abs())
                .sum::<f64>();
            if moved + (search.noise - before.1).abs() < SETTLED {
                break;
            }
        }
        search
    }

    fn round(&mut self, records: &[Vec<Seen>]) {
        let mut squares = Vec::with_capacity(records.len());
        for (record, own) in records.iter().zip(&mut self.merchants) {
            squares.push((own.expect(record, &self.population), record.len() as f64));
        }
        self.maximise();
        (self.noise, self.alike) = common_variance(&squares);
        for (own, (squares, n)) in self.merchants.iter_mut().zip(&squares) {
            own.noise = (self.alike * self.noise + squares) / (self.alike + n);
        }
    }

    /// The population that merchants were drawn from, as far as they are known.
    fn maximise(&mut self) {
        let n = self.merchants.len() as f64;
        for (at, own) in [0, 2].into_iter().enumerate() {
            let (mut sum, mut weights) = (0.0, 0.0);
            for merchant in &self.merchants {
                sum += merchant.line.mean[at];
                weights += 1.0;
            }
            // What is held before weighs as one merchant that differs by what merchants are held to differ by.
            let mean = sum / (weights + 1.0);
            let squares: f64 = self
                .merchants
                .iter()
                .map(|m| (m.line.mean[at] - mean).powi(2) + m.line.covariance[own])
                .sum();
            let prior = DIFFER_PRIOR[at].powi(2) + mean * mean;
            self.population.mean[at] = mean;
            self.population.covariance[own] = (squares + prior) / (n + 1.0);
        }
    }
}

impl Calibration {
    /// The line given the record; returns what is expected of the squares of the noise in sum.
    fn expect(&mut self, record: &[Seen], population: &Line) -> f64 {
        let filled: Vec<(f64, f64)> = record
            .iter()
            .map(|seen| seen.off.moments(self.line.at(seen.x), self.noise.sqrt()))
            .collect();
        // Precision of the population, which knows no covariance, and of the record.
        let (p0, p2) = (
            1.0 / population.covariance[0],
            1.0 / population.covariance[2],
        );
        let mut precision = [p0, 0.0, p2];
        let mut right = [p0 * population.mean[0], p2 * population.mean[1]];
        for (seen, (off, _)) in record.iter().zip(&filled) {
            precision[0] += 1.0 / self.noise;
            precision[1] += seen.x / self.noise;
            precision[2] += seen.x * seen.x / self.noise;
            right[0] += off / self.noise;
            right[1] += off * seen.x / self.noise;
        }
        let determinant = precision[0] * precision[2] - precision[1] * precision[1];
        let covariance = [
            precision[2] / determinant,
            -precision[1] / determinant,
            precision[0] / determinant,
        ];
        self.line = Line {
            mean: [
                covariance[0] * right[0] + covariance[1] * right[1],
                covariance[1] * right[0] + covariance[2] * right[1],
            ],
            covariance,
        };
        let each = record.iter().zip(&filled);
        each.map(|(seen, (off, variance))| {
            (off - self.line.at(seen.x)).powi(2) + variance + self.line.variance_at(seen.x)
        })
        .sum()
    }
}

/// The variance that merchants have in common and how many launches it weighs, of highest likelihood.
///
/// - `each`: by merchant, squares of its noise in sum and their number.
pub(super) fn common_variance(each: &[(f64, f64)]) -> (f64, f64) {
    let prior = (NOISE_PRIOR * NOISE_PRIOR, 1.0);
    let all = || each.iter().copied().chain([prior]);
    let tried = ALIKE.iter().map(|alike| {
        let total: f64 = all().map(|(squares, _)| squares).sum();
        let mut common = total / all().map(|(_, n)| n).sum::<f64>();
        // A fixed point of the likelihood's slope, which contracts: fifty steps settle it.
        for _ in 0..50 {
            let weights: f64 = all()
                .map(|(squares, n)| (alike + n) / (alike * common + squares))
                .sum();
            common = all().count() as f64 / weights;
        }
        let ln_likelihood: f64 = all()
            .map(|(squares, n)| {
                let scale = alike * common;
                0.5 * alike * scale.ln() + ln_gamma(0.5 * (alike + n))
                    - ln_gamma(0.5 * alike)
                    - 0.5 * (alike + n) * (scale + squares).ln()
            })
            .sum();
        (common, *alike, ln_likelihood)
    });
    let best = tried.reduce(|a, b| if b.2 > a.2 { b } else { a });
    best.map_or((prior.0, ALIKE[0]), |(common, alike, _)| (common, alike))
}
