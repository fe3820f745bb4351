//! What decisions will turn out to have led to, before that is known: an expectation, not a measurement.

use math::tails::normal_upper_quantile;
use schema::{Estimate, WhyNot};
use serde::{Deserialize, Serialize};

use crate::refusal::{Allowed, Refusal, require};

/// Decisions that the rate of one cell is drawn to the rate of all by, so that a cell that was never seen has a rate.
const SHRUNK_BY: f64 = 4.0;

/// What an expected performance stands on. It cannot be checked before outcomes are mature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assumption {
    /// Of decisions with such a score as many are good as were before. A change of whom decisions are about leaves that
    /// true; a change of what they do with what they are shown does not, and is invisible here.
    ScoresStayCalibrated,
}

/// Decisions that score alike: those that wait, and what such ones led to before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoredAlike {
    /// Decisions whose outcomes are not known yet.
    pub waiting: u64,
    /// Decisions whose outcomes are.
    pub decided: u64,
    /// Those of them whose outcome says whether they were good.
    pub judged: u64,
    /// Those that were.
    pub good: u64,
}

/// The share of good decisions to be expected among those that wait, with the interval that holds what will be measured
/// with this probability, where outcomes are independent draws by their cell.
///
/// Of each cell as many of those that wait will be judged, and be good, as were before; cells with few decisions are
/// drawn to the rate of all. The interval holds the chance of outcomes to come and of those that the rates were read
/// from. O(cells).
///
/// # Errors
/// [`Refusal`] when more are judged than decided or good than judged, or the level is no probability.
/// # Source
/// Białek et al. (2024), "Estimating model performance under covariate shift without labels", arXiv 2401.08348 (CBPE),
/// with scores calibrated by cells (histogram binning: Zadrozny and Elkan, 2001).
pub fn expected_share(cells: &[ScoredAlike], level: f64) -> Result<Estimate, Refusal> {
    let usable = level > 0.0 && level < 1.0;
    require(usable, "level", level, Allowed::Inside(0.0, 1.0))?;
    for (at, cell) in cells.iter().enumerate() {
        let (judged, good) = (cell.judged, cell.good);
        require(
            judged <= cell.decided,
            "judged",
            judged,
            Allowed::CountAtMost(cell.decided),
        )
        .map_err(|refusal| refusal.at(at))?;
        require(good <= judged, "good", good, Allowed::CountAtMost(judged))
            .map_err(|refusal| refusal.at(at))?;
    }
    let sum = |of: fn(&ScoredAlike) -> u64| cells.iter().map(of).sum::<u64>() as f64;
    let (decided, judged, good) = (sum(|c| c.decided), sum(|c| c.judged), sum(|c| c.good));
    let too_few = |what: &str, found: f64| {
        Ok(Estimate::NotMeasurable(WhyNot::TooFew {
            what: what.to_owned(),
            found: found as u64,
            needed: 1,
        }))
    };
    if judged == 0.0 {
        return too_few("decisions of this version whose outcomes are known", 0.0);
    }
    let (of_all, good_of_all) = (judged / decided, good / judged);
    let shrunk =
        |hits: u64, of: u64, all: f64| (hits as f64 + SHRUNK_BY * all) / (of as f64 + SHRUNK_BY);
    struct Cell {
        waiting: f64,
        /// Rates of those judged and of good ones among these, and how many each was read from.
        judged: (f64, f64),
        good: (f64, f64),
    }
    let expected: Vec<Cell> = cells
        .iter()
        .map(|cell| Cell {
            waiting: cell.waiting as f64,
            judged: (
                shrunk(cell.judged, cell.decided, of_all),
                cell.decided as f64 + SHRUNK_BY,
            ),
            good: (
                shrunk(cell.good, cell.judged, good_of_all),
                cell.judged as f64 + SHRUNK_BY,
            ),
        })
        .collect();
    let will_be: f64 = expected.iter().map(|of| of.waiting * of.judged.0).sum();
    if will_be <= 0.0 {
        return too_few("decisions that wait for their outcomes", 0.0);
    }
    let all_good = |of: &Cell| of.waiting * of.judged.0 * of.good.0;
    let point = expected.iter().map(all_good).sum::<f64>() / will_be;
    // To first order: of the outcomes to come, and of the rates.
    let variance = |of: &Cell| {
        let one = |rate: f64| rate * (1.0 - rate);
        let (n, (judged, of_judged), (good, of_good)) = (of.waiting, of.judged, of.good);
        let by_good = n * judged * one(good) + (n * judged).powi(2) * one(good) / of_good;
        let by_judged = (n + n * n / of_judged) * one(judged) * (good - point).powi(2);
        (by_good + by_judged) / (will_be * will_be)
    };
    let z = normal_upper_quantile(0.5 * (1.0 - level));
    let half = z * expected.iter().map(variance).sum::<f64>().sqrt();
    Ok(Estimate::Measured {
        point,
        low: (point - half).max(0.0),
        high: (point + half).min(1.0),
        units: will_be.round() as u64,
    })
}
