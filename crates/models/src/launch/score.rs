//! How good forecasts are, and how alike two rankings.

use serde::{Deserialize, Serialize};

use super::distribution::Demand;
use super::past::Total;
use crate::demand::LEVELS;

/// Forecasts of launches that are over, judged by what came of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Launches judged.
    pub launches: usize,
    /// Those of them whose stock ran out: judged up to there.
    pub censored: usize,
    /// Mean continuous ranked probability score, in units; of launches with a known stock up to that stock.
    pub crps: f64,
    /// Mean pinball loss over [`LEVELS`], in units, of those that did not run out.
    pub pinball: f64,
    /// Share of those that did not run out that an interval of 80 % held, and of those that did the probability that it
    /// does given that demand was more.
    pub held_80: f64,
    /// The same of 90 %.
    pub held_90: f64,
    /// Mean relative width of the interval of 80 %: (high − low) over the median.
    pub width_80: f64,
}

/// Probability that an interval held demand, of which only its least may be known.
fn held(demand: &Demand, total: Total, probability: f64) -> f64 {
    let (low, high) = demand.interval(probability);
    let units = total.units() as f64;
    match total {
        Total::Sold(_) => f64::from(u8::from(low <= units && units <= high)),
        // Given that demand is at least this: the forecast's own probability of what is left of the interval.
        Total::AtLeast(_) => {
            let beyond = 1.0 - demand.cdf(units);
            let inside = demand.cdf(high) - demand.cdf(units.max(low));
            if beyond > 1e-9 {
                (inside / beyond).clamp(0.0, 1.0)
            } else {
                0.0
            }
        }
    }
}

impl Score {
    /// Judges forecasts; `None` where there are none.
    ///
    /// - `each`: a forecast, what came of it, and the stock where it is known.
    #[must_use]
    pub fn of<'a>(
        each: impl IntoIterator<Item = (&'a Demand, Total, Option<u64>)>,
    ) -> Option<Self> {
        let mut sum = Self {
            launches: 0,
            censored: 0,
            crps: 0.0,
            pinball: 0.0,
            held_80: 0.0,
            held_90: 0.0,
            width_80: 0.0,
        };
        for (demand, total, stock) in each {
            let units = total.units() as f64;
            sum.launches += 1;
            sum.crps += crps(demand, total, stock);
            sum.held_80 += held(demand, total, 0.8);
            sum.held_90 += held(demand, total, 0.9);
            let (low, high) = demand.interval(0.8);
            sum.width_80 += (high - low) / demand.quantile(0.5).max(1.0);
            if total.is_censored() {
                sum.censored += 1;
            } else {
                let each = LEVELS.iter().map(|level| demand.pinball(*level, units));
                sum.pinball += each.sum::<f64>() / LEVELS.len() as f64;
            }
        }
        if sum.launches == 0 {
            return None;
        }
        let (n, sold) = (
            sum.launches as f64,
            (sum.launches - sum.censored).max(1) as f64,
        );
        Some(Self {
            crps: sum.crps / n,
            pinball: sum.pinball / sold,
            held_80: sum.held_80 / n,
            held_90: sum.held_90 / n,
            width_80: sum.width_80 / n,
            ..sum
        })
    }
}

/// Continuous ranked probability score of a forecast, up to the stock where it is known, in units.
#[must_use]
pub fn crps(demand: &Demand, total: Total, stock: Option<u64>) -> f64 {
    let units = total.units() as f64;
    match (total, stock) {
        (Total::Sold(_), None) => demand.crps(units),
        (Total::Sold(_), Some(stock)) => demand.crps_within(units, (stock as f64).max(units)),
        (Total::AtLeast(_), _) => demand.crps_within(units, units),
    }
}

/// Kendall's τ-b of two rankings of the same things, −1 to 1; `None` where one of them tells nothing apart.
///
/// # Source
/// Kendall (1945), the treatment of ties: pairs tied in neither over the geometric mean of pairs not tied in each.
#[must_use]
pub fn kendall_tau(one: &[f64], other: &[f64]) -> Option<f64> {
    let (mut agree, mut apart_one, mut apart_other) = (0i64, 0i64, 0i64);
    let each: Vec<(f64, f64)> = one.iter().copied().zip(other.iter().copied()).collect();
    for (at, a) in each.iter().enumerate() {
        for b in &each[..at] {
            let (x, y) = (a.0.total_cmp(&b.0) as i64, a.1.total_cmp(&b.1) as i64);
            agree += x * y;
            apart_one += x * x;
            apart_other += y * y;
        }
    }
    let all = ((apart_one as f64) * (apart_other as f64)).sqrt();
    (all > 0.0).then(|| agree as f64 / all)
}
