//! What is told of a launch and its merchant's estimate as one forecast.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::censored::Logarithm;
use super::distribution::LogNormal;
use super::hierarchy::{Hierarchy, Own, Prior, Seen};
use super::past::{Estimate, Total};
use super::stretch::Stretch;

/// What is held of merchants before any was seen: that they differ in bias, that attributes weigh the more the more noise
/// estimates leave (were errors independent: as much as the variance with the estimate is of that without), and that
/// estimates keep their measure.
fn priors(variance: f64) -> [Prior; 3] {
    let prior = |differ, by_noise| Prior { differ, by_noise };
    [
        prior(0.3, None),
        prior(0.15, Some(variance)),
        prior(0.1, None),
    ]
}

/// What is held of the spread of forecasts from attributes before any was seen, as if seen on one launch.
const SIGMA_PRIOR: f64 = 0.7;

/// Share of the pairs, the latest, that say by how much spreads must be stretched ...
const HELD_OUT: f64 = 0.4;

/// ... where there are so many pairs.
const PAIRS_MIN: usize = 40;

/// At least this share of a merchant's variance is left, however certain the attributes of a launch are.
const VARIANCE_LEFT_MIN: f64 = 0.25;

/// A launch that is over, with its estimate and a forecast that did not know it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Who gave the estimate.
    pub merchant: String,
    /// Forecast from attributes.
    pub attributes: LogNormal,
    /// The estimate as it was given, not calibrated.
    pub estimate: Estimate,
    /// What came of it.
    pub total: Total,
}

/// How forecasts from attributes and estimates are pooled.
///
/// `ln demand = (1 − w) attributes + w ln likely + a + u (ln likely − mean) + noise`: the weight w of a merchant is that of
/// the least variance given how errors of attributes and of its estimates go together, which is the slope of the one
/// error in the difference of both. Bias a, weight w, slope u and the noise of each merchant are drawn to those of the
/// population as far as its record is short.
///
/// # Source
/// Bates and Granger (1969), eq. 1, by regression as in Granger and Ramanathan (1984); partial pooling as in
/// [`super::Merchants`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pool {
    /// Mean of the logarithm of what was held likely.
    centre: f64,
    /// Mean variance that was said of forecasts from attributes.
    variance: f64,
    lines: Hierarchy,
    stretch: Stretch,
}

impl Pool {
    /// Learns from launches in the order of time, each forecast before it was known. Without any, estimates are read as they
    /// stand with a spread of what merchants are held to differ by.
    ///
    /// Spreads are stretched until intervals hold on the latest 40 % of the launches, pooled by what those before say.
    #[must_use]
    pub fn fit(pairs: &[Pair]) -> Self {
        let mut pool = Self::learn(pairs);
        if pairs.len() >= PAIRS_MIN {
            let (early, late) =
                pairs.split_at(pairs.len() - (HELD_OUT * pairs.len() as f64) as usize);
            let earlier = Self::learn(early);
            let said = |pair: &Pair| {
                let said = earlier.forecast(&pair.merchant, pair.attributes, &pair.estimate);
                (said, Logarithm::from(pair.total))
            };
            pool.stretch = Stretch::fit(&late.iter().map(said).collect::<Vec<_>>());
        }
        pool
    }

    fn learn(pairs: &[Pair]) -> Self {
        let n = pairs.len() as f64;
        let likely = pairs.iter().map(|pair| pair.estimate.likely().ln());
        let squares = pairs.iter().map(|pair| pair.attributes.sigma.powi(2));
        let variance = (squares.sum::<f64>() + SIGMA_PRIOR * SIGMA_PRIOR) / (n + 1.0);
        let mut pool = Self {
            centre: likely.sum::<f64>() / n.max(1.0),
            variance,
            lines: Hierarchy::fit(&BTreeMap::new(), &priors(variance)),
            stretch: Stretch::NONE,
        };
        let mut records: BTreeMap<&str, Vec<Seen>> = BTreeMap::new();
        for pair in pairs {
            let likely = pair.estimate.likely().ln();
            records.entry(&pair.merchant).or_default().push(Seen {
                columns: pool.columns(&pair.attributes, likely),
                off: Logarithm::from(pair.total).less(likely),
            });
        }
        pool.lines = Hierarchy::fit(&records, &priors(variance));
        pool
    }

    /// Bias, attributes beside the estimate, and the estimate beside its mean.
    fn columns(&self, attributes: &LogNormal, likely: f64) -> Vec<f64> {
        vec![1.0, attributes.mu - likely, likely - self.centre]
    }

    /// Both forecasts of a launch as one.
    ///
    /// - `merchant`: who gave the estimate; one without a record is read as all are.
    /// - `attributes`: forecast from attributes.
    #[must_use]
    pub fn forecast(
        &self,
        merchant: &str,
        attributes: LogNormal,
        estimate: &Estimate,
    ) -> LogNormal {
        let (own, likely) = (self.lines.of(merchant), estimate.likely().ln());
        let said = own.at(&self.columns(&attributes, likely));
        self.stretch.of(LogNormal {
            mu: likely + said.mean,
            sigma: (self.noise(&own, attributes.sigma) + said.variance).sqrt(),
        })
    }

    /// Variance of a merchant's launches of which attributes are so certain: their share of the error is larger or
    /// smaller with it.
    fn noise(&self, own: &Own, sigma: f64) -> f64 {
        let weight = own.mean[1].clamp(0.0, 1.0);
        let noise = own.sigma().powi(2);
        let differs = weight * weight * (sigma * sigma - self.variance);
        (noise + differs).max(VARIANCE_LEFT_MIN * noise)
    }

    /// Weight of the estimate of a merchant, 0 to 1, the rest being that of the attributes.
    #[must_use]
    pub fn weight(&self, merchant: &str) -> f64 {
        1.0 - self.lines.of(merchant).mean[1].clamp(0.0, 1.0)
    }
}
