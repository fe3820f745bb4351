//! How far off forecasts are, launch by launch.

use math::optimise::{Settings, minimise};
use serde::{Deserialize, Serialize};

use super::censored::{Logarithm, hazard};
use super::distribution::LogNormal;
use super::history::SIGMA_PRIOR;
use super::stretch::Stretch;

/// What may make a forecast less certain.
pub(super) const REASONS: usize = 2;

/// Forecasts needed before errors are said to depend on anything.
const FORECASTS_MIN: usize = 60;

/// Penalty of the square of a slope: as if it were seen on so many launches that it is 0, give or take 1.
const SLOPE_PENALTY: f64 = 4.0;

/// A forecast of a launch that was held out, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Held {
    /// Mean of the logarithm.
    pub(super) said: f64,
    pub(super) came: Logarithm,
    pub(super) reasons: [f64; REASONS],
}

/// Standard deviation of the logarithm given the reasons.
///
/// # Source
/// Harvey (1976), a logarithm of the variance that is linear in what explains it, by maximum likelihood; launches that
/// ran out as in Tobin (1958).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Spread {
    ln_sigma: f64,
    slopes: [f64; REASONS],
    means: [f64; REASONS],
    deviations: [f64; REASONS],
    stretch: Stretch,
}

impl Spread {
    /// The same of all launches.
    pub(super) fn constant(sigma: f64) -> Self {
        Self {
            ln_sigma: sigma.ln(),
            slopes: [0.0; REASONS],
            means: [0.0; REASONS],
            deviations: [1.0; REASONS],
            stretch: Stretch::NONE,
        }
    }

    /// Learns from forecasts that were held out: whether errors depend on the reasons at all, and the stretch at which
    /// intervals hold.
    pub(super) fn fit(held: &[Held]) -> Self {
        let mut flat = Self::constant(SIGMA_PRIOR);
        flat.search(held, 0);
        let mut learnt = flat.clone();
        if held.len() >= FORECASTS_MIN {
            let n = held.len() as f64;
            for at in 0..REASONS {
                let mean = held.iter().map(|h| h.reasons[at]).sum::<f64>() / n;
                let squares: f64 = held.iter().map(|h| (h.reasons[at] - mean).powi(2)).sum();
                learnt.means[at] = mean;
                learnt.deviations[at] = (squares / n).sqrt().max(1e-9);
            }
            learnt.search(held, REASONS);
            // Akaike (1974): a slope must raise the log-likelihood by 1.
            if learnt.ln_likelihood(held) < flat.ln_likelihood(held) + REASONS as f64 {
                learnt = flat;
            }
        }
        let each = held.iter().map(|h| (learnt.of(h.said, &h.reasons), h.came));
        learnt.stretch = Stretch::fit(&each.collect::<Vec<_>>());
        learnt
    }

    /// Log-likelihood of what came.
    pub(super) fn ln_likelihood(&self, held: &[Held]) -> f64 {
        let of = |h: &Held| h.came.ln_likelihood(h.said, self.sigma(&h.reasons));
        held.iter().map(of).sum()
    }

    fn standard(&self, reasons: &[f64; REASONS]) -> [f64; REASONS] {
        // Beyond three deviations nothing was learnt.
        std::array::from_fn(|at| {
            ((reasons[at] - self.means[at]) / self.deviations[at]).clamp(-3.0, 3.0)
        })
    }

    fn sigma(&self, reasons: &[f64; REASONS]) -> f64 {
        let each = self.slopes.iter().zip(self.standard(reasons));
        (self.ln_sigma + each.map(|(slope, x)| slope * x).sum::<f64>()).exp()
    }

    /// The forecast of a launch.
    pub(super) fn of(&self, said: f64, reasons: &[f64; REASONS]) -> LogNormal {
        self.stretch.of(LogNormal {
            mu: said,
            sigma: self.sigma(reasons),
        })
    }

    /// Maximum of the penalised likelihood in the constant and the first slopes.
    fn search(&mut self, held: &[Held], slopes: usize) {
        let mut start = vec![self.ln_sigma];
        start.resize(1 + slopes, 0.0);
        let rows: Vec<_> = held.iter().map(|h| self.standard(&h.reasons)).collect();
        let objective = |at: &[f64], gradient: &mut [f64]| {
            // One launch of a spread of 1 keeps a spread from vanishing where all errors are 0.
            let prior = (-2.0 * at[0]).exp();
            let mut value = at[0] + 0.5 * prior;
            gradient.fill(0.0);
            gradient[0] = 1.0 - prior;
            for (slope, gradient) in at[1..].iter().zip(&mut gradient[1..]) {
                value += 0.5 * SLOPE_PENALTY * slope * slope;
                *gradient += SLOPE_PENALTY * slope;
            }
            for (h, row) in held.iter().zip(&rows) {
                let ln_sigma = at[0] + at[1..].iter().zip(row).map(|(s, x)| s * x).sum::<f64>();
                let z = (h.came.value - h.said) / ln_sigma.exp();
                value -= h.came.ln_likelihood(h.said, ln_sigma.exp());
                let by_sigma = if h.came.is_least {
                    -hazard(z) * z
                } else {
                    1.0 - z * z
                };
                gradient[0] += by_sigma;
                let each = gradient[1..].iter_mut().zip(row);
                each.for_each(|(gradient, x)| *gradient += by_sigma * x);
            }
            value
        };
        // A start that is finite always finds something; where it does not, the spread held before stays.
        if let Ok(found) = minimise(objective, &start, &Settings::default()) {
            self.ln_sigma = found.at[0];
            self.slopes[..slopes].copy_from_slice(&found.at[1..]);
        }
    }
}
