//! How much merchants' estimates tell of what attributes do not.

use std::collections::BTreeMap;

use super::censored::Logarithm;
use super::curves::Curves;
use super::distribution::{Demand, LogNormal};
use super::hierarchy::{Hierarchy, Prior, Seen};
use super::past::Past;
use super::pool::{Pair, Pool};

/// What is held of merchants before any was seen: by how much they differ in bias, in how much of a difference between
/// attributes they leave out or see twice, and in how much of what attributes do not tell they foresee.
const DIFFER: [f64; 3] = [0.3, 0.2, 0.3];

/// Parts of equal probability that a mean is taken over.
const PARTS: usize = 20;

/// Estimates read the other way round than where they are forecasts: as measures of what came.
///
/// `ln likely = attributes + a + b (attributes − mean) + c (ln demand − attributes) + noise`: bias a, slopes b and c and
/// the noise of each merchant are drawn to those of the population as far as its record is short. How much is left
/// unexplained of a short record hangs on which launches the merchant had; how estimates follow what came hangs on it less.
///
/// # Source
/// Estimates as measures: calibration as in Eisenhart (1939); partial pooling as in [`super::Merchants`].
pub(super) struct Skills {
    /// Mean variance that was said of forecasts from attributes.
    variance: f64,
    lines: Hierarchy,
}

impl Skills {
    /// Learns from launches that are over, each with a forecast that did not know it.
    pub(super) fn learn(pairs: &[(&Past, Pair)], pool: &Pool, curves: Option<&Curves>) -> Self {
        let n = pairs.len().max(1) as f64;
        let mean = |of: fn(&LogNormal) -> f64| {
            pairs
                .iter()
                .map(|(_, pair)| of(&pair.attributes))
                .sum::<f64>()
                / n
        };
        let middle = mean(|said| said.mu);
        let mut records: BTreeMap<&str, Vec<Seen>> = BTreeMap::new();
        for (past, pair) in pairs {
            let attributes = pair.attributes.mu;
            let both = pool.forecast(&pair.merchant, pair.attributes, &pair.estimate);
            let came = came(past, both, curves);
            let likely = Logarithm {
                value: pair.estimate.likely().ln(),
                is_least: false,
            };
            records.entry(&pair.merchant).or_default().push(Seen {
                columns: vec![1.0, attributes - middle, came - attributes],
                off: likely.less(attributes),
            });
        }
        let prior = |differ| Prior {
            differ,
            by_noise: None,
        };
        Self {
            variance: mean(|said| said.sigma.powi(2)),
            lines: Hierarchy::fit(&records, &DIFFER.map(prior)),
        }
    }

    /// What estimates of a merchant add to attributes: logarithm of the standard deviation without them over that with
    /// them, at least 0.
    pub(super) fn of(&self, merchant: &str) -> f64 {
        let own = self.lines.of(merchant);
        let told = own.mean[2].max(0.0) / own.sigma();
        0.5 * (told * told * self.variance).ln_1p()
    }
}

/// Logarithm of the demand of a launch; where the stock ran out its mean, given how fast it sold until then.
///
/// - `said`: what is held of it without that.
fn came(past: &Past, said: LogNormal, curves: Option<&Curves>) -> f64 {
    let total = Logarithm::from(past.total);
    let after = || {
        let (curves, sales) = (curves?, past.sales.as_ref()?);
        let weights = curves.weights(&past.launch);
        let (prior, open) = (Demand::LogNormal(said), past.launch.duration_hours);
        let after = curves.update(&prior, &weights, open, sales).ok()?;
        let part = |at: usize| {
            let level = (at as f64 + 0.5) / PARTS as f64;
            after.demand().quantile(level).max(0.5).ln()
        };
        Some((0..PARTS).map(part).sum::<f64>() / PARTS as f64)
    };
    match past.total.is_censored().then(after).flatten() {
        Some(mean) => mean.max(total.value),
        None => total.moments(said.mu, said.sigma).0,
    }
}
