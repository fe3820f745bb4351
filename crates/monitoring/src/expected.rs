//! What a classifier's performance will turn out to be, before outcomes are known: an expectation, not a measurement.

use math::tails::normal_upper_quantile;
use schema::WhyNot;
use serde::{Deserialize, Serialize};

use crate::refusal::{Allowed, Refusal, require};

/// What an expected performance stands on. It cannot be checked before outcomes are mature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assumption {
    /// Of customers with a score of 30 % still 30 % do it. A change of inputs leaves that true; a change of what people
    /// do at given inputs does not, and is invisible here.
    ScoresStayCalibrated,
}

/// A figure that is expected, or why it is not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// Expected, if the assumption holds.
    Expected {
        /// Expectation.
        point: f64,
        /// Lower end of where the figure will lie.
        low: f64,
        /// Upper end.
        high: f64,
        /// What it stands on.
        assumes: Assumption,
    },
    /// It cannot be said, and why.
    NotMeasurable(WhyNot),
}

/// Expected performance of scores that decide at a threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpectedPerformance {
    /// Scores that it was read from.
    pub scores: u64,
    /// Share of outcomes that will be positive.
    pub positive_share: Expectation,
    /// Share of right decisions.
    pub accuracy: Expectation,
    /// Of those decided positive, the share that will be.
    pub precision: Expectation,
    /// Of those that will be positive, the share decided so.
    pub recall: Expectation,
    /// Harmonic mean of precision and recall.
    pub f1: Expectation,
    /// Mean squared distance of score and outcome.
    pub brier: Expectation,
    /// Probability that a positive outcome has a higher score than another, ties half.
    pub auc: Expectation,
}

/// Reads the expected performance off calibrated scores.
///
/// - `scores`: probabilities of a positive outcome, one per decision.
/// - `threshold`: a score of at least this much is decided positive.
/// - `level`: probability that each interval holds the figure that will be measured, where the assumption holds: outcomes
///   are independent draws by their scores, and figures are linear in them to first order.
///
/// Ratios are ratios of expectations, as in NannyML. O(n log n).
///
/// # Errors
/// [`Refusal`] when there is no score, one is no probability, or the threshold or level is none.
/// # Source
/// Białek et al. (2024), "Estimating model performance under covariate shift without labels" (CBPE), arXiv 2401.08348.
pub fn expected_performance(
    scores: &[f64],
    threshold: f64,
    level: f64,
) -> Result<ExpectedPerformance, Refusal> {
    let n = scores.len();
    require(n > 0, "scores", n, Allowed::CountAtLeast(1))?;
    let probability = Allowed::Between(0.0, 1.0);
    for (at, score) in scores.iter().enumerate() {
        require((0.0..=1.0).contains(score), "scores", *score, probability)
            .map_err(|refusal| refusal.at(at))?;
    }
    require(
        (0.0..=1.0).contains(&threshold),
        "threshold",
        threshold,
        probability,
    )?;
    let usable = level > 0.0 && level < 1.0;
    require(usable, "level", level, Allowed::Inside(0.0, 1.0))?;
    let z = normal_upper_quantile(0.5 * (1.0 - level));
    let read = Reading {
        scores,
        threshold,
        z,
        n: n as f64,
    };
    Ok(read.all())
}

struct Reading<'a> {
    scores: &'a [f64],
    threshold: f64,
    z: f64,
    n: f64,
}

impl Reading<'_> {
    fn all(&self) -> ExpectedPerformance {
        let decided = |score: f64| score >= self.threshold;
        let n = self.n;
        let positive: f64 = self.scores.iter().sum();
        let called = self.scores.iter().filter(|s| decided(**s)).count() as f64;
        let hits: f64 = self.scores.iter().filter(|s| decided(**s)).sum();
        let right = hits + (n - called) - (positive - hits);
        let brier: f64 = self.scores.iter().map(|s| s * (1.0 - s)).sum();
        let nothing_called = || none("decisions that are positive");
        let nothing_positive = || none("positive outcomes that are expected");
        let (precision, recall, f1) = (
            hits / called,
            hits / positive,
            2.0 * hits / (called + positive),
        );
        let if_called = |of: f64, yes: f64, no: f64| if decided(of) { yes } else { no };
        ExpectedPerformance {
            scores: self.scores.len() as u64,
            positive_share: self.expect(positive / n, |_| 1.0 / n),
            accuracy: self.expect(right / n, |s| if_called(s, 1.0, -1.0) / n),
            precision: if called > 0.0 {
                self.expect(precision, |s| if_called(s, 1.0, 0.0) / called)
            } else {
                nothing_called()
            },
            recall: if positive > 0.0 {
                self.expect(recall, |s| if_called(s, 1.0 - recall, -recall) / positive)
            } else {
                nothing_positive()
            },
            f1: if called + positive > 0.0 {
                self.expect(f1, |s| if_called(s, 2.0 - f1, -f1) / (called + positive))
            } else {
                nothing_positive()
            },
            brier: self.expect(brier / n, |s| (1.0 - 2.0 * s) / n),
            auc: self.auc(positive),
        }
    }

    /// A figure and its interval; `by_outcome` is what one outcome more would change of it.
    fn expect(&self, point: f64, by_outcome: impl Fn(f64) -> f64) -> Expectation {
        let moves = self.scores.iter().map(|s| (*s, by_outcome(*s)));
        self.interval(point, moves)
    }

    fn interval(&self, point: f64, moves: impl Iterator<Item = (f64, f64)>) -> Expectation {
        let variance: f64 = moves.map(|(s, moved)| moved * moved * s * (1.0 - s)).sum();
        let half = self.z * variance.sqrt();
        Expectation::Expected {
            point,
            low: (point - half).max(0.0),
            high: (point + half).min(1.0),
            assumes: Assumption::ScoresStayCalibrated,
        }
    }

    fn auc(&self, positive: f64) -> Expectation {
        let negative = self.n - positive;
        if positive <= 0.0 || negative <= 0.0 {
            return none("outcomes of both kinds that are expected");
        }
        let mut rising = self.scores.to_vec();
        rising.sort_unstable_by(f64::total_cmp);
        // For each score: positives above and negatives below, those of equal scores half.
        let (mut below, mut above, mut pairs) = (0.0, positive, 0.0);
        let mut moves = Vec::with_capacity(rising.len());
        for equal in rising.chunk_by(|one, other| one == other) {
            let own: f64 = equal.iter().sum();
            let own_negative = equal.len() as f64 - own;
            above -= own;
            pairs += own * (below + 0.5 * own_negative);
            let moved = (below + 0.5 * own_negative) - (above + 0.5 * own);
            moves.extend(equal.iter().map(|score| (*score, moved)));
            below += own_negative;
        }
        let auc = pairs / (positive * negative);
        let balance = auc * (1.0 / positive - 1.0 / negative);
        let by_outcome =
            |(score, moved): (f64, f64)| (score, moved / (positive * negative) - balance);
        self.interval(auc, moves.into_iter().map(by_outcome))
    }
}

fn none(what: &str) -> Expectation {
    Expectation::NotMeasurable(WhyNot::TooFew {
        what: what.to_owned(),
        found: 0,
        needed: 1,
    })
}

impl Expectation {
    /// The expectation, where there is one.
    #[must_use]
    pub fn point(&self) -> Option<f64> {
        match self {
            Self::Expected { point, .. } => Some(*point),
            Self::NotMeasurable(_) => None,
        }
    }
}
