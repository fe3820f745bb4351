//! How merchants' estimates held.

use math::tails::normal_upper_quantile;
use serde::{Deserialize, Serialize};

use super::distribution::{Demand, LogNormal};
use super::merchants::Merchants;
use super::past::{Past, Total};
use super::score::Score;
use super::skill::Skills;

/// Level of the interval of a bias.
const LEVEL: f64 = 0.9;

/// Launches that a correlation needs.
const CORRELATION_MIN: usize = 3;

/// What the estimates of a merchant were worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The merchant.
    pub merchant: String,
    /// Launches with an estimate that are over.
    pub launches: usize,
    /// Those of them whose stock ran out.
    pub censored: usize,
    /// By which factor the merchant's likely units are more than demand, 1 where they hold; drawn to that of all
    /// merchants as far as the record is short.
    pub bias: Bias,
    /// How far the bias is drawn to that of all merchants, 0 to 1: 1 where the record tells nothing. `None` of records that
    /// were learnt before this was kept.
    #[serde(default)]
    pub drawn: Option<f64>,
    /// By how many percent demand grows where the estimate grows by one: 1 for an estimate that keeps its measure, 0 for
    /// one that tells nothing; drawn as the bias is.
    pub slope: f64,
    /// Standard error of the slope.
    pub slope_error: f64,
    /// Standard deviation of the logarithm of demand around the calibrated estimate; drawn as the bias is.
    pub spread: f64,
    /// Correlation of the logarithms of estimate and demand over launches that did not run out; `None` of fewer than
    /// three, or where one does not differ.
    pub correlation: Option<f64>,
    /// How often demand lay between low and high.
    pub intervals: Intervals,
    /// What estimates added to the forecast from attributes, on launches held out; `None` where none was.
    pub added: Option<Added>,
    /// What estimates are held to add, drawn as the bias is: logarithm of the standard deviation without them over that
    /// with them, at least 0.
    pub skill: f64,
    /// Rank by skill among all merchants, from 1.
    pub rank: usize,
}

/// A factor with an interval of 90 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bias {
    /// Likely units over demand, as a geometric mean, at the merchant's own mean estimate.
    pub factor: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// How often stated intervals held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intervals {
    /// Demand was within.
    pub held: usize,
    /// Demand was below low.
    pub below: usize,
    /// Demand was above high.
    pub above: usize,
    /// The stock ran out before it could be told.
    pub unknown: usize,
}

/// Scores of the same launches without and with estimates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Added {
    /// From attributes alone.
    pub attributes: Score,
    /// With estimates.
    pub combined: Score,
}

impl Added {
    /// Share of the continuous ranked probability score that estimates save; below 0 where they do harm.
    #[must_use]
    pub fn crps_saved(&self) -> f64 {
        1.0 - self.combined.crps / self.attributes.crps.max(f64::MIN_POSITIVE)
    }

    /// Share of the pinball loss that estimates save; below 0 where they do harm.
    #[must_use]
    pub fn pinball_saved(&self) -> f64 {
        1.0 - self.combined.pinball / self.attributes.pinball.max(f64::MIN_POSITIVE)
    }
}

impl Intervals {
    fn count(&mut self, past: &Past) {
        let Some(estimate) = past.launch.estimate else {
            return;
        };
        let (Some(low), Some(high)) = (estimate.low(), estimate.high()) else {
            return;
        };
        let units = past.total.units() as f64;
        match past.total {
            _ if units > high => self.above += 1,
            Total::AtLeast(_) => self.unknown += 1,
            Total::Sold(_) if units < low => self.below += 1,
            Total::Sold(_) => self.held += 1,
        }
    }

    /// Share of launches on which the interval held; `None` where it is known of none.
    #[must_use]
    pub fn share_held(&self) -> Option<f64> {
        let known = self.held + self.below + self.above;
        (known > 0).then(|| self.held as f64 / known as f64)
    }
}

/// A launch that was held out, forecast without and with its estimate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged<'a> {
    pub(super) past: &'a Past,
    pub(super) attributes: LogNormal,
    /// With the pool of what came before; absent of launches that the first pool was learnt from.
    pub(super) combined: Option<LogNormal>,
}

/// Records of all merchants, best first.
pub(super) fn records(
    past: &[&Past],
    merchants: &Merchants,
    skills: &Skills,
    judged: &[Judged<'_>],
) -> Vec<Record> {
    let mean = |values: &mut dyn Iterator<Item = f64>| {
        let (sum, n) = values.fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
        (n > 0.0).then(|| sum / n)
    };
    let of = |merchant: &str| {
        let own = || past.iter().filter(|past| is_of(past, merchant));
        let judged: Vec<&Judged<'_>> = judged.iter().filter(|j| is_of(j.past, merchant)).collect();
        let line = merchants.line(merchant);
        let mut xs = own().filter_map(|past| Some(past.launch.estimate?.likely().ln()));
        let at = mean(&mut xs)? - merchants.centre();
        let said = line.at(&[1.0, at]);
        let reach = said.variance.sqrt() * normal_upper_quantile(0.5 * (1.0 - LEVEL));
        let mut intervals = Intervals::default();
        own().for_each(|past| intervals.count(past));
        Some(Record {
            merchant: merchant.to_owned(),
            launches: own().count(),
            censored: own().filter(|past| past.total.is_censored()).count(),
            bias: Bias {
                factor: (-said.mean).exp(),
                low: (-said.mean - reach).exp(),
                high: (-said.mean + reach).exp(),
            },
            drawn: Some(merchants.drawn(merchant, at)),
            slope: 1.0 + line.mean[1],
            slope_error: line.error(1),
            spread: line.sigma(),
            correlation: correlation(own().copied()),
            intervals,
            added: added(&judged),
            skill: skills.of(merchant),
            rank: 0,
        })
    };
    let mut all: Vec<Record> = merchants.names().filter_map(of).collect();
    all.sort_by(|a, b| {
        let by_skill = b.skill.total_cmp(&a.skill);
        by_skill
            .then(a.spread.total_cmp(&b.spread))
            .then(a.merchant.cmp(&b.merchant))
    });
    all.iter_mut()
        .enumerate()
        .for_each(|(at, record)| record.rank = at + 1);
    all
}

/// Whether a merchant gave the estimate of a launch.
fn is_of(past: &Past, merchant: &str) -> bool {
    past.launch.estimate.is_some() && past.launch.merchant.as_deref() == Some(merchant)
}

fn added(judged: &[&Judged<'_>]) -> Option<Added> {
    let each = judged
        .iter()
        .filter_map(|j| Some((j.past, j.attributes, j.combined?)));
    let demands: Vec<(&Past, Demand, Demand)> = each
        .map(|(past, one, other)| (past, Demand::LogNormal(one), Demand::LogNormal(other)))
        .collect();
    let came = |past: &Past| (past.total, past.stock);
    let one = demands
        .iter()
        .map(|(past, one, _)| (one, came(past).0, came(past).1));
    let other = demands
        .iter()
        .map(|(past, _, other)| (other, came(past).0, came(past).1));
    Some(Added {
        attributes: Score::of(one)?,
        combined: Score::of(other)?,
    })
}

/// Correlation of the logarithms of estimate and demand.
fn correlation<'a>(past: impl Iterator<Item = &'a Past>) -> Option<f64> {
    let known = past.filter(|past| !past.total.is_censored());
    let pairs: Vec<(f64, f64)> = known
        .filter_map(|past| Some((past.launch.estimate?.likely().ln(), past.total.ln_units())))
        .collect();
    let n = pairs.len() as f64;
    if pairs.len() < CORRELATION_MIN {
        return None;
    }
    let (x, y) = pairs
        .iter()
        .fold((0.0, 0.0), |(a, b), (x, y)| (a + x / n, b + y / n));
    let product = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>();
    let (xx, yy) = (
        product(&|p| (p.0 - x).powi(2)),
        product(&|p| (p.1 - y).powi(2)),
    );
    let all = (xx * yy).sqrt();
    (all > 1e-12).then(|| product(&|p| (p.0 - x) * (p.1 - y)) / all)
}
