//! Estimates of merchants, calibrated by what came of their earlier ones.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::censored::Logarithm;
use super::distribution::LogNormal;
use super::error::FitError;
use super::hierarchy::{Hierarchy, Own, Prior, Seen};
use super::past::{Estimate, Launch, Past};
use super::stretch::Stretch;

/// By how much merchants are held to differ before any was seen: in bias and slope, around no bias and a slope of 1.
const DIFFER: [Prior; 2] = [
    Prior {
        differ: 0.3,
        by_noise: None,
    },
    Prior {
        differ: 0.2,
        by_noise: None,
    },
];

/// Estimates as read by their merchants' records.
///
/// `ln demand = ln likely + a + (b − 1) (ln likely − mean) + noise`: bias a, slope b and the spread of the noise of each
/// merchant are drawn to those of the population as far as its record is short. A merchant without a record has the
/// population's.
///
/// # Source
/// Gelman and Hill (2007), chapter 13; variances drawn to a common one: Smyth (2004), section 6; launches that ran out:
/// Tobin (1958).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Merchants {
    /// Mean of the logarithm of what was held likely.
    centre: f64,
    lines: Hierarchy,
    stretch: Stretch,
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
        let each = past.iter().filter_map(|past| {
            let (merchant, estimate) = (past.launch.merchant.as_deref()?, past.launch.estimate?);
            Some((
                merchant,
                estimate.likely().ln(),
                Logarithm::from(past.total),
            ))
        });
        let each: Vec<(&str, f64, Logarithm)> = each.collect();
        let launches = each.len();
        if launches == 0 {
            return Err(FitError::NoEstimates {
                launches: past.len(),
            });
        }
        if each.iter().all(|(_, _, demand)| demand.is_least) {
            return Err(FitError::AllCensored { launches });
        }
        let centre = each.iter().map(|(_, likely, _)| likely).sum::<f64>() / launches as f64;
        let mut records: BTreeMap<&str, Vec<Seen>> = BTreeMap::new();
        for (merchant, likely, demand) in each {
            records.entry(merchant).or_default().push(Seen {
                columns: vec![1.0, likely - centre],
                off: demand.less(likely),
            });
        }
        Ok(Self {
            centre,
            lines: Hierarchy::fit(&records, &DIFFER),
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
        let likely = estimate.likely().ln();
        let said = self.lines.of(merchant).at(&[1.0, likely - self.centre]);
        self.stretch.of(LogNormal {
            mu: likely + said.mean,
            sigma: (said.noise + said.variance).sqrt(),
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
        self.lines.names()
    }

    /// How the estimates of a merchant are read.
    pub(super) fn line(&self, merchant: &str) -> Own {
        self.lines.of(merchant)
    }

    /// How far a merchant's bias, at a logarithm of what was held likely beside the centre, is drawn to that of all.
    pub(super) fn drawn(&self, merchant: &str, beside_centre: f64) -> f64 {
        self.lines.drawn(merchant, &[1.0, beside_centre])
    }

    pub(super) fn centre(&self) -> f64 {
        self.centre
    }
}
